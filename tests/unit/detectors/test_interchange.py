"""Interchangeable accounts: how little each keeps to itself, by the two likelihoods themselves."""

import math
import random
from collections import Counter
from statistics import median
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.fingerprint_layout import OPENER_CHARS
from detectors.heard import Heard
from detectors.interchange import InterchangeDetector
from detectors.spec import DetectorSpec, parse_spec
from detectors.style import FACET_CHARS, PARTS
from detectors.suspicion import Suspicion

SPEC = DetectorSpec()
FACETS = range(1 + len(PARTS))
COHERENCE = 0.05
LIST = [f"L{number:02d}" for number in range(50)]


def account(
    openers: list[str], styles: list[str] | None = None, crowd: float = 0.6, organization: int = -1
) -> Suspicion:
    """An account that has asked this; every facet of style is the same letters, each as often as a code has."""
    letters = styles or []
    return Suspicion(
        0,
        0,
        slots=10.0,
        popular=10 * crowd,
        recent="".join(openers),
        styles=["".join(chars * letter for letter in letters) for chars in FACET_CHARS],
        organization=organization,
    )


def detector(
    states: list[Suspicion], spec: DetectorSpec = SPEC, coherence: float | None = COHERENCE
) -> InterchangeDetector:
    """One that has heard the accounts and knows how much people keep to themselves in each facet, or nothing."""
    heard = Heard()
    for state in states:
        heard.restore(state)
    judge = InterchangeDetector(spec, heard)
    judge.coherence = [] if coherence is None else [coherence for _ in FACETS]
    return judge


def dealt_out(accounts: int, prompts: int, seed: int = 1) -> list[Suspicion]:
    """One list, in any order, dealt out."""
    chooser = random.Random(seed)
    return [account([chooser.choice(LIST) for _ in range(prompts)]) for _ in range(accounts)]


def people(accounts: int, prompts: int, seed: int = 1) -> list[Suspicion]:
    """Each comes back to four of the same openers half of the time; styles go with openers."""
    chooser = random.Random(seed)
    states = []
    for _ in range(accounts):
        own = chooser.sample(LIST, 4)
        sent = [chooser.choice(own if chooser.random() < 0.5 else LIST) for _ in range(prompts)]
        states.append(account(sent, [ascii_letters[LIST.index(opener)] for opener in sent]))
    return states


@pytest.mark.parametrize("coherence", [0.99, 1.0])
def test_where_most_send_one_code_only_the_others_are_still_told(coherence: float) -> None:
    """Coherence 1 is the most that can be learned; who keeps to one code is likelier of an urn of its own."""
    states = [account([f"x{number}x"] * 20) for number in range(6)]
    judge = detector(states, coherence=coherence)
    accounts = {f"a{number}": state for number, state in enumerate(states)}

    assert all(math.isfinite(nats) and nats < -20 for nats in judge.nats_of(states))
    assert judge.keeping_to_themselves(sorted(accounts), accounts) == accounts.keys()


@given(sent=st.lists(st.lists(st.sampled_from(["aaa", "bbb", "ccc", "ddd"]), max_size=20), min_size=2, max_size=6))
def test_evidence_is_the_ratio_of_the_two_likelihoods(sent: list[list[str]]) -> None:
    """Multinomial over Dirichlet compound multinomial, by gamma functions, around the others' pool."""
    states = [account(openers) for openers in sent]
    each = detector(states).nats_of(states)

    alpha = 1 / COHERENCE - 1
    everybody = Counter(code for openers in sent for code in openers)
    for openers, nats in zip(sent, each, strict=True):
        own = Counter(openers)
        others = everybody - own
        expected = -(math.lgamma(alpha) - math.lgamma(alpha + len(openers)))
        for code, count in own.items():
            rest_of_all = (everybody[code] + 0.5) / (everybody.total() + 1)
            p = (others[code] + 40 * rest_of_all) / (others.total() + 40)
            expected += count * math.log(p) - math.lgamma(alpha * p + count) + math.lgamma(alpha * p)
        assert nats == pytest.approx(expected / 2, abs=1e-9)


def test_the_facets_are_added_and_count_half() -> None:
    """With the same codes in all four facets, evidence is four halves of that of one."""
    letters = [list("aabbc"), list("cdefg"), list("abcdefg")]
    alone = [account([3 * letter for letter in its]) for its in letters]
    in_all = [account([3 * letter for letter in its], its) for its in letters]

    assert detector(in_all).nats_of(in_all) == pytest.approx(len(FACETS) * detector(alone).nats_of(alone))


def test_where_people_do_not_keep_to_themselves_nothing_is_said() -> None:
    """No coherence, no evidence; and none at all before anything is learned."""
    states = dealt_out(30, 30)

    assert not detector(states, coherence=0.0005).nats_of(states).any()
    assert detector(states, coherence=None).judge([str(n) for n in range(30)], _named(states)) is None


def test_coherence_is_learned_from_pairs_of_prompts() -> None:
    """The median of (w - b) / (1 - b), counted pair by pair."""
    states = people(40, 14)
    judge = detector(states, coherence=None)
    judge.learn(_named(states), ())

    sent = [[s.recent[at : at + OPENER_CHARS] for at in range(0, len(s.recent), OPENER_CHARS)] for s in states]
    coherences = []
    for number, own in enumerate(sent):
        others = [code for other, its in enumerate(sent) if other != number for code in its]
        within = sum(a == b for i, a in enumerate(own) for b in own[:i]) / (len(own) * (len(own) - 1) / 2)
        between = sum(a == b for a in own for b in others) / (len(own) * len(others))
        coherences.append((within - between) / (1 - between))
    assert judge.coherence == pytest.approx([median(coherences)] * len(FACETS))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"crowd": 0.29}, "a job has its own way"),
        ({"prompts": 11}, "too few prompts"),
    ],
)
def test_coherence_is_learned_from_accounts_that_tell_something(change: dict[str, float], why: str) -> None:
    """Who asks no crowd's questions, or has asked too little, teaches nothing."""
    chooser = random.Random(3)
    letters = [chooser.choices("abcdef", k=14) for _ in range(80)]
    plain = [account(["aaa"] * 14, its) for its in letters[:40]]
    odd = [
        account(["bbb"] * 14, its[:1] * int(change.get("prompts", 14)), crowd=change.get("crowd", 0.6))
        for its in letters[40:]
    ]
    judge = detector([*plain, *odd], coherence=None)
    judge.learn(_named([*plain, *odd]), ())
    with_odd = judge.coherence
    judge.learn(_named(plain), ())

    assert with_odd == judge.coherence, why
    judge.learn(_named([*plain, *odd]), [str(number) for number in range(11, 80)])
    assert judge.coherence == [0.0] * len(FACETS), "eleven that are not accused are too few"


@pytest.mark.parametrize("prompts", [12, 24])
def test_a_list_that_is_dealt_out_is_found_and_people_are_not(prompts: int) -> None:
    """Forty accounts; the same openers in all, but people come back to theirs."""
    ids = [str(number) for number in range(40)]
    dealt, own = dealt_out(40, prompts), people(40, prompts)
    found = detector(dealt).judge(ids, _named(dealt))

    assert found is not None
    assert found.nats > 5
    assert found.ratio >= 0.7
    assert len(found.accounts) >= 36
    assert detector(own).judge(ids, _named(own)) is None


def test_evidence_allows_for_members_that_do_much_else_and_people_that_keep_to_nothing() -> None:
    """The sum over accounts of log((0.8 e^x + 0.2) / (0.4 e^x + 0.6)), whatever the order."""
    states = dealt_out(36, 20) + people(4, 20)
    ids = [str(number) for number in range(40)]
    judge = detector(states)
    found = judge.judge(ids, _named(states))

    each = judge.nats_of(states)
    assert found is not None
    expected = sum(math.log((0.8 * math.exp(x) + 0.2) / (0.4 * math.exp(x) + 0.6)) for x in each)
    assert found.nats == pytest.approx(expected)
    assert found.ratio == pytest.approx(sum(x > 0 for x in each) / 40)
    assert found.accounts == tuple(a for a, x in zip(ids, each, strict=True) if x > math.log(0.2 / 0.8))
    assert set(ids[36:]) - set(found.accounts)


@pytest.mark.parametrize("coherence", [None, 0.0, 0.001, 0.02])
def test_who_surely_keeps_to_himself_is_known_from_the_first_hour(coherence: float | None) -> None:
    """Until it is learned how people are, and where they hardly do, two prompts in a hundred are taken to come back."""
    states = [*people(3, 60), *dealt_out(5, 60)]
    names, each = [str(number) for number in range(8)], detector(states, coherence=0.02).nats_of(states)
    keeping = detector(states, coherence=coherence).keeping_to_themselves(names, _named(states))

    assert keeping == {name for name, nats in zip(names, each, strict=True) if nats <= -20}
    assert keeping == {"0", "1", "2"}


@pytest.mark.parametrize(
    ("spec", "is_found"), [("{}", True), ("{min_accounts: 41}", False), ("{least_prompts: 21}", False)]
)
def test_too_few_accounts_or_prompts_say_nothing(spec: str, *, is_found: bool) -> None:
    """Twenty at least, with four prompts each, unless a specification says otherwise."""
    states = dealt_out(40, 20)
    judge = detector(states, parse_spec(f"interchange: {spec}", "x"))

    assert (judge.judge([str(number) for number in range(40)], _named(states)) is not None) == is_found


def _named(states: list[Suspicion]) -> dict[str, Suspicion]:
    return {str(number): state for number, state in enumerate(states)}


@pytest.mark.filterwarnings("error")
def test_one_code_that_all_others_send_is_no_coherence_of_theirs() -> None:
    """Where nothing but one code is sent nobody keeps to himself, and nothing is divided by nothing."""
    states = [account(["one"] * 40, ["a"] * 40) for _ in range(40)]
    judge = detector(states, coherence=None)
    judge.learn(_named(states), ())

    assert judge.coherence == [0.0 for _ in FACETS]
