"""State logs: of two records the one that includes more counts, a journal counts as a whole, strangers are refused."""

import asyncio
import weakref
from collections.abc import Iterable, Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.snapshot import SnapshotRefused
from streams.headers import AT, AT_FORMAT
from streams.state_log import JOURNAL_KEY, PARTITION_KEY, Entry, StateDisturbed, StateLog, StoredState
from tests.unit.streams.memory import SETTINGS, MemoryKafka


class Values:
    """A partition whose state is a dictionary."""

    def __init__(self) -> None:
        self.next_offset = 0
        self.values: dict[bytes, bytes] = {}
        self.changed: set[bytes] = set()

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set a key, or forget it."""
        self.next_offset += 1
        self.changed.add(key)
        if value is None:
            self.values.pop(key, None)
        else:
            self.values[key] = value

    def take_changed(self) -> Iterable[bytes]:
        """Keys that changed."""
        changed, self.changed = self.changed, set()
        return changed

    def snapshot(self, key: bytes) -> bytes | None:
        """Value of a key."""
        return self.values.get(key)

    def record(self) -> bytes:
        """Where it stands."""
        return b"%d" % self.next_offset

    def restore(self, record: bytes, entries: Mapping[bytes, Entry]) -> None:
        """Take over what was stored."""
        self.next_offset = int(record)
        self.values = {key: entry.snapshot for key, entry in entries.items()}


def new_log(kafka: MemoryKafka, *, is_atomic: bool) -> StateLog:
    """A state log in memory."""
    return StateLog(SETTINGS, kafka, "state", is_atomic=is_atomic)  # type: ignore[arg-type]


def stored(kafka: MemoryKafka, count: int | None = None) -> StoredState:
    """What the first records of the log say."""
    found = StoredState("state/0")
    for record in kafka.logs["state", 0][:count]:
        found.take(record.offset, record.key or b"", record.value, dict(record.headers))
    return found


def at(offset: int) -> dict[str, bytes]:
    """Headers of a record that includes everything below an offset."""
    return {AT: AT_FORMAT.pack(offset)}


changes = st.lists(
    st.lists(st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.none() | st.binary(max_size=4)), min_size=1, max_size=4),
    min_size=1,
    max_size=5,
)


@given(checkpoints=changes, is_atomic=st.booleans())
def test_what_was_published_is_restored(checkpoints: list[list[tuple[bytes, bytes | None]]], is_atomic: bool) -> None:
    """Deletions too, whichever way it is written."""
    kafka, partition = MemoryKafka(), Values()
    log = new_log(kafka, is_atomic=is_atomic)
    for puts in checkpoints:
        for key, value in puts:
            partition.put(key, value)
        asyncio.run(log.publish(0, partition))

    restored = Values()
    assert new_log(kafka, is_atomic=is_atomic).take_over(0, restored, stored(kafka))
    assert (restored.values, restored.next_offset) == (partition.values, partition.next_offset)


@given(checkpoints=changes, kept=st.integers(0, 100))
def test_a_journal_counts_as_a_whole_or_not_at_all(
    checkpoints: list[list[tuple[bytes, bytes | None]]], kept: int
) -> None:
    """Cut off anywhere, the log gives the state of one checkpoint, and never a mixture of two."""
    kafka, partition = MemoryKafka(), Values()
    log = new_log(kafka, is_atomic=True)
    states = [(0, dict[bytes, bytes]())]
    for puts in checkpoints:
        for key, value in puts:
            partition.put(key, value)
        asyncio.run(log.publish(0, partition))
        states.append((partition.next_offset, dict(partition.values)))

    restored = Values()
    new_log(kafka, is_atomic=True).take_over(0, restored, stored(kafka, kept))
    assert (restored.next_offset, restored.values) in states


def test_a_restore_holds_no_journal_that_cannot_count() -> None:
    """Hours of checkpoints are in a log that is not compacted yet; of their journals only the last may be laid."""
    kafka, partition = MemoryKafka(), Values()
    log = new_log(kafka, is_atomic=True)
    for _ in range(50):
        partition.put(b"a", b"x" * 10_000)
        asyncio.run(log.publish(0, partition))

    found = stored(kafka)
    assert 10_000 <= held_bytes(found) < 2.1 * 10_000
    found.partition_record()
    assert held_bytes(found) < 1.1 * 10_000


@pytest.mark.parametrize("is_atomic", [True, False])
def test_what_is_restored_is_let_go_of(is_atomic: bool) -> None:
    """Nothing of it is held once the next checkpoint is published, and without a journal nothing at all."""
    kafka, partition = MemoryKafka(), Values()
    partition.put(b"a", b"x" * 10_000)
    asyncio.run(new_log(kafka, is_atomic=is_atomic).publish(0, partition))
    log, restored, found = new_log(kafka, is_atomic=is_atomic), Values(), stored(kafka)
    log.take_over(0, restored, found)
    held = weakref.ref(found)
    del found

    assert (held() is not None) is is_atomic
    asyncio.run(log.publish(0, restored))
    assert held() is None


def held_bytes(found: StoredState) -> int:
    """Bytes of the chunks and snapshots that are held."""
    entries = [entry.snapshot for entry in found.entries.values()]
    return sum(map(len, [*entries, *found._journal.values()]))


def test_a_snapshot_that_includes_less_does_not_replace_one_that_includes_more() -> None:
    """It was written by a worker that had lost its partition; the key is written again by the next checkpoint."""
    found = StoredState("state/0")
    found.take(0, b"a", b"newer", at(20))
    found.take(1, b"a", b"older", at(10))
    found.take(2, b"b", None, at(20))
    found.take(3, b"b", b"older", at(10))
    found.take(4, PARTITION_KEY, b"20", at(20))
    kafka, partition = MemoryKafka(), Values()
    log = new_log(kafka, is_atomic=False)
    log.take_over(0, partition, found)
    asyncio.run(log.publish(0, partition))

    assert partition.values == {b"a": b"newer"}
    written = [(record.key, record.value) for record in kafka.logs["state", 0]]
    assert written == [(b"a", b"newer"), (b"b", None), (PARTITION_KEY, b"20")]


@pytest.mark.parametrize("offset", [0, 20])
def test_of_two_snapshots_that_include_the_same_the_later_counts(offset: int) -> None:
    """A state changes without a message too: an hour goes by, a checkpoint is finished."""
    found = StoredState("state/0")
    for place, value in enumerate((b"first", b"second")):
        found.take(place, b"a", value, at(offset))

    assert found.entries == {b"a": Entry(offset, b"second")}
    assert found.overtaken == set()


def test_what_was_overtaken_is_not_written_again_once_something_newer_is_there() -> None:
    """The owner has written it behind the older record already."""
    found = StoredState("state/0")
    for place, offset in enumerate((20, 10, 30)):
        found.take(place, b"a", b"%d" % offset, at(offset))

    assert found.overtaken == set()


def test_a_record_of_a_stranger_is_refused() -> None:
    """Nobody else may write to a state topic, and nothing is guessed; also where there never was a checkpoint."""
    found = StoredState("state/0")
    found.take(4, b"a", b"value", {})
    found.take(5, b"b", b"value", {})

    with pytest.raises(SnapshotRefused, match="state/0 holds a record at offset 4 that no worker has written"):
        found.partition_record()


def test_a_record_of_a_stranger_can_be_deleted() -> None:
    """A topic that is compacted knows no other way; what stood there before is written again."""
    found = StoredState("state/0")
    for offset, key in enumerate((b"a", b"b", PARTITION_KEY)):
        found.take(offset, key, b"ours", at(10))
    for offset, value in ((3, b"strange"), (4, None)):
        found.take(offset, b"a", value, {})
        found.take(offset, b"c", value, {})

    assert found.partition_record() == b"ours"
    assert found.entries == {b"a": (10, b"ours"), b"b": (10, b"ours")}
    assert found.overtaken == {b"a"}


def test_a_foreign_write_is_noticed() -> None:
    """Two workers that think that they own a partition must not both go on."""
    kafka = MemoryKafka()
    log = new_log(kafka, is_atomic=False)
    log.check_undisturbed([0])
    kafka.interrupted.add(("state", 0))

    log.check_undisturbed([1])
    with pytest.raises(StateDisturbed):
        log.check_undisturbed([0])


def test_a_large_journal_is_split() -> None:
    """No message grows beyond what a topic takes; all parts belong to one checkpoint."""
    kafka, partition = MemoryKafka(), Values()
    for number in range(40):
        partition.put(b"key-%02d" % number, b"x" * 50_000)
    asyncio.run(new_log(kafka, is_atomic=True).publish(0, partition))

    journal = [r for r in kafka.logs["state", 0] if (r.key or b"").startswith(JOURNAL_KEY[:-2])]
    assert len(journal) > 2
    assert max(len(record.value or b"") for record in journal) < 600_000
    entries = [entry for record in journal for entry in msgspec.msgpack.decode(record.value or b"")]
    assert len(entries) == 40
