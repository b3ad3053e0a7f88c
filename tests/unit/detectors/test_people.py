"""People behind an account: streams drawn by the laws that the rule is about."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.people import EVEN_WITHIN, people_behind


def even_count(times: list[float]) -> int:
    """Intervals that differ from the one before by no more than a quarter of themselves."""
    gaps = [later - earlier for earlier, later in pairwise(sorted(times))]
    return sum(abs(gap - before) <= EVEN_WITHIN * gap for before, gap in pairwise(gaps))


@pytest.mark.parametrize("end_users", [4, 16, 64])
def test_people_who_know_nothing_of_each_other_count(end_users: int) -> None:
    """Each asks by chance, all of them together too: the account counts as the root of their number."""
    chooser = random.Random(end_users)
    times = [chooser.uniform(0, 1) for _ in range(2_000)]

    assert people_behind(end_users, even_count(times), 2_000) == pytest.approx(end_users**0.5, rel=0.08)


@pytest.mark.parametrize("end_users", [4, 16, 64])
def test_machines_that_count_on_their_own_count_together(end_users: int) -> None:
    """Each end user is a client at a pace of its own: together they are not even."""
    chooser = random.Random(end_users)
    times: list[float] = []
    for _ in range(end_users):
        pace, at = chooser.uniform(0.5, 2), chooser.uniform(0, 2)
        while at < 300:
            times.append(at)
            at += pace * chooser.uniform(0.95, 1.05)

    assert people_behind(end_users, even_count(times), len(times)) > 0.7 * end_users**0.5


@pytest.mark.parametrize("end_users", [4, 16, 64])
def test_one_machine_is_one_whomever_it_names(end_users: int) -> None:
    """Every ten minutes, give or take a few per cent: the names change nothing."""
    chooser = random.Random(end_users)
    times = [600 * (number + chooser.uniform(-0.03, 0.03)) for number in range(500)]

    assert people_behind(end_users, even_count(times), 500) < end_users**0.05


@given(end_users=st.integers(0, 1_000), fresh=st.floats(0, 1e5), ratio=st.floats(0, 1))
def test_nobody_counts_more_than_the_root_nor_less_than_one(end_users: int, fresh: float, ratio: float) -> None:
    """More even intervals never make more people."""
    people = people_behind(end_users, ratio * fresh, fresh)

    assert 1 <= people <= max(1, end_users) ** 0.5 * (1 + 1e-12)
    assert people_behind(end_users, fresh, fresh) <= people
