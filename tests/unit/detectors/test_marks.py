"""Marks: the logarithm of a Poisson likelihood ratio, against its definition."""

import math
import random
from collections.abc import Set as AbstractSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.links import Links
from detectors.marks import Marks, fit_marks, marks_nats
from detectors.spec import DetectorSpec, parse_spec
from detectors.spec_sections import Kin
from tests.unit.detectors.samples import START_MS

SPEC = Kin(min_weight=0.5, min_carriers=0.1)
MEMBERS = ["m1", "m2", "m3"]
RATES = {"m1": 10.0, "m2": 10.0, "m3": 10.0, "like": 6.0, "busy": 500.0, "other": 40.0}
CONFIGURATION, HEAD, CLOSING, FRAME = "configuration:\x1fx", "template:\x1fhx", "template:\x1fcx", "template:\x1fbx"
COUNTS = {
    CONFIGURATION: {"m1": 2, "m2": 4, "like": 2, "other": 3},
    HEAD: {"m1": 6, "m2": 5, "m3": 7, "like": 3, "busy": 4},
    CLOSING: {"m1": 5, "m2": 4, "like": 5, "busy": 9, "other": 2},
    FRAME: {"m2": 6, "m3": 6, "like": 1},
    "payment:\x1fx": {"m1": 10, "m2": 10, "m3": 10, "other": 40},
    "template:\x1fhof one member": {"m1": 9, "like": 3},
    "template:\x1fhof everybody": {"m1": 0, "m2": 0, "m3": 1, "other": 4, "busy": 80, "like": 40},
}
MARKS = (CONFIGURATION, HEAD, CLOSING, FRAME)
INSIDE = sum(RATES[member] for member in MEMBERS)
OUTSIDE = sum(RATES.values()) - INSIDE


def fitted(accused: AbstractSet[str] = frozenset(), spec: Kin = SPEC, seed: int = 0) -> Marks:
    """Marks of the members; all exchanges are of now, accounts and links came in an order of the seed."""
    chooser, links = random.Random(seed), Links(DetectorSpec())
    for key in chooser.sample(sorted(COUNTS), len(COUNTS)):
        for account_id in [*COUNTS[key]] * 2:
            # The first mention only tells that the link has a second account.
            links.observe(key, account_id, 0, START_MS)
        for account_id in chooser.sample(sorted(COUNTS[key]), len(COUNTS[key])):
            links.observe(key, account_id, COUNTS[key][account_id], START_MS)
    members = frozenset(chooser.sample(MEMBERS, len(MEMBERS)))
    return fit_marks(spec, links, members, accused, INSIDE, OUTSIDE, START_MS)


def frequencies(key: str, accused: AbstractSet[str] = frozenset()) -> tuple[float, float]:
    """Marks per exchange of the members and of all others, what one of the others adds capped as written."""
    others = COUNTS[key].keys() - set(MEMBERS) - accused
    p = sum(COUNTS[key].get(member, 0) for member in MEMBERS) / INSIDE
    return p, (sum(min(COUNTS[key][account_id], 4) for account_id in others) + 0.5) / OUTSIDE


def poisson_nats(key: str, count: int, exchanges: float) -> float:
    """Log of the ratio of the chances of so many marks, means p N and q N."""
    p, q = frequencies(key)

    def log_chance(mean: float) -> float:
        return count * math.log(mean) - mean - math.lgamma(count + 1)

    return log_chance(p * exchanges) - log_chance(q * exchanges)


def carried_by(account_id: str) -> dict[str, float]:
    """How often an account carries each of the marks."""
    return {key: float(COUNTS[key][account_id]) for key in MARKS if account_id in COUNTS[key]}


@pytest.mark.parametrize("account_id", ["like", "busy", "other"])
def test_it_is_a_likelihood_ratio(account_id: str) -> None:
    """Evidence is what the Poisson law gives, counts capped at three, of one wording only its strongest facet."""
    nats = {k: poisson_nats(k, min(3, COUNTS[k].get(account_id, 0)), RATES[account_id]) for k in MARKS}
    total = nats[CONFIGURATION] + max(nats[HEAD], nats[CLOSING], nats[FRAME])

    found = marks_nats(fitted(), carried_by(account_id), RATES[account_id])

    assert found == pytest.approx(math.log(0.9 * math.exp(total) + 0.1))


def test_only_the_strongest_facet_counts() -> None:
    """Head, closing words and frame of one wording are one piece of evidence, a configuration is another."""
    marks = Marks({CONFIGURATION: 1.0, HEAD: 2.0, CLOSING: 3.0, FRAME: 2.5}, [0.0] * 4)

    def nats(*keys: str) -> float:
        return math.log((math.exp(marks_nats(marks, dict.fromkeys(keys, 1.0), 5)) - 0.1) / 0.9)

    assert nats(HEAD, CLOSING, FRAME) == pytest.approx(nats(CLOSING)) == pytest.approx(3.0)
    assert nats(CONFIGURATION, HEAD, FRAME) == pytest.approx(1.0 + 2.5)


def test_a_tenant_may_have_any_name() -> None:
    """What parts a tenant from a wording may be in the tenant's name."""
    odd = {key.replace(":", ":t\x1fu"): key for key in MARKS}
    marks = Marks(dict.fromkeys(odd, 1.0), [0.0] * 4)
    plain = Marks(dict.fromkeys(MARKS, 1.0), [0.0] * 4)

    for key, plain_key in odd.items():
        assert marks_nats(marks, {key: 2.0}, 5) == marks_nats(plain, {plain_key: 2.0}, 5)


def test_what_is_no_mark() -> None:
    """A payment, what a single member carries, and what others carry as often say nothing."""
    assert fitted().weights.keys() == set(MARKS)
    assert fitted(spec=Kin(min_weight=0.5, min_carriers=0.7)).weights.keys() == {HEAD}


def test_what_the_accused_carry_says_nothing_of_others() -> None:
    """Accounts of any open case are left out of how often others carry a mark."""
    accused = {"like", "busy"}
    weights = fitted(accused).weights

    for key in MARKS:
        p, q = frequencies(key, accused)
        assert weights[key] == pytest.approx(math.log(p / q))


def test_volume_alone_is_no_likeness() -> None:
    """The same marks among ever more exchanges speak ever more against an account."""
    nats = [marks_nats(fitted(), carried_by("like"), exchanges) for exchanges in (6, 12, 24, 48)]

    assert nats == sorted(nats, reverse=True)
    assert nats[0] > 0 > nats[-1]


@given(exchanges=st.floats(0, 1e9))
def test_the_lack_of_marks_does_not_decide(exchanges: float) -> None:
    """One member in ten may carry none: their lack costs log(10) at most, and approaches it."""
    found = marks_nats(fitted(), {}, exchanges)

    assert math.log(0.1) <= found <= 0
    assert marks_nats(fitted(), {}, 1e9) == pytest.approx(math.log(0.1))


def test_the_lack_of_marks_costs_as_much_with_one_facet() -> None:
    """A wording with marks on its head only: forty exchanges that should carry 20 and carry none are no member's."""
    marks = Marks({HEAD: 3.0}, [0.0, 0.5, 0.0, 0.0])

    assert marks_nats(marks, {}, 40) == pytest.approx(math.log(0.9 * math.exp(-20) + 0.1))
    assert marks_nats(marks, {HEAD: 1.0}, 40) == pytest.approx(math.log(0.9 * math.exp(3 - 20) + 0.1))


@given(seed=st.integers(0, 2**32))
def test_order_in_memory_does_not_show(seed: int) -> None:
    """To the last bit, whichever account or link came first."""
    marks, carried = fitted(seed=seed), carried_by("like")
    shuffled = {key: carried[key] for key in random.Random(seed).sample(sorted(carried), len(carried))}

    assert marks == fitted()
    assert marks_nats(marks, shuffled, 6.0) == marks_nats(fitted(), carried, 6.0)


def test_what_is_known_of_a_part_of_the_accounts_is_no_mark() -> None:
    """Whether the others carry it could not be told."""
    for accounts, is_mark in ((50, True), (200, False)):
        links = Links(parse_spec("groups: {max_members: 50}", "x"))
        for account_id in ["stranger", *(f"a{number}" for number in range(accounts))]:
            for size in (0, 4):
                links.observe(HEAD, account_id, size, START_MS)
        members = frozenset(sorted(links.groups[HEAD].members)[:10])
        marks = fit_marks(SPEC, links, members, (), 50.0, 4_000.0, START_MS)

        assert (HEAD in marks.weights) is is_mark


@pytest.mark.parametrize("value", ["hab\x1fzde", "hab\x1f", "", "x"])
def test_a_link_of_an_odd_value_is_weighed_as_any_other(value: str) -> None:
    """State that an earlier release wrote may hold templates of what was no fingerprint."""
    model = Marks({f"template:\x1f{value}": 2.0}, [0.0] * 4)

    assert marks_nats(model, {f"template:\x1f{value}": 1.0}, 1.0) == pytest.approx(math.log(0.9 * math.exp(2) + 0.1))
