"""An account against its first days, beside the definitions written out."""

import math
import random
from collections import Counter
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.past import Past

KEPT = 32
topics = st.text("ABCD", min_size=KEPT, max_size=KEPT)


def learned(first: str, exchanges: int = 0, fresh: int = 0) -> Past:
    """A past that began so."""
    past = Past()
    past.learn(first, exchanges, fresh)
    return past


def mean(values: list[bool]) -> float:
    """Share of what is true."""
    return sum(values) / len(values)


@given(first=topics, latest=topics)
def test_discrepancy_is_the_unbiased_estimate(first: str, latest: str) -> None:
    """Mean over pairs within each sample, less twice the mean over pairs between them, over its deviation."""
    within = sum(mean([a == b for a, b in combinations(sample, 2)]) for sample in (first, latest))
    between = mean([a == b for a, b in product(first, latest)])
    shares = [count / (2 * KEPT) for count in Counter(first + latest).values()]
    # E k~(x, x')^2 of the centred kernel k~(x, x') = [x = x'] - p(x) - p(x') + sum p^2.
    total = sum(r * r for r in shares)
    squares = sum(p * q * ((i == j) - p - q + total) ** 2 for (i, p), (j, q) in product(enumerate(shares), repeat=2))
    deviation = math.sqrt(8 / (KEPT * (KEPT - 1)) * squares)
    expected = max(0.0, (within - 2 * between) / deviation) if deviation > 1e-12 else 0.0

    assert learned(first).discrepancy("Z" * KEPT + latest) == pytest.approx(expected, abs=1e-9)


def test_one_source_is_no_discrepancy() -> None:
    """Of 400 accounts that do not change, few are more than three deviations away; of those that do, most."""
    chooser = random.Random(3)
    draw = lambda weights: "".join(chooser.choices("ABCDEFGH", weights, k=2 * KEPT))  # noqa: E731
    before, after = (8, 4, 2, 1, 1, 1, 1, 1), (1, 1, 1, 1, 2, 4, 8, 8)
    same = [learned(draw(before)).discrepancy(draw(before)) for _ in range(400)]
    other = [learned(draw(before)).discrepancy(draw(after)) for _ in range(400)]

    assert sum(value > 3 for value in same) < 12
    assert sum(value > 3 for value in other) > 388


@pytest.mark.parametrize(("first", "recent"), [("A" * 31, "B" * 64), ("A" * 40, "B" * 63), ("", "")])
def test_little_is_no_discrepancy(first: str, recent: str) -> None:
    """Until 32 first and as many later prompts are there."""
    assert learned(first).discrepancy(recent) == 0


def test_the_past_does_not_move() -> None:
    """What comes after the first 32 prompts and 40 exchanges changes nothing."""
    past = learned("A" * KEPT, 40, 10)
    past.learn("B" * 50, 500, 500)

    assert (past.topics, past.exchanges, past.fresh) == ("A" * KEPT, 40, 10)


@given(st.integers(10, 40), st.floats(0, 1), st.integers(10, 500), st.floats(0, 1))
def test_more_systematic_is_the_test_of_two_shares(first: int, share: float, later: int, later_share: float) -> None:
    """The difference of two shares over its standard deviation under one common share."""
    fresh, later_fresh = round(share * first), later_share * later
    both = (fresh + later_fresh) / (first + later)
    spread = math.sqrt(both * (1 - both) * (1 / first + 1 / later))
    expected = max(0.0, (later_fresh / later - fresh / first) / spread) if spread > 0 else 0.0

    assert learned("", first, fresh).more_systematic(later, later_fresh) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("first", "later"), [(9, 100), (40, 9)])
def test_few_exchanges_say_nothing(first: int, later: int) -> None:
    """Ten of each are needed."""
    assert learned("", first, 0).more_systematic(later, later) == 0
