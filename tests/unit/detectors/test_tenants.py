"""Tenants: what one tenant's accounts ask, carry and do says nothing of what is usual among another's."""

import random
from itertools import combinations
from statistics import median

import msgspec
import pytest

from detectors.campaigns import CampaignDetector
from detectors.fingerprint_layout import OPENER_CHARS
from detectors.heard import Heard
from detectors.interchange import InterchangeDetector
from detectors.source import fit_source
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.vocabulary import codes_of
from tests.unit.detectors.samples import BUCKET_MS, START_MS, bucket, heard_of
from tests.unit.detectors.test_alike import LIST as STOCK
from tests.unit.detectors.test_alike import SPEC as SEARCH
from tests.unit.detectors.test_alike import found as found_among
from tests.unit.detectors.test_alike import state as asks
from tests.unit.detectors.test_alike import stranger
from tests.unit.detectors.test_interchange import dealt_out, people
from tests.unit.detectors.test_kin import LIKE, LIST, MEMBERS, OTHERS, World, own, state, styled

SPEC = DetectorSpec()


def of(tenant_id: str | None, its: Suspicion) -> Suspicion:
    """The account as a tenant's."""
    return msgspec.structs.replace(its, tenant_id=tenant_id)


def beside(strangers: dict[str, Suspicion], tenant_id: str | None = "t-2") -> World:
    """A campaign of a tenant, and strangers of another one who carry marks of theirs."""
    world = World(like=LIKE, u1=(state(own("u1"), wrapped=0.0), 0), is_styled=True)
    for account_id, its in strangers.items():
        world.states[account_id] = of(tenant_id, its)
        world.heard.restore(world.states[account_id])
        for key in (f"template:{tenant_id}\x1fhwrapper", f"configuration:{tenant_id}\x1fc"):
            world.links.observe(key, account_id, 9, START_MS)
    world.kin.fit([world.case], frozenset(MEMBERS), START_MS)
    return world


STRANGERS = {
    "work through the same list": {f"z{n:03d}": styled(LIKE[0], "M", 10, "n1") for n in range(300)},
    "ask other things in another manner": {
        f"z{n:03d}": styled(state(own(f"{n:02d}"), rate=90.0, wrapped=0.0, crowd=0.9), "Q", 40, "n9")
        for n in range(300)
    },
    "are one": {"z000": state(LIST[:20], rate=5_000.0)},
}


@pytest.mark.parametrize("name", STRANGERS)
def test_another_tenants_accounts_change_no_kinship(name: str) -> None:
    """However many they are, and whatever they ask, carry and do: the same kinship, and the same accounts join."""
    alone, among = beside({}), beside(STRANGERS[name])

    assert among.kin.kinships == alone.kin.kinships
    assert among.found("like", "u1", *OTHERS) == alone.found("like", "u1", *OTHERS) == ["like"]
    compared = ([*MEMBERS, "like", "u1", *OTHERS], START_MS)
    nats = [world.kin.compare(world.kin.kinships[world.case.alert_id], *compared) for world in (among, alone)]
    assert nats[0] == nats[1]


@pytest.mark.parametrize("name", STRANGERS)
def test_the_same_accounts_of_the_tenant_itself_do(name: str) -> None:
    """The counter-test: as its own they are part of what is usual."""
    assert beside(STRANGERS[name], None).kin.kinships != beside({}).kin.kinships


def test_campaigns_of_two_tenants_are_fitted_each_beside_its_own() -> None:
    """Together, or one after the other at the same time: each kinship is that of its campaign alone."""
    second = {f"second{number}": state(LIST[number : number + 20]) for number in range(10)}
    strangers = STRANGERS["ask other things in another manner"] | second
    together, apart = beside(strangers), beside(strangers)
    cases = [together.case, together.opened("template:t-2\x1fhwrapper", list(second), "t-2")]
    accused = frozenset([*MEMBERS, *second])
    together.kin.fit(cases, accused, START_MS)
    for case in cases:
        apart.kin.fit([case], accused, START_MS)

    assert [kinship.marks is None for kinship in together.kin.kinships.values()] == [False, False]
    assert together.kin.kinships == apart.kin.kinships
    # Of a campaign that turns out to be two it is asked once more in the same bucket what each part has in common.
    for case in cases:
        its = apart.kin.kinship_of(case.core, case.tenant_id)
        states = [together.states[account_id] for account_id in case.core]
        assert its.source == together.kin.kinships[case.alert_id].source
        assert its.source == fit_source(states, together.heard.of(case.tenant_id))


def test_what_a_tenants_accounts_say_is_counted_for_it() -> None:
    """Openers and styles, heard and restored; nothing of it for another tenant, nor for accounts of none."""
    heard, states = Heard(), {tenant: Suspicion(0, 0, tenant_id=tenant) for tenant in ("t-1", "t-2", None)}
    for number, its in enumerate(states.values()):
        heard.hear(its, bucket(slots=["abc", f"x{number}x"], styles="TpqlnmUprlnm"))
    again = heard_of(states.values())

    for known in (heard, again):
        for number, tenant in enumerate(states):
            assert known.of(tenant).openers.counts == {"abc": 1, f"x{number}x": 1}
            assert [vocabulary.total for vocabulary in known.of(tenant).styles] == [2, 2, 2, 2]
    assert heard.of("t-3").openers.counts == {}


def test_what_was_said_moves_with_the_account() -> None:
    """An account that turns up at another tenant is counted there and no longer at its first; one that stays, once."""
    heard = Heard()
    moving, staying = (Suspicion(0, 0, tenant_id="t-1") for _ in range(2))
    heard.hear(moving, bucket(slots=["abc", "xyz"], styles="Tpqlnm"))
    heard.hear(staying, bucket(slots=["abc"], styles="Uprlnm"))
    heard.move(moving, "t-1")
    assert heard.of("t-1").openers.counts == {"abc": 2, "xyz": 1}

    heard.move(moving, "t-2")
    assert moving.tenant_id == "t-2"
    assert heard.of("t-1").openers.counts == {"abc": 1}
    assert heard.of("t-2").openers.counts == {"abc": 1, "xyz": 1}
    assert [dict(heard.of(tenant).styles[0].counts) for tenant in ("t-1", "t-2")] == [{"U": 1}, {"T": 1}]
    assert (moving.recent, moving.styles[:3]) == ("abcxyz", ["T", "pq", "lnm"])


def test_an_account_moves_with_its_records() -> None:
    """Through the whole detector: what it said before it came to another tenant is that one's from then on."""
    detector = CampaignDetector(SPEC)
    for number, tenant_id in enumerate(("t-1", "t-1", "t-2", None)):
        start_ms = START_MS + number * BUCKET_MS
        detector.observe(bucket("a", start_ms, tenant_id=tenant_id, slots=[f"ab{number}"], styles="Tpqlnm"))
        detector.advance(start_ms + BUCKET_MS)
        said = detector._known.heard.of(tenant_id)
        assert said.openers.counts == {f"ab{before}": 1 for before in range(number + 1)}
        assert said.styles[0].counts == {"T": number + 1}
        assert detector._known.accounts["a"].tenant_id == tenant_id

    assert detector._known.heard.of("t-1").openers.total == detector._known.heard.of("t-2").openers.total == 0


def test_a_tenant_without_accounts_leaves_nothing_behind() -> None:
    """Tenants come and go; one that has only said styles is there, too."""
    heard = Heard()
    states = [Suspicion(0, 0, tenant_id=f"t-{number}") for number in range(3)]
    heard.hear(states[0], bucket(slots=["abc"]))
    heard.hear(states[1], bucket(styles="Tpqlnm"))
    heard.hear(states[2], bucket(slots=["abc"], styles="Tpqlnm"))
    heard.forget(Suspicion(0, 0, tenant_id="t-0"))
    heard.forget(Suspicion(0, 0, tenant_id="t-1"))
    assert sorted(map(str, heard._said)) == ["t-0", "t-1", "t-2"]

    heard.forget(states[0])
    heard.move(states[1], "t-2")
    assert list(heard._said) == ["t-2"]
    heard.forget(states[1])
    assert list(heard._said) == ["t-2"]
    heard.forget(states[2])
    assert list(heard._said) == []


def coherence_of(its: Suspicion, others: list[Suspicion]) -> float:
    """(w - b) / (1 - b) of what one account asks, pair by pair, beside what all others of its tenant ask."""
    asked, asked_by_others = codes_of(its.recent, OPENER_CHARS), [codes_of(o.recent, OPENER_CHARS) for o in others]
    pairs = list(combinations(asked, 2))
    within = sum(a == b for a, b in pairs) / len(pairs)
    equal = sum(a == b for a in asked for codes in asked_by_others for b in codes)
    between = equal / max(1, len(asked) * sum(map(len, asked_by_others)))
    return (within - between) / (1 - between)


@pytest.mark.parametrize(("sizes", "is_known"), [((20, 25), True), ((15, 14, 1), True), ((20, 9), False)])
def test_how_people_keep_to_themselves_is_learned_over_tenants(sizes: tuple[int, ...], *, is_known: bool) -> None:
    """From thirty accounts on, whosever they are; each is compared with the others of its own tenant."""
    by_tenant = [[of(f"t-{tenant}", its) for its in people(size, 14, seed=tenant)] for tenant, size in enumerate(sizes)]
    states = [its for own_states in by_tenant for its in own_states]
    judge = InterchangeDetector(SPEC, heard_of(states))
    judge.learn({str(number): its for number, its in enumerate(states)}, ())

    each = [
        coherence_of(its, own_states[:place] + own_states[place + 1 :])
        for own_states in by_tenant
        for place, its in enumerate(own_states)
    ]
    assert judge.coherence == pytest.approx([median(each) if is_known else 0.0] * 4)


def test_what_another_tenants_users_ask_is_no_pool_of_this_ones() -> None:
    """Whether accounts are dealt one list is told from what their own tenant's accounts ask."""
    states = [of("t-1", its) for its in dealt_out(24, 20)]
    nats = []
    for others in ([], [of("t-2", its) for its in people(300, 40)]):
        judge = InterchangeDetector(SPEC, heard_of([*states, *others]))
        judge.coherence = [0.05] * 4
        nats.append(judge.nats_of(states).tolist())

    assert nats[0] == nats[1]


@pytest.mark.parametrize(("tenants", "is_found"), [(("t-1", "t-2"), False), (("t-1", "t-1"), True)])
def test_what_all_of_a_tenant_ask_is_no_likeness(tenants: tuple[str, str], *, is_found: bool) -> None:
    """Sixty accounts draw from one stock: beside a hundred strangers of their own tenant, not beside another's."""
    stock = {
        f"m{n:02d}": of(tenants[0], asks(random.Random(n).sample(STOCK, 24), rate=12 + 0.02 * n)) for n in range(60)
    }
    found = found_among(stock | {f"s{n:02d}": of(tenants[1], stranger(n)) for n in range(100)}, SEARCH)

    assert [evidence.accounts for _, evidence in found] == ([tuple(stock)] if is_found else [])
