"""What accounts ask together: popularity among everybody else, counted by hand."""

import math
from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.content import Content, overlap
from detectors.crowd import CrowdModel, shard_of
from detectors.even_load import even_load
from detectors.spec import Crowd, DetectorSpec
from detectors.suspicion import Suspicion

ALL_LOOKED_AT = 0.3
TENTH = Crowd(popular_ratio=0.1, smoothing_accounts=20)
"""A tenth of all accounts, and of twenty more that are assumed, make an opener fully popular."""


def asking(*recent: str, popular: float = 1.0, slots: float = 10.0, prompted: float = 0.0) -> Suspicion:
    """An account that has lately asked this, and of what it remembers so much is popular."""
    return Suspicion(0, 0, slots=slots, popular=popular * slots, prompted=prompted, recent="".join(recent))


def among(accounts: int, users: dict[str, int], *states: Suspicion) -> tuple[Content, list[str]]:
    """What the states ask in a deployment of so many accounts, themselves among them, by users of each opener."""
    crowd = CrowdModel(TENTH)
    crowd.accounts = accounts
    for opener, count in users.items():
        crowd.shards[shard_of(opener)][opener] = count
    named = {f"a{number:02d}": state for number, state in enumerate(states)}
    return Content(named, crowd), list(named)


def ratio_of(content: Content, accounts: Sequence[str], *certainty: float) -> float:
    """Popularity of what the accounts ask, all of them certain unless told."""
    return content.crowd_ratio(accounts, certainty or [1.0] * len(accounts), ALL_LOOKED_AT)


@pytest.mark.parametrize(("others", "popularity"), [(0, 0.0), (1, 1 / 11), (4, 4 / 11), (11, 1.0), (90, 1.0)])
def test_what_accounts_ask_is_as_popular_as_it_is_among_everybody_else(others: int, popularity: float) -> None:
    """Ten of a hundred ask it: a tenth of the ninety others and of twenty that are assumed, eleven, make it popular."""
    content, accounts = among(100, {"abc": 10 + others}, *[asking("abc")] * 10)

    assert ratio_of(content, accounts) == pytest.approx(popularity)


def test_each_opener_has_as_many_others_as_those_of_the_accounts_leave_over() -> None:
    """An account that asks one thing many times uses it once; what each asks counts as often as it asked it."""
    users = {"abc": 3 + 4, "xyz": 1 + 9}
    content, accounts = among(93, users, asking("abc", "abc", "abc", "xyz"), asking("abc"), asking("abc"))

    first = (3 * 4 / 11 + 9 / 11) / 4
    assert ratio_of(content, accounts) == pytest.approx((first + 4 / 11 + 4 / 11) / 3)


def test_popularity_among_everybody_else_is_asked_of_those_who_are_assumed_where_there_is_nobody_else() -> None:
    """Ten accounts where fewer are counted, since some have only come: two of twenty make an opener popular."""
    content, accounts = among(5, {"abc": 11}, *[asking("abc")] * 10)

    assert ratio_of(content, accounts) == pytest.approx(1 / 2)


def test_what_was_not_popular_when_it_was_asked_does_not_become_so() -> None:
    """Everybody asks it by now, but of what each account remembers a third was popular."""
    content, accounts = among(100, {"abc": 90}, *[asking("abc", popular=0.35)] * 10)

    assert ratio_of(content, accounts) == pytest.approx(0.35)


def test_what_is_remembered_limits_each_account_by_itself() -> None:
    """One account asks what was popular and is only theirs now; the other what is popular now and was not then."""
    content, accounts = among(98, {"own": 1, "pop": 90}, asking("own"), asking("pop", popular=0.4))

    assert ratio_of(content, accounts) == pytest.approx((0 + 0.4) / 2)


def test_each_prompt_weighs_as_much_as_its_account_is_certain() -> None:
    """A tenth of twenty prompts that everybody asks, and all of ten that a few ask."""
    content, accounts = among(
        98, {"pop": 90, "few": 1 + 6}, asking("pop", slots=20.0), asking("few", slots=10.0, popular=0.9)
    )
    few = 6 / (0.1 * (98 - 2 + 20))

    assert ratio_of(content, accounts, 0.1, 1.0) == pytest.approx((2 * 1 + 10 * few) / 12)
    assert ratio_of(content, accounts, 1.0, 0.0) == pytest.approx(1)
    assert ratio_of(content, accounts, 0.0, 0.0) == 0


def test_prompts_that_are_nothing_but_a_wrapper_are_asked_by_nobody() -> None:
    """Ten of twenty-five prompts have something to ask, which everybody asks; of one account all have."""
    wrapped = asking("pop", prompted=25.0)
    content, accounts = among(98, {"pop": 90}, wrapped, asking("pop", prompted=7.0))

    assert (wrapped.prompts, wrapped.crowd_ratio) == (25, pytest.approx(10 / 25))
    assert ratio_of(content, accounts) == pytest.approx((10 + 10) / (25 + 10))
    assert asking().prompts == 10, "where nobody tells styles there are as many prompts as slots"


def test_accounts_of_which_nothing_recent_is_known_keep_what_is_remembered() -> None:
    """Of one account nothing says who else asks what it asked; of the other it is nobody."""
    content, accounts = among(98, {"own": 1}, asking(popular=0.8), asking("own"))

    assert ratio_of(content, accounts) == pytest.approx((0.8 + 0) / 2)


@pytest.mark.parametrize(("remembered", "popularity"), [(0.29, 0.29), (0.3, 0.0)])
def test_what_is_not_popular_anyway_is_not_looked_at_again(remembered: float, popularity: float) -> None:
    """Nobody else asks it, but below the least ratio nothing is named for it: what is remembered is told."""
    content, accounts = among(100, {"own": 10}, *[asking("own", popular=remembered)] * 10)

    assert ratio_of(content, accounts) == pytest.approx(popularity)


def test_nothing_asked_is_no_crowds() -> None:
    """Neither by nobody nor by accounts that have sent no prompt."""
    content, accounts = among(100, {}, asking(slots=0.0))

    assert (ratio_of(content, accounts), ratio_of(content, [])) == (0, 0)


@pytest.mark.parametrize(("others", "weight"), [(0, 0.0), (90, 1.0)])
def test_an_even_load_of_what_only_its_accounts_ask_is_none(others: int, weight: float) -> None:
    """Sixty users of one tool, a tenth of a deployment, make their own subjects popular, and nobody else's."""
    spec = DetectorSpec().groups
    content, accounts = among(600, {"own": 60 + others}, *[asking("own")] * 60)
    measures = {"least_rate": spec.least_rate, "min_rate": spec.min_rate, "member_rate": spec.member_rate}
    evidence = even_load(spec, accounts, [20.0] * 60, content, max_spread=spec.max_spread, **measures)

    assert evidence is not None
    assert evidence.crowd_ratio == pytest.approx(weight)


@given(asked=st.lists(st.lists(st.sampled_from(["abc", "bcd", "cde", "def", "efg"]), max_size=8), max_size=6))
def test_overlap_is_counted_pair_by_pair(asked: list[list[str]]) -> None:
    """Of what one account asks, as often as there is another one, the part that this one asks too."""
    pairs = list(permutations([set(openers) for openers in asked], 2))
    shared, all_asked = sum(len(a & b) for a, b in pairs), sum(len(a) for a, _ in pairs)
    expected = shared / all_asked if all_asked else 0.0

    assert math.isclose(overlap("".join(openers) for openers in asked), expected, abs_tol=1e-12)
