"""Source: many accounts compared at once are compared as each by itself, and evidence is capped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.heard import Heard
from detectors.source import STYLE_CAP, Sample, Samples, Source, fit_source
from detectors.style import FACET_CHARS
from detectors.suspicion import Suspicion

CODES = st.lists(st.sampled_from("abcdef"), max_size=40)


def state(asked: list[str], topics: list[str], forms: list[str]) -> Suspicion:
    """An account whose recent openers, topics, punctuation and forms are these, each letter as often as a code has."""
    facets = zip((topics, forms, forms), FACET_CHARS, strict=True)
    return Suspicion(
        0,
        0,
        recent="".join(3 * a for a in asked),
        styles=["".join(chars * c for c in codes) for codes, chars in facets],
    )


def heard(states: list[Suspicion]) -> Heard:
    """The vocabularies of accounts."""
    vocabularies = Heard()
    for its in states:
        vocabularies.restore(its)
    return vocabularies


@given(codes=st.lists(st.tuples(CODES, CODES, CODES), min_size=2, max_size=8), members=st.integers(1, 8))
def test_many_accounts_at_once_are_compared_as_each_by_itself(
    codes: list[tuple[list[str], list[str], list[str]]], members: int
) -> None:
    """The sums over arrays are those over dictionaries, also where a source says nothing or an account is empty."""
    states = [state(*its) for its in codes]
    source = fit_source(states[:members], heard(states))
    together = Samples(states).nats(source)

    assert len(together) == len(states)
    for its, nats in zip(states, together, strict=True):
        alone = Sample(its)
        assert nats == pytest.approx(alone.asked_nats(source) + alone.style_nats(source), abs=1e-9)


def test_evidence_of_one_account_is_capped() -> None:
    """Sixty prompts that only the members send count 12 nats for what they ask and 8 for their style."""
    members = [state(["a"] * 30 + ["b"] * 30, ["a"] * 60, ["b"] * 60) for _ in range(3)]
    others = [state(["c"] * 60, ["c"] * 60, ["d"] * 60) for _ in range(60)]
    source = fit_source(members, heard([*members, *others]))
    new = state([*"aabb"] * 15, ["a"] * 60, ["b"] * 60)

    assert 0 < Sample(new).asked_nats(source) <= 12
    assert Sample(new).style_nats(source) == STYLE_CAP
    assert -6 <= Sample(others[0]).style_nats(source) < 0
    assert Sample(new).asked_nats(Source()) == 0
    assert Samples([]).nats(source).tolist() == []
