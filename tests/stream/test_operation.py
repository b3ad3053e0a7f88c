"""What operators and other programs see: health, metrics, logs, the state of alerts, replays of a topic."""

import json
from typing import Any

import pytest

from tests.stream.live import PARTITIONS, LiveService
from tests.stream.recordings import (
    DISORDER_MS,
    assert_same_alerts,
    closing_events,
    contents,
    fingerprinted,
    occurred_ms,
    replayed,
)
from tests.stream.test_live_equals_replay import published
from tests.stream.test_poison import event
from traffic.generate import generate

pytestmark = pytest.mark.broker


def test_a_worker_shows_health_and_metrics(service: LiveService) -> None:
    """Live before it is ready, ready when its partitions are restored, and its figures are those of the traffic."""
    service.create_topics()
    service.start_worker()
    assert service.get(1, "/livez")[0] == 200
    service.wait_for("readiness", lambda: service.get(1, "/readyz")[0] == 200)
    service.send("llm.usage", [event(f"a-{n}") for n in range(50)])
    service.wait_for_committed(50)
    service.wait_for("figures", lambda: 'stillwatch_accounts{form="live"} 50.0' in service.get(1, "/metrics")[1])

    _, metrics = service.get(1, "/metrics")
    assert 'stillwatch_events_total{outcome="admitted",stage="ingest"} 50.0' in metrics
    assert 'stillwatch_events_total{outcome="observed",stage="accounts"} 50.0' in metrics
    assert service.get(1, "/livez") == (200, "live\n")


def test_a_worker_without_work_is_live(service: LiveService) -> None:
    """Silence, for however long, is no standstill."""
    # Longer than what a loaded machine takes between two looks at what waits.
    service.settings = {"STILLWATCH_STALL_SECONDS": "4"}
    service.create_topics()
    service.start_worker()
    service.wait_for("readiness", lambda: service.get(1, "/readyz")[0] == 200)
    service.send("llm.usage", [event(f"a-{n}") for n in range(50)])
    service.wait_for_committed(50)

    service.wait_for("an end of all work", service.are_all_committed)
    looks = iter(range(20))
    service.wait_for("some time without work", lambda: service.get(1, "/livez")[0] != 200 or next(looks) == 19)
    assert service.get(1, "/livez")[0] == 200


def test_assignments_restores_and_alerts_are_logged(service: LiveService) -> None:
    """In JSON and nothing else; the alert state holds the newest version of each subject, a replay of the topic all."""
    lines = list(fingerprinted(generate(accounts=40, days=4, campaigns=2, seed=8)))
    closing = closing_events(lines, PARTITIONS)
    service.create_topics()
    service.start_worker()
    service.send("llm.usage", lines, keys=[str(n).encode() for n in range(len(lines))])
    for number, line in enumerate(closing):
        service.send("llm.usage", [line], partition=number)
    service.wait_until_drained(occurred_ms(lines[-1]) - DISORDER_MS)
    service.start_worker()
    service.wait_for("a second owner", lambda: _assigned(service, 2))
    assert service.stop_workers() == [0, 0]

    expected = replayed(lines + closing)
    assert_same_alerts(published(service), expected)
    for path in service.folder.glob("worker-*.log"):
        assert [line for line in path.read_text().splitlines() if not line.startswith('{"')] == []
    names = {line["event"] for line in service.log_lines()}
    assert {"worker.starting", "partitions.assigned", "partition.restored", "alert.published"} <= names
    _assert_state_is_newest(service, expected)
    _assert_topic_replays(service, expected)


def _assigned(service: LiveService, number: int) -> list[Any]:
    return [line for line in service.log_lines(number) if line["event"] == "partitions.assigned" and line["partitions"]]


def _assert_state_is_newest(service: LiveService, expected: dict[tuple[str, int], dict[str, Any]]) -> None:
    newest: dict[str, dict[str, Any]] = {}
    for alert in expected.values():
        subject = alert["account_ids"][0] if alert["kind"] == "account" else alert["alert_id"]
        known = newest.get(subject)
        if known is None or (alert["raised_at"], alert["version"]) > (known["raised_at"], known["version"]):
            newest[subject] = alert
    state: dict[str, dict[str, Any]] = {}
    for record in service.records("stillwatch.alert-state"):
        state[(record.key or b"").decode()] = contents(json.loads(record.value or b""))
    assert state == newest


def _assert_topic_replays(service: LiveService, expected: dict[tuple[str, int], dict[str, Any]]) -> None:
    out = service.folder / "alerts.jsonl"
    done = service.stillwatch("replay", "--from-topic", f"{service.prefix}llm.usage", "--alerts", str(out), "--json")
    summary = json.loads(done.stdout)
    alerts = [json.loads(line) for line in out.read_text().splitlines()]
    assert {(a["alert_id"], a["version"]): contents(a) for a in alerts} == expected
    assert summary["inputs"] == summary["observed"] == sum(service.end_offsets("llm.usage").values())

    part = service.stillwatch(
        "replay", "--from-topic", f"{service.prefix}llm.usage", "--start", "10", "--end", "30",
        "--alerts", str(out), "--json",
    )  # fmt: skip
    assert json.loads(part.stdout)["inputs"] == 20 * PARTITIONS
