"""The same detectors inside Bytewax: one set of them for each partition, as its keyed state, without recovery."""

from collections.abc import Iterable
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import cluster_main

from bench.meter import Meter, task
from bench.usage_topic import Core

TASK = task()
METER = Meter()
BATCH = 2_000


class Partition(StatefulBatchLogic[bytes, None, None]):
    """The detectors of one partition."""

    def __init__(self, _: object) -> None:
        self._core = Core()

    def on_batch(self, values: list[bytes]) -> tuple[Iterable[None], bool]:
        """Give messages to the detectors."""
        for value in values:
            METER.events += self._core.take(value)
        METER.messages += len(values)
        if METER.messages >= TASK.messages:
            METER.report_and_leave()
        return (), StatefulBatchLogic.RETAIN

    def snapshot(self) -> None:
        """Nothing: recovery is off."""


class Nowhere(DynamicSink[Any]):
    """A dataflow needs a sink."""

    def build(self, step_id: str, worker_index: int, worker_count: int) -> StatelessSinkPartition[Any]:
        """Return the sink of a worker."""
        return _Nothing()


class _Nothing(StatelessSinkPartition[Any]):
    def write_batch(self, items: list[Any]) -> None:
        """Forget the items."""


def keyed(message: Any) -> tuple[str, bytes]:
    """Key a message by its partition."""
    METER.begin()
    return str(message.partition), message.value


flow = Dataflow("bench")
source = KafkaSource([TASK.bootstrap_servers], [TASK.topic], tail=True, batch_size=BATCH)
keys = op.map("key", op.input("in", flow, source), keyed)
op.output("out", op.stateful_batch("detect", keys, Partition), Nowhere())
cluster_main(flow, [], 0)
