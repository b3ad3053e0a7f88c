"""The state of alerts: the newest publication of each subject, whatever is repeated, until it is long over."""

import json
from collections.abc import Iterable
from typing import Any

from streams.alerts import AlertPartition
from streams.dead_letters import DeadLetterLimit, DeadLetters
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


def state_of(values: Iterable[bytes | None]) -> tuple[dict[bytes, bytes | None], MemoryKafka]:
    """What the state topic says after these publications."""
    kafka = MemoryKafka()
    dead_letters = DeadLetters(kafka, "dead", DeadLetterLimit(1_000, 1.0), now_ms)  # type: ignore[arg-type]
    partition = AlertPartition(kafka, dead_letters, "state", 0)  # type: ignore[arg-type]
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


def test_what_expired_a_week_ago_leaves_the_state() -> None:
    """Otherwise the state of a deployment would grow for ever; seven days leave time to read that it ended."""
    old = publication("x", 1, "2026-01-05T00:00:00Z", expires_at="2026-01-06T00:00:00Z")
    kafka = MemoryKafka()
    dead_letters = DeadLetters(kafka, "dead", DeadLetterLimit(1_000, 1.0), now_ms)  # type: ignore[arg-type]
    partition = AlertPartition(kafka, dead_letters, "state", 0)  # type: ignore[arg-type]
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
