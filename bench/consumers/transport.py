"""The same detectors on the service's own transport, and nothing else, to compare with (d) and (e)."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import faust
from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from bench.meter import Meter, task
from bench.usage_topic import Core
from streams.transport import App, BatchSchema

TASK = task()
METER = Meter()
CORES: dict[int, Core] = defaultdict(Core)
app = App(
    TASK.group,
    broker=f"aiokafka://{TASK.bootstrap_servers}",
    broker_max_poll_records=2_000,
    consumer_auto_offset_reset="earliest",
    stream_buffer_maxsize=8,
    stream_wait_empty=False,
    topic_allow_declare=False,
    topic_disable_leader=True,
    web_enabled=False,
)


async def nothing_to_store(offsets: Mapping[TP, int]) -> dict[TP, OffsetAndMetadata]:
    """Let every offset be committed as it is."""
    return {tp: OffsetAndMetadata(offset, "") for tp, offset in offsets.items()}


async def nothing_to_prepare() -> None:
    """Connect at once."""


def beginnings() -> dict[TP, int]:
    """Where to begin: nothing is committed for a new group."""
    return dict.fromkeys(app.consumer.assignment(), 0)


app.positions = beginnings
app.before_commit = nothing_to_store
app.before_connecting = nothing_to_prepare


@app.agent(app.topic(TASK.topic, schema=BatchSchema()))
async def take(stream: Any) -> None:
    """Give batches to the detectors of their partition."""
    async for event in stream.noack().events():
        METER.begin()
        core = CORES[event.message.partition]
        for record in event.message.value:
            METER.events += core.take(record.value)
        METER.messages += len(event.message.value)
        event.ack()
        if METER.messages >= TASK.messages:
            METER.report_and_leave()


faust.Worker(app, loglevel="ERROR").execute_from_commandline()
