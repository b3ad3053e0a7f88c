"""Samples: many accounts compared at once are compared as each by itself with a source of its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.samples import Samples
from detectors.source import Sample, fit_source
from detectors.suspicion import Suspicion
from tests.unit.detectors.samples import heard_of, sent

CODES = st.lists(st.sampled_from("abcdef"), max_size=40)
ROWS = st.sets(st.integers(0, 7), max_size=8)


@given(codes=st.lists(st.tuples(CODES, CODES, CODES), min_size=1, max_size=8), members=ROWS, apart=ROWS, of=ROWS)
def test_many_accounts_at_once_are_compared_as_each_by_itself(
    codes: list[tuple[list[str], list[str], list[str]]], members: set[int], apart: set[int], of: set[int]
) -> None:
    """The sums over arrays are those over dictionaries, in a deployment that has never seen those apart."""
    states = [sent(*its) for its in codes]
    everybody = set(range(len(states)))
    members, apart, of = members & everybody, (apart - members) & everybody, of & everybody
    source = fit_source(
        [states[row] for row in sorted(members)], heard_of(states[row] for row in everybody - apart).of(None)
    )
    alone = [Sample(its).asked_nats(source) + Sample(its).style_nats(source) for its in states]
    samples = Samples(states, heard_of(states).of(None))

    assert samples.nats(sorted(members), sorted(apart)) == pytest.approx(alone, abs=1e-9)
    assert samples.nats(sorted(members), sorted(apart), sorted(of)) == pytest.approx(
        [alone[row] for row in sorted(of)], abs=1e-9
    )


def test_who_is_apart_is_no_other() -> None:
    """What half of the others send too is no mark of the members, unless those others are left out."""
    states = [sent("ab" * 20, "ab" * 20, "ab" * 20) for _ in range(20)] + [sent("cd" * 20, "c" * 40, "c" * 40)] * 10
    samples, members, apart = Samples(states, heard_of(states).of(None)), range(10), range(10, 20)

    assert samples.nats(members)[0] < 10
    assert samples.nats(members, apart)[0] > 15


def test_nobody_is_compared_with_nobody() -> None:
    """Without accounts there is nothing to tell, and too few codes tell nothing."""
    few: list[Suspicion] = [sent("abc", "abc", "abc")] * 6

    assert Samples([], heard_of([]).of(None)).nats([]).tolist() == []
    assert Samples(few, heard_of(few).of(None)).nats([0]).tolist() == [0.0] * 6
