"""What a stage is to the worker, and the one for stages whose partitions keep state."""

from collections.abc import Callable, Collection, Mapping
from typing import Generic, Protocol, TypeVar

from aiokafka.structs import OffsetAndMetadata

from streams.headers import Record
from streams.offsets import Start, end_offsets
from streams.settings import Settings
from streams.state_log import StateLog, StatePartition
from streams.topics import Role, topic_name
from streams.transport import Records

_CHECKPOINTED = "checkpointed"
"""Metadata of a commit: a later owner knows that there has to be a state."""


class Stage(Protocol):
    """Everything that happens to the messages of one topic.

    ``role`` is that of the topic, ``partitions`` those that this process has, by number.
    """

    role: Role

    @property
    def partitions(self) -> Collection[int]:
        """Numbers of the partitions that this process has."""

    async def assign(self, starts: Mapping[int, Start]) -> None:
        """Have exactly these partitions, each as its last checkpoint left it; the others are let go."""

    def process(self, number: int, records: Records) -> None:
        """Process a batch in log order; raises for what must stop the worker."""

    def next_offset(self, number: int) -> int:
        """Return the first offset that was not processed yet."""

    async def publish_state(self, number: int) -> None:
        """Publish what a restart needs from this partition beyond what is committed."""

    def check_undisturbed(self) -> None:
        """Raise ``StateDisturbed`` when another worker has written to the state of our partitions."""

    def commit_at(self, number: int, offset: int) -> OffsetAndMetadata | None:
        """Return what to commit for an offset, ``None`` when what is below it is not all included here."""


class StatelessStage:
    """What a stage does about state that needs nothing beyond what is committed."""

    async def publish_state(self, number: int) -> None:
        """Nothing to publish."""

    def check_undisturbed(self) -> None:
        """Nothing to be disturbed."""


class MessagesMissing(RuntimeError):
    """A message was never delivered; the worker stops and reads again from its last checkpoint."""


def is_next(record: Record, next_offset: int, is_gapless: bool) -> bool:
    """Whether a record is new; ``False`` for one that the state includes already.

    Raises ``MessagesMissing`` when there is a gap before it in a topic that only we write to, which has none.
    """
    if is_gapless and record.offset > next_offset:
        raise MessagesMissing(
            f"{record.topic}/{record.partition}: {record.offset - next_offset} messages before offset {record.offset} "
            "were not delivered; if they were deleted, set the group's offset there with all workers stopped"
        )
    return record.offset >= next_offset


class ProcessingPartition(StatePartition, Protocol):
    """A partition of a stage that keeps state."""

    def process(self, records: Records) -> None:
        """Process a batch in log order."""


Partition = TypeVar("Partition", bound=ProcessingPartition)


class StateLost(RuntimeError):
    """The group's commit is ahead of the state: events would be missing from it for good."""


class MessagesGone(RuntimeError):
    """The topic ends before what the state includes: whatever comes would be taken for what was there."""


class StatefulStage(Generic[Partition]):
    """A stage whose partitions are checkpointed in a state log.

    Parameters
    ----------
    role
        Of the topic that is read.
    state
        Where checkpoints go.
    new_partition
        Makes a partition that has seen nothing.
    on_progress
        Called while a long restore goes on.
    """

    def __init__(
        self,
        role: Role,
        settings: Settings,
        state: StateLog,
        new_partition: Callable[[int], Partition],
        on_progress: Callable[[], None],
    ) -> None:
        self.role = role
        self.partitions: dict[int, Partition] = {}
        self._settings = settings
        self._topic = topic_name(settings, role)
        self._state = state
        self._new_partition = new_partition
        self._on_progress = on_progress

    async def assign(self, starts: Mapping[int, Start]) -> None:
        """Keep what nobody else has touched meanwhile, restore the rest.

        Raises ``SnapshotRefused``, ``StateLost``, ``MessagesGone``.
        """
        kept = await self._state.current(self.partitions.keys() & starts.keys())
        self.partitions = {number: partition for number, partition in self.partitions.items() if number in kept}
        new = {number: self._new_partition(number) for number in sorted(starts.keys() - kept)}
        await self._state.restore(new, self._on_progress)
        self.partitions.update(new)
        # Asked behind the restore, until which another worker may have read on.
        for number, end in (await end_offsets(self._settings, self._topic, starts)).items():
            self._check_there(number, end)
        for number, start in starts.items():
            self._check_complete(number, start)

    def _check_there(self, number: int, end: int) -> None:
        if end < (included := self.partitions[number].next_offset):
            raise MessagesGone(
                f"{self._topic}/{number} ends at offset {end}, but its state includes all below {included}: the topic "
                "was deleted and made anew, or has lost messages; with all workers stopped, `stillwatch start-over` "
                "and `stillwatch topics` begin with the input anew"
            )

    def _check_complete(self, number: int, start: Start) -> None:
        included = self.partitions[number].next_offset
        if start.metadata == _CHECKPOINTED and start.offset - start.expired > included:
            raise StateLost(
                f"{self._topic}/{number} is committed up to offset {start.offset}, but its state includes only what is "
                f"below {included}: restore the state topic from a copy, or, with all workers stopped, set the group "
                f"{self._settings.group_id} back to the beginning"
            )
        self.partitions[number].next_offset = max(included, start.offset)

    def process(self, number: int, records: Records) -> None:
        """Process a batch in log order."""
        self.partitions[number].process(records)

    def next_offset(self, number: int) -> int:
        """Return the first offset that was not processed yet."""
        return self.partitions[number].next_offset

    async def publish_state(self, number: int) -> None:
        """Publish a checkpoint of the partition."""
        await self._state.publish(number, self.partitions[number])

    def check_undisturbed(self) -> None:
        """Raise ``StateDisturbed`` when another worker has written to the state of our partitions."""
        self._state.check_undisturbed(self.partitions)

    def commit_at(self, number: int, offset: int) -> OffsetAndMetadata | None:
        """Return what to commit, ``None`` when the state does not include all below the offset."""
        if number not in self.partitions or offset > self.partitions[number].next_offset:
            return None
        return OffsetAndMetadata(offset, _CHECKPOINTED)
