"""A range of a topic, read from outside any group, as evenly in event time as its reader asks."""

import re
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.times import epoch_ms, parse_instant
from streams.offsets import partition_count
from streams.record_batches import read_any_names
from streams.replay import Message
from streams.settings import Settings

POLL_MS = 500
BATCH_MESSAGES = 500


class Bound(NamedTuple):
    """Where a range begins or ends in every partition: an offset, or the first message stored at a time or later."""

    offset: int | None = None
    stored_ms: int | None = None


def parse_bound(text: str) -> Bound:
    """Read an offset or an RFC 3339 time, of which Kafka knows none before 1970; raises ``ValueError``.

    >>> parse_bound("1200")
    Bound(offset=1200, stored_ms=None)
    """
    if re.fullmatch(r"\d+", text):
        return Bound(offset=int(text))
    return Bound(stored_ms=max(0, epoch_ms(parse_instant(text))))


class TopicRange:
    """Messages of all partitions of a topic from one bound up to, and not including, another.

    An asynchronous context manager. Raises ``aiokafka.errors.KafkaError``. Without an end it ends where the topic
    ends at the beginning, so what arrives later is not waited for.
    """

    def __init__(self, settings: Settings, topic: str, start: Bound, end: Bound) -> None:
        read_any_names()
        self._consumer = AIOKafkaConsumer(
            **settings.aiokafka_config(),
            client_id="stillwatch-replay",
            enable_auto_commit=False,
            isolation_level="read_committed",
        )
        self._settings = settings
        self._topic = topic
        self._start = start
        self._end = end
        self._begins: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}

    async def __aenter__(self) -> "TopicRange":
        try:
            await self._consumer.start()
            await self._find()
        except BaseException:
            await self._consumer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._consumer.stop()

    @property
    def partitions(self) -> int:
        """How many partitions the topic has."""
        return len(self._ends)

    @property
    def total(self) -> int:
        """Messages in the range, as far as offsets tell."""
        return sum(max(0, end - self._begins[tp]) for tp, end in self._ends.items())

    async def read(self, wanted: Callable[[], set[int]]) -> AsyncIterator[tuple[int, list[Message] | None]]:
        """Yield messages of one partition after another, and ``None`` for a partition that has ended.

        ``wanted`` is asked before every fetch for the partitions to read on, so that none runs far ahead.
        """
        running = set(self._ends)
        while running:
            for tp in [tp for tp in running if await self._consumer.position(tp) >= self._ends[tp]]:
                running.discard(tp)
                yield tp.partition, None
            now = [tp for tp in running if tp.partition in wanted()]
            if not now:
                continue
            fetched = await self._consumer.getmany(*now, timeout_ms=POLL_MS, max_records=BATCH_MESSAGES)
            for tp, records in fetched.items():
                inside = [r for r in records if r.offset < self._ends[tp]]
                yield tp.partition, [(r.value, tuple(r.headers), r.timestamp) for r in inside]

    async def _find(self) -> None:
        count = await partition_count(self._settings, self._topic)
        tps = [TopicPartition(self._topic, number) for number in range(count)]
        self._consumer.assign(tps)
        first = await self._consumer.beginning_offsets(tps)
        last = await self._consumer.end_offsets(tps)
        begins = await self._offsets(self._start, tps, default=first, last=last)
        self._begins = {tp: max(first[tp], offset) for tp, offset in begins.items()}
        self._ends = await self._offsets(self._end, tps, default=last, last=last)
        for tp, offset in self._begins.items():
            self._consumer.seek(tp, offset)

    async def _offsets(
        self,
        bound: Bound,
        tps: list[TopicPartition],
        default: dict[TopicPartition, int],
        last: dict[TopicPartition, int],
    ) -> dict[TopicPartition, int]:
        if bound.offset is not None:
            return {tp: min(bound.offset, last[tp]) for tp in tps}
        if bound.stored_ms is None:
            return default
        found = await self._consumer.offsets_for_times(dict.fromkeys(tps, bound.stored_ms))
        return {tp: last[tp] if (at := found.get(tp)) is None else at.offset for tp in tps}
