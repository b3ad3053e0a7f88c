"""The batch-delivering transport: ordinary Faust agents that receive whole fetched batches.

Faust delivers one message at a time at a price of more than 100 microseconds, and its bookkeeping can commit past a
message that is still in flight. Here one synthetic message carries all records of one partition from one fetch:
agents, worker and rebalancing stay Faust's, the cost per event goes, and an offset is committed only when every
batch up to it was acked and ``before_commit`` has made its effects durable.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, cast

import faust
from aiokafka.errors import CommitFailedError, IllegalStateError
from aiokafka.structs import OffsetAndMetadata
from faust.events import Event
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams.headers import Record
from streams.record_batches import read_any_names

Records = list[Record]
Commits = Mapping[TP, OffsetAndMetadata]
BeforeCommit = Callable[[Mapping[TP, int]], Awaitable[Commits]]
"""Makes the effects of everything below the given offsets durable; returns what may be committed, with metadata."""

_FULL_PAUSE_SECONDS = 0.02
_LOOK_SECONDS = 10.0


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that owns the Kafka client; reads what is committed, and commits with metadata."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        read_any_names()
        consumer: Any = super()._create_worker_consumer(transport)
        # Faust reads what was aborted too unless it writes in transactions itself, and has no setting for it.
        consumer._isolation_level = "read_committed"  # noqa: SLF001
        return consumer

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        assigned = self.assignment()
        metadata = cast(Consumer, self.consumer).commit_metadata
        committable = {
            driver.ensure_aiokafka_TP(tp): OffsetAndMetadata(offset, metadata.get(tp, ""))
            for tp, offset in offsets.items()
            if tp in assigned
        }
        self.tp_last_committed_at.update(dict.fromkeys(offsets, monotonic()))
        try:
            await self._ensure_consumer().commit(committable)
        except CommitFailedError:
            # The group has moved on without us; whoever has the partitions now starts from the last commit.
            self.log.warning("commit refused: the partitions were reassigned")
            return False
        except Exception as error:  # noqa: BLE001  (whatever it is, the worker must stop)
            await self.crash(error)
            return False
        return True

    async def seek_all(self, positions: Mapping[TP, int]) -> None:
        """Go to a position in every assigned partition; raises ``IllegalStateError`` when one has none."""
        await self.call_thread(self._seek_all, positions)

    async def _seek_all(self, positions: Mapping[TP, int]) -> None:
        consumer = self._ensure_consumer()
        for assigned in consumer.assignment():
            tp = TP(*assigned)
            if tp not in positions:
                raise IllegalStateError(f"{tp} was assigned meanwhile")
            consumer.seek(assigned, positions[tp])

    async def unread(self) -> dict[TP, int]:
        """Count what the broker has beyond the position of each assigned partition; raises ``TimeoutError``."""
        return cast(dict[TP, int], await self.call_thread(self._unread))

    async def _unread(self) -> dict[TP, int]:
        async with asyncio.timeout(_LOOK_SECONDS):
            consumer = self._ensure_consumer()
            ends = await consumer.end_offsets(consumer.assignment())
            return {TP(*tp): max(0, end - await consumer.position(tp)) for tp, end in ends.items()}


class Consumer(driver.Consumer):
    """Consumer that delivers batches and commits only what is acked without a gap and durable."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_flight: dict[TP, deque[int]] = defaultdict(deque)
        self.commit_metadata: dict[TP, str] = {}

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(  # Faust's signature
        self,
        timeout: float,  # noqa: ASYNC109
    ) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Yield one message per partition per fetch; its value is the list of records."""
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))
        active = self._get_active_partitions()
        if not active:
            # All queues are full. Faust would sleep for a second, in which a batch of ours is long processed.
            await asyncio.sleep(_FULL_PAUSE_SECONDS)
            return
        generation = self.app.consumer_generation_id
        records = await self._fetched(active, timeout)
        if self.should_stop or not self.flow_active:
            # A rebalance has begun. It ends with a seek to what is committed, so this is read again then.
            return
        if self.app.consumer_generation_id != generation:
            # A whole rebalance went by during the fetch: nobody can tell whether this was read before or behind the
            # seek that ended it. When yet another has begun, that ends with a seek too.
            with suppress(IllegalStateError):
                await self.perform_seek()
            return
        for tp, batch in records.items():
            if not self._is_flowing(generation):
                return
            last = batch[-1].offset
            # Keeps Faust's own gap bookkeeping out of it: ours is the in-flight queue.
            self._read_offset[tp] = last
            self._in_flight[tp].append(last)
            yield tp, self._batch_message(tp, batch, generation)

    async def _fetched(self, active: set[TP], timeout: float) -> Mapping[TP, Records]:  # noqa: ASYNC109  (Faust's signature)
        try:
            return cast(Mapping[TP, Records], await self._getmany(active_partitions=active, timeout=timeout))
        except Exception as error:
            if not self.app.should_stop:
                cast(App, self.app).fetch_failed(error)
            raise

    async def perform_seek(self) -> None:
        """Go back to where the stages have begun with each partition.

        Faust would go to what is committed, and stay where it is in a partition of which nothing is committed yet:
        what was fetched of it and dropped would be lost.
        """
        positions = cast(App, self.app).positions()
        await cast(ConsumerThread, self._thread).seek_all(positions)
        for tp in positions:
            self._read_offset[tp] = self._committed_offset[tp] = None

    def _is_flowing(self, generation: int) -> bool:
        return self.flow_active and self.app.consumer_generation_id == generation

    def _batch_message(self, tp: TP, batch: Records, generation: int) -> ConsumerMessage:
        last = batch[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            None,
            None,
            # Faust looks at a value only to decode it, which BatchSchema does not.
            cast(Any, batch),
            None,
            None,
            None,
            tp,
            generation_id=generation,
        )

    def _new_offset(self, tp: TP) -> int | None:
        """Offset after the longest acked run of batches, ``None`` when the oldest batch in flight is not acked."""
        acked = self._acked_index[tp]
        in_flight = self._in_flight[tp]
        last: int | None = None
        while in_flight and in_flight[0] in acked:
            last = in_flight.popleft()
            acked.discard(last)
            self._acked[tp].remove(last)
        return None if last is None else last + 1

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        commits = await cast(App, self.app).before_commit(offsets)
        if not commits:
            return False
        self.commit_metadata.update({tp: commit.metadata for tp, commit in commits.items()})
        committable = {tp: commit.offset for tp, commit in commits.items()}
        return bool(await super()._commit_offsets(committable, start_new_transaction=start_new_transaction))

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commit what is done before Faust forgets the acks, then let go of the partitions."""
        await self.commit()
        await super().on_partitions_revoked(revoked)

    async def on_stop(self) -> None:
        """Stop without Faust's last commit: ours came before, while everything it needs was still there."""

    async def unread(self) -> dict[TP, int]:
        """Count the messages of each assigned partition that are not fetched, or fetched and not processed."""
        unread = await cast(ConsumerThread, self._thread).unread()
        for tp, in_flight in self._in_flight.items():
            if tp in unread and any(offset not in self._acked_index[tp] for offset in in_flight):
                unread[tp] += 1
        return unread

    def forget_acks(self) -> None:
        """Forget all batches of earlier assignments; an ack of one that was still in work must not count again."""
        self._in_flight.clear()
        self._acked.clear()
        self._acked_index.clear()
        self.commit_metadata.clear()


class Transport(driver.Transport):
    """Faust's aiokafka transport with the batch-delivering consumer."""

    Consumer = Consumer


class BatchSchema(faust.Schema[Any, Any]):
    """Passes the records of a batch through untouched; decoding belongs to the stages."""

    def compile(self, app: Any, **_: Any) -> Any:
        """Return the decoder that Faust calls for every message."""

        async def decode(message: Any, *, propagate: bool = False) -> Event:
            return Event(app, None, message.value, message.headers, message)

        return decode


class App(faust.App):
    """Faust application on the batch transport.

    ``before_commit`` is awaited with the offsets of every commit, on timer, rebalance and shutdown alike, before
    they are committed. ``before_connecting`` is awaited once, before anything connects. ``positions`` tells where to
    read on in each assigned partition. ``start_failed`` is told why the application could not start, ``fetch_failed``
    why it can read no further, with which Faust ends it.
    """

    before_commit: BeforeCommit
    positions: Callable[[], Mapping[TP, int]]
    before_connecting: Callable[[], Awaitable[None]]
    start_failed: Callable[[Exception], None]
    fetch_failed: Callable[[Exception], None]
    receivers: tuple[Any, ...] = ()

    @property
    def batches(self) -> Consumer:
        """The consumer."""
        return cast(Consumer, self.consumer)

    async def start(self) -> None:
        """Start, or tell why not."""
        try:
            await super().start()
        except Exception as error:
            self.start_failed(error)
            raise

    async def on_first_start(self) -> None:
        """Run ``before_connecting`` first."""
        await self.before_connecting()
        await super().on_first_start()

    def _new_transport(self) -> Transport:
        return Transport(self.conf.broker_consumer, self)
