"""Replay: prefixes, repeats and partitions change nothing, and what is refused is counted by its reason."""

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.campaigns import CampaignDetector
from schemas.alert import Alert
from schemas.feedback import Feedback, encode_feedback
from schemas.times import epoch_ms, parse_instant
from streams.replay import Replay
from streams.settings import Settings
from tests.unit.streams.traffic_samples import EAGER_SPEC, replayed_alerts, sample

DISORDER_MS = round(Settings().disorder_seconds * 1000)
slow = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])


def event(**fields: Any) -> bytes:
    """A usage event with these fields, of noon on 5 January 2026 unless told otherwise."""
    required = {
        "event_id": "e-1",
        "occurred_at": "2026-01-05T12:00:00Z",
        "account_id": "a-1",
        "model": "m-1",
        "input_tokens": 10,
        "output_tokens": 20,
    }
    return json.dumps(required | fields).encode()


@slow
@given(cut=st.floats(0, 1))
def test_a_prefix_gives_the_alerts_of_the_whole_up_to_there(cut: float) -> None:
    """Nothing is raised with knowledge of later events, and nothing earlier is missing."""
    lines = sample()
    prefix = lines[: round(cut * len(lines))]
    whole = replayed_alerts(lines)

    alerts = replayed_alerts(prefix)

    assert alerts == whole[: len(alerts)]
    if prefix:
        reached_ms = epoch_ms(parse_instant(json.loads(prefix[-1])["occurred_at"])) - DISORDER_MS
        bucket_end_ms = reached_ms - reached_ms % (EAGER_SPEC.bucket_seconds * 1000)
        due = [a for a in whole if epoch_ms(parse_instant(a["raised_at"])) <= bucket_end_ms]
        assert len(alerts) == len(due)


@slow
@given(seed=st.integers(0, 2**32), share=st.floats(0.05, 1))
def test_an_event_that_is_delivered_again_counts_once(seed: int, share: float) -> None:
    """Gateways repeat what they are not sure about; a repeat soon after changes no alert."""
    chooser = random.Random(seed)
    repeated = [line for line in sample() for _ in range(2 if chooser.random() < share else 1)]

    assert replayed_alerts(repeated) == replayed_alerts(sample())


def test_a_replay_judges_the_future_as_the_service_did() -> None:
    """A message of a topic knows when it was stored, one of a file does not: of that the clock of today decides."""
    line = json.dumps(json.loads(sample()[0]) | {"occurred_at": "2026-01-05T12:30:00Z"}).encode()
    stored_ms = epoch_ms(parse_instant("2026-01-05T12:00:00Z"))
    of_topic, of_file = Replay(Settings(), EAGER_SPEC), Replay(Settings(), EAGER_SPEC)
    of_topic.feed(0, [(line, (), stored_ms)])
    of_file.feed(0, [(line, (), None)])

    assert of_topic.summary.refused == {"time_out_of_range": 1}
    assert (of_file.summary.observed, of_file.summary.refused) == (1, {})


@slow
@given(seed=st.integers(0, 2**32), partitions=st.integers(2, 5))
def test_partitions_read_unevenly_give_the_alerts_of_one(seed: int, partitions: int) -> None:
    """How a topic was partitioned, and which partition is read first, does not show."""
    chooser = random.Random(seed)
    inputs: list[list[bytes]] = [[] for _ in range(partitions)]
    for line in sample():
        inputs[chooser.randrange(partitions)].append(line)
    replay = Replay(Settings(), EAGER_SPEC, partitions=partitions)
    running = list(range(partitions))
    alerts = []
    while running:
        number = chooser.choice(running)
        batch, inputs[number] = inputs[number][:50], inputs[number][50:]
        alerts += replay.feed(number, [(line, (), None) for line in batch])
        if not inputs[number]:
            running.remove(number)
            alerts += replay.finish(number)

    assert replay.summary.refused == {}
    assert [json.loads(alert.model_dump_json()) for alert in alerts] == replayed_alerts(sample())


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b'{"event_id": "e-1"', "not_json"),
        (event(input_tokens="many"), "invalid"),
        (event(occurred_at="2100-01-01T00:00:00Z"), "time_out_of_range"),
        (event(event_id="e-2", occurred_at="2026-01-05T11:57:59Z"), "late"),
    ],
)
def test_what_is_refused_is_counted_by_its_reason(raw: bytes, reason: str) -> None:
    """Replay refuses what ingest refuses."""
    replay = Replay(Settings(), EAGER_SPEC)
    list(replay.alerts([event(), raw]))

    assert replay.summary.refused == {reason: 1}
    assert replay.summary.observed == 1


def test_an_old_recording_is_not_too_old() -> None:
    """How old an event may be concerns the running service only."""
    replay = Replay(Settings(), EAGER_SPEC)
    list(replay.alerts([event(occurred_at="1999-01-05T12:00:00Z")]))

    assert replay.summary.refused == {}


def later(line: bytes, days: int) -> bytes:
    """An event like another, so many days after it."""
    fields = json.loads(line)
    moved = parse_instant(fields["occurred_at"]) + timedelta(days=days)
    return json.dumps(fields | {"event_id": f"{fields['event_id']}-{days}", "occurred_at": moved.isoformat()}).encode()


def replayed_state(
    lines: list[bytes], feedback: list[bytes], *, is_walked: bool
) -> tuple[list[Alert], dict[bytes, Any]]:
    """Alerts of a replay and what its campaign detector has in the end, with or without a look at each empty bucket."""
    replay = Replay(Settings(), EAGER_SPEC, feedback=feedback)
    clock = replay._campaigns
    clock.is_restored = is_walked
    alerts = list(replay.alerts(lines))
    return alerts, {key: clock.detector.snapshot(key) for key in clock.detector.take_changed()}


@pytest.mark.parametrize("days", [10, 17, 21, 29, 45, 400])
def test_what_is_jumped_over_changes_nothing(days: int) -> None:
    """However long nothing happens: alerts and state are those of a service that looks at every empty bucket."""
    first = replayed_alerts(sample())[0]
    feedback = Feedback(
        feedback_id="f-1",
        given_at=parse_instant(first["raised_at"]) + timedelta(days=days // 2),
        verdict="allowlisted",
        account_ids=tuple(first["account_ids"]),
        expires_at=parse_instant(first["raised_at"]) + timedelta(days=days + 1),
        author="reviewer",
        reason="a known pipeline",
    )
    lines = [*sample(), *(later(line, days) for line in sample())]
    decisions = [encode_feedback(feedback)]

    assert replayed_state(lines, decisions, is_walked=False) == replayed_state(lines, decisions, is_walked=True)


def test_a_time_of_long_ago_takes_no_longer_than_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording may begin with an event of the year 1: nobody looks at two hundred million empty buckets."""
    steps: list[int] = []
    advance = CampaignDetector.advance

    def counted(detector: CampaignDetector, watermark_ms: int) -> list[Alert]:
        steps.append(watermark_ms)
        return advance(detector, watermark_ms)

    monkeypatch.setattr(CampaignDetector, "advance", counted)
    assert replayed_alerts([event(event_id="old", occurred_at="0001-01-01T00:00:00Z"), *sample()]) != []
    assert len(steps) < 50_000


def test_a_decision_takes_effect_at_its_time() -> None:
    """Up to then the alerts are the same as without it, and then it retracts."""
    without = replayed_alerts(sample())
    opened = next(alert for alert in without if alert["status"] == "open")
    decision = Feedback(
        feedback_id="decision-1",
        given_at=parse_instant(opened["raised_at"]),
        verdict="benign",
        alert_id=opened["alert_id"],
        author="reviewer",
        reason="a known pipeline",
    )

    alerts = replayed_alerts(sample(), [encode_feedback(decision)])

    statuses = [(alert["alert_id"], alert["status"]) for alert in alerts]
    before = statuses.index((opened["alert_id"], "retracted"))
    assert alerts[:before] == without[:before]
    assert alerts[before]["raised_at"] == opened["raised_at"]


def test_a_decision_that_matches_nothing_is_told() -> None:
    """It is neither carried out nor silently dropped."""
    decision = Feedback(
        feedback_id="decision-1",
        given_at=parse_instant("2026-01-05T00:00:00Z"),
        verdict="benign",
        alert_id="no-such-alert",
        author="reviewer",
        reason="a mistake",
    )
    replay = Replay(Settings(), EAGER_SPEC, feedback=[encode_feedback(decision)])
    list(replay.alerts(sample()))

    assert replay.summary.decisions_applied == 0
    [told] = replay.summary.decisions_refused
    assert "no-such-alert" in told
