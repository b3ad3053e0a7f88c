"""Fading: what is remembered of an account, and over how long."""

import math

import pytest

from detectors.fading import Fading
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from tests.unit.detectors.samples import DAY_MS, HOUR_MS, START_MS

SPEC = DetectorSpec()
MEMORY_MS = SPEC.harvest.memory_hours * HOUR_MS


def test_what_was_counted_fades() -> None:
    """It counts exp(-t / memory) after a time t, and in full at a time before it was counted last."""
    fading, state = Fading(SPEC), Suspicion(START_MS, START_MS, rate=6.0, remembered=9.0)
    left = math.exp(-12 * HOUR_MS / MEMORY_MS)

    assert fading.fresh(state, START_MS + 12 * HOUR_MS) == pytest.approx(6 * left)
    assert fading.exchanges(state, START_MS + 12 * HOUR_MS) == pytest.approx(9 * left)
    assert fading.fresh(state, START_MS - HOUR_MS) == 6


@pytest.mark.parametrize("days", [1, 4, 40])
def test_a_rate_is_what_is_remembered_over_the_time_it_was_remembered_for(days: int) -> None:
    """A steady account's exchanges per day are found, early and late."""
    fading, end_ms = Fading(SPEC), START_MS + days * DAY_MS
    times = range(START_MS, end_ms, HOUR_MS // 2)
    rate = math.fsum(fading.left(at_ms, end_ms) for at_ms in times)

    assert fading.fresh_per_day(Suspicion(START_MS, end_ms, rate=rate), end_ms) == pytest.approx(48, rel=0.03)


def test_first_minutes_give_no_rate() -> None:
    """What an account does at once is taken for what it does in twenty hours."""
    fading, state = Fading(SPEC), Suspicion(START_MS, START_MS, rate=10.0)
    days = MEMORY_MS * (1 - math.exp(-SPEC.groups.min_age_hours * HOUR_MS / MEMORY_MS)) / DAY_MS

    assert fading.fresh_per_day(state, START_MS) == pytest.approx(10 / days)
