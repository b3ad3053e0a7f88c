"""Traits: the likelihood ratio of how a client is set up, against its definition."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.suspicion import Suspicion
from detectors.traits import TraitCounts, fit_traits, traits_nats

MEMBERS, OTHERS = 10, 100


def account(**buckets: int) -> Suspicion:
    """An account that was set up so in so many of its four buckets."""
    return Suspicion(0, 0, traits=buckets, trait_buckets=4)


CROWD = [account(n1=4, t7=4)] * 50 + [account(n2=4, t7=4)] * 40 + [account(n3=4, t1=4)] * 10
CAMPAIGN = [account(n3=4, t7=4)] * 8 + [account(n1=4, t7=4)] * 2
MODEL = fit_traits(TraitCounts(CAMPAIGN), TraitCounts(CROWD))


def weight(ours: float, theirs: float) -> float:
    """One trait in ten may deviate; three accounts like all others are added to the members."""
    q = (theirs + 0.5) / (OTHERS + 1)
    return math.log(0.1 + 0.9 * (ours + 3 * q) / (MEMBERS + 3) / q)


def in_all(nats: float, cap: float = 6.0) -> float:
    """A fifth of the members may be set up otherwise."""
    return math.log(0.8 * math.exp(min(cap, nats)) + 0.2)


@pytest.mark.parametrize(
    ("its", "expected"),
    [
        (account(n3=4, t7=4), in_all(weight(8, 10) + weight(10, 90))),
        (account(n1=4, t7=4), in_all(weight(2, 50) + weight(10, 90))),
        (account(n3=1, n1=3, t7=4), in_all(weight(8, 10) / 4 + 3 * weight(2, 50) / 4 + weight(10, 90))),
        (account(n9=4), in_all(math.log(0.1 + 0.9 * 3 / 13))),
        (account(), in_all(0.0)),
    ],
    ids=[
        "the campaign's network",
        "a network that most have",
        "changing networks",
        "never seen",
        "nothing known of it",
    ],
)
def test_it_is_a_likelihood_ratio(its: Suspicion, expected: float) -> None:
    """Each trait counts by how much more frequent it is among the members, by the share of the account that has it."""
    assert traits_nats(MODEL, its, 6.0) == pytest.approx(expected)


def test_it_is_capped_and_never_decides_against() -> None:
    """However alike, no more than the cap; however different, a fifth of the members may be so."""
    rare = fit_traits(TraitCounts([account(n9=4, s9=4, u9=4)] * 100), TraitCounts(CROWD * 100))

    assert traits_nats(rare, account(n9=4, s9=4, u9=4), 2.0) == pytest.approx(in_all(2.0))
    assert traits_nats(rare, account(n1=4, s1=4, u1=4), 2.0) >= math.log(0.2)


def test_before_anything_is_known_it_says_nothing() -> None:
    """Accounts whose events name neither network nor client, members among them."""
    assert traits_nats(MODEL, Suspicion(0, 0), 6.0) == 0
    assert traits_nats(fit_traits(TraitCounts([]), TraitCounts([])), account(n1=4), 6.0) == pytest.approx(0)


@given(order=st.permutations(range(12)), buckets=st.lists(st.integers(0, 7), min_size=12, max_size=12))
def test_the_order_of_accounts_does_not_show(order: list[int], buckets: list[int]) -> None:
    """The same weights to the last bit, whichever account came first."""
    states = [Suspicion(0, 0, traits={"n1": count, "n2": 7 - count}, trait_buckets=7) for count in buckets]
    model, shuffled = (
        fit_traits(TraitCounts(own), TraitCounts(CROWD)) for own in (states, [states[number] for number in order])
    )

    assert model == shuffled


def test_what_an_account_has_left_behind_is_forgotten_and_what_it_keeps_counts_in_full() -> None:
    """However long it is set up so: counts and buckets are halved together."""
    state = Suspicion(0, 0)
    for _ in range(100):
        state.count_traits(["n1", "s1"])
    assert state.traits == {"n1": state.trait_buckets, "s1": state.trait_buckets}
    for _ in range(200):
        state.count_traits(["n2", "s1"])

    assert state.traits.keys() == {"n2", "s1"}
    assert state.traits["s1"] == state.trait_buckets <= 32
