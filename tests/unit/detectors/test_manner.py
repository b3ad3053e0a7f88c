"""The manner of an account: cells of three habits, and how rare each is among the others."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.manner import fit_manner, manner_of
from detectors.suspicion import Suspicion
from tests.unit.detectors.samples import START_MS

RATES = 6
CELLS = 3 * 3 * RATES
cells = st.lists(st.integers(0, CELLS - 1), max_size=60)


def state(**fields: Any) -> Suspicion:
    """An account that asked ten requests, unless told otherwise."""
    return Suspicion(START_MS, START_MS, **({"slots": 10.0} | fields))


def habits(cell: int) -> tuple[int, int, int]:
    """Classes of wrapping, of crowd-likeness, of the daily rate."""
    return cell // (3 * RATES), cell // RATES % 3, cell % RATES


@pytest.mark.parametrize(("wrapped", "expected"), [(0, 0), (2.9, 0), (3, 1), (6.9, 1), (7, 2), (10, 2)])
def test_wrapping_has_three_classes(wrapped: float, expected: int) -> None:
    """Below three tenths of the requests, below seven, and from there on."""
    assert habits(manner_of(state(wrapped=wrapped), 1.0)) == (expected, 0, 0)


@pytest.mark.parametrize(("popular", "expected"), [(0, 0), (2.9, 0), (3, 1), (4.4, 1), (4.5, 2), (10, 2)])
def test_crowd_likeness_has_three_classes(popular: float, expected: int) -> None:
    """By the mean popularity of what was asked: below 0.3, below 0.45, and from there on."""
    assert habits(manner_of(state(popular=popular), 1.0)) == (0, expected, 0)


@pytest.mark.parametrize(
    ("daily", "expected"), [(0, 0), (1.9, 0), (2, 1), (3.9, 1), (4, 2), (8, 3), (16, 4), (31.9, 4), (32, 5), (9e9, 5)]
)
def test_rates_have_classes_that_double(daily: float, expected: int) -> None:
    """Below 2, 4, 8, 16 and 32 exchanges a day, and above."""
    assert habits(manner_of(state(), daily)) == (0, 0, expected)


def test_who_asked_nothing_has_no_manner() -> None:
    """Without a remembered request nothing can be told."""
    assert manner_of(state(slots=0.0), 12.0) == -1


def test_a_member_speaks_for_its_neighbours_too() -> None:
    """Half of a member counts in its own class of rate, a quarter in each next to it; three others are assumed."""
    weights = fit_manner([20], [])
    q = 1 / CELLS

    expected = {19: 0.25, 20: 0.5, 21: 0.25}
    for cell, weight in enumerate(weights):
        assert weight == pytest.approx(math.log((expected.get(cell, 0.0) + 3 * q) / (1 + 3) / q))


@given(members=cells)
def test_blur_moves_members_and_loses_none(members: list[int]) -> None:
    """The members' frequencies add up to one, also where the slowest or fastest class has no neighbour."""
    weights = fit_manner(members, [])

    assert math.fsum(math.exp(weight) / CELLS for weight in weights) == pytest.approx(1)


@given(others=cells)
def test_blur_moves_others_and_loses_none(others: list[int]) -> None:
    """So do the others' frequencies: with one member in each cell, p / q = (1 + 3 N q) / (N q + 3 q), solved for q."""
    weights = fit_manner(range(CELLS), others)

    assert math.fsum(1 / (math.exp(weight) * (CELLS + 3) - 3) for weight in weights) == pytest.approx(1)


@pytest.mark.parametrize("cell", [0, 5, 20, 53])
def test_a_habit_of_all_others_is_no_evidence(cell: int) -> None:
    """What members do counts for an account only as far as others do not."""
    common = fit_manner([cell] * 10, [cell] * 500)
    rare = fit_manner([cell] * 10, [(cell + 2 * RATES) % CELLS] * 500)

    assert common[cell] <= 0
    assert rare[cell] > 3
    assert rare[(cell + 2 * RATES) % CELLS] < -1


def test_without_members_nothing_is_known() -> None:
    """No member, no weight, whatever others do."""
    assert fit_manner([], [1, 2, 3]) == pytest.approx([0.0] * CELLS)
