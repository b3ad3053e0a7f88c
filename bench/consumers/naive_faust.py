"""What a Faust tutorial teaches: one event at a time, decoded and counted."""

import faust

from bench.meter import Meter, task
from bench.usage_topic import is_event
from schemas.usage_event import decode_usage_event

TASK = task()
METER = Meter()
app = faust.App(
    TASK.group,
    broker=f"aiokafka://{TASK.bootstrap_servers}",
    consumer_auto_offset_reset="earliest",
    topic_allow_declare=False,
    topic_disable_leader=True,
    stream_buffer_maxsize=100_000,  # the default makes it two to three times slower by the wall clock
    web_enabled=False,
)


@app.agent(app.topic(TASK.topic, value_type=bytes, value_serializer="raw"))
async def count(events: faust.StreamT[bytes]) -> None:
    """Decode and count."""
    async for raw in events:
        METER.begin()
        if is_event(raw):
            decode_usage_event(raw)
            METER.events += 1
        METER.messages += 1
        if METER.messages >= TASK.messages:
            METER.report_and_leave()


faust.Worker(app, loglevel="ERROR").execute_from_commandline()
