"""Reading alerts from a topic with kafka-python: what is there, then what comes."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import UnknownTopicOrPartitionError

from streams.settings import Settings

POLL_MS = 500

_consumer_client: Any = KafkaConsumer
"""kafka-python has no annotations to check calls against."""


class AlertFeed:
    """All partitions of one topic, read by itself: no group, so every consumer of alerts sees every alert.

    Raises ``kafka.errors.KafkaError``.

    Parameters
    ----------
    topic
        Full name. The state topic gives the present state first, whatever its age; the alert topic gives history.
    is_from_beginning
        Whether to read what is already there.
    """

    def __init__(self, settings: Settings, topic: str, *, is_from_beginning: bool) -> None:
        self._consumer: Any = _consumer_client(
            **settings.kafka_python_config(),
            client_id="stillwatch-alerts",
            enable_auto_commit=False,
            bootstrap_timeout_ms=10_000,
        )
        numbers = self._consumer.partitions_for_topic(topic)
        if not numbers:
            self._consumer.close()
            raise UnknownTopicOrPartitionError(f"there is no topic {topic}: create it with `stillwatch topics`")
        partitions = [TopicPartition(topic, number) for number in sorted(numbers)]
        self._consumer.assign(partitions)
        self._ends = self._consumer.end_offsets(partitions)
        if is_from_beginning:
            self._consumer.seek_to_beginning(*partitions)
        else:
            self._consumer.seek_to_end(*partitions)

    @property
    def is_caught_up(self) -> bool:
        """Whether everything that was there at the start has been read."""
        if any(self._consumer.position(partition) < end for partition, end in self._ends.items()):
            return False
        self._ends = {}
        return True

    def poll(self) -> Iterator[bytes]:
        """Yield the values of one fetch; waits at most half a second. Deletions are left out."""
        for records in self._consumer.poll(POLL_MS).values():
            for record in records:
                if record.value is not None:
                    yield record.value

    def __enter__(self) -> "AlertFeed":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()
