"""The consumer group of the workers, looked at from outside: what it has read, who is in it, and its end."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import (
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    GroupIdNotFoundError,
    KafkaError,
    NotCoordinatorError,
    UnknownTopicOrPartitionError,
)

from streams.kafka_admin import KafkaAdmin
from streams.settings import Settings

_COORDINATOR_ATTEMPTS = 20
_COORDINATOR_PAUSE_SECONDS = 0.5

_offset_spec: Any = OffsetSpec
"""kafka-python has no annotations to check calls against."""


@dataclass(frozen=True)
class PartitionLag:
    """How far the group has read one partition.

    Parameters
    ----------
    committed
        Offset from which a worker would go on; ``None`` before the first commit.
    metadata
        What was committed beside it, empty for nothing.
    beginning, end
        Offsets of the oldest message that is kept, and after the newest.
    is_read
        Whether no message lies behind the committed offset, whatever else takes the offsets up to the end.
    """

    topic: str
    partition: int
    committed: int | None
    metadata: str
    beginning: int
    end: int
    is_read: bool = False

    @property
    def lag(self) -> int:
        """How many messages are still to be read; what is no longer kept does not count.

        Of a topic that was made again what was committed may lie behind its end.
        """
        return 0 if self.is_read else max(0, self.end - self.first_unread)

    @property
    def first_unread(self) -> int:
        """Offset from which on is to be read."""
        return max(self.beginning, self.committed or 0)


class GroupAdmin(KafkaAdmin):
    """Looks at and deletes the group of the settings; raises ``kafka.errors.KafkaError``."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._group = settings.group_id

    def lag(self, topics: Iterable[str]) -> list[PartitionLag]:
        """Return the lag of every partition of these topics, in their order."""
        partitions = [partition for topic in topics for partition in self._partitions(topic)]
        committed = self._committed()
        beginnings = self._admin.list_partition_offsets(dict.fromkeys(partitions, _offset_spec.EARLIEST))
        ends = self._admin.list_partition_offsets(dict.fromkeys(partitions, _offset_spec.LATEST))
        return [
            PartitionLag(
                tp.topic,
                tp.partition,
                committed=None if (at := committed.get(tp)) is None else at.offset,
                metadata="" if at is None else at.metadata,
                beginning=beginnings[tp].offset,
                end=ends[tp].offset,
            )
            for tp in partitions
        ]

    def members(self) -> int | None:
        """Return how many workers are in the group, ``None`` when there is no such group."""
        found = self._admin.describe_groups([self._group])[self._group]
        if error := found["error"]:
            if error.startswith(f"[Error {GroupIdNotFoundError.errno}]"):
                return None
            raise KafkaError(error)
        return None if found["group_state"] == "Dead" else len(found["members"])

    def delete(self) -> None:
        """Delete the group and what it has committed. Kafka refuses while it has members."""
        outcome = self._admin.delete_groups([self._group])[self._group]
        if outcome != "OK":
            raise KafkaError(f"group {self._group} was not deleted: {outcome}")

    def _partitions(self, topic: str) -> list[TopicPartition]:
        [found] = self._admin.describe_topics([topic])
        if found["error_code"]:
            raise UnknownTopicOrPartitionError(f"there is no topic {topic}, or no right to describe it")
        return sorted(TopicPartition(topic, partition["partition_index"]) for partition in found["partitions"])

    def _committed(self) -> dict[TopicPartition, Any]:
        """On a fresh broker the coordinator is not there at once, which is waited for."""
        for _ in range(_COORDINATOR_ATTEMPTS):
            try:
                found = self._admin.list_group_offsets([self._group])[self._group]
            except (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError):
                time.sleep(_COORDINATOR_PAUSE_SECONDS)
            else:
                return {tp: at for tp, at in found.items() if at.offset >= 0}
        raise KafkaError(f"no coordinator for group {self._group}: is the cluster healthy?")
