"""Alike: who is found although nothing is shared, and who is not although they ask the same."""

import math
import random
from collections.abc import Callable
from functools import partial
from itertools import combinations
from operator import eq
from statistics import fmean

import msgspec
import pytest

from detectors.alike import AlikeDetector
from detectors.even_load import GroupEvidence
from detectors.fingerprint_layout import OPENER_CHARS
from detectors.source import Sample, fit_source
from detectors.spec import DetectorSpec, parse_spec
from detectors.suspicion import Suspicion
from detectors.vocabulary import codes_of
from tests.unit.detectors.samples import DAY_MS, HOUR_MS, START_MS, heard_of

SPEC = parse_spec("alike: {turns: 1, seeds: 100}", "x")
"""Every account is a seed in every turn."""
LIST = [f"L{number:02d}" for number in range(80)]
MEMBERS = [f"m{number:02d}" for number in range(20)]


def state(asked: list[str], rate: float, crowd: float = 0.6, tenant_id: str | None = None) -> Suspicion:
    """An account of two days that has asked this, with so many exchanges remembered and so much like a crowd."""
    return Suspicion(
        START_MS - 2 * DAY_MS,
        START_MS,
        rate=rate,
        slots=rate,
        popular=crowd * rate,
        recent="".join(asked),
        tenant_id=tenant_id,
        harvest=rate,
    )


def member(number: int) -> Suspicion:
    """A part of the list for each number; twelve or thirteen exchanges are remembered."""
    return state(random.Random(number).sample(LIST, 24), rate=12 + 0.05 * number)


def stranger(number: int, rate: float = 8.0) -> Suspicion:
    """An account that asks its own affairs, and some of what all ask."""
    return state([f"{number:02d}{chr(97 + step)}" for step in range(21)] + ["c00", "c01", LIST[number % 80]], rate)


def crowd_of(change: Callable[[int, Suspicion], Suspicion] = lambda _, its: its) -> dict[str, Suspicion]:
    """A hundred strangers and the members, each member changed."""
    strangers = {f"s{number:02d}": stranger(number) for number in range(100)}
    return strangers | {account_id: change(number, member(number)) for number, account_id in enumerate(MEMBERS)}


def detector_of(accounts: dict[str, Suspicion], spec: DetectorSpec = SPEC) -> AlikeDetector:
    """A detector that has heard the accounts' prompts."""
    return AlikeDetector(spec, accounts, heard_of(accounts.values()))


def found(
    accounts: dict[str, Suspicion], spec: DetectorSpec = SPEC, is_free: Callable[[str], bool] = lambda _: True
) -> list[tuple[str, GroupEvidence]]:
    """What a search finds among the accounts."""
    return [(seed, evidence) for seed, _, evidence in detector_of(accounts, spec).find(START_MS, is_free)]


def test_who_works_through_one_list_is_found_once() -> None:
    """All twenty, nobody else, whatever seed came first; each has about the daily rate that was given."""
    [(seed, evidence)] = found(crowd_of())

    assert seed in MEMBERS
    assert evidence.accounts == tuple(MEMBERS)
    remembered_days = 1.5 * (1 - math.exp(-2 / 1.5))
    assert evidence.rate == pytest.approx(12.5 / remembered_days, rel=0.05)


def test_a_long_list_is_found_though_two_accounts_meet_in_little_of_it() -> None:
    """Forty prompts of six hundred each: two accounts share three of them, no more than what keeps strangers apart."""
    long_list = [f"{number:03d}" for number in range(600)]
    accounts = crowd_of(lambda n, its: state(random.Random(n).sample(long_list, 40), its.rate))
    of_one = fit_source([accounts["m00"]], heard_of(accounts.values()).of(None))
    alone = [Sample(accounts[account_id]).asked_nats(of_one) for account_id in MEMBERS[1:]]

    assert sum(nats >= SPEC.alike.nats_to_gather / 2 for nats in alone) < SPEC.alike.min_accounts
    [(_, evidence)] = found(accounts)
    assert evidence.accounts == tuple(MEMBERS)


def test_strangers_are_not_found() -> None:
    """A hundred accounts as even in their load, and asking what a crowd asks, but each its own."""
    assert found({a: its for a, its in crowd_of().items() if a not in MEMBERS}) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda n, its: msgspec.structs.replace(its, rate=1.7 * 1.35**n), "people differ by far in how much they ask"),
        (lambda _, its: msgspec.structs.replace(its, rate=4.3), "less than honest people ask"),
        (lambda _, its: msgspec.structs.replace(its, popular=0.3 * its.slots), "a job is not what a crowd asks"),
        (lambda n, its: msgspec.structs.replace(its, rate=2.2) if n % 5 > 2 else its, "twelve of twenty are not most"),
        (lambda n, its: msgspec.structs.replace(its, tenant_id=f"t-{n % 5}"), "four of a tenant are too few"),
        (lambda n, its: msgspec.structs.replace(its, organization=n % 4), "four firms are four customers"),
        (lambda n, its: its if n < 4 else stranger(n), "four are too few"),
        (lambda n, its: state([*LIST[n % 5 : n % 5 + 24]], its.rate), "a class asks the same few things"),
    ],
)
def test_who_asks_alike_for_an_honest_reason_is_not_found(
    change: Callable[[int, Suspicion], Suspicion], why: str
) -> None:
    """The same requests, but loaded as people are, or too few, or no crowd's."""
    assert found(crowd_of(change)) == [], why


@pytest.mark.parametrize(("surplus", "is_found"), [(0.001, True), (-0.001, False)])
def test_a_class_is_who_asks_the_same_beyond_what_is_set(surplus: float, *, is_found: bool) -> None:
    """What one member asks another asks too, pair by pair: of twenty-four openers seven, with eighty on the list."""
    asked = [set(codes_of(member(number).recent, OPENER_CHARS)) for number in range(20)]
    shared = fmean(len(one & another) / 24 for one, another in combinations(asked, 2))
    spec = parse_spec(f"alike: {{turns: 1, seeds: 100, max_overlap: {shared + surplus}}}", "x")

    assert shared == pytest.approx(24 / 80, abs=0.02)
    assert bool(found(crowd_of(), spec)) is is_found


def lasting_for(hours: float, its: Suspicion) -> Suspicion:
    """The same account, but so long from its first to its latest exchange."""
    return msgspec.structs.replace(its, first_ms=its.last_ms - round(hours * HOUR_MS))


@pytest.mark.parametrize(("lasting", "is_found"), [(6, True), (5, False)])
def test_who_asks_alike_for_an_afternoon_is_a_class(lasting: int, is_found: bool) -> None:
    """Of twenty with an even load six must have come back after twelve hours."""
    hours = [12.0] * lasting + [11.9] * (20 - lasting)

    assert bool(found(crowd_of(lambda n, its: lasting_for(hours[n], its)))) is is_found


def in_one_sitting(share: float, its: Suspicion) -> Suspicion:
    """The same account, but it has asked so much of what is remembered in one sitting."""
    return msgspec.structs.replace(its, largest_sitting=share * its.rate)


@pytest.mark.parametrize(("came_back", "is_found"), [(6, True), (5, False)])
def test_who_has_chatted_before_and_asks_alike_for_an_afternoon_is_a_class(came_back: int, is_found: bool) -> None:
    """All were there two days ago, but for all but six or five most of what is remembered is of one sitting."""
    shares = [0.5] * came_back + [0.51] * (20 - came_back)

    assert bool(found(crowd_of(lambda n, its: in_one_sitting(shares[n], its)))) is is_found


@pytest.mark.parametrize(("most", "is_found"), [(12.7, True), (12.75, False)])
def test_who_sends_more_than_a_class_need_not_come_back(most: float, is_found: bool) -> None:
    """All twenty were there for one sitting; six have 12.7 exchanges and more, five 12.75 and more."""
    spec = parse_spec(f"{{alike: {{turns: 1, seeds: 100}}, groups: {{sitting_exchanges: {most}}}}}", "x")

    assert bool(found(crowd_of(lambda _, its: in_one_sitting(1, its)), spec)) is is_found


@pytest.mark.parametrize(
    ("even", "min_accounts", "is_found"), [(20, 20, True), (20, 21, False), (19, 19, True), (19, 20, False)]
)
def test_few_accounts_are_alike_by_chance(even: int, min_accounts: int, is_found: bool) -> None:
    """Of twenty that work through one list those with an even load are found where so many are no chance."""
    spec = parse_spec(f"alike: {{turns: 1, seeds: 100, min_accounts: {min_accounts}}}", "x")
    accounts = crowd_of(lambda n, its: its if n < even else msgspec.structs.replace(its, rate=200.0))

    assert bool(found(accounts, spec)) is is_found


def test_only_who_is_free_is_a_seed() -> None:
    """Those named already are not looked around again, but one who is not finds them all."""
    assert found(crowd_of(), is_free=lambda a: a not in MEMBERS) == []

    [(seed, evidence)] = found(crowd_of(), is_free=lambda a: a == MEMBERS[3])
    assert (seed, len(evidence.accounts)) == (MEMBERS[3], 20)


def test_the_order_in_memory_does_not_matter() -> None:
    """The same accounts in any order give the same evidence."""
    accounts = list(crowd_of().items())
    random.Random(1).shuffle(accounts)

    assert found(dict(accounts)) == found(crowd_of())


def test_each_account_is_a_seed_in_one_turn() -> None:
    """With seven members free, one in each of seven turns at most finds the rest, and all seven do in the end."""
    free = set(MEMBERS[:7])
    spec = parse_spec("alike: {turns: 7, seeds: 100}", "x")
    hour_of_turn = [START_MS + turn * HOUR_MS for turn in range(7)]
    seeds = []
    for at_ms in hour_of_turn:
        for seed in sorted(free):
            # One at a time: who is gathered around another seed is no seed itself.
            around = detector_of(crowd_of(), spec).find(at_ms, partial(eq, seed))
            seeds += [found_seed for found_seed, _, _ in around]

    assert sorted(seeds) == sorted(free)


def test_a_single_seed_is_the_one_that_harvests_most() -> None:
    """It is the account with the largest harvest of those that may be one."""
    spec = parse_spec("alike: {turns: 1, seeds: 1}", "x")
    accounts = crowd_of()
    accounts["m05"] = msgspec.structs.replace(accounts["m05"], harvest=1_000.0)
    accounts["s05"] = msgspec.structs.replace(accounts["s05"], harvest=500.0)

    assert [seed for seed, _ in found(accounts, spec)] == ["m05"]
    assert found(accounts, spec, is_free=lambda a: a != "m05") == []
    assert found(accounts, parse_spec("alike: {turns: 1, seeds: 0}", "x")) == []


def test_half_of_the_seeds_are_drawn_by_lot() -> None:
    """Slow campaigns never harvest most, but their turn comes: with two seeds an hour, one of a hundred by lot."""
    spec = parse_spec("alike: {turns: 1, seeds: 2}", "x")
    accounts = crowd_of(lambda n, its: msgspec.structs.replace(its, harvest=0.0))
    hours = [START_MS + hour * HOUR_MS for hour in range(40)]
    found_in = [hour for hour in hours if list(detector_of(accounts, spec).find(hour, lambda _: True))]

    # A member is drawn with a chance of 20 in 119: at 40 hours never with 6 in 10,000.
    assert 0 < len(found_in) < 20


def test_the_search_is_paid_for() -> None:
    """Four seeds an hour make 480 in five days between two false campaigns; three nats are due beyond."""
    assert detector_of({}, DetectorSpec()).threshold_nats == pytest.approx(math.log(481) + 3)
