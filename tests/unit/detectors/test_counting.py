"""Counting: whose days and whose openers the whole campaign detector learns from."""

import math

import pytest

from detectors.budget import Budget
from detectors.campaigns import CampaignDetector
from detectors.knowledge import Meta
from detectors.spec import DetectorSpec
from tests.unit.detectors.samples import BUCKET_MS, DAY_MS, HOUR_MS, START_MS, bucket

SPEC = DetectorSpec()


def seen(accounts: int, **fields: object) -> CampaignDetector:
    """A detector that has seen so many accounts in one bucket."""
    detector = CampaignDetector(SPEC)
    for number in range(accounts):
        detector.observe(bucket(f"a{number:03d}", START_MS, **fields))
    detector.advance(START_MS + BUCKET_MS)
    return detector


def test_a_day_counts_when_it_is_over_whoever_comes_back() -> None:
    """A hundred accounts of one day are a hundred account-days from the next day on, and stay a hundred."""
    detector = seen(100)
    detector.take_changed()
    detector.advance(START_MS + DAY_MS - HOUR_MS)
    assert detector._known.harvest.calibration.days == 0

    detector.advance(START_MS + DAY_MS)
    assert detector._known.harvest.calibration.days == detector._known.harvest.tails[0].days == 100
    assert len([key for key in detector.take_changed() if key.startswith(b"a")]) == 100
    detector.advance(START_MS + 41 * DAY_MS)
    assert detector._known.harvest.calibration.days == 100
    detector.observe(bucket("a000", START_MS + 42 * DAY_MS))
    detector.advance(START_MS + 43 * DAY_MS + BUCKET_MS)
    assert detector._known.harvest.calibration.days == 101


def test_what_makes_an_opener_popular_follows_the_votes_of_each_bucket() -> None:
    """Whose request nobody else makes lowers the share, from its second day on; a bucket is one step."""
    detector = CampaignDetector(SPEC)
    for day in range(3):
        for number in range(5):
            slots = [f"{number:04d}"]
            new = [] if day else slots
            detector.observe(bucket(f"a{number}", START_MS + day * DAY_MS, slots=slots, new_slots=new))
        detector.advance(START_MS + day * DAY_MS + BUCKET_MS)

    five_votes = -SPEC.crowd.typical_popularity * 5 / 105
    assert detector._known.crowd.popular_ratio == pytest.approx(SPEC.crowd.popular_ratio * math.exp(2 * five_votes))


def test_one_old_event_is_no_beginning() -> None:
    """A deployment begins with the events that others follow before they are forgotten: its accounts have a past."""
    old = bucket("stray", START_MS - 3_650 * DAY_MS)
    detector = CampaignDetector(SPEC)
    for record in (old, bucket("a", START_MS, age_ms=100 * DAY_MS)):
        detector.observe(record)
        detector.advance(record.end_ms)

    assert detector._known.meta.start_ms == START_MS
    assert not detector._known.accounts["a"].is_newcomer
    assert detector._known.accounts["a"].is_established


@pytest.mark.parametrize("silent", [0, 900])
def test_who_asked_nothing_is_nobody_to_compare_with(silent: int) -> None:
    """Popularity is a share of the accounts that sent prompts: three of a hundred, however many sent none."""
    detector = seen(silent)
    for number in range(100):
        slots = ["pop"] if number < 3 else [f"x{number:02d}"]
        for repeat in range(2):
            at_ms = START_MS + (1 + repeat) * HOUR_MS
            new_slots = slots if repeat == 0 else []
            detector.observe(bucket(f"asking{number:02d}", at_ms, slots=slots, new_slots=new_slots))
    detector.advance(START_MS + DAY_MS)

    crowd = SPEC.crowd
    expected = 3 / (crowd.popular_ratio * (100 + crowd.smoothing_accounts))
    assert detector._known.crowd.accounts == 100
    assert detector._known.crowd.popularity("pop", is_own=False) == pytest.approx(min(1, expected))


def test_a_bucket_is_judged_when_event_time_has_come_to_its_end() -> None:
    """Not a millisecond before, and once: what a restarted accounts stage repeats changes nothing."""
    detector = CampaignDetector(SPEC)
    detector.observe(bucket("a", START_MS))
    detector.advance(START_MS + BUCKET_MS - 1)
    assert "a" not in detector._known.accounts
    detector.advance(START_MS + BUCKET_MS)
    assert detector._known.accounts["a"].exchanges == 1
    detector.observe(bucket("a", START_MS))
    detector.advance(START_MS + 2 * BUCKET_MS)

    assert detector._known.accounts["a"].exchanges == 1


def test_every_day_has_the_whole_budget() -> None:
    """Two alerts on each of three days; a day without any saves nothing."""
    budget, meta = Budget(2), Meta()

    assert [budget.spend(meta, day) for day in (5, 5, 5, 6, 6, 6, 8, 8, 8)] == [True, True, False] * 3


def test_what_an_alert_stands_on_does_not_shrink() -> None:
    """Half of a burst is forgotten a day later: that is still evidence, and weaker than what was told."""
    detector = CampaignDetector(SPEC)
    for number in range(100):
        detector.observe(bucket(f"honest{number}", START_MS, slots=["pop"], new_slots=["pop"]))
    scores = []
    for hour, count in ((1, 3_000), (26, 10)):
        loud = dict.fromkeys(("events", "fresh", "regular", "refusals"), count)
        record = bucket("bad", START_MS + hour * HOUR_MS, slots=["pop"] * count, active_hours=24, **loud)
        detector.observe(record)
        detector.advance(record.end_ms)
        (case,) = detector._known.book.cases.values()
        assert case.raised_ms == record.end_ms
        scores.append(case.score)

    assert scores[0] == scores[1]
