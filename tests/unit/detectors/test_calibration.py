"""The calibration of scores against its definition: runs of days, and a line through the logarithms of their rates."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.calibration import Calibration, Run

RUN_DAYS = 7
PRIOR_BEGUN = 18
PRIOR_NATS = {0.2: 3.0, 2: 3.75, 4: 4.9, 7: 6.15, 10: 6.8}
scores = st.floats(0, 20)


def first_days(days: list[tuple[int, float]], least: float) -> int:
    """Days on which a score is reached that was not reached on the seven days before."""
    reached = [day for day, score in days if score >= least]
    return sum(all(not 0 < day - other <= RUN_DAYS for other in reached) for day in reached)


def counted(days: list[tuple[int, float]]) -> Calibration:
    """A calibration that has seen one account."""
    calibration, run = Calibration(), Run()
    for day, score in days:
        calibration.add(score, day, run, RUN_DAYS)
    return calibration


@given(st.lists(st.tuples(st.integers(1, 5), scores), max_size=60))
def test_it_counts_the_first_days_of_runs(steps: list[tuple[int, float]]) -> None:
    """An account that stays at a score, or comes back to it within a week, counts once."""
    day, days = 20_000, []
    for step, score in steps:
        day += step
        days.append((day, score))
    calibration = counted(days)

    assert calibration.days == len(days)
    assert calibration.begun == [first_days(days, least) for least in PRIOR_NATS]


@pytest.mark.parametrize(
    ("score", "nats"),
    [(0, 0), *PRIOR_NATS.items(), (0.1, 3.0 / 2), (1.1, (3.0 + 3.75) / 2), (3, (3.75 + 4.9) / 2), (13, 6.8 + 0.75)],
)
def test_without_counts_it_is_the_prior(score: float, nats: float) -> None:
    """Straight lines through the known scores; beyond the last at least a quarter of a nat for each."""
    assert Calibration().nats(score, 1 / 2_000) == pytest.approx(nats)


def test_counts_move_the_rates() -> None:
    """The rate at a score is what began there, the prior's share included, per account-day."""
    calibration = Calibration(80_000, [3_000, 2_000, 900, 160, 40], [0] * 5)
    expected = math.log((80_000 + PRIOR_BEGUN * math.exp(PRIOR_NATS[7])) / (160 + PRIOR_BEGUN))

    assert calibration.nats(7, 1 / 2_000) == pytest.approx(expected)


def test_beyond_the_last_score_it_rises_by_one_and_a_half_nats_at_most() -> None:
    """However much rarer the highest score is than the one before."""
    calibration = Calibration(150_000, [9_000, 8_000, 7_000, 5_000, 0], [0] * 5)
    seven, ten = (calibration.nats(score, 0) for score in (7, 10))

    assert ten - seven > 3 * 1.5
    assert calibration.nats(12, 0) == pytest.approx(ten + 2 * 1.5)


def test_what_is_often_reached_is_soon_known() -> None:
    """Where nobody reaches a score, its rate is halved after the days in which the prior expects 18 runs."""
    for score, nats in PRIOR_NATS.items():
        calibration = Calibration(PRIOR_BEGUN * math.exp(nats))

        assert calibration.nats(score, 0) == pytest.approx(nats + math.log(2))


@given(scores, scores, st.lists(st.floats(0, 5_000), min_size=5, max_size=5), st.floats(0, 100_000))
def test_more_is_never_less(low: float, high: float, begun: list[float], days: float) -> None:
    """A higher score never means that honest accounts reach it more often."""
    calibration = Calibration(days, begun, [0.0] * 5)

    assert calibration.nats(min(low, high), 0.001) <= calibration.nats(max(low, high), 0.001)


def test_the_accused_count_as_far_as_the_knob_lets_expect() -> None:
    """Of fifty accused accounts on 20,000 days, ten are taken for honest when one in 2,000 days may be."""
    calibration = Calibration(20_000)
    for _ in range(50):
        calibration.accuse(12.0, 20_000, Run(), RUN_DAYS)
    expected = math.log((20_000 + PRIOR_BEGUN * math.exp(PRIOR_NATS[10])) / (10 + PRIOR_BEGUN))

    assert calibration.accused == [50] * 5
    assert calibration.nats(10, 1 / 2_000) == pytest.approx(expected)


def test_accusing_takes_an_account_out_of_the_honest_ones() -> None:
    """Its runs are an accused one's from then on, each once, and its days are not counted while it is accused."""
    calibration, run = Calibration(), Run()
    calibration.add(5.0, 100, run, RUN_DAYS)
    calibration.accuse(8.0, 101, run, RUN_DAYS)
    calibration.accuse(11.0, 102, run, RUN_DAYS)
    calibration.add(11.0, 103, run, RUN_DAYS)

    assert (calibration.days, calibration.begun, calibration.accused) == (1, [0] * 5, [1] * 5)


def test_who_joins_a_campaign_takes_along_what_it_reached() -> None:
    """Whatever its score is on that day."""
    calibration, run = Calibration(), Run()
    calibration.add(8.0, 100, run, RUN_DAYS)
    calibration.accuse(3.0, 101, run, RUN_DAYS)

    assert (calibration.begun, calibration.accused) == ([0] * 5, [1, 1, 1, 1, 0])


def test_it_learns_how_often_honest_accounts_are_named() -> None:
    """Where scores are exponential and last for days, runs per account-day come out as asked for."""
    chooser, calibration = random.Random(5), Calibration()
    alarms = days = 0
    for account in range(6_000):
        run = Run()
        for week in range(3):
            score = chooser.expovariate(0.8)
            for day in range(5):
                calibration.add(score, 7 * week + day, run, 1)
            if account >= 3_000:
                days += 5
                alarms += calibration.nats(score, 0) >= math.log(500)

    assert 0.5 < days / alarms / 500 < 2


def test_counts_fade() -> None:
    """Beyond 200,000 days all counts are halved."""
    calibration = Calibration(200_000, [10, 8, 6, 4, 2], [1] * 5)
    calibration.add(0.0, 1, Run(), RUN_DAYS)

    assert (calibration.days, calibration.begun) == (100_000.5, [5, 4, 3, 2, 1])
    assert calibration.accused == [0.5] * 5
