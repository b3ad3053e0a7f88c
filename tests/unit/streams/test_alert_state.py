"""The state of alerts: the newest publication of each subject, whatever is repeated, until it is long over."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest

from detectors.snapshot import SnapshotRefused
from streams.alerts import AlertPartition, AlertStage
from streams.dead_letters import DeadLetterLimit, DeadLetters
from streams.headers import Record
from streams.offsets import Start
from streams.settings import Settings
from streams.state_log import StateDisturbed
from tests.unit.streams.memory import MemoryKafka, now_ms, record
from tests.unit.streams.traffic_samples import replayed_alerts, sample


def publication(alert_id: str, version: int, raised_at: str, expires_at: str = "2026-02-01T00:00:00Z") -> bytes:
    """An alert about the account a-1; what does not matter here is taken from a real one."""
    template: dict[str, Any] = next(a for a in replayed_alerts(sample()) if a["kind"] == "account")
    alert = template | {
        "alert_id": alert_id,
        "version": version,
        "account_ids": ["a-1"],
        "raised_at": raised_at,
        "expires_at": expires_at,
    }
    return json.dumps(alert).encode()


def restored(kafka: MemoryKafka) -> AlertPartition:
    """A partition as a worker that has just started has it."""
    dead_letters = DeadLetters(kafka, "dead", DeadLetterLimit(1_000, 1.0), now_ms)  # type: ignore[arg-type]
    partition = AlertPartition(kafka, dead_letters, "state", 0)  # type: ignore[arg-type]
    for found in list(kafka.logs["state", 0]):
        partition.restore(found)
    partition.finish_restore()
    return partition


def process(partition: AlertPartition, *values: bytes, subject: bytes = b"a-1") -> None:
    """Let these publications come."""
    partition.process([record("alerts", 0, offset, subject, value, []) for offset, value in enumerate(values)])


def state_of(values: Iterable[bytes | None]) -> tuple[dict[bytes, bytes | None], MemoryKafka]:
    """What the state topic says after these publications."""
    kafka = MemoryKafka()
    partition = restored(kafka)
    partition.process([record("alerts", 0, offset, b"a-1", value, []) for offset, value in enumerate(values)])
    return {r.key or b"": r.value for r in kafka.logs["state", 0]}, kafka


def test_the_newest_version_stands() -> None:
    """A repeat and an older version change nothing and are not written."""
    first, second = publication("x", 1, "2026-01-05T00:00:00Z"), publication("x", 2, "2026-01-06T00:00:00Z")
    state, kafka = state_of([first, second, second, first])

    assert state == {b"a-1": second}
    assert len(kafka.logs["state", 0]) == 2


def test_a_later_alert_of_the_same_subject_replaces_the_earlier() -> None:
    """Also when a restarted campaigns stage repeats the earlier one, whose version is higher."""
    earlier, later = publication("x", 5, "2026-01-05T00:00:00Z"), publication("y", 1, "2026-01-09T00:00:00Z")
    state, _ = state_of([earlier, later, earlier])

    assert state == {b"a-1": later}


def test_an_alert_that_opens_when_the_one_before_ends_stands() -> None:
    """Both are of one moment; the later one in the log is the present state."""
    ended, opened = publication("x", 2, "2026-01-09T00:00:00Z"), publication("y", 1, "2026-01-09T00:00:00Z")
    state, _ = state_of([ended, opened])

    assert state == {b"a-1": opened}


def test_what_expired_a_week_ago_leaves_the_state() -> None:
    """Otherwise the state of a deployment would grow for ever; seven days leave time to read that it ended."""
    old = publication("x", 1, "2026-01-05T00:00:00Z", expires_at="2026-01-06T00:00:00Z")
    kafka = MemoryKafka()
    partition = restored(kafka)
    partition.process([record("alerts", 0, 0, b"old", old, [])])
    partition.process([record("alerts", 0, 1, b"a-1", publication("y", 1, "2026-01-12T12:00:00Z"), [])])
    assert [r.key for r in kafka.logs["state", 0]] == [b"old", b"a-1"]
    partition.process([record("alerts", 0, 2, b"a-1", publication("y", 2, "2026-01-14T00:00:00Z"), [])])

    assert [(r.key, r.value is None) for r in kafka.logs["state", 0]][2:] == [(b"a-1", False), (b"old", True)]


def test_what_is_no_alert_becomes_a_dead_letter() -> None:
    """The state topic holds nothing else."""
    state, kafka = state_of([b"garbage", None])

    assert state == {}
    assert [json.loads(raw)["reason"] for raw in kafka.values("dead")] == ["invalid", "invalid"]


def test_a_paused_worker_does_not_set_an_alert_back() -> None:
    """It writes behind its successor; the next restore keeps the newer version and writes it again for compaction."""
    first, second = publication("x", 1, "2026-01-05T00:00:00Z"), publication("x", 2, "2026-01-06T00:00:00Z")
    kafka = MemoryKafka()
    paused, successor = restored(kafka), restored(kafka)
    process(successor, first, second)
    process(paused, first)
    assert [r.value for r in kafka.logs["state", 0]] == [first, second, first]
    owner = restored(kafka)
    assert [r.value for r in kafka.logs["state", 0]] == [first, second, first, second]
    process(owner, first, second)

    assert len(kafka.logs["state", 0]) == 4


def test_a_paused_worker_does_not_bring_back_an_earlier_alert_of_a_subject() -> None:
    """Whose version may be higher."""
    earlier, later = publication("x", 5, "2026-01-05T00:00:00Z"), publication("y", 1, "2026-01-09T00:00:00Z")
    kafka = MemoryKafka()
    paused, successor = restored(kafka), restored(kafka)
    process(successor, earlier, later)
    process(paused, earlier)
    restored(kafka)

    assert kafka.logs["state", 0][-1].value == later


def test_a_paused_worker_does_not_remove_a_newer_alert() -> None:
    """What it knows expired long ago; of the alert that its successor wrote it knows nothing."""
    old = publication("x", 1, "2026-01-05T00:00:00Z", expires_at="2026-01-06T00:00:00Z")
    new = publication("y", 1, "2026-01-14T00:00:00Z")
    kafka = MemoryKafka()
    process(restored(kafka), old)
    paused, successor = restored(kafka), restored(kafka)
    process(successor, new)
    process(paused, publication("z", 1, "2026-01-13T12:00:00Z"), subject=b"a-2")
    assert (kafka.logs["state", 0][-1].key, kafka.logs["state", 0][-1].value) == (b"a-1", None)
    restored(kafka)

    assert (kafka.logs["state", 0][-1].key, kafka.logs["state", 0][-1].value) == (b"a-1", new)


def test_what_was_overtaken_and_is_over_stays_removed() -> None:
    """A paused worker set it back, the next owner removed it: there is nothing to write again."""
    first, second = publication("x", 1, "2026-01-05T00:00:00Z"), publication("x", 2, "2026-01-06T00:00:00Z")
    kafka = MemoryKafka()
    for value in (second, first):
        kafka.publish("state", 0, b"a-1", value)
    # Whoever removes a subject by hand tells no event time.
    kafka.publish("state", 0, b"a-1", None)
    partition = restored(kafka)
    assert len(kafka.logs["state", 0]) == 3
    process(partition, first)

    assert kafka.logs["state", 0][-1].value == first


def test_the_next_publication_to_read_is_the_one_behind_the_last() -> None:
    """Offsets have gaps, and what was refused is read too."""
    partition = restored(MemoryKafka())
    partition.process([record("alerts", 0, offset, b"a-1", b"garbage", []) for offset in (4, 9)])

    assert partition.next_offset == 10


def test_a_restore_writes_nothing_where_nobody_interfered() -> None:
    """Neither about repeats of a version, as a restart leaves them, nor about what was removed, which stays removed."""
    old = publication("x", 1, "2026-01-05T00:00:00Z", expires_at="2026-01-06T00:00:00Z")
    later = publication("y", 1, "2026-01-14T00:00:00Z")
    kafka = MemoryKafka()
    process(restored(kafka), old)
    kafka.publish("state", 0, b"a-1", old)
    process(restored(kafka), later, subject=b"a-2")
    assert [(r.key, r.value) for r in kafka.logs["state", 0]][2:] == [(b"a-2", later), (b"a-1", None)]
    process(restored(kafka), old)

    assert [(r.key, r.value) for r in kafka.logs["state", 0]][4:] == [(b"a-1", old)]


def test_what_is_no_alert_is_refused_until_it_is_deleted() -> None:
    """Nobody else may write to the topic; of the alert that stood there before nothing is lost."""
    kafka = MemoryKafka()
    first = publication("x", 1, "2026-01-05T00:00:00Z")
    for subject, value in ((b"a-1", first), (b"a-1", b"strange"), (b"b", b"strange")):
        kafka.publish("state", 0, subject, value)

    with pytest.raises(SnapshotRefused, match="state/0 holds a record at offset 1 that no worker has written"):
        restored(kafka)
    for subject in (b"a-1", b"b"):
        kafka.publish("state", 0, subject, None)
    restored(kafka)

    assert [(r.key, r.value) for r in kafka.logs["state", 0]][5:] == [(b"a-1", first)]


def test_the_owner_notices_a_paused_worker_and_restores(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what came between its own writes; after the restore only what comes behind that counts."""
    kafka = MemoryKafka()
    topic = "stillwatch.alert-state"
    first, second = publication("x", 1, "2026-01-05T00:00:00Z"), publication("x", 2, "2026-01-06T00:00:00Z")
    for value in (second, first):
        kafka.publish(topic, 2, b"a-1", value)

    async def read_partitions(*_: Any) -> AsyncIterator[Record]:
        for found in list(kafka.logs[topic, 2]):
            yield found

    async def end_offsets(_: Settings, topic: str, numbers: Iterable[int]) -> dict[int, int]:
        return {number: len(kafka.logs[topic, number]) for number in numbers}

    monkeypatch.setattr("streams.alerts.read_partitions", read_partitions)
    monkeypatch.setattr("streams.alerts.end_offsets", end_offsets)
    stage = AlertStage(Settings(), kafka, None, lambda: None)  # type: ignore[arg-type]
    kafka.interrupted.update({(topic, 2), (topic, 3)})

    asyncio.run(stage.assign({2: Start(0, "", 0)}))
    stage.check_undisturbed()
    assert kafka.end_offsets == {(topic, 2): 2}
    assert [r.value for r in kafka.logs[topic, 2]] == [second, first, second]
    kafka.interrupted.add((topic, 2))
    with pytest.raises(StateDisturbed, match=r"stillwatch\.alert-state/2"):
        stage.check_undisturbed()


def test_what_is_on_its_way_is_stored_before_the_state_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the end of what was read it would look like a message of somebody else's."""
    kafka, steps = MemoryKafka(), list[str]()

    async def stored() -> None:
        steps.append("stored")

    async def end_offsets(*_: Any) -> dict[int, int]:
        steps.append("asked for the end")
        return {}

    monkeypatch.setattr(kafka, "stored", stored)
    monkeypatch.setattr("streams.alerts.end_offsets", end_offsets)
    asyncio.run(AlertStage(Settings(), kafka, None, lambda: None).assign({}))  # type: ignore[arg-type]

    assert steps == ["stored", "asked for the end"]
