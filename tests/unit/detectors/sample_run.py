"""A few days of traffic that makes much happen, cut into the steps that the two detectors go through."""

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, AnyStr

import msgspec

from detectors.campaigns import CampaignDetector
from detectors.detector import AccountDetector
from detectors.fingerprint import Fingerprinter
from detectors.spec import DetectorSpec, parse_spec
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert, encode_alert
from schemas.feedback import Feedback
from schemas.usage_event import UsageEvent, decode_usage_event, epoch_ms
from traffic.generate import generate

EVENTFUL = """
name: eventful
false_alarms: {account_days_per_false_alarm: 10, days_per_false_campaign: 0.1}
crowd: {popular_ratio: 0.01, smoothing_accounts: 1, job_ratio: 0.02}
harvest: {baseline_days: 0.5, person_hours: 4, baseline_margin: 0.8}
groups:
  {min_accounts: 3, min_rate: 6, member_rate: 0.2, honest_slope: 3, min_cluster_ratio: 0.1, job_crowd_ratio: 0.01,
  crowd_ratio: 0.05, strict_crowd_ratio: 0.05, assumed_links: 0.01, certainty: 0.3, link_share: 0.1,
  min_age_hours: 3, max_members: 50, least_exchanges: 0.2, lasting_hours: 0, warm_days: 0,
  spoken_accounts: 5}
kin: {min_exchanges: 2, nats_to_join: 1.5, min_weight: 0.1, least_exchanges: 0.5, merge_ratio: 0.05}
alike:
  {check_minutes: 30, turns: 1, least_exchanges: 0.5, seed_exchanges: 1, nats_to_gather: 0.1, chosen_nats: 0,
  min_rate: 0.5, max_overlap: 1, least_rate: 0.2, min_even_ratio: 0, warm_days: 0, min_accounts: 3}
interchange:
  {min_accounts: 3, min_rate: 0.1, member_rate: 0.1, least_prompts: 2, min_ratio: 0, learned_accounts: 2,
  incoherent_ratio: 0.01, others_ratio: 0.01}
lifecycle: {alert_days: 0.6, quiet_days: 0.25, daily_budget: 3, update_minutes: 10}
idle_days: 0.5
"""
"""Names so easily that every turn in the life of a case is taken within days."""

Step = AccountBucket | Feedback | int
"""A record, a decision, or event time reached (milliseconds)."""


def eventful_spec() -> DetectorSpec:
    """The specification of these runs."""
    return parse_spec(EVENTFUL, "the specification of a test")


@cache
def events() -> tuple[UsageEvent, ...]:
    """Four days of 40 honest accounts and two campaigns, in time order, with fingerprints in place of prompts."""
    fingerprinter = Fingerprinter(b"key-of-these-tests")
    kept = list(generate(accounts=40, days=4, campaigns=2, seed=7))
    marks = fingerprinter.fingerprint_many([event.get("prompt") or "" for event in kept])
    return tuple(
        decode_usage_event(msgspec.json.encode(_without_prompt(event, mark)))
        for event, mark in zip(kept, marks, strict=True)
    )


def _without_prompt(event: dict[str, Any], mark: str) -> dict[str, Any]:
    known = event.pop("prompt", None) is not None
    return event | ({"prompt_fingerprint": mark} if known else {})


def event_steps(spec: DetectorSpec) -> list[UsageEvent | int]:
    """The events, and event time whenever it passes the end of a bucket; it goes two minutes behind the events."""
    steps: list[UsageEvent | int] = []
    bucket_ms, due_ms = spec.bucket_seconds * 1000, 0
    for event in events():
        steps.append(event)
        watermark_ms = epoch_ms(event.occurred_at) - 120_000
        if watermark_ms >= due_ms:
            due_ms = watermark_ms - watermark_ms % bucket_ms + bucket_ms
            steps.append(watermark_ms)
    return steps


def feed_events(detector: AccountDetector, steps: Iterable[UsageEvent | int]) -> list[AccountBucket]:
    """Put steps through an account detector; returns its records."""
    records: list[AccountBucket] = []
    for step in steps:
        if isinstance(step, int):
            records += detector.advance(step)
        else:
            detector.observe(step)
    return records


@cache
def records() -> tuple[AccountBucket, ...]:
    """What the accounts stage makes of the events."""
    spec = eventful_spec()
    return tuple(feed_events(AccountDetector(spec), event_steps(spec)))


def record_steps(seed: int = 0) -> list[Step]:
    """The records, each some buckets before event time passes it, among event times and decisions; deterministic."""
    chooser = random.Random(seed)
    bucket_ms = eventful_spec().bucket_seconds * 1000
    arrivals = sorted(
        ((record.start_ms - chooser.randrange(4) * bucket_ms, chooser.random(), record) for record in records()),
        key=lambda arrival: arrival[:2],
    )
    steps: list[Step] = []
    first_ms, last_ms = records()[0].start_ms, records()[-1].end_ms
    place = 0
    for end_ms in range(first_ms, last_ms + 1, bucket_ms):
        while place < len(arrivals) and arrivals[place][0] <= end_ms:
            steps.append(arrivals[place][2])
            place += 1
        steps.append(end_ms)
    return steps


def decision(number: int, at_ms: int, verdict: str, **fields: Any) -> Feedback:
    """A reviewer's decision."""
    return Feedback.model_validate(
        {
            "feedback_id": f"decision-{number}",
            "given_at": datetime.fromtimestamp(at_ms / 1000, UTC),
            "verdict": verdict,
            "author": "reviewer",
            "reason": "a test",
        }
        | fields
    )


def contents(alerts: Iterable[Alert]) -> list[str]:
    """Alerts as short texts, equal if and only if the alerts are; a difference is quick to show."""
    return [f"{a.event_id} {a.status} {hashlib.sha256(encode_alert(a)).hexdigest()[:16]}" for a in alerts]


def feed_records(detector: CampaignDetector, steps: Iterable[Step]) -> list[Alert]:
    """Put steps through a campaign detector; returns its alerts."""
    alerts: list[Alert] = []
    for step in steps:
        if isinstance(step, int):
            alerts += detector.advance(step)
        elif isinstance(step, AccountBucket):
            detector.observe(step)
        else:
            alerts += detector.apply_feedback(step)
    return alerts


def stored(changed: Iterable[AnyStr], snapshot: Callable[[AnyStr], bytes | None], topic: dict[AnyStr, bytes]) -> None:
    """Write what changed into a compacted topic."""
    for key in changed:
        raw = snapshot(key)
        if raw is None:
            topic.pop(key, None)
        else:
            topic[key] = raw


@cache
def reviewed_steps() -> tuple[Step, ...]:
    """The records with decisions about alerts that are open at the time: each verdict several times."""
    verdicts: Sequence[dict[str, Any]] = (
        {"verdict": "benign"}, {"verdict": "confirmed"}, {"verdict": "allowlisted"},
    )  # fmt: skip
    detector = CampaignDetector(eventful_spec())
    steps: list[Step] = []
    opened: list[Alert] = []
    given = 0
    for number, step in enumerate(record_steps()):
        steps.append(step)
        opened += feed_records(detector, [step])
        if isinstance(step, int) and number % 60 == 0 and opened:
            standing = {a.alert_id: a for a in opened}
            standing = {i: a for i, a in standing.items() if a.is_active}
            if not standing:
                continue
            alert = standing[sorted(standing)[given % len(standing)]]
            fields = dict(verdicts[given % 3])
            if fields["verdict"] == "allowlisted":
                fields["expires_at"] = datetime.fromtimestamp(step / 1000 + 6 * 3600, UTC)
            if alert.kind == "campaign" and given % 2:
                fields["account_ids"] = alert.account_ids[:1]
            made = decision(given, step, alert_id=alert.alert_id, **fields)
            given += 1
            steps.append(made)
            opened += detector.apply_feedback(made)
    return tuple(steps)
