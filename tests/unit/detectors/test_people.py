"""People behind an account: streams drawn by the laws that the rule is about."""

import random
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.crowd import CrowdModel
from detectors.fingerprint import Fingerprinter
from detectors.harvest import HarvestDetector
from detectors.people import EVEN_WITHIN, people_behind
from detectors.spec import DetectorSpec
from tests.unit.detectors.samples import START_MS, event, records_of


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


SPEC = DetectorSpec()
FINGERPRINTER = Fingerprinter(b"a key of some length")
END_USERS = 25
"""Of a gateway, or those that one machine names."""


def excused(gaps_s: Sequence[float], kinds: Sequence[str], chooser: random.Random) -> float:
    """How many times less an account counts that names end users by chance than one that names nobody.

    Its requests come at such intervals and are of these kinds by turns; each answer ends at its limit.
    """
    events: list[dict[str, Any]] = []
    asked = ""
    for number, at_s in enumerate(accumulate(gaps_s)):
        kind = kinds[number % len(kinds)]
        asked = asked if kind == "again" else f"{number} what is " + "b " * (40 if kind == "long" else 9)
        turn = 2 if kind == "long" else 1
        known = {"prompt_fingerprint": FINGERPRINTER.fingerprint(asked), "turn": turn}
        events.append({"at_ms": START_MS + round(1_000 * at_s), "event_id": f"e-{number}"} | known)
    limit = {"finish_reason": "length", "max_output_tokens": 20}
    naming = [event(**one, **limit, end_user_id=f"u{chooser.randrange(END_USERS)}") for one in events]
    counted = []
    for stream in ([event(**one, **limit) for one in events], naming):
        harvest, crowd, state = HarvestDetector(SPEC), CrowdModel(SPEC.crowd), None
        for record in records_of(SPEC, stream):
            state = harvest.observe(state, record, crowd, START_MS)
        assert state is not None
        counted.append(state.full_length)
    return counted[0] / counted[1]


BEGINNINGS, CONVERSATIONS, ANSWERS = ("new",), ("new", *["long"] * 9), ("new", *["again"] * 7)


@pytest.mark.parametrize("mean_s", [10, 90])
@pytest.mark.parametrize("kinds", [BEGINNINGS, CONVERSATIONS, ANSWERS])
def test_a_gateway_keeps_its_end_users_whatever_they_do(mean_s: float, kinds: tuple[str, ...]) -> None:
    """They ask by chance: to begin something, to go on at length, or for one more answer, most of the time."""
    chooser = random.Random(1)
    gaps_s = [chooser.expovariate(1 / mean_s) for _ in range(2_000)]

    assert excused(gaps_s, kinds, chooser) == pytest.approx(END_USERS**0.5, rel=0.1)


@pytest.mark.parametrize("pace_s", [10, 90])
@pytest.mark.parametrize("kinds", [BEGINNINGS, CONVERSATIONS, ANSWERS])
def test_a_machine_loses_those_that_it_names_whatever_it_does(pace_s: float, kinds: tuple[str, ...]) -> None:
    """It keeps its pace, also where that is faster than people click."""
    chooser = random.Random(1)
    gaps_s = [pace_s * chooser.uniform(0.95, 1.05) for _ in range(2_000)]

    assert 1 <= excused(gaps_s, kinds, chooser) < 1.2
