"""What a worker does once in a while: idle partitions, progress, and how much waits."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from aiokafka.errors import KafkaError
from faust.types import TP

from streams import metric_defs
from streams.alarm_rates import measure_rates
from streams.partition_gauges import set_lag, set_watermarks
from streams.worker import Worker

log = structlog.get_logger()

LOCK_SECONDS = 5.0
"""How long a look waits for the batch or the checkpoint in work before it leaves silence to the next look."""

Unread = Callable[[], Awaitable[Mapping[TP, int]]]


class Watch:
    """Looks at how much of the assigned partitions is unread, and acts on silence.

    The broker is asked for it: Faust and aiokafka know the end of a partition only from what they fetch, so a
    consumer that has stopped fetching would seem to have read everything.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def look(self, unread: Unread) -> None:
        """Measure; then, between two batches, mark idle partitions and publish progress."""
        worker = self._worker
        if not worker.is_ready:
            return
        try:
            waiting = await unread()
        except (KafkaError, TimeoutError) as error:
            log.warning("broker.unreachable", error=repr(error))
            return
        if not worker.is_ready:
            return
        # Without the lock: a checkpoint that is stuck holds it, and this is how the liveness check gets to know. Stages
        # are whole whenever this task runs, for they process a batch without a pause.
        self._measure(waiting)
        await self._act_between_batches({tp for tp, count in waiting.items() if count == 0})

    async def _act_between_batches(self, read_to_end: set[TP]) -> None:
        """With the lock, since nothing may be published in the middle of a checkpoint."""
        worker = self._worker
        try:
            async with asyncio.timeout(LOCK_SECONDS):
                await worker.lock.acquire()
        except TimeoutError:
            return
        try:
            if worker.is_ready:
                self._act_on_silence(read_to_end)
                await worker.publisher.hand_over()
        finally:
            worker.lock.release()

    def _act_on_silence(self, read_to_end: set[TP]) -> None:
        for topic, stage in self._worker.stages.items():
            numbers = {tp.partition for tp in read_to_end if tp.topic == topic}
            if stage is self._worker.ingest:
                self._worker.ingest.mark_idle(numbers)
                self._worker.ingest.report_progress()
            elif stage is self._worker.accounts:
                self._worker.accounts.report_silence(numbers)

    def _measure(self, waiting: Mapping[TP, int]) -> None:
        worker = self._worker
        worker.note_waiting(sum(waiting.values()))
        set_lag(waiting)
        accounts = worker.accounts.partitions
        metric_defs.ACCOUNTS.labels("live").set(sum(p.detector.live_accounts for p in accounts.values()))
        metric_defs.ACCOUNTS.labels("packed").set(sum(p.detector.packed_accounts for p in accounts.values()))
        merged = {("accounts", number): partition.merged for number, partition in accounts.items()}
        merged |= {("campaigns", number): links.merged for number, links in worker.campaigns.partitions.items()}
        set_watermarks({place: progress.watermark_ms for place, progress in merged.items()})
        rates = next((links.rates for links in worker.campaigns.partitions.values()), None)
        measure_rates(rates, worker.spec)
