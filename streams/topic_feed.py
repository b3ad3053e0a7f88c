"""Reading a topic from outside any group with kafka-python: what is there, then what comes."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import UnknownTopicOrPartitionError

from streams.settings import Settings

POLL_MS = 500

_consumer_client: Any = KafkaConsumer
"""kafka-python has no annotations to check calls against."""


class TopicFeed:
    """All partitions of one topic, read by itself: without a group it needs no right on one and commits nothing.

    A context manager that closes its connection. Raises ``kafka.errors.KafkaError``.

    Parameters
    ----------
    topic
        Full name.
    newest
        With how many records before its present end each partition begins; 0: with what comes. ``None``: from the
        beginning.
    """

    def __init__(self, settings: Settings, topic: str, *, newest: int | None) -> None:
        self._consumer: Any = _consumer_client(
            **settings.kafka_python_config(),
            client_id="stillwatch-feed",
            enable_auto_commit=False,
            # What has expired between asking for the beginning and reading from it is passed over, not all there is.
            auto_offset_reset="earliest",
            bootstrap_timeout_ms=10_000,
        )
        numbers = self._consumer.partitions_for_topic(topic)
        if not numbers:
            self._consumer.close()
            raise UnknownTopicOrPartitionError(f"there is no topic {topic}: create it with `stillwatch topics`")
        partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
        self._consumer.assign(partitions)
        self._ends: dict[TopicPartition, int] = self._consumer.end_offsets(partitions)
        for partition, begin in self._consumer.beginning_offsets(partitions).items():
            self._consumer.seek(partition, begin if newest is None else max(begin, self._ends[partition] - newest))

    @property
    def is_caught_up(self) -> bool:
        """Whether everything that was there at the start has been read."""
        if any(self._consumer.position(partition) < end for partition, end in self._ends.items()):
            return False
        self._ends = {}
        return True

    def fetch(self) -> Iterator[Any]:
        """Yield the records of one fetch, those of a partition in order; waits at most half a second."""
        for records in self._consumer.poll(POLL_MS).values():
            yield from records

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()
