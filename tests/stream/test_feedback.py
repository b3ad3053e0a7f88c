"""Decisions of reviewers on a real broker: in order, at their time, once, whatever crashes."""

from collections import Counter

import pytest

from schemas.feedback import Feedback, encode_feedback
from schemas.times import parse_instant
from tests.stream.live import PARTITIONS, LiveService
from tests.stream.recordings import (
    DISORDER_MS,
    assert_same_alerts,
    closing_events,
    fingerprinted,
    occurred_ms,
    replayed,
)
from tests.stream.test_live_equals_replay import published
from traffic.generate import generate

pytestmark = pytest.mark.broker


def decision(feedback_id: str, alert_id: str, given_at: str) -> bytes:
    """A reviewer finds that an alert was about harmless use."""
    return encode_feedback(
        Feedback(
            feedback_id=feedback_id,
            given_at=parse_instant(given_at),
            verdict="benign",
            alert_id=alert_id,
            author="reviewer",
            reason="a known pipeline",
        )
    )


def test_decisions_take_effect_as_in_a_replay(service: LiveService) -> None:
    """Versions and contents agree though the worker is killed in between; what matches nothing is a dead letter."""
    lines = list(fingerprinted(generate(accounts=40, days=4, campaigns=2, seed=8)))
    closing = closing_events(lines, PARTITIONS)
    opened = [alert for alert in replayed(lines).values() if alert["status"] == "open"]
    verdicts = [decision(f"decision-{n}", a["alert_id"], a["raised_at"]) for n, a in enumerate(opened[:2])]
    unmatched = decision("decision-unmatched", "no-such-alert", "2026-01-05T00:00:00Z")
    service.create_topics()
    service.start_worker()
    service.send("stillwatch.feedback", [*verdicts, verdicts[0], unmatched, b"no decision"])
    service.wait_for_committed(len(verdicts) + 3, topic="stillwatch.feedback")
    half = len(lines) // 2
    service.send("llm.usage", lines[:half], keys=[str(n).encode() for n in range(half)])
    service.wait_for_committed(half // 2)
    service.kill_worker(0)
    service.start_worker()
    service.send("llm.usage", lines[half:], keys=[str(n).encode() for n in range(half, len(lines))])
    for number, line in enumerate(closing):
        service.send("llm.usage", [line], partition=number)
    service.wait_until_drained(occurred_ms(lines[-1]) - DISORDER_MS)

    assert service.stop_workers() == [0]
    expected = replayed(lines + closing, verdicts)
    assert Counter(alert["status"] for alert in expected.values())["retracted"] == len(verdicts) > 0
    assert_same_alerts(published(service), expected)
    letters = {(letter["stage"], letter["reason"], letter["origin"]["offset"]) for letter in service.dead_letters()}
    assert letters == {
        ("campaigns", "unmatched", len(verdicts) + 1),
        ("feedback", "invalid", len(verdicts) + 2),
    }
    assert all(letter["origin"]["topic"].endswith("stillwatch.feedback") for letter in service.dead_letters())
