"""Order: how events and records arrive, and how often, does not show in what the detectors say."""

import random
from datetime import timedelta
from functools import cache

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.campaigns import CampaignDetector
from detectors.detector import AccountDetector
from schemas.account_bucket import AccountBucket
from schemas.usage_event import UsageEvent, epoch_ms
from tests.unit.detectors.sample_run import (
    contents,
    event_steps,
    eventful_spec,
    feed_events,
    feed_records,
    record_steps,
    records,
)

slow = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
SPEC = eventful_spec()
DISORDER_MS = 120_000
seeds = st.integers(0, 2**32)


@cache
def in_order() -> list[str]:
    """Contents of the alerts that the records give without repeats."""
    return contents(feed_records(CampaignDetector(SPEC), record_steps()))


def disordered(seed: int) -> list[UsageEvent | int]:
    """The steps, each event put off by less than the disorder that event time leaves."""
    chooser = random.Random(seed)
    arrivals: list[tuple[int, int, int, UsageEvent | int]] = []
    for number, step in enumerate(event_steps(SPEC)):
        if isinstance(step, int):
            arrivals.append((step + DISORDER_MS, 1, number, step))
        else:
            arrivals.append((epoch_ms(step.occurred_at) + chooser.randrange(DISORDER_MS), 0, number, step))
    return [step for *_, step in sorted(arrivals, key=lambda arrival: arrival[:3])]


@slow
@given(seed=seeds)
def test_events_within_the_allowed_disorder(seed: int) -> None:
    """Order of arrival, of one account's events as of different accounts', changes no record."""
    assert feed_events(AccountDetector(SPEC), disordered(seed)) == list(records())


@slow
@given(seed=seeds)
def test_events_that_are_delivered_again(seed: int) -> None:
    """An event that arrives several times while its bucket is open counts once, whatever time later deliveries give.

    Snapshots in between, which count what event time has passed, change nothing.
    """
    chooser, detector = random.Random(seed), AccountDetector(SPEC)
    steps: list[UsageEvent | int] = []
    open_events: list[UsageEvent] = []
    for step in event_steps(SPEC):
        steps.append(step)
        if isinstance(step, int):
            bucket_ms = SPEC.bucket_seconds * 1000
            open_events = [
                e for e in open_events if epoch_ms(e.occurred_at) // bucket_ms * bucket_ms + bucket_ms > step
            ]
        else:
            open_events.append(step)
            if chooser.random() < 0.3:
                again = chooser.sample(open_events, min(2, len(open_events)))
                steps += [_delivered_later(one, chooser.choice((0, 1, 700, 20_000))) for one in again]
    found: list[AccountBucket] = []
    for step in steps:
        found += feed_events(detector, [step])
        if not isinstance(step, int) and chooser.random() < 0.2:
            detector.snapshot(step.account_id)

    assert found == list(records())


def _delivered_later(event: UsageEvent, later_ms: int) -> UsageEvent:
    """The event with a later time, in the same bucket."""
    bucket_ms, at_ms = SPEC.bucket_seconds * 1000, epoch_ms(event.occurred_at)
    later_ms = min(later_ms, bucket_ms - 1 - at_ms % bucket_ms)
    return msgspec.structs.replace(event, occurred_at=event.occurred_at + timedelta(milliseconds=later_ms))


@slow
@given(seed=seeds)
def test_partitions_of_accounts(seed: int) -> None:
    """Accounts divided among detectors give the records that one detector gives."""
    chooser = random.Random(seed)
    detectors = [AccountDetector(SPEC) for _ in range(3)]
    home: dict[str, AccountDetector] = {}
    found: list[AccountBucket] = []
    for step in event_steps(SPEC):
        if isinstance(step, int):
            found += [record for detector in detectors for record in detector.advance(step)]
        else:
            home.setdefault(step.account_id, chooser.choice(detectors)).observe(step)

    assert sorted(found, key=lambda r: (r.start_ms, r.account_id)) == list(records())


@slow
@given(seed=seeds)
def test_records_in_any_order(seed: int) -> None:
    """When records arrive before their bucket is complete, and in which order, changes no alert."""
    assert contents(feed_records(CampaignDetector(SPEC), record_steps(seed))) == in_order()


@slow
@given(seed=seeds)
def test_records_that_are_repeated(seed: int) -> None:
    """A restarted accounts stage repeats records, of open and of closed buckets; no alert changes."""
    chooser, steps = random.Random(seed), record_steps()
    repeating, seen = [], list[AccountBucket]()
    for step in steps:
        repeating.append(step)
        if isinstance(step, AccountBucket):
            seen.append(step)
        if seen and chooser.random() < 0.3:
            repeating.append(chooser.choice(seen[-40:]))

    assert contents(feed_records(CampaignDetector(SPEC), repeating)) == in_order()


@slow
@given(cut=st.floats(0, 1))
def test_a_prefix_says_the_beginning(cut: float) -> None:
    """What is raised depends on nothing that comes later."""
    steps = record_steps()
    part = contents(feed_records(CampaignDetector(SPEC), steps[: round(cut * len(steps))]))

    assert part == in_order()[: len(part)]


def test_event_time_that_stands_still_closes_nothing() -> None:
    """Going back in event time, or nowhere, gives no record and no alert twice."""
    detector, campaigns = AccountDetector(SPEC), CampaignDetector(SPEC)
    steps = event_steps(SPEC)[:200]
    found = feed_events(detector, steps)
    reached_ms = detector.watermark_ms
    feed_records(campaigns, [*found, reached_ms])

    assert found
    assert detector.advance(reached_ms) == detector.advance(reached_ms - 1) == []
    assert campaigns.advance(reached_ms) == campaigns.advance(reached_ms - 1) == []
    assert campaigns.watermark_ms == detector.watermark_ms == reached_ms
