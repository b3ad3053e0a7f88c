"""Whether a campaign's likeness is a crowd's: then nobody joins for it, and its core learns from nobody."""

import msgspec
import pytest

from detectors.spec import parse_spec
from tests.unit.detectors.samples import START_MS
from tests.unit.detectors.test_kin import LIKE, LIST, MARK, MEMBERS, World, own, state


def crowded(alike: int, strangers: int, seed: int = 0) -> tuple[World, list[str]]:
    """A campaign of ten beside so many accounts that are as likely members, and so many more that are not."""
    names = [f"k{number:02d}" for number in range(alike)]
    others = {f"s{number:03d}": (state(own(f"s{number:03d}"), rate=4.0, wrapped=0.0), 0) for number in range(strangers)}
    world = World({**dict.fromkeys(names, LIKE), **others}, spec=parse_spec("kin: {nats_to_join: 10}", "x"), seed=seed)
    world.kin.fit([world.case], frozenset([*MEMBERS, *names]), START_MS)
    return world, names


@pytest.mark.parametrize(("alike", "strangers", "joins"), [(17, 0, True), (18, 0, False), (25, 120, True)])
def test_what_a_crowd_shares_brings_nobody(alike: int, strangers: int, joins: bool) -> None:
    """Nobody joins when those alike are more than 15 % of all and twice the core: 18 of 78 stand for 20.3 of 88.

    17 of 77 stand for 19.2, and 25 of 205 for an eighth of 215.
    """
    world, names = crowded(alike, strangers)
    world.case.accounts["k00"] = START_MS
    kinship = world.kin.kinships[world.case.alert_id]

    assert min(world.kin.compare(kinship, names, START_MS).values()) >= 12
    assert kinship.is_apart
    assert world.found("k00") == (["k00"] if joins else [])
    assert world.kin.among(world.case, names, START_MS) == (names if joins else [])
    assert world.kin.sure(world.case, START_MS) == (["k00"] if joins else [])


def test_who_is_polled_is_drawn_by_lot() -> None:
    """Of four hundred accounts three hundred, the same whatever their order in memory."""
    assert len({crowded(60, 290, seed)[0].kin.kinships.popitem()[1].is_common for seed in range(8)}) == 1


def test_a_few_half_way_are_no_slope() -> None:
    """Two of 62 accounts that come half way to a campaign to which nobody comes up."""
    others = state([LIST[number] for number in (1, 6, 11)] + own("u1"), rate=6.0, wrapped=0.5)
    world = World(dict.fromkeys(("h00", "h01"), (others, 2)), spec=parse_spec("kin: {nats_to_join: 7}", "x"))
    world.kin.fit([world.case], frozenset([*MEMBERS, "h00", "h01"]), START_MS)
    kinship = world.kin.kinships[world.case.alert_id]

    assert all(3.5 <= nats < 7 for nats in world.kin.compare(kinship, ["h00", "h01"], START_MS).values())
    assert (kinship.is_common, kinship.is_apart) == (False, False)


@pytest.mark.parametrize(("half_way", "kin", "learned"), [(2, ["like"], ["like"]), (3, ["like"], []), (4, [], [])])
def test_the_top_of_a_slope_is_no_kin(half_way: int, kin: list[str], learned: list[str]) -> None:
    """Accounts join while at most three times as many come half way as come up to the core, and it learns at twice."""
    spec = parse_spec("kin: {nats_to_join: 7}", "x")
    others = state([LIST[number] for number in (1, 6, 11)] + own("u1"), rate=6.0, wrapped=0.5)
    names = [f"h{number:02d}" for number in range(half_way)]
    world = World(dict.fromkeys(names, (others, 2)), spec=spec, like=LIKE)
    world.kin.fit([world.case], frozenset([*MEMBERS, "like", *names]), START_MS)
    world.case.accounts["like"] = START_MS
    nats = world.kin.compare(world.kin.kinships[world.case.alert_id], names, START_MS)

    assert all(3.5 <= n < 7 for n in nats.values())
    assert world.kin.sure(world.case, START_MS) == learned
    assert world.found("like") == kin


def as_people(number: int) -> list[float]:
    """Remembered exchanges of so many people, by the quantiles of a Pareto law from 2.1 on: few much, most hardly."""
    return [2.1 * number / rank for rank in range(1, number + 1)]


def in_steps(number: int) -> list[float]:
    """Remembered exchanges of so many accounts, by equal ratios from 2.1 to four times as much: no two are alike."""
    return [2.1 * 4 ** (step / (number - 1)) for step in range(number)]


def evenly(number: int) -> list[float]:
    """Remembered exchanges of so many accounts over which a list is spread."""
    return [12 + 0.1 * rank for rank in range(number)]


def loaded(exchanges: list[float], joined: int = 0) -> tuple[World, list[str]]:
    """A campaign of ten beside accounts that resemble it and remember so many exchanges; some have joined it."""
    names = [f"k{number:02d}" for number in range(len(exchanges))]
    like, count = LIKE
    loads = {
        name: (msgspec.structs.replace(like, rate=rate, slots=rate, wrapped=0.9 * rate, popular=0.6 * rate), count)
        for name, rate in zip(names, exchanges, strict=True)
    }
    world = World(loads, spec=parse_spec("kin: {nats_to_join: 5}", "x"))
    world.case.accounts |= dict.fromkeys(names[:joined], START_MS)
    world.kin.fit([world.case], frozenset([*MEMBERS, *names]), START_MS)
    return world, names


@pytest.mark.parametrize("joined", [0, 6, 12])
@pytest.mark.parametrize(
    ("exchanges", "joins"),
    [(as_people(12), False), (in_steps(12), False), (evenly(12), True), (evenly(15), True), (as_people(11), True)],
)
def test_nobody_follows_where_those_alike_are_loaded_as_people_are(
    exchanges: list[float], joins: bool, joined: int
) -> None:
    """A list is spread evenly over accounts; who happen to resemble them ask much or hardly. Of eleven it is not told.

    One wide cluster would hold most of those that differ in steps, but explains them no better than honest use.

    Whether they have joined already makes no difference.
    """
    world, names = loaded(exchanges, min(joined, len(exchanges)))
    kinship = world.kin.kinships[world.case.alert_id]

    assert min(world.kin.compare(kinship, names, START_MS).values()) >= 5
    assert kinship.is_common is not joins
    assert world.found(*names) == (names if joins else [])
    assert world.kin.among(world.case, names, START_MS) == (names if joins else [])


def test_members_that_few_resemble_any_more_count_among_those_alike() -> None:
    """Twelve have joined and turned to their own affairs: by how they are loaded they were people from the first."""
    world, names = loaded(as_people(12), joined=12)
    for name, rate in zip(names, as_people(12), strict=True):
        world.states[name] = state(own(f"t{name[1:]}"), rate, wrapped=0.0, crowd=0.1)
        world.links.groups[MARK].members[name].exchanges = 0.0
    world.kin.fit([world.case], frozenset([*MEMBERS, *names]), START_MS)
    kinship = world.kin.kinships[world.case.alert_id]

    assert max(world.kin.compare(kinship, names, START_MS).values()) < 2.5
    assert kinship.is_common


def test_who_did_too_little_does_not_tell_how_those_alike_are_loaded() -> None:
    """Of twelve one has less left than two exchanges in a day and a half; so eleven followers, too few to tell."""
    world, _ = loaded([*as_people(12)[:-1], 1.4], joined=12)
    assert not world.kin.kinships[world.case.alert_id].is_common


@pytest.mark.parametrize(
    ("exchanges", "learned", "joins"),
    [(as_people(20), 9, False), (evenly(20), 9, True), (as_people(4), 4, True)],
)
def test_a_core_that_learned_from_people_is_told_with_its_followers(
    exchanges: list[float], learned: int, joins: bool
) -> None:
    """Eleven followers are too few; with the core ten of thirty are loaded evenly, not half, or ten of fourteen."""
    world, names = loaded(exchanges, joined=len(exchanges))
    world.case.core = sorted([*MEMBERS, *names[:learned]])
    world.kin.fit([world.case], frozenset([*MEMBERS, *names]), START_MS)

    assert world.kin.kinships[world.case.alert_id].is_common is not joins
    assert world.kin.among(world.case, names, START_MS) == (names if joins else [])


def test_a_large_core_does_not_hide_how_its_followers_are_loaded() -> None:
    """Twelve people beside forty even accounts, which are more than three quarters of all."""
    world, names = loaded([*evenly(30), *as_people(12)], joined=42)
    world.case.core = sorted([*MEMBERS, *names[:30]])
    world.kin.fit([world.case], frozenset([*MEMBERS, *names]), START_MS)

    assert world.kin.kinships[world.case.alert_id].is_common
