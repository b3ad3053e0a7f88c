"""The crowd: popularity counted by hand."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.crowd import SHARDS, CrowdModel, crowd_excess, shard_of
from detectors.spec_sections import Crowd
from tests.unit.detectors.samples import bucket

SPEC = Crowd(popular_ratio=0.1, smoothing_accounts=20, job_ratio=0.35)


def crowd(accounts: int, users: dict[str, int]) -> CrowdModel:
    """A crowd of accounts, so many of which use each opener."""
    model = CrowdModel(SPEC)
    for _ in range(accounts):
        model.add_account()
    for opener, count in users.items():
        for _ in range(count):
            model.learn(opener)
    return model


@given(accounts=st.integers(0, 500), users=st.integers(0, 100), is_own=st.booleans())
def test_popularity_is_a_share_of_accounts(accounts: int, users: int, is_own: bool) -> None:
    """Other users, over a tenth of all accounts and of twenty more that are assumed, at most one."""
    others = max(0, users - is_own)

    found = crowd(accounts, {"abc": users}).popularity("abc", is_own=is_own)

    assert found == pytest.approx(min(1.0, others / (0.1 * (accounts + 20))))


def test_excess_is_what_jobs_do_not_reach() -> None:
    """Sum of popularities above the ratio of honest jobs; a new slot of the account is not counted yet."""
    model = crowd(80, {"abc": 5, "xyz": 1})
    # 0.1 * 100 accounts make an opener fully popular: 5 users are 0.5, without the asking one 0.4.
    excess, mean = crowd_excess(model, SPEC, bucket(slots=["abc", "abc", "xyz"], new_slots=["xyz"]))

    assert excess == pytest.approx(0.4 + 0.4 + 0.1 - 3 * 0.35)
    assert mean == pytest.approx(0.9 / 3)


def test_what_the_crowd_asks_rather_counts() -> None:
    """Behind a preamble or the preamble itself, of which the account is one user: the more popular of both."""
    model = crowd(80, {"abc": 5, "xyz": 3, "own": 1})
    preambles = [(1, "abc"), (2, "own")]
    excess, mean = crowd_excess(model, SPEC, bucket(slots=["xyz"] * 3, new_slots=["xyz"], preambles=preambles))

    assert excess == pytest.approx(0.3 + 0.4 + 0.3 - 3 * 0.35)
    assert mean == pytest.approx(1.0 / 3)


def test_a_preamble_that_is_new_with_its_record_is_not_counted_yet() -> None:
    """First it was a slot, like any new one: all five users of it are others, and of the other preamble four."""
    model = crowd(80, {"pre": 5, "old": 5})
    preambles = [(1, "pre"), (2, "old")]
    its = bucket(slots=["pre", "aaa", "bbb"], new_slots=["pre", "aaa", "bbb"], preambles=preambles)

    assert crowd_excess(model, SPEC, its)[1] == pytest.approx((0.5 + 0.5 + 0.4) / 3)


def test_no_content_is_no_evidence() -> None:
    """Without slots nothing speaks for or against the account."""
    assert crowd_excess(crowd(5, {}), SPEC, bucket()) == (0.0, 0.0)


def test_nobody_is_a_crowd_by_himself() -> None:
    """An opener that only the asking account uses has no popularity."""
    assert crowd(1, {"abc": 1}).popularity("abc", is_own=True) == 0.0


def test_memory_is_bounded_and_keeps_what_is_popular() -> None:
    """However many openers are seen, a shard keeps 2,048 at most, the popular among them."""
    model = crowd(1, {"abc": 3})
    shard = shard_of("abc")
    others = (f"{a}{i:05d}{b}" for i in range(8000) for a, b in [("a", "c")])
    for opener in others:
        model.learn(opener)

    assert len(model.shards[shard]) <= 2_048
    assert model.shards[shard]["abc"] == 3
    assert shard in model.changed
    assert len(model.shards) == SHARDS


def test_what_makes_an_opener_popular_follows_what_accounts_ask() -> None:
    """One vote moves the share by a part in 101 of what it exceeds, a hundred at once by half, whatever their order."""
    model = crowd(80, {"abc": 5})
    model.vote(0.9)
    model.follow()

    assert model.popular_ratio == pytest.approx(0.1 * math.exp((0.9 - 0.5) / 101))
    assert model.popularity("abc", is_own=False) == pytest.approx(5 / (model.popular_ratio * 100))

    before = model.popular_ratio
    for popular in [0.2, 0.4] * 50:
        model.vote(popular)
    model.follow()
    assert model.popular_ratio == pytest.approx(before * math.exp(-0.2 / 2))

    before = model.popular_ratio
    model.follow()
    assert model.popular_ratio == before


def test_where_nothing_is_shared_little_is_made_popular() -> None:
    """The share sinks to a tenth of what the specification says, no further."""
    model = crowd(80, {"abc": 1})
    for _ in range(100_000):
        model.vote(0.0)
        model.follow()
    assert model.popular_ratio == pytest.approx(0.01)


def test_popularity_does_not_rise_with_the_age_of_a_deployment() -> None:
    """People who draw from one Zipf law all along ask what is as popular in the eighth week as in the third."""
    chooser = random.Random(5)
    model = CrowdModel(Crowd(typical_popularity=0.5))
    openers = [f"{number:04d}" for number in range(5_000)]
    weights = [1 / (number + 1) for number in range(5_000)]
    used: list[set[str]] = [set() for _ in range(200)]
    weekly: list[float] = []
    for day in range(56):
        asked: list[float] = []
        for account, own in enumerate(used):
            slots = chooser.choices(openers, weights, k=5)
            new = [slot for slot in dict.fromkeys(slots) if slot not in own]
            if day == 0:
                model.add_account()
            popular = crowd_excess(model, SPEC, bucket(slots=slots, new_slots=new))[1]
            model.vote(popular)
            asked.append(popular)
            own.update(new)
            for slot in new:
                model.learn(slot)
            if account % 10 == 9:
                model.follow()
        if day % 7 == 6:
            weekly.append(sum(asked) / len(asked))

    assert weekly[2:] == pytest.approx([0.5] * 6, abs=0.06)
    assert model.popular_ratio > 2 * Crowd().popular_ratio
