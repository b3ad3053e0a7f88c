"""The tail of honest account-days against its closed form."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.tail import Tail

LEVEL, PRIOR = 4.0, 2_000.0


def pareto_nats(value: float, days: float, above_low: float, above: float, far_above: float) -> float:
    """The definition, written out: the Pareto tails through the shares above the level, a quarter and four times of it.

    The prior adds its days: a tenth of them above the low level, a fiftieth above the level, and of these what an index
    of 1.3 leaves far above.
    """
    low, near, far = 1 + LEVEL / 4, 1 + LEVEL, 1 + 4 * LEVEL
    all_days, all_above = days + PRIOR, above + PRIOR / 50
    if value <= LEVEL:
        all_low = max(all_above, above_low + PRIOR / 10)
        index = math.log(all_low / all_above) / math.log(near / low)
        return -math.log(all_low / all_days * ((1 + value) / low) ** -index)
    all_far = far_above + PRIOR / 50 * (far / near) ** -1.3
    index = min(1.5, max(0.6, math.log(all_above / all_far) / math.log(far / near)))
    return -math.log(all_above / all_days * ((1 + value) / near) ** -index)


@given(
    values=st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 16.0, 17.0, 500.0]), max_size=300),
    value=st.floats(1.001, 1e6),
)
def test_it_is_the_pareto_through_three_shares(values: list[float], value: float) -> None:
    """Rarity is minus the logarithm of the fitted share; values at a level do not exceed it."""
    tail = Tail(LEVEL, PRIOR)
    for one in values:
        tail.add(one)
    low, above, far = (sum(v > bound for v in values) for bound in (1, 4, 16))

    assert tail.nats(value) == pytest.approx(pareto_nats(value, len(values), low, above, far))


@given(value=st.floats(0, LEVEL / 4))
def test_below_the_low_level_rarity_is_a_straight_line(value: float) -> None:
    """Nothing is 0; the low level, which a tenth of the prior's days exceed, is log 10."""
    expected = math.log(10) * math.log(1 + value) / math.log(1 + LEVEL / 4)

    assert Tail(LEVEL, PRIOR).nats(value) == pytest.approx(expected)


@given(small=st.floats(0, 1e9), step=st.floats(0, 1e9))
def test_larger_is_never_more_usual(small: float, step: float) -> None:
    """Rarity grows with the value and stays finite."""
    tail = Tail(LEVEL, PRIOR)

    assert 0 <= tail.nats(small) <= tail.nats(small + step) < math.inf


def test_extreme_values_do_not_shape_the_tail() -> None:
    """How far beyond the far level a value lies is not counted: a campaign's size does not hide the next one."""
    modest, wild = Tail(LEVEL, PRIOR), Tail(LEVEL, PRIOR)
    for _ in range(50):
        modest.add(17.0)
        wild.add(1e9)

    assert modest.nats(100.0) == wild.nats(100.0)


@pytest.mark.parametrize("index", [0.8, 1.1, 1.3, 1.5])
def test_it_calibrates_on_pareto_days(index: float) -> None:
    """Of Pareto account-days as many are called one in 250 as are: the promise behind the knob."""
    chooser = random.Random(int(index * 10))
    scale = (1 + LEVEL) * 0.02 ** (1 / index)
    days = [scale * (1 - chooser.random()) ** (-1 / index) - 1 for _ in range(40_000)]
    tail = Tail(LEVEL, PRIOR)
    for value in days:
        tail.add(value)

    called = sum(tail.nats(value) >= math.log(250) for value in days)
    # 160 are due; four standard deviations of a count of 160 are 51.
    assert abs(called - 160) < 51


def test_counts_fade() -> None:
    """Beyond 50,000 days all counts are halved, so old days weigh less than new ones and shares stay."""
    tail = Tail(LEVEL, PRIOR)
    for number in range(50_001):
        tail.add(5.0 if number % 2 else 0.0)

    assert (tail.days, tail.above, tail.far_above) == (25_000.5, 12_500.0, 0.0)
