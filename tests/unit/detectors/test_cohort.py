"""Cohorts: what is usual for a plan, and how far everybody has turned to a new model."""

import math

import pytest

from detectors.cohort import Cohorts
from tests.unit.detectors.samples import DAY_MS, HOUR_MS, START_MS, bucket

RELEASE_MS = START_MS + 10 * DAY_MS
OLD, NEW = 1, 2


def seen(cohorts: Cohorts, models: dict[int, int], at_ms: int = RELEASE_MS, seen_ms: int = 9 * DAY_MS) -> float:
    """By how much an account turned beyond all others."""
    return cohorts.turn_beyond(bucket(start_ms=at_ms, models=models, seen_ms=seen_ms), START_MS)


def test_use_is_measured_by_the_plan() -> None:
    """The usual day is the geometric mean of one plus the tokens; other plans have their own."""
    cohorts = Cohorts()
    for _ in range(40):
        cohorts.learn_day("free", 99)
        cohorts.learn_day("team", 9_999)

    assert cohorts.times_of_plan("free", 4_999) == pytest.approx(50)
    assert cohorts.times_of_plan("team", 4_999) == pytest.approx(0.5)


@pytest.mark.parametrize("plan", ["pro", None])
def test_a_plan_that_is_hardly_known_says_nothing(plan: str | None) -> None:
    """Thirty days of a plan are needed; without a name it is one plan among others."""
    cohorts = Cohorts()
    for _ in range(29):
        cohorts.learn_day(plan, 10)

    assert cohorts.times_of_plan(plan, 1e9) == 0
    cohorts.learn_day(plan, 10)
    assert cohorts.times_of_plan(plan, 10) == pytest.approx(1)


def test_usual_use_follows_what_everybody_does() -> None:
    """When all accounts of a plan do ten times as much, nobody is out of proportion any more."""
    cohorts = Cohorts()
    for tokens in [99] * 100 + [999] * 700:
        cohorts.learn_day("free", tokens)

    assert cohorts.times_of_plan("free", 999) == pytest.approx(1, rel=0.01)


def test_plans_are_bounded() -> None:
    """A sender's invented plans beyond 256 are one plan."""
    cohorts = Cohorts()
    for number in range(1_000):
        cohorts.learn_day(f"p{number}", 10)

    assert len(cohorts.plans) <= 257


def test_turning_counts_beyond_what_all_do() -> None:
    """Ten exchanges with a model that came out an hour ago count in full while nobody else uses it."""
    cohorts = Cohorts()
    seen(cohorts, {OLD: 5}, START_MS)

    assert seen(cohorts, {NEW: 10, OLD: 2}) == pytest.approx(10)


def test_everybody_turning_is_nobody_turning() -> None:
    """After a release to which all accounts turn, who turns too is as all others are."""
    cohorts = Cohorts()
    seen(cohorts, {OLD: 1}, START_MS)
    for _ in range(500):
        seen(cohorts, {NEW: 3})

    # (1 - 0.02) ** 500 of the time before is remembered.
    assert seen(cohorts, {NEW: 10}) == pytest.approx(10 * math.pow(0.98, 500), rel=1e-6)


@pytest.mark.parametrize(
    ("first_ms", "at_ms", "seen_ms"),
    [
        (START_MS + HOUR_MS, START_MS + 2 * HOUR_MS, 9 * DAY_MS),
        (RELEASE_MS, RELEASE_MS + DAY_MS, 9 * DAY_MS),
        (RELEASE_MS, RELEASE_MS, DAY_MS - 1),
    ],
    ids=["there when the deployment began", "no longer new", "an account without a past"],
)
def test_what_is_no_turn(first_ms: int, at_ms: int, seen_ms: int) -> None:
    """Models of the first day, models of more than a day, and new accounts, which have nothing to turn from."""
    cohorts = Cohorts()
    seen(cohorts, {OLD: 1}, START_MS)
    seen(cohorts, {NEW: 1}, first_ms)

    assert seen(cohorts, {NEW: 10}, at_ms, seen_ms) <= 0


def test_models_are_bounded() -> None:
    """Names that a sender invents fill nothing."""
    cohorts = Cohorts()
    for number in range(3_000):
        seen(cohorts, {number: 1})

    assert len(cohorts.models) == 1_024
