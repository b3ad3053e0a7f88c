"""Linked accounts: what counts as a link, and what a link may say."""

import math
import random
from typing import Any

import pytest

from detectors.even_load import GroupEvidence
from detectors.exchange import NOBODY
from detectors.groups import GroupDetector
from detectors.heard import Heard
from detectors.interchange import InterchangeDetector
from detectors.links import Links
from detectors.sign_test import sign_test_nats
from detectors.spec import DetectorSpec, parse_spec
from detectors.suspicion import Suspicion
from tests.unit.detectors.samples import DAY_MS, HOUR_MS, START_MS

SPEC = DetectorSpec()
NOW_MS = START_MS + 20 * HOUR_MS


def judge_of(links: Links, states: dict[str, Suspicion], spec: DetectorSpec = SPEC) -> GroupDetector:
    """A detector that has not learned yet how much people keep to themselves."""
    return GroupDetector(spec, links, states, InterchangeDetector(spec, Heard()))


def threshold_nats(spec: DetectorSpec = SPEC) -> float:
    """Evidence from which a group is named at first."""
    return judge_of(Links(spec), {}, spec).threshold_nats


def linked(
    key: str,
    sizes: list[int],
    crowd: float = 1.0,
    spec: DetectorSpec = SPEC,
    organizations: int = 0,
    share: float = 1.0,
    lasted_hours: list[float] | None = None,
    took_over: tuple[int, int] = (0, 0),
    left_out: tuple[str, ...] = (),
    counts_takeovers: bool = True,
    seed: int | None = None,
    texts: tuple[str, ...] = (),
) -> GroupEvidence | None:
    """Evidence on a link on which each account made so many exchanges over twenty hours, this share of all it made.

    They came to it in order, or in that of a seed. They belong to so many organisations in turn, or to none.
    ``lasted_hours`` are from the first to the latest exchange of each. They took over at so many refusals of so many.
    Some are left out. ``texts`` stand for the latest prompts of each.
    """
    links = Links(spec)
    accounts = {f"a{number:03d}": size for number, size in enumerate(sizes)}
    order = list(accounts) if seed is None else random.Random(seed).sample(list(accounts), len(accounts))
    for account_id in ["stranger", *order]:
        links.observe(key, account_id, 0, START_MS)
    for account_id in order:
        links.observe(key, account_id, 0, START_MS)
        links.observe(key, account_id, accounts[account_id], NOW_MS)
    for account_id, hours in zip(accounts, lasted_hours or [], strict=lasted_hours is not None):
        links.groups[key].members[account_id].first_ms = NOW_MS - round(hours * HOUR_MS)
    links.groups[key].took_over, links.groups[key].compared = took_over
    states = {
        a: Suspicion(
            START_MS,
            NOW_MS,
            slots=10.0,
            popular=10 * crowd,
            rate=size / share,
            organization=number % organizations if organizations else NOBODY,
            texts=texts[number] if texts else "",
        )
        for number, (a, size) in enumerate(accounts.items())
    }
    return judge_of(links, states, spec).judge(key, NOW_MS, left_out, counts_takeovers=counts_takeovers)


EVEN = [19, 20, 21, 22, 18, 20, 23, 19, 21, 20]


def test_members_fade() -> None:
    """A member's exchanges count exp(-t / memory) after a time t."""
    links = Links(SPEC)
    for account_id in ("a", "b"):
        links.observe("device::d", account_id, 4, START_MS)
    links.observe("device::d", "b", 1, START_MS + 12 * HOUR_MS)
    faded = (4 * math.exp(-12 / 36) + 1) * math.exp(-6 / 36)

    assert links.remembered("device::d", START_MS + 18 * HOUR_MS) == {"b": pytest.approx(faded)}


MANY = parse_spec("groups: {max_members: 50}", "x")


def test_a_part_of_very_many_accounts_is_evidence_enough() -> None:
    """Four hundred accounts loaded evenly: those that are kept are named; people of every measure are not."""
    even = linked("template::t", [18 + number % 5 for number in range(400)], spec=MANY)
    chooser = random.Random(2)
    uneven = linked("template::t", [min(300, int(chooser.paretovariate(0.8))) for _ in range(400)], spec=MANY)

    assert even is not None
    assert even.nats > threshold_nats(MANY)
    assert 12 <= len(even.accounts) <= 50
    assert uneven is None or uneven.nats < threshold_nats(MANY)


def test_the_threshold_carries_the_number_of_links() -> None:
    """Naming is dearer by the logarithm of the links that were looked at in the time of one memory."""
    groups = judge_of(Links(SPEC), {})
    memories = SPEC.false_alarms.days_per_false_campaign * 24 / SPEC.harvest.memory_hours
    assert groups.threshold_nats == pytest.approx(math.log(1 + SPEC.groups.assumed_links * memories))

    groups.restore_search_cost(100_000.0, 1, 0)
    assert groups.threshold_nats == pytest.approx(math.log(1 + 100_000 * memories))
    groups.restore_search_cost(100.0, 1, 5_000)
    assert groups.threshold_nats == pytest.approx(math.log(1 + 5_000 * memories)), "today's are paid for today"


@pytest.mark.parametrize(("hours", "more"), [(0, 3), (47, 3), (48, 0), (480, 0)])
def test_naming_is_dearer_in_the_first_two_days(hours: int, more: int) -> None:
    """Of those who use a link lightly hardly one has been seen."""
    groups = judge_of(Links(SPEC), {})
    usual = groups.threshold_nats

    groups.note_age(START_MS + hours * HOUR_MS, START_MS)

    assert groups.threshold_nats == pytest.approx(usual + more)


def test_the_first_full_day_is_all_that_is_known_of_the_search() -> None:
    """From then on the latest day makes up three tenths of the mean of links judged; a day counts when it is over."""
    links, states = Links(SPEC), {f"a{number}": Suspicion(START_MS, NOW_MS, rate=20.0) for number in range(5)}
    groups, known = judge_of(links, states), []
    for day, count in enumerate((400, 100, 200, 1)):
        for key in [f"template::t{number}" for number in range(count)]:
            for account_id in ("first", *states):
                links.observe(key, account_id, 20, NOW_MS + day * DAY_MS)
            groups.judge(key, NOW_MS + day * DAY_MS)
        known.append(groups.search_cost())

    today, second = NOW_MS // DAY_MS, 400 + 0.3 * (100 - 400)
    assert known[:3] == [(0.0, today, 400), (400.0, today + 1, 100), (second, today + 2, 200)]
    assert known[3] == (pytest.approx(second + 0.3 * (200 - second)), today + 3, 1)


@pytest.mark.parametrize(
    ("key", "crowd", "weight"),
    [("template::t", 1.0, 1.0), ("template::t", 0.375, 0.5), ("device::d", 0.7, 1.0), ("device::d", 0.59, 0.0)],
)
def test_takeovers_are_evidence_as_far_as_a_crowd_is_asked_for(key: str, crowd: float, weight: float) -> None:
    """They are added to an even load, in proportion to what is asked; payments and devices must speak in full."""
    without, with_them = linked(key, EVEN, crowd), linked(key, EVEN, crowd, took_over=(9, 11))
    assert without is not None
    assert with_them is not None
    assert with_them.takeovers is not None

    assert with_them.takeovers.nats == pytest.approx(weight * sign_test_nats(9, 11))
    assert with_them.nats == pytest.approx(without.nats + with_them.takeovers.nats)


def test_takeovers_of_accounts_that_are_left_out_are_theirs() -> None:
    """What is judged without some of the accounts is judged without takeovers: they may have made them."""
    without: dict[str, Any] = {"left_out": ("a000",), "counts_takeovers": False}
    both = [linked("template::t", EVEN, took_over=its, **without) for its in ((0, 0), (9, 11))]

    assert both[0] == both[1] is not None


def test_takeovers_count_beside_accounts_that_were_judged_benign() -> None:
    """Whoever is left out for a verdict is no campaign to whom they could belong."""
    both = [linked("template::t", EVEN, took_over=its, left_out=("a000",)) for its in ((0, 0), (9, 11))]

    assert both[0] is not None
    assert both[1] is not None
    assert both[1].nats == pytest.approx(both[0].nats + sign_test_nats(9, 11))


def test_takeovers_support_and_name_nobody() -> None:
    """They add at most as much as the even load has, and 6 nats; people of every measure, or all busy, have none."""
    for crowd, most in ((1.0, 6.0), (0.32, math.inf)):
        without, supported = linked("template::t", EVEN, crowd), linked("template::t", EVEN, crowd, took_over=(90, 90))
        assert without is not None
        assert supported is not None
        assert supported.nats == pytest.approx(without.nats + min(without.nats, most))

    assert linked("template::t", [1, 2, 3, 5, 9, 20, 60, 200, 2, 1], took_over=(90, 90)) is None
    busy = linked("template::t", [1, 2, 5, 8, 12, 18, 26, 38, 60, 100, 9, 14, 20] * 2, took_over=(90, 90))
    assert busy is not None
    assert busy.nats <= 0


def test_even_load_is_evidence_and_people_are_none() -> None:
    """Ten accounts with twenty exchanges each stand out; ten whose use spreads over two decades do not."""
    evidence = linked("template::t", EVEN)
    uneven = linked("template::t", [1, 1, 2, 2, 3, 5, 8, 20, 60, 200])

    assert evidence is not None
    assert evidence.nats > threshold_nats()
    assert len(evidence.accounts) == len(EVEN)
    # Twenty exchanges, remembered for 36 h (1 - exp(-20 / 36)) = 15.3 h.
    assert evidence.rate == pytest.approx(20 * 24 / (36 * (1 - math.exp(-20 / 36))), rel=0.1)
    assert uneven is None or uneven.nats < threshold_nats()


@pytest.mark.parametrize(
    ("kind", "crowd", "is_full"),
    [
        ("template", 0.9, True),
        ("template", 0.3, False),
        ("payment", 0.59, False),
        ("payment", 0.62, True),
        ("device", 0.61, True),
    ],
)
def test_content_must_speak(kind: str, crowd: float, is_full: bool) -> None:
    """Jobs on own data are no campaign; a firm or a household is one only if it asks clearly what a crowd asks."""
    evidence = linked(f"{kind}::x", EVEN, crowd)

    assert evidence is not None
    assert (evidence.nats > 10) is is_full
    assert evidence.nats == 0 or is_full


@pytest.mark.parametrize(
    ("kind", "organizations", "accounts"),
    [
        ("payment", 0, 10),
        ("payment", 10, 10),
        ("payment", 7, 7),
        ("payment", 1, 0),
        ("template", 7, 7),
        ("template", 1, 0),
        ("configuration", 7, 7),
        ("configuration", 1, 0),
        ("device", 1, 10),
    ],
)
def test_an_organisation_is_one_customer(kind: str, organizations: int, accounts: int) -> None:
    """Accounts that pay, are set up or word alike count once for each organisation, those of none and devices each."""
    evidence = linked(f"{kind}::x", EVEN, organizations=organizations)

    assert len(() if evidence is None else evidence.accounts) == accounts


@pytest.mark.parametrize("kind", ["payment", "template"])
def test_it_does_not_show_who_came_first(kind: str) -> None:
    """Of each organisation the same account counts, and sums come out the same to the last bit."""
    sizes = [round(17 + 1.3 * number) for number in range(12)]
    evidence = [linked(f"{kind}::x", sizes, organizations=6, seed=seed) for seed in range(12)]

    assert evidence[0] is not None
    assert all(other == evidence[0] for other in evidence)


@pytest.mark.parametrize(("kind", "expected"), [("template", False), ("configuration", True), ("device", True)])
def test_only_what_is_set_up_can_be_a_campaigns_own(kind: str, expected: bool) -> None:
    """Words are free to anybody: whoever uses them next does not join at once."""
    evidence = linked(f"{kind}::x", EVEN)

    assert evidence is not None
    assert evidence.is_pure is expected


@pytest.mark.parametrize("sizes", [EVEN[:4], [3] * 10, [0] * 10])
def test_small_or_slow_clusters_are_like_honest_use(sizes: list[int]) -> None:
    """Fewer than five accounts, or fewer than 5.5 exchanges a day each, name nobody."""
    assert linked("template::t", sizes) is None


def test_a_link_is_judged_every_half_hour_at_most() -> None:
    """A busy link costs no more than a quiet one, and one that few use nothing."""
    links = Links(SPEC)
    groups = judge_of(links, {})
    for number in range(SPEC.groups.min_accounts):
        assert not links.groups or not groups.is_due("template::t", START_MS + HOUR_MS)
        links.observe("template::t", f"a{number}", 20, START_MS)
    # The first account of all is not kept.
    assert not groups.is_due("template::t", START_MS + HOUR_MS)
    links.observe("template::t", "another", 20, START_MS)

    assert groups.is_due("template::t", START_MS + HOUR_MS)
    assert not groups.is_due("template::t", START_MS + HOUR_MS + 29 * 60_000)
    assert groups.is_due("template::t", START_MS + HOUR_MS + 30 * 60_000)


@pytest.mark.parametrize("kind", ["template", "configuration", "payment", "device"])
@pytest.mark.parametrize(("lasting", "short_hours", "is_found"), [(3, 0, True), (2, 11.9, False), (0, 3, False)])
def test_what_many_try_for_an_hour_is_no_campaign(kind: str, lasting: int, short_hours: float, is_found: bool) -> None:
    """Of ten accounts three must have come back after twelve hours, unless it is a thing that is paid for or owned."""
    lasted_hours = [12.0] * lasting + [short_hours] * (10 - lasting)
    spec = parse_spec("groups: {sitting_exchanges: 24}", "x")

    evidence = linked(f"{kind}::x", EVEN, spec=spec, lasted_hours=lasted_hours)

    assert (evidence is not None) is (is_found or kind in ("payment", "device"))


LIGHT = [1] * 60
HEAVY = [7, 8, 8, 9, 9, 10, 11]
"""Of twenty hours: some 1.5, and 11 to 17 exchanges a day."""
WORDS = "template:\x1fcwords"
PICKY = parse_spec("groups: {gap_share: 0.21, link_share: 0.1}", "x")


def test_accounts_above_a_gap_are_found_among_many_light_users() -> None:
    """Seven that use everybody's words evenly and often, a fifth of what they do; the evidence pays for two looks."""
    evidence = linked(WORDS, [*LIGHT, *HEAVY], crowd=0.5, share=0.2)

    assert evidence is not None
    assert evidence.is_apart
    assert not evidence.is_pure
    assert evidence.accounts == tuple(f"a{number:03d}" for number in range(60, 67))
    assert evidence.nats == pytest.approx(7 * math.log(1 + math.exp(1.1)) - math.log(7) - math.log(2))
    days = 1.5 * (1 - math.exp(-20 / 36))
    assert evidence.rate == pytest.approx(math.prod(size / days for size in HEAVY) ** (1 / 7))
    assert evidence.ratio == pytest.approx(7 / 67)


@pytest.mark.parametrize(("latest_hours", "is_found"), [(2, False), (13, True)])
def test_time_that_passes_brings_nobody_back(latest_hours: float, is_found: bool) -> None:
    """Ten accounts, looked at after twenty hours: what counts is when they sent their latest exchange, not the look."""
    spec = parse_spec("groups: {sitting_exchanges: 100}", "x")
    links, latest_ms = Links(spec), START_MS + round(latest_hours * HOUR_MS)
    for at_ms in (START_MS, latest_ms):
        for number, size in enumerate([0, *EVEN]):
            links.observe("template::t", f"a{number}", size, at_ms)
    states = {f"a{n + 1}": Suspicion(START_MS, latest_ms, slots=1.0, popular=1.0, rate=40.0) for n in range(10)}

    evidence = judge_of(links, states, spec).judge("template::t", NOW_MS)

    assert (evidence is not None) is is_found


@pytest.mark.parametrize(("most", "is_found"), [(21, True), (22, False)])
def test_who_sends_more_than_people_do_in_a_sitting_need_not_come_back(most: int, is_found: bool) -> None:
    """Of ten accounts, all there for two hours, three have sent 21 exchanges and more, two of them 22 and more."""
    spec = parse_spec(f"groups: {{sitting_exchanges: {most}}}", "x")

    assert bool(linked("template::x", EVEN, spec=spec, lasted_hours=[2.0] * 10)) is is_found


def test_accounts_above_a_gap_must_come_back_too() -> None:
    """Those seven are none when they did all of it in two hours, and so are they when only two of them went on."""
    for lasting in (2, 0):
        lasted_hours = [20.0] * len(LIGHT) + [20.0] * lasting + [2.0] * (len(HEAVY) - lasting)

        assert linked(WORDS, [*LIGHT, *HEAVY], crowd=0.5, share=0.2, lasted_hours=lasted_hours) is None


@pytest.mark.parametrize(
    ("key", "sizes", "fields", "why"),
    [
        (WORDS, [*LIGHT, *HEAVY[:4]], {}, "four are too few"),
        (WORDS, [*LIGHT, *[2] * 4, 3, 3, *HEAVY], {}, "there is no gap"),
        (WORDS, [*LIGHT, *[3] * 10, *[4] * 5], {"share": 0.2}, "on average they are slower than a campaign"),
        (WORDS, [*LIGHT, *HEAVY], {"share": 0.14}, "it is little of what they do"),
        (WORDS, [*LIGHT, *HEAVY], {"share": 0.2, "spec": PICKY}, "it is less of what they do than is asked for"),
        (WORDS, [*LIGHT, *HEAVY], {"crowd": 0.44, "share": 0.2}, "what they ask is no crowd's"),
        (WORDS, [*LIGHT, *HEAVY], {"organizations": 4, "share": 0.2}, "four firms are four customers"),
        ("payment:\x1fp", [*LIGHT, *HEAVY], {"share": 0.2}, "who pays together has an honest name"),
    ],
)
def test_an_honest_gap_is_none(key: str, sizes: list[int], fields: dict[str, Any], why: str) -> None:
    """Too few, too gradual, too slow, too small a part, a job, one customer, a household."""
    assert linked(key, sizes, **fields) is None, why
