"""What a campaign asks: the likelihood ratio of a mixture, against its definition."""

import math
from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.asked import Asked, asked_nats, counted, fit_asked
from detectors.vocabulary import Vocabulary

LIST = [f"L{number:02d}" for number in range(30)]
COMMON = [f"c{number:02d}" for number in range(10)]
RECENTS = ["".join([*LIST[start : start + 10], "fav", "fav"]) for start in (0, 5, 10, 15, 20)]
"""What five members asked lately: ten different requests of one list each, and one that all of them ask twice."""
OTHERS = ["".join(COMMON * 2 + [f"{number:03d}"] * 5) for number in range(40)]
"""What others asked: what everybody asks, and each something of its own again and again."""
SHARES = (0.3, 0.9)


def vocabulary(recents: Iterable[str] = (*RECENTS, *OTHERS)) -> Vocabulary:
    """What all accounts asked lately."""
    heard = Vocabulary(3)
    for recent in recents:
        heard.restore(recent)
    return heard


def fitted(recents: Iterable[str] = RECENTS) -> Asked:
    """What the members ask."""
    model = fit_asked(recents, vocabulary())
    assert model is not None
    return model


def nats(model: Asked, recent: str) -> float:
    """Evidence of an account's recent requests."""
    return asked_nats(model, counted(recent, 3))


def split(recent: str) -> list[str]:
    """Openers of three characters each."""
    return [recent[start : start + 3] for start in range(0, len(recent), 3)]


def defined_nats(
    asked: list[str],
    shares: Iterable[float] = SHARES,
    members: Iterable[str] = RECENTS,
    others: Iterable[str] = OTHERS,
) -> float:
    """The mixture's likelihood ratio, request by request.

    A member's next request has an opener with chance (n + 40 q) / (N + 40), anybody else's with chance q, and what an
    account has asked before it asks again with a chance of 8 % at least, whoever it is; three such repeats count.
    """
    ours = Counter(opener for recent in members for opener in split(recent))
    theirs = Counter(opener for recent in others for opener in split(recent))
    ratios: list[float] = []
    seen: Counter[str] = Counter()
    for opener in asked:
        seen[opener] += 1
        q = (theirs[opener] + 0.5) / (theirs.total() + 1)
        if seen[opener] == 1:
            ratios.append((ours[opener] + 40 * q) / (ours.total() + 40) / q)
        elif ours[opener] and seen[opener] <= 4:
            ratios.append(min(1.0, ours[opener] / (ours.total() + 40) / max(q, 0.08)))
    mixed = [math.prod(1 - share + share * ratio for ratio in ratios) for share in shares]
    return math.log(sum(mixed) / len(mixed))


openers = st.sampled_from([*LIST, *COMMON, "fav", "000", "001", "new"])


@given(asked=st.lists(openers, max_size=40))
def test_it_is_the_likelihood_ratio_of_a_mixture(asked: list[str]) -> None:
    """Whatever an account asked, in whatever order and how often, the evidence is what the definition gives."""
    assert nats(fitted(), "".join(asked)) == pytest.approx(defined_nats(asked), abs=1e-9)


@given(asked=st.lists(openers, max_size=40), again=openers)
def test_asking_the_same_again_is_never_a_gain(asked: list[str], again: str) -> None:
    """An account keeps to its subjects, whoever it is: a repeat adds nothing, and of the list's requests it costs."""
    once, twice = "".join([*asked, again]), "".join([*asked, again, again])

    assert nats(fitted(), twice) <= nats(fitted(), once) + 1e-9


def test_one_narrow_subject_is_no_likeness() -> None:
    """Who asks one thing of the list over and over is less like the members than who asks it once."""
    once, often = nats(fitted(), LIST[0]), nats(fitted(), LIST[0] * 4)

    assert once > 0
    assert often < once
    assert nats(fitted(), LIST[0] * 60) == often


def test_a_third_of_harvesting_shows() -> None:
    """Requests of the list among twice as many others are likeness, although of a member nine in ten would be its."""
    members = ["".join(LIST)] * 10
    others = ["".join([*COMMON * 5, *(LIST[(number + step) % 30] for step in (0, 7, 15))]) for number in range(30)]
    model = fit_asked(members, vocabulary([*members, *others]))
    asked = LIST[::3] + [f"x{number:02d}" for number in range(20)]

    assert model is not None
    assert defined_nats(asked, [0.9], members, others) < 0
    assert defined_nats(asked, [0.3], members, others) > 5
    assert nats(model, "".join(asked)) == pytest.approx(defined_nats(asked, SHARES, members, others))


def test_what_everybody_asks_is_no_likeness() -> None:
    """It is blind to a list that asks what all others ask, and says nothing of who asks like them."""
    like_others = fit_asked(["".join(COMMON)] * 5, vocabulary([*["".join(COMMON)] * 5, *["".join(COMMON)] * 40]))

    assert like_others is not None
    assert nats(like_others, "".join(COMMON)) == pytest.approx(0, abs=0.2)
    assert nats(fitted(), "".join(COMMON)) < 0


@pytest.mark.parametrize(("requests", "is_enough"), [(19, False), (20, True)])
def test_few_requests_say_nothing(requests: int, is_enough: bool) -> None:
    """Below twenty remembered requests of all members together there is no list to compare with."""
    recents = ["".join(LIST[:10]), "".join(LIST[10:requests])]

    assert (fit_asked(recents, vocabulary()) is not None) is is_enough


def test_nothing_asked_says_nothing() -> None:
    """An account without remembered requests has no evidence for or against it."""
    assert nats(fitted(), "") == 0
