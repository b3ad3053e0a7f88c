"""Recorded traffic for tests of the stream, and what a replay makes of it."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from detectors.fingerprint import Fingerprinter
from detectors.spec import DetectorSpec, parse_spec
from schemas.times import epoch_ms
from streams.replay import Replay
from streams.settings import Settings

EAGER = """
name: eager
false_alarms: {account_days_per_false_alarm: 10, days_per_false_campaign: 0.1}
groups: {min_accounts: 3}
"""
"""A specification that names so easily that little traffic is enough."""

DISORDER_MS = round(Settings().disorder_seconds * 1000)
AlertKey = tuple[str, int]


def fingerprinted(events: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Events as a gateway sends them that has fingerprinted the prompts itself: what costs most is done once."""
    kept = list(events)
    fingerprinter = Fingerprinter(Settings().fingerprint_key.get_secret_value().encode())
    marks = fingerprinter.fingerprint_many([event.get("prompt") or "" for event in kept])
    for event, mark in zip(kept, marks, strict=True):
        if event.pop("prompt", None) is not None:
            event["prompt_fingerprint"] = mark
        yield json.dumps(event).encode()


def occurred_ms(line: bytes) -> int:
    """Event time of an event, milliseconds since the epoch."""
    return epoch_ms(datetime.fromisoformat(json.loads(line)["occurred_at"]))


def closing_events(lines: list[bytes], partitions: int) -> list[bytes]:
    """One event for every input partition, all at the time of the last: with them event time is the same everywhere."""
    last = json.loads(lines[-1])
    return [
        json.dumps({**last, "event_id": f"closing-{number}", "account_id": f"closing-{number}"}).encode()
        for number in range(partitions)
    ]


def contents(alert: dict[str, Any]) -> dict[str, Any]:
    """An alert without the one field that may differ between publications."""
    return {name: value for name, value in alert.items() if name != "published_at"}


def assert_same_alerts(actual: dict[AlertKey, dict[str, Any]], expected: dict[AlertKey, dict[str, Any]]) -> None:
    """The same ids, versions and contents; a failure names the fields that differ."""
    assert sorted(actual) == sorted(expected)
    differing = {
        (key, field): (value, actual[key][field])
        for key, alert in expected.items()
        for field, value in alert.items()
        if actual[key][field] != value
    }
    assert differing == {}, differing


def eager_spec() -> DetectorSpec:
    """The specification of the workers under test."""
    return parse_spec(EAGER, "the specification of a test")


def replayed(
    lines: Iterable[bytes], feedback: Iterable[bytes] = (), spec: DetectorSpec | None = None
) -> dict[AlertKey, dict[str, Any]]:
    """Alerts of a replay by id and version."""
    replay = Replay(Settings(), spec or eager_spec(), feedback=feedback)
    alerts = [json.loads(alert.model_dump_json()) for alert in replay.alerts(lines)]
    assert replay.summary.refused == {}
    assert replay.summary.decisions_refused == []
    return {(a["alert_id"], a["version"]): contents(a) for a in alerts}
