"""Requests come when and as often as an activity says."""

from dataclasses import replace
from itertools import pairwise
from math import log
from random import Random
from statistics import fmean, pvariance

import pytest

from traffic.rhythm import DAY_MS, HOUR_MS, Activity, Planner, draw_mean

STEADY = Activity(rhythm="always", requests_per_day=50, spread=0, active_share=1, noise=0, burst_share=0)


def planned(activity: Activity, days: int, offset: float = 0.0, seed: int = 1, begin_ms: int = 0) -> list[int]:
    """All times of a planner's days, in ms since the start, which is a Monday."""
    rng = Random(seed)
    planner = Planner(activity, draw_mean(rng, activity), rng, offset, (begin_ms, days * DAY_MS))
    return sorted(at for day in range(days) for at, _ in planner.day(day * DAY_MS, day % 7))


def daily(times: list[int], days: int) -> list[int]:
    """Requests on each day."""
    counts = [0] * days
    for at in times:
        counts[at // DAY_MS] += 1
    return counts


def test_the_mean_rate_is_the_one_asked_for() -> None:
    """Without noise the counts of days are Poisson with the mean that was asked for."""
    counts = daily(planned(STEADY, 400), 400)

    assert abs(fmean(counts) - 50) < 5 * (50 / 400) ** 0.5
    assert 0.7 < pvariance(counts) / 50 < 1.4


def test_noise_and_bursts_keep_the_mean_of_quiet_days() -> None:
    """Noise widens the counts and leaves their mean; a burst multiplies its day."""
    noisy = daily(planned(replace(STEADY, noise=0.6, autocorrelation=0.0), 1500), 1500)
    bursts = daily(planned(replace(STEADY, burst_share=0.1, burst_factor=6), 500), 500)

    assert abs(fmean(noisy) - 50) < 4
    assert pvariance(noisy) > 4 * 50
    assert 0.06 < sum(count > 150 for count in bursts) / 500 < 0.15


def test_the_daily_level_is_autocorrelated() -> None:
    """The logarithm of today's level remembers yesterday's as much as was asked for."""
    counts = daily(planned(replace(STEADY, requests_per_day=300, noise=0.5, autocorrelation=0.8), 900), 900)
    logs = [log(count) for count in counts]
    mean = fmean(logs)
    lagged = fmean((a - mean) * (b - mean) for a, b in pairwise(logs)) / pvariance(logs)

    assert 0.68 < lagged < 0.88


def test_growth_compounds() -> None:
    """Five per cent a day doubles the rate in 14.2 days."""
    counts = daily(planned(replace(STEADY, requests_per_day=200, growth_per_day=0.05), 60), 60)

    assert abs(counts[50] / counts[22] - 1.05**28) < 0.8


@pytest.mark.parametrize(("offset", "utc_night"), [(0.0, range(1, 5)), (-6.0, range(7, 11)), (8.0, range(17, 21))])
def test_people_sleep_at_night_of_their_own_clock(offset: float, utc_night: range) -> None:
    """Of an evening rhythm less than a twentieth lies between one and five o'clock, local time."""
    activity = Activity(requests_per_day=40, active_share=1, sitting=1)
    by_hour = [at % DAY_MS // HOUR_MS for at in planned(activity, 200, offset)]

    assert sum(hour in utc_night for hour in by_hour) / len(by_hour) < 0.05


def test_an_office_is_quiet_on_the_weekend() -> None:
    """A weekend day has about an eighth of a weekday."""
    counts = daily(planned(Activity(rhythm="office", requests_per_day=60, active_share=1, spread=0), 280), 280)
    weekend = fmean(count for day, count in enumerate(counts) if day % 7 >= 5)
    weekday = fmean(count for day, count in enumerate(counts) if day % 7 < 5)

    assert 0.08 < weekend / weekday < 0.17


def test_a_rhythm_without_night_covers_all_hours_alike() -> None:
    """Round the clock means that no hour falls a quarter below its share."""
    times = planned(replace(STEADY, sitting=1), 400)

    assert min(sum(at % DAY_MS // HOUR_MS == hour for at in times) for hour in range(24)) > 0.75 * len(times) / 24


def test_a_nightly_batch_starts_at_its_hour_and_runs_on() -> None:
    """The first request of each night lies near the hour, the rest follow within the batch's duration."""
    times = planned(
        Activity(rhythm="nightly", requests_per_day=100, active_share=1, gap_seconds=10, batch_hour=3), 30, 1.0
    )

    assert min(at % DAY_MS for at in times) > 1.7 * HOUR_MS
    assert max(at % DAY_MS for at in times) < 4 * HOUR_MS


def test_a_weekly_batch_has_one_day_a_week() -> None:
    """All requests fall on the same weekday."""
    times = planned(Activity(rhythm="weekly", requests_per_day=50, active_share=1), 70)

    assert len({at // DAY_MS % 7 for at in times}) == 1
    assert len({at // DAY_MS for at in times}) == 10


def test_a_single_batch_begins_with_its_activity() -> None:
    """`once` sends everything from the activity's first moment on and nothing later."""
    begin_ms = round(2.5 * DAY_MS)
    times = planned(
        Activity(rhythm="once", requests_per_day=80, spread=0, active_share=1, gap_seconds=20), 8, begin_ms=begin_ms
    )

    assert begin_ms <= times[0] < begin_ms + HOUR_MS
    assert times[-1] < begin_ms + 4 * HOUR_MS


def test_a_sitting_that_passes_midnight_is_finished_on_the_next_day() -> None:
    """Nothing planned is lost or told twice between two days."""
    activity = replace(STEADY, rhythm="once", requests_per_day=300, gap_seconds=600)
    times = planned(activity, 4)

    assert 250 < len(times) < 350
    assert times[-1] > DAY_MS


def test_a_rhythm_that_does_not_exist_is_refused() -> None:
    """The message lists the rhythms there are."""
    with pytest.raises(ValueError, match="'hourly' is none of evening, office"):
        Activity(rhythm="hourly")
