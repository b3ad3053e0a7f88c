"""State logs: what a partition remembers, in the partition of the same number of a compacted topic.

Every record tells in a header the first offset of the source that it does not include, and of two records of a key
the one that includes more counts: a worker that lost its partition without noticing may still write an old snapshot
behind a newer one. Such a key is written again by the next checkpoint, before compaction can forget the newer record.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

import msgspec
import structlog

from detectors.snapshot import SnapshotRefused
from streams import metric_defs
from streams.headers import AT, AT_FORMAT, JOURNAL, JOURNAL_FORMAT, Headers
from streams.offsets import end_offsets, read_partitions
from streams.publisher import Publisher
from streams.settings import Settings

_INTERNAL = b"\x00"
"""No account id begins with a zero byte."""
PARTITION_KEY = _INTERNAL + b"partition"
_JOURNAL = _INTERNAL + b"journal-"
JOURNAL_KEY = _JOURNAL + b"%d"

_JOURNAL_BYTES = 512 * 1024
_SNAPSHOTS_PER_PAUSE = 500

log = structlog.get_logger()
_encode = msgspec.msgpack.Encoder().encode
_journal_decoder = msgspec.msgpack.Decoder(list[tuple[bytes, bytes | None]])


class Entry(NamedTuple):
    """A key's snapshot and the first offset of the source that it does not include."""

    next_offset: int
    snapshot: bytes


class StatePartition(Protocol):
    """State that can be checkpointed: a record of its own, and a snapshot for every key."""

    next_offset: int

    def take_changed(self) -> Iterable[bytes]:
        """Return the keys that changed since the last call."""

    def snapshot(self, key: bytes) -> bytes | None:
        """Return the snapshot of a key, ``None`` when it is forgotten."""

    def record(self) -> bytes:
        """Return what the partition needs besides its keys."""

    def restore(self, record: bytes, entries: Mapping[bytes, Entry]) -> None:
        """Take over what a checkpoint left; raises ``SnapshotRefused`` when it cannot be read."""


class StateLog:
    """Writes and reads the state of partitions in one state topic.

    Parameters
    ----------
    is_atomic
        Whether the keys of a partition make sense only together. They are then written ahead as a journal, which
        counts as soon as the record of the partition behind it is stored; a restore lays it over the keys, so a
        checkpoint that was broken off is there as a whole or not at all. Costs every snapshot twice.
        Otherwise a restore may find keys ahead of their partition, each with its own offset.
    """

    def __init__(self, settings: Settings, publisher: Publisher, topic: str, *, is_atomic: bool) -> None:
        self._settings = settings
        self._publisher = publisher
        self._topic = topic
        self._is_atomic = is_atomic
        self._overtaken: dict[int, set[bytes]] = {}
        self._redo: dict[int, StoredState] = {}
        """What a restore laid over the keys of a partition, until it is published behind its journal."""
        self._ahead: dict[int, dict[bytes, int]] = {}
        """Keys that a checkpoint without its partition record has left ahead of their partition, with their offset."""

    async def publish(self, number: int, partition: StatePartition) -> None:
        """Publish snapshots of all that changed, and the record of the partition."""
        overtaken = {key for key in self._overtaken.pop(number, ()) if not key.startswith(_INTERNAL)}
        keys = sorted({*partition.take_changed(), *overtaken})
        headers: Headers = [(AT, AT_FORMAT.pack(partition.next_offset))]
        if self._is_atomic:
            # Before a new journal replaces the one that the last restore needed.
            await self._finish(number)
            entries = [(key, partition.snapshot(key)) for key in keys]
            chunks = _chunks(entries)
            for index, chunk in enumerate(chunks):
                self._publisher.publish(self._topic, number, JOURNAL_KEY % index, _encode(chunk), headers)
            journal = (JOURNAL, JOURNAL_FORMAT.pack(len(chunks)))
            self._publisher.publish(self._topic, number, PARTITION_KEY, partition.record(), [*headers, journal])
            await self._publish_entries(number, entries, headers)
        else:
            await self._publish_keys(number, partition, keys)
            self._publisher.publish(self._topic, number, PARTITION_KEY, partition.record(), headers)

    async def _publish_keys(self, number: int, partition: StatePartition, keys: list[bytes]) -> None:
        """Publish keys one by one; what is ahead of its partition says so again, or its events would count twice."""
        at = partition.next_offset
        self._ahead[number] = {key: offset for key, offset in self._ahead.get(number, {}).items() if offset > at}
        for offset in sorted({at, *self._ahead[number].values()}):
            entries = [key for key in keys if self._ahead[number].get(key, at) == offset]
            headers: Headers = [(AT, AT_FORMAT.pack(offset))]
            await self._publish_entries(number, ((key, partition.snapshot(key)) for key in entries), headers)

    async def _finish(self, number: int) -> None:
        """Publish the keys of a checkpoint that was broken off behind its journal."""
        if (redo := self._redo.pop(number, None)) is not None:
            await self._publish_entries(number, redo.laid.items(), [(AT, AT_FORMAT.pack(redo.next_offset))])

    async def _publish_entries(
        self, number: int, entries: Iterable[tuple[bytes, bytes | None]], headers: Headers
    ) -> None:
        for count, (key, snapshot) in enumerate(entries, 1):
            self._publisher.publish(self._topic, number, key, snapshot, headers)
            metric_defs.SNAPSHOTS.inc()
            metric_defs.SNAPSHOT_BYTES.inc(len(snapshot or b""))
            if count % _SNAPSHOTS_PER_PAUSE == 0:
                # The loop must breathe: it answers the health checks too.
                await self._publisher.hand_over()

    def check_undisturbed(self, numbers: Iterable[int]) -> None:
        """Raise ``StateDisturbed`` when somebody else wrote to the state of these partitions meanwhile."""
        check_undisturbed(self._publisher, self._topic, numbers)

    async def current(self, numbers: Iterable[int]) -> set[int]:
        """Return those partitions to whose state nobody has written since the last record of this process."""
        ends = await end_offsets(self._settings, self._topic, numbers)
        return {n for n, end in ends.items() if self._publisher.end_offsets.get((self._topic, n)) == end}

    async def restore(self, partitions: Mapping[int, StatePartition], on_progress: Callable[[], None]) -> None:
        """Bring new partitions to where their last checkpoint left them; raises ``SnapshotRefused``."""
        began = time.monotonic()
        stored = {number: StoredState(f"{self._topic}/{number}") for number in partitions}
        ends = await end_offsets(self._settings, self._topic, partitions)
        async for record in read_partitions(self._settings, self._topic, stored, on_progress):
            stored[record.partition].take(record.offset, record.key or b"", record.value, dict(record.headers))
        for number, partition in partitions.items():
            found = stored[number]
            self._publisher.expect_alone(self._topic, number, ends[number])
            is_new = not self.take_over(number, partition, found)
            metric_defs.RESTORED_KEYS.labels(self._topic).inc(len(found.entries))
            log.info(
                "partition.restored",
                topic=self._topic,
                partition=number,
                keys=len(found.entries),
                next_offset=partition.next_offset,
                is_new=is_new,
            )
        metric_defs.RESTORE_SECONDS.observe(time.monotonic() - began)

    def take_over(self, number: int, partition: StatePartition, found: "StoredState") -> bool:
        """Restore a partition from what its log says; ``False`` when there never was a checkpoint.

        Raises ``SnapshotRefused``.
        """
        record = found.partition_record()
        self._overtaken[number] = found.overtaken
        self._redo.pop(number, None)
        if self._is_atomic:
            self._redo[number] = found
        # Without a record, nothing is restored, so nothing is ahead.
        self._ahead[number] = {}
        if record is None:
            return False
        self._ahead[number] = {key: entry.next_offset for key, entry in found.entries.items()}
        try:
            partition.restore(record, found.entries)
        except SnapshotRefused as refused:
            raise SnapshotRefused(f"{self._topic}/{number}: {refused}") from refused
        return True


class StateDisturbed(RuntimeError):
    """Two workers thought that they own a partition; this one stops and restores the state when it starts again."""


def check_undisturbed(publisher: Publisher, topic: str, numbers: Iterable[int]) -> None:
    """Raise ``StateDisturbed`` when somebody else wrote to these partitions of a state topic of ours."""
    for number in numbers:
        if (topic, number) in publisher.interrupted:
            raise StateDisturbed(f"another worker wrote to the state of {topic}/{number}, which is ours")


class Strangers:
    """Records of a state topic that no worker has written, as far as nobody has deleted them since."""

    def __init__(self) -> None:
        self._offsets: dict[bytes, int] = {}

    def take(self, offset: int, key: bytes, value: bytes | None) -> None:
        """Take in one of them; without a value it deletes the one before it with its key."""
        self.forget(key)
        if value is not None:
            self._offsets[key] = offset

    def forget(self, key: bytes) -> bool:
        """Forget the one with this key; ``False`` when there is none."""
        return self._offsets.pop(key, None) is not None

    def check_none(self, where: str) -> None:
        """Raise ``SnapshotRefused`` when there is one left."""
        if self._offsets:
            raise SnapshotRefused(
                f"{where} holds a record at offset {min(self._offsets.values())} that no worker has written: nobody "
                "else may write to this topic; delete it by a record with its key and without a value, or restore the "
                "topic from a copy"
            )


class StoredState:
    """What the log of one partition says, read in order."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._at: dict[bytes, int] = {}
        self._journal: dict[tuple[bytes, int], bytes] = {}
        self._journals = 0
        self.entries: dict[bytes, Entry] = {}
        self.overtaken: set[bytes] = set()
        self.next_offset = 0
        self._strangers = Strangers()
        self.laid: dict[bytes, bytes | None] = {}
        """What the journal has laid over the entries."""

    def take(self, offset: int, key: bytes, value: bytes | None, headers: Mapping[str, bytes]) -> None:
        """Take in one record."""
        if AT not in headers:
            self._strangers.take(offset, key, value)
            if key in self.entries:
                # Compaction keeps only the last record of a key.
                self.overtaken.add(key)
            return
        self._strangers.forget(key)
        [at] = AT_FORMAT.unpack(headers[AT])
        if key.startswith(_JOURNAL):
            # Which checkpoint counts, the record of the partition tells; one that was broken off may be further.
            self._journal[key, at] = value or b""
            return
        if at < self._at.get(key, 0):
            self.overtaken.add(key)
            return
        self.overtaken.discard(key)
        self._at[key] = at
        if key == PARTITION_KEY:
            [self._journals] = JOURNAL_FORMAT.unpack(headers[JOURNAL]) if JOURNAL in headers else (0,)
            # Those before it can count no more, and hours of them are in the log.
            self._journal = {place: chunk for place, chunk in self._journal.items() if place[1] >= at}
        if value is None:
            self.entries.pop(key, None)
        else:
            self.entries[key] = Entry(at, value)

    def partition_record(self) -> bytes | None:
        """Record of the partition, ``None`` when there never was a checkpoint; lays the journal over the entries.

        Raises ``SnapshotRefused`` when the log holds what no worker has written.
        """
        self._strangers.check_none(self._where)
        record = self.entries.pop(PARTITION_KEY, None)
        if record is None:
            return None
        self.next_offset = record.next_offset
        chunks = [self._journal.get((JOURNAL_KEY % index, record.next_offset)) for index in range(self._journals)]
        # With chunks missing, a later journal was begun, so the keys behind this one are all there.
        if None not in chunks:
            for chunk in chunks:
                self.laid.update(_journal_decoder.decode(chunk or b""))
        for key, snapshot in self.laid.items():
            if snapshot is None:
                self.entries.pop(key, None)
            else:
                self.entries[key] = Entry(record.next_offset, snapshot)
        self._journal = {}
        return record.snapshot


def _chunks(entries: list[tuple[bytes, bytes | None]]) -> list[list[tuple[bytes, bytes | None]]]:
    chunks: list[list[tuple[bytes, bytes | None]]] = []
    size = _JOURNAL_BYTES
    for key, snapshot in entries:
        if size >= _JOURNAL_BYTES:
            chunks.append([])
            size = 0
        chunks[-1].append((key, snapshot))
        size += len(key) + len(snapshot or b"")
    return chunks
