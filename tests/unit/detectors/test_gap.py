"""The gap in the rates on a link: evidence against exact chances, and what honest rates give."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.gap import Gap, find_gap

SLOPE, LEAST, MIN_ACCOUNTS = 1.1, 3.0, 5
SHARE = 1 / (1 + math.exp(SLOPE))
"""Of honest accounts in two neighbouring intervals of width one, those in the upper one."""
LIGHT = [0.6 + 0.02 * number for number in range(40)]
"""Forty who use a link now and then, up to 1.4 times a day."""


def found(rates: list[float], most_ratio: float = 0.65) -> Gap | None:
    """The gap that is found in rates."""
    return find_gap(rates, SLOPE, LEAST, MIN_ACCOUNTS, most_ratio)


def chance(hits: int, of: int) -> float:
    """That so many of the accounts or more are in the upper interval: the binomial tail, summed."""
    return sum(math.comb(of, k) * SHARE**k * (1 - SHARE) ** (of - k) for k in range(hits, of + 1))


def test_few_far_above_many_are_a_gap() -> None:
    """Seven at some ten a day above forty light users: the chance that all seven of seven are above, paid per place."""
    rates = [8.1, 9.0, 9.9, 10.4, 11.2, 12.5, 14.0]

    gap = found([*LIGHT, *rates])

    assert gap is not None
    assert gap.nats == pytest.approx(-7 * math.log(SHARE) - math.log(7))
    assert gap.low == 8.1
    assert gap.high == pytest.approx(8.1 * math.e)


def test_half_of_those_on_a_link_can_be_above_a_gap() -> None:
    """All of them are, not only as many as others are below."""
    rates = [9.0 + 0.1 * number for number in range(30)]

    gap = found([*LIGHT[:20], *rates])

    assert gap is not None
    assert gap.low == 9.0
    assert gap.nats == pytest.approx(-30 * math.log(SHARE) - math.log(30))


def test_those_above_can_be_most_where_that_is_let() -> None:
    """Twenty above two light users are no gap among many, but where nothing else tells them, they are."""
    rates = [1.0, 1.2, *(8.0 + 0.1 * number for number in range(20))]

    assert found(rates) is None
    assert found(rates, 1.0) is not None


@given(rates=st.lists(st.floats(1, 60), min_size=10, max_size=60))
def test_the_evidence_is_no_more_than_the_exact_chance_gives(rates: list[float]) -> None:
    """The bound errs to the side of silence, by three nats at most; at most a quarter of those above are between."""
    gap = found(rates)

    if gap is not None:
        above = sum(gap.low <= rate <= gap.high for rate in rates)
        between = sum(gap.low / math.e <= rate < gap.low for rate in rates)
        exact = -math.log(chance(above, above + between)) - math.log(sum(rate >= LEAST for rate in rates))
        assert exact - 3 <= gap.nats <= exact + 1e-9
        assert between <= above / 4
        assert above + between <= 0.65 * len(rates)


@pytest.mark.parametrize(
    ("rates", "why"),
    [
        ([*LIGHT, 9.0, 10.0, 11.0, 12.0], "four are too few"),
        ([*LIGHT, *[2.8] * 9], "slower than a member"),
        ([*LIGHT, 7.1, 7.3, 7.5, 7.7, 7.9, 2.8, 2.9], "two between five"),
        ([*LIGHT, 4.0, 9.0, 20.0, 45.0, 100.0], "far above, but each by itself"),
        ([1.0, 1.2, *[8.0 + 0.1 * number for number in range(20)]], "all but two are busy"),
        ([*LIGHT[:10], *[8.0 + 0.1 * number for number in range(20)]], "two in three are busy"),
        ([], "nobody"),
    ],
)
def test_what_is_no_gap(rates: list[float], why: str) -> None:
    """A gap has enough accounts above it, close to each other, and few in it."""
    assert found(rates) is None, why


def test_honest_rates_rarely_show_a_gap() -> None:
    """Of 2,000 links with 200 accounts each whose rates are Pareto, at most e^-t show t nats."""
    chooser = random.Random(4)
    nats = []
    for _ in range(2_000):
        gap = found([0.5 * chooser.paretovariate(SLOPE) for _ in range(200)])
        nats.append(gap.nats if gap is not None else 0.0)

    for least in (2, 3, 4):
        assert sum(value >= least for value in nats) <= 2_000 * math.exp(-least)


@given(rates=st.lists(st.floats(0.1, 500), max_size=60), seed=st.integers(0, 99))
def test_the_order_does_not_matter(rates: list[float], seed: int) -> None:
    """The same rates in any order have the same gap."""
    assert found(random.Random(seed).sample(rates, len(rates))) == found(rates)
