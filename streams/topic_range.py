"""A range of a topic, read from outside any group, as evenly in event time as its reader asks."""

import re
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import UnknownTopicOrPartitionError

from schemas.times import epoch_ms, parse_instant
from streams.replay import Message
from streams.settings import Settings

POLL_MS = 500

_client: Any = KafkaConsumer
"""kafka-python has no annotations to check calls against."""


class Bound(NamedTuple):
    """Where a range begins or ends in every partition: an offset, or the first message stored at a time or later."""

    offset: int | None = None
    stored_ms: int | None = None


def parse_bound(text: str) -> Bound:
    """Read an offset or an RFC 3339 time; raises ``ValueError``.

    >>> parse_bound("1200")
    Bound(offset=1200, stored_ms=None)
    """
    return Bound(offset=int(text)) if re.fullmatch(r"\d+", text) else Bound(stored_ms=epoch_ms(parse_instant(text)))


class TopicRange:
    """Messages of all partitions of a topic from one bound up to, and not including, another.

    A context manager that closes its connection. Raises ``kafka.errors.KafkaError``. The end of the topic is the end
    that it has when the range is made, so what arrives later is not waited for.
    """

    def __init__(self, settings: Settings, topic: str, start: Bound, end: Bound) -> None:
        self._consumer = _client(
            **settings.kafka_python_config(),
            client_id="stillwatch-replay",
            enable_auto_commit=False,
            bootstrap_timeout_ms=10_000,
        )
        numbers = self._consumer.partitions_for_topic(topic)
        if not numbers:
            self._consumer.close()
            raise UnknownTopicOrPartitionError(f"there is no topic {topic}")
        self._partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
        self._consumer.assign(self._partitions)
        last = self._consumer.end_offsets(self._partitions)
        first = self._consumer.beginning_offsets(self._partitions)
        self._ends = self._offsets(end, default=last, last=last)
        self._position = {tp: max(first[tp], at) for tp, at in self._offsets(start, default=first, last=last).items()}
        for tp, offset in self._position.items():
            self._consumer.seek(tp, offset)
        self.total = sum(max(0, self._ends[tp] - self._position[tp]) for tp in self._partitions)
        """Messages in the range, as far as offsets tell."""

    def __enter__(self) -> "TopicRange":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    @property
    def partitions(self) -> int:
        """How many partitions the topic has."""
        return len(self._partitions)

    def read(self, wanted: Callable[[], set[int]]) -> Iterator[tuple[int, list[Message] | None]]:
        """Yield messages of one partition after another, and ``None`` for a partition that has ended.

        ``wanted`` is asked before every fetch for the partitions to read on, so that none runs far ahead.
        """
        running = set(self._partitions)
        while running:
            for tp in [tp for tp in running if self._position[tp] >= self._ends[tp]]:
                running.discard(tp)
                yield tp.partition, None
            now = wanted()
            self._consumer.pause(*(tp for tp in self._partitions if tp not in running or tp.partition not in now))
            self._consumer.resume(*(tp for tp in running if tp.partition in now))
            for tp, records in self._consumer.poll(POLL_MS).items():
                messages: list[Message] = [(r.value, tuple(r.headers)) for r in records if r.offset < self._ends[tp]]
                self._position[tp] = self._consumer.position(tp)
                yield tp.partition, messages

    def _offsets(
        self, bound: Bound, default: dict[TopicPartition, int], last: dict[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        if bound.offset is not None:
            return {tp: min(bound.offset, last[tp]) for tp in self._partitions}
        if bound.stored_ms is None:
            return default
        found = self._consumer.offsets_for_times(dict.fromkeys(self._partitions, bound.stored_ms))
        return {tp: last[tp] if at is None else at.offset for tp, at in found.items()}
