"""Onset: half days on which accounts were first seen, and how much more often members were than all others."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.onset import fit_onset, onset_nats, onset_of
from detectors.suspicion import Suspicion
from tests.unit.detectors.samples import DAY_MS, HOUR_MS, START_MS

NOON = 40_001
"""Half days since the epoch until the noon of the day that begins at ``START_MS``."""


def seen(at_ms: int) -> Suspicion:
    """An account that was first seen at a time."""
    return Suspicion(at_ms, at_ms + DAY_MS)


@pytest.mark.parametrize(
    ("after_ms", "expected"), [(0, NOON - 1), (12 * HOUR_MS - 1, NOON - 1), (12 * HOUR_MS, NOON), (DAY_MS, NOON + 1)]
)
def test_half_days_begin_at_midnight_and_noon(after_ms: int, expected: int) -> None:
    """Both in universal time; when an account was last seen does not matter."""
    assert onset_of(seen(START_MS + after_ms)) == expected


def test_who_begins_with_the_members_is_likely_one_of_them() -> None:
    """Three of five members, and one in fifty of the others, around one noon; three in ten may begin at any time."""
    weights = fit_onset([NOON, NOON, NOON, NOON - 50, NOON - 60], [NOON] * 10 + [NOON - 9] * 490)
    q = (10 / 2 + 0.5) / 501
    p = (3 / 2 + 1.5 * q) / 6.5

    assert weights[NOON] == pytest.approx(math.log(0.7 * p / q + 0.3)) == pytest.approx(2.72, abs=0.01)
    assert onset_nats(weights, seen(START_MS + 13 * HOUR_MS)) == weights[NOON]


def test_half_days_next_to_it_count_half_as_much() -> None:
    """A quarter of a member counts before and after, and nothing beyond."""
    weights = fit_onset([NOON], [])
    q = 0.5

    for step in (-1, 1):
        assert weights[NOON + step] == pytest.approx(math.log(0.7 * (0.25 + 1.5 * q) / 2.5 / q + 0.3))
    assert sorted(weights) == [NOON - 1, NOON, NOON + 1]


def test_who_begins_at_another_time_may_still_be_one() -> None:
    """It costs log 0.3, since three in ten may begin at any time, never more; without members nothing is known."""
    weights = fit_onset([NOON] * 40, [NOON - 9] * 400)

    assert onset_nats(weights, seen(START_MS - 9 * DAY_MS)) == pytest.approx(math.log(0.3))
    assert onset_nats(fit_onset([], [NOON] * 9), seen(START_MS)) == 0


def test_a_rare_half_day_counts_four_nats_at_most() -> None:
    """However few others there are: many accounts begin at some time together."""
    assert fit_onset([NOON] * 40, [NOON - 9] * 100_000)[NOON] == 4


@given(members=st.lists(st.integers(0, 40), min_size=1, max_size=30), others=st.lists(st.integers(0, 40), max_size=300))
def test_weights_are_bounded_and_what_is_common_is_no_evidence(members: list[int], others: list[int]) -> None:
    """Between log 0.3 and 4; where all others begin too, below what chance does to thirty members."""
    for half_day, weight in fit_onset(members, others).items():
        assert math.log(0.3) <= weight <= 4
        alike = fit_onset(members, [half_day] * 5_000)
        assert alike[half_day] <= math.log(0.7 * 2 + 0.3)
