"""Kin: who resembles the members of an open campaign enough to join, and who shares a link but is unlike them."""

import math
import random
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.asked import asked_nats, counted, fit_asked
from detectors.case import Case, new_case
from detectors.fading import Fading
from detectors.heard import Heard
from detectors.kin import KinDetector, Kinship
from detectors.links import Links
from detectors.manner import fit_manner, manner_of
from detectors.marks import Marks, fit_marks, marks_nats
from detectors.onset import fit_onset, onset_nats, onset_of
from detectors.snapshot import decode_snapshot, encode_snapshot
from detectors.spec import DetectorSpec, parse_spec
from detectors.style import FACET_CHARS
from detectors.suspicion import Suspicion
from detectors.traits import TraitCounts, fit_traits, traits_nats
from tests.unit.detectors.samples import DAY_MS, HOUR_MS, MINUTE_MS, START_MS, bucket

SPEC = DetectorSpec()
LIST = [f"L{number:02d}" for number in range(40)]
MARK = "template:\x1fhwrapper"
MEMBERS = [f"m{number}" for number in range(10)]
OTHERS = [f"o{number:02d}" for number in range(60)]


def state(asked: list[str], rate: float = 12.0, wrapped: float = 0.9, crowd: float = 0.6) -> Suspicion:
    """An account of two days that has asked this, so much of it in a wrapper and so much like a crowd."""
    return Suspicion(
        START_MS - 2 * DAY_MS,
        START_MS,
        rate=rate,
        slots=rate,
        wrapped=wrapped * rate,
        popular=crowd * rate,
        recent="".join(asked),
    )


def own(name: str) -> list[str]:
    """What an account asks that asks nothing of the list: most of it its own affair, some what everybody asks."""
    return [f"{name[-2:]}{number}" for number in range(7)] + ["c00", "c01", "c02"]


def styled(its: Suspicion, code: str, prompts: int, network: str) -> Suspicion:
    """The account with prompts of one style, whose facets are the code repeated, from one network."""
    return msgspec.structs.replace(
        its, styles=[code * chars * prompts for chars in FACET_CHARS], traits={network: 4, "t0.7": 4}, trait_buckets=4
    )


def since(days: int, its: Suspicion) -> Suspicion:
    """The account as if it had been first seen so many days ago."""
    return msgspec.structs.replace(its, first_ms=START_MS - days * DAY_MS)


def population() -> dict[str, Suspicion]:
    """Ten members that work through one list, and sixty others of habits that few share with them."""
    members = {
        a: state([LIST[(4 * n + step) % 40] for step in range(12)], rate=12 + 0.1 * n) for n, a in enumerate(MEMBERS)
    }
    others = {a: state(own(a), rate=4.0, wrapped=0.0, crowd=0.1 * (n % 6)) for n, a in enumerate(OTHERS)}
    return members | others


class World:
    """An open campaign of the members among others; accounts and links came into memory in the order of the seed."""

    def __init__(
        self,
        more_accounts: Mapping[str, tuple[Suspicion, int]] = {},
        *,
        seed: int = 0,
        spec: DetectorSpec = SPEC,
        is_styled: bool = False,
        **one_by_one: tuple[Suspicion, int],
    ) -> None:
        more = {**more_accounts, **one_by_one}
        chooser = random.Random(seed)
        states = population()
        if is_styled:
            states = {a: styled(s, *(("M", 10, "n1") if a in MEMBERS else ("O", 10, "n2"))) for a, s in states.items()}
        states |= {account_id: its for account_id, (its, _) in more.items()}
        marked = dict.fromkeys(MEMBERS, 9) | {account_id: count for account_id, (_, count) in more.items()}
        self.links = Links(spec)
        for account_id in ("first", *marked):
            # The first mention only tells that the link has a second account.
            self.links.observe(MARK, account_id, 0, START_MS)
        for account_id in chooser.sample(sorted(marked), len(marked)):
            self.links.observe(MARK, account_id, marked[account_id], START_MS)
        self.states = {account_id: states[account_id] for account_id in chooser.sample(sorted(states), len(states))}
        self.heard = Heard()
        for its in self.states.values():
            self.heard.restore(its)
        self.fading = Fading(spec)
        self.kin = KinDetector(spec, self.links, self.states, self.heard)
        self.case = self.opened("template:\x1fhwrapper", MEMBERS)
        self.kin.fit([self.case], frozenset(MEMBERS), START_MS)

    def opened(self, subject: str, members: list[str], tenant_id: str | None = None) -> Case:
        """An open campaign."""
        case = new_case(SPEC, "campaign", subject, START_MS, tenant_id)
        case.core = sorted(members)
        case.accounts = dict.fromkeys(members, START_MS)
        return case

    def found(self, *accounts: str, at_ms: int = START_MS, **fields: Any) -> list[str]:
        """Those of the accounts that join at their next bucket."""
        records = [bucket(account_id, at_ms, **fields) for account_id in accounts]
        return [a for _, nats in self.kin.find([self.case], records, at_ms) for a in nats]


LIKE = (state([LIST[number] for number in (1, 6, 11, 17, 22, 28, 31, 36)]), 6)
"""An account that works through the same list, in the same wrapper and manner."""


def test_the_list_in_the_same_wording_and_manner_is_kin() -> None:
    """Who works through the same list joins; who goes about its own affairs does not."""
    world = World(like=LIKE)

    assert world.found("like", *OTHERS) == ["like"]


@pytest.mark.parametrize(
    ("its", "is_capped"),
    [
        (styled(state([LIST[1], LIST[9], *own("x1")], rate=12.0, wrapped=0.9), "M", 4, "n1"), False),
        (styled(state([LIST[1], LIST[9], *own("x1")], rate=12.0, wrapped=0.5), "M", 1, "n2"), False),
        (styled(state(LIST, rate=3.0, wrapped=0.9), "O", 40, "n3"), True),
        (styled(since(9, state([LIST[1], LIST[9], *own("x1")])), "M", 4, "n1"), False),
    ],
    ids=["a habit of the members", "a habit of its own", "more than counts", "seen before the members"],
)
def test_evidence_is_the_sum_of_six(its: Suspicion, is_capped: bool) -> None:
    """The least evidence from which an account joins is that of all its resemblances, each capped as it is written."""
    world = World(is_styled=True, x1=(its, 3))
    everything, members = sum(s.rate for s in world.states.values()), {a: world.states[a] for a in MEMBERS}
    inside = sum(s.rate for s in members.values())
    asked = fit_asked([s.recent for s in members.values()], world.heard.of(None).openers)
    marks = fit_marks(SPEC.kin, world.links, MEMBERS, MEMBERS, inside, everything - inside, START_MS)
    cells = {a: manner_of(s, world.fading.fresh_per_day(s, START_MS)) for a, s in world.states.items()}
    manner = fit_manner([cells[a] for a in MEMBERS], [cells[a] for a in (*OTHERS, "x1")])[cells["x1"]]
    others = [world.states[a] for a in (*OTHERS, "x1")]
    traits = fit_traits(TraitCounts(members.values()), TraitCounts(others))
    assert asked is not None
    asked_by, marked = asked_nats(asked, counted(its.recent, 3)), marks_nats(marks, {MARK: 3.0}, its.rate)
    onset = fit_onset([onset_of(s) for s in members.values()], [onset_of(s) for s in others])
    nats = min(12.0, asked_by) + min(8.0, marked) + max(-6.0, min(6.0, manner)) + traits_nats(traits, its, 6.0)
    nats += onset_nats(onset, its)
    style = 0.0
    for facet, (chars, least, cap) in enumerate(((1, -2.0, 8.0), (2, -2.0, 6.0), (3, -2.0, 6.0), (3, 0.0, 8.0))):
        model = fit_asked([s.styles[facet] for s in members.values()], world.heard.of(None).styles[facet])
        assert model is not None
        style += max(least, min(cap, asked_nats(model, counted(its.styles[facet], chars))))
    nats += min(8.0, style)

    assert nats > 0
    assert (asked_by > 12, marked > 8) == (is_capped, is_capped)
    for least, expected in ((nats - 1e-6, ["x1"]), (nats + 1e-6, [])):
        spec = parse_spec(f"kin: {{nats_to_join: {least}}}", "x")
        assert World(spec=spec, is_styled=True, x1=(its, 3)).found("x1") == expected


def test_who_carries_no_mark_is_likelier_none() -> None:
    """The more it has sent; but of members a tenth may carry none."""
    world = World()
    kinship = world.kin.kinships[world.case.alert_id]
    marked, unmarked = (msgspec.structs.replace(kinship, marks=Marks({}, [more, 0.0, 0.0, 0.0])) for more in (0.5, 0.0))
    stranger = OTHERS[0]
    due = 0.5 * world.states[stranger].rate
    nats, nats_without = (world.kin.compare(k, [stranger], START_MS)[stranger] for k in (marked, unmarked))

    assert nats - nats_without == pytest.approx(math.log(0.9 * math.exp(-due) + 0.1))
    assert nats < nats_without


@pytest.mark.parametrize(
    ("its", "count"),
    [
        (state(own("u1")), 9),
        (state([LIST[0]] * 12, wrapped=0.0, crowd=0.1, rate=40.0), 0),
        (state([], wrapped=0.9), 9),
    ],
    ids=["only the wrapper and the manner", "one subject of the list", "nothing known of what it asks"],
)
def test_one_resemblance_is_not_enough(its: Suspicion, count: int) -> None:
    """A wrapper is free to anybody, one subject is anybody's, and a manner is shared by many."""
    assert World(u1=(its, count)).found("u1") == []


def test_who_began_with_the_members_is_closer_to_them() -> None:
    """Of two accounts alike in all else, the one that was first seen on the half day of the members."""
    newcomer, settled = LIKE[0], since(30, LIKE[0])
    world = World(like=(newcomer, 6), old=(settled, 6))
    for number, other in enumerate(OTHERS):
        world.states[other].first_ms = START_MS - (3 + number) * DAY_MS
    world.kin.fit([world.case], frozenset(MEMBERS), START_MS)
    onset = world.kin.kinships[world.case.alert_id].onset

    assert onset_nats(onset, newcomer) > 1
    assert onset_nats(onset, settled) < 0


def test_when_the_accused_began_says_nothing_of_others() -> None:
    """Accounts of other campaigns do not make the half day on which they began common."""
    nats = []
    for accused in ((), OTHERS[:40]):
        world = World()
        world.states.update({a: since(3 + number, world.states[a]) for number, a in enumerate(OTHERS[40:])})
        world.kin.fit([world.case], frozenset([*MEMBERS, *accused]), START_MS)
        nats.append(onset_nats(world.kin.kinships[world.case.alert_id].onset, LIKE[0]))

    assert nats[0] < 0.5
    assert nats[1] > 1


def test_never_over_tenants() -> None:
    """A campaign of one tenant takes in no account of another, however alike."""
    world = World(like=LIKE)

    assert world.found("like", tenant_id="t-2") == []
    world.case.tenant_id = "t-2"
    assert world.found("like", tenant_id="t-2") == ["like"]
    assert world.found("like") == []


def test_an_account_is_kin_of_one_campaign() -> None:
    """Of several campaigns that it resembles an account joins the first."""
    world = World(like=LIKE)
    second = world.opened("template:\x1fhother", MEMBERS)
    world.kin.fit([second], frozenset(MEMBERS), START_MS)
    found = world.kin.find([world.case, second], [bucket("like")], START_MS)

    assert [(case, list(nats)) for case, nats in found] == [(world.case, ["like"])]


def test_members_of_another_campaign_may_be_kin() -> None:
    """Accounts that are named already are compared too, so that campaigns can merge."""
    world = World(like=LIKE, u1=(state(own("u1"), wrapped=0.0), 0))

    assert world.kin.among(world.case, ["like", "u1", "unknown"], START_MS) == ["like"]


def test_a_link_is_not_enough_against_what_it_asks() -> None:
    """Who shares a link with the members but asks its own things in its own manner is unlike them; a member is not."""
    stranger = state(own("u1"), rate=3.0, wrapped=0.0, crowd=0.1)
    world = World(like=LIKE, u1=(stranger, 3), quiet=(state([], rate=0.0), 0))

    assert world.kin.is_unlike(world.case, "u1", START_MS)
    assert not world.kin.is_unlike(world.case, "like", START_MS)
    assert not world.kin.is_unlike(world.case, MEMBERS[0], START_MS)
    # Nothing speaks against who has shown nothing yet, or while nothing is known of the campaign.
    assert not world.kin.is_unlike(world.case, "quiet", START_MS)
    assert not world.kin.is_unlike(world.opened("template:\x1fhnew", ["u1"]), "u1", START_MS)
    lenient = World(spec=parse_spec("kin: {least_nats_of_linked: -100}", "x"), u1=(stranger, 3))
    assert not lenient.kin.is_unlike(lenient.case, "u1", START_MS)


@pytest.mark.parametrize(("surplus", "is_unlike"), [(0.0, True), (-0.01, False)])
def test_unlike_is_who_shows_no_more_than_is_set(surplus: float, is_unlike: bool) -> None:
    """By what it asks and its manner alone."""
    stranger = state(own("u1"), rate=3.0, wrapped=0.0, crowd=0.1)
    world = World(u1=(stranger, 3))
    kinship = world.kin.kinships[world.case.alert_id]
    assert kinship.source.asked is not None
    manner = kinship.manner[manner_of(stranger, world.fading.fresh_per_day(stranger, START_MS))]
    nats = min(12.0, asked_nats(kinship.source.asked, counted(stranger.recent, 3))) + max(-6.0, min(6.0, manner))
    world = World(spec=parse_spec(f"kin: {{least_nats_of_linked: {nats + surplus!r}}}", "x"), u1=(stranger, 3))

    assert world.kin.is_unlike(world.case, "u1", START_MS) is is_unlike


def test_little_traffic_says_nothing() -> None:
    """With too few exchanges of the account, of the members, or of anybody else nobody is kin."""
    assert World(like=(msgspec.structs.replace(LIKE[0], rate=1.9), 6)).found("like") == []
    assert World(spec=parse_spec("kin: {min_exchanges: 125}", "x"), like=LIKE).found("like") == []
    assert World(spec=parse_spec("kin: {min_exchanges: 124}", "x"), like=LIKE).found("like") == ["like"]
    assert World().found("unknown") == []

    alone = World(like=LIKE)
    alone.case.core = sorted(alone.states)
    alone.kin.fit([alone.case], frozenset(), START_MS)
    assert alone.found("like") == []
    assert not alone.kin.is_unlike(alone.case, "like", START_MS)


def test_what_was_sent_fades() -> None:
    """A hundred hours later so little is remembered of an account that it is compared no more."""
    assert World(like=LIKE).found("like", at_ms=START_MS + 100 * HOUR_MS) == []


def test_members_are_compared_again() -> None:
    """At a check, by all resemblances; not the core, and not whoever was silent since the last one."""
    stranger = state(own("u1"), rate=3.0, wrapped=0.0, crowd=0.1)
    silent = msgspec.structs.replace(stranger, last_ms=START_MS - 61 * MINUTE_MS)
    world = World(like=LIKE, u1=(stranger, 0), u2=(silent, 0))
    world.case.accounts |= dict.fromkeys(("like", "u1", "u2"), START_MS)

    nats = world.kin.compare_members(world.case, START_MS)
    assert nats.keys() == {"like", "u1"}
    assert nats["like"] >= SPEC.kin.nats_to_join
    assert -math.inf < nats["u1"] < 0
    # Whoever has joined is asked for the same evidence as whoever joins.
    ((_, joining),) = world.kin.find([world.case], [bucket("like"), bucket("u1")], START_MS)
    assert joining == {"like": nats["like"]}
    world.case.core = sorted([*MEMBERS, "u1"])
    assert world.kin.compare_members(world.case, START_MS).keys() == {"like"}
    unknown = world.opened("template:\x1fhnew", ["u1"])
    world.kin.kinships[unknown.alert_id] = Kinship(0)
    assert world.kin.compare_members(unknown, START_MS) == {}


def test_a_small_core_learns_from_those_that_are_surely_kin() -> None:
    """Members that joined as kin extend the core up to its size, when their evidence is well beyond joining."""
    world = World(like=LIKE, u1=(state(own("u1"), wrapped=0.0), 0))
    world.case.accounts |= {"like": START_MS, "u1": START_MS}
    world.case.core = sorted(MEMBERS)

    assert world.kin.sure(world.case, START_MS) == ["like"]
    assert world.kin.sure(world.opened("template:\x1fhnew", ["u1"]), START_MS) == []
    for text, expected in (("core_accounts: 10", []), ("core_accounts: 11", ["like"]), ("sure_nats: 30", [])):
        strict = World(spec=parse_spec(f"kin: {{{text}}}", "x"), like=LIKE)
        strict.case.accounts["like"] = START_MS
        assert strict.kin.sure(strict.case, START_MS) == expected


def test_kinship_is_learned_anew_by_the_clock_and_forgotten_with_the_case() -> None:
    """A new campaign's at once, others once per interval of event time; what changes is told."""
    world = World()
    interval_ms = round(SPEC.kin.check_minutes * 60_000)

    assert world.kin.is_due(world.opened("template:\x1fhnew", []), START_MS)
    assert not world.kin.is_due(world.case, START_MS + interval_ms - 1)
    assert world.kin.is_due(world.case, START_MS + interval_ms)

    assert world.kin.changed == {world.case.alert_id}
    world.kin.changed.clear()
    world.kin.forget({world.case.alert_id})
    assert world.kin.changed == set()
    world.kin.forget({})
    assert world.kin.changed == {world.case.alert_id}
    assert world.kin.kinships == {}


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_order_in_memory_does_not_show(seed: int) -> None:
    """What members share is the same to the last bit, whichever account or link came first."""
    world, shuffled = World(like=LIKE), World(seed=seed, like=LIKE)

    assert encode_snapshot(shuffled.kin.kinships) == encode_snapshot(world.kin.kinships)
    assert shuffled.found("like", *OTHERS) == world.found("like", *OTHERS)


def test_a_restored_kinship_finds_the_same() -> None:
    """A detector that got the kinship from its snapshot goes on with it until it is due again."""
    world, other = World(like=LIKE), World(like=LIKE)
    kinship = world.kin.kinships[world.case.alert_id]
    raw = encode_snapshot(kinship)
    other.kin.kinships.clear()
    other.kin.kinships[other.case.alert_id] = decode_snapshot(raw, msgspec.msgpack.Decoder(Kinship), "a kinship")

    assert other.kin.kinships[other.case.alert_id] == kinship
    assert not other.kin.is_due(other.case, START_MS)
    assert other.found("like", *OTHERS) == world.found("like", *OTHERS) == ["like"]


def test_a_kinship_that_is_fitted_is_to_be_written() -> None:
    """Else a restart would lose it, or go on with the one before."""
    world = World()
    world.kin.changed.clear()
    world.kin.fit([world.case], frozenset(MEMBERS), START_MS + HOUR_MS)
    assert world.kin.changed == {world.case.alert_id}
