"""Judging links: slow lists are found where accounts are interchangeable, conversations where they are very even."""

import math
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from detectors.even_load import Bounds, GroupEvidence, Stay, even_load, nats_over_busy
from detectors.exchange import NOBODY
from detectors.groups import GroupDetector
from detectors.heard import Heard
from detectors.interchange import InterchangeDetector
from detectors.link_judge import LinkJudge, Use
from detectors.links import Links
from detectors.spec import DetectorSpec, parse_spec
from detectors.suspicion import Suspicion
from detectors.vocabulary import RECENT_CODES
from tests.unit.detectors.samples import HOUR_MS, START_MS

SPEC = DetectorSpec()
NOW_MS = START_MS + 20 * HOUR_MS
THRESHOLD_NATS = GroupDetector(SPEC, Links(SPEC), {}, InterchangeDetector(SPEC, Heard())).threshold_nats
BOUNDS = Bounds(SPEC.groups.least_rate, SPEC.groups.min_rate, SPEC.groups.member_rate, SPEC.groups.max_spread)
SPOKEN_BOUNDS = Bounds(
    2 * SPEC.groups.least_rate, SPEC.groups.spoken_rate, 2 * SPEC.groups.member_rate, SPEC.groups.spoken_spread
)
WORDS = "template:\x1fcwords"
SLOW = [2, 3, 3, 2, 3, 2, 3, 3, 2, 3] * 3
"""Remembered of forty hours: 2 to 3 exchanges a day and account."""


def slow(
    key: str = WORDS,
    sizes: list[int] = SLOW,
    people: int = 0,
    prompts: int = 8,
    hours: float = 40,
    crowd: float = 0.65,
    turns: Sequence[int] = (1,),
    elsewhere: int = 0,
    left_out: Sequence[str] = (),
    organization: int = NOBODY,
) -> GroupEvidence | None:
    """Evidence on a link on which each account begins so many conversations, and has sent a multiple of prompts.

    All prompts are from one list, but those of the first ``people``, who have their own affairs. The accounts take the
    turns of a conversation in rotation. Of what each begins, or where some are left out what these begin, a multiple
    is ``elsewhere``, not on the link. All are one organisation's, if it is given.
    """
    chooser, heard = random.Random(5), Heard()
    links, openers = Links(SPEC), [f"L{number:02d}" for number in range(50)]
    first_ms = NOW_MS - round(hours * HOUR_MS)
    states: dict[str, Suspicion] = {}
    accounts = {f"a{number:03d}": size for number, size in enumerate(sizes)}
    for account_id in ["stranger", *accounts]:
        links.observe(key, account_id, 0, first_ms)
    for account_id, size in accounts.items():
        asked = chooser.sample(openers, 5) if len(states) < people else openers
        times = 1 + elsewhere * (not left_out or account_id in left_out)
        states[account_id] = Suspicion(
            first_ms,
            NOW_MS,
            slots=10.0,
            popular=10 * crowd,
            organization=organization,
            rate=float(size * times),
            remembered=float(times * size * turns[len(states) % len(turns)]),
            recent="".join(chooser.choice(asked) for _ in range(min(RECENT_CODES, prompts * size))),
        )
        heard.restore(states[account_id])
        links.observe(key, account_id, 0, first_ms)
        links.observe(key, account_id, size, NOW_MS)
    interchange = InterchangeDetector(SPEC, heard)
    interchange.coherence = [0.05, 0.0, 0.0, 0.0]
    return GroupDetector(SPEC, links, states, interchange).judge(key, NOW_MS, left_out)


@pytest.mark.parametrize(("crowd", "weight", "is_load_weaker"), [(0.6, 1.0, False), (0.375, 0.5, True)])
def test_a_slow_list_is_found_where_accounts_are_interchangeable(
    crowd: float, weight: float, *, is_load_weaker: bool
) -> None:
    """As slow as people are; the weaker of both kinds of evidence counts, less log 4 for the third look at the link."""
    sizes = [2, 2, 2, 3, 3, 4, 5, 6, 7, 8] * 3
    evidence = slow(sizes=sizes, crowd=crowd)

    assert evidence is not None
    assert evidence.dealt is not None
    assert len(evidence.accounts) >= 25
    assert 1.5 <= evidence.rate < SPEC.groups.min_rate
    states = {f"a{n:03d}": Suspicion(START_MS, NOW_MS, slots=1.0, popular=crowd) for n in range(30)}
    days = 1.5 * (1 - math.exp(-40 / 36))
    slow_bounds = BOUNDS._replace(min_rate=SPEC.interchange.min_rate, member_rate=SPEC.interchange.member_rate)
    rates = {name: size / days for name, size in zip(states, sizes, strict=True)}
    even = even_load(SPEC.groups, rates, states, slow_bounds)
    assert even is not None
    load_nats = weight * even.nats
    assert (load_nats < evidence.dealt.nats) == is_load_weaker
    assert evidence.nats == pytest.approx(min(load_nats, evidence.dealt.nats) - math.log(4))
    assert evidence.nats >= THRESHOLD_NATS


@pytest.mark.parametrize(
    ("sizes", "turns"), [([18, 22, 20, 25, 19, 23] * 5, (1,)), (SLOW, (1,)), (SLOW, (9,)), ([1, 2] * 15, (20,))]
)
@pytest.mark.parametrize("seats", [30, 19])
@pytest.mark.parametrize("people", [0, 30])
def test_seats_of_one_organisation_are_named_where_they_are_interchangeable(
    sizes: list[int], turns: tuple[int, ...], seats: int, people: int
) -> None:
    """Colleagues are loaded evenly too, but keep to their affairs; of fewer than twenty it is not told."""
    load = {"sizes": sizes[:seats], "people": people, "turns": turns, "prompts": 20}
    evidence, of_strangers = (slow("configuration:\x1fc", organization=name, **load) for name in (7, NOBODY))
    is_found_anyway = sizes is not SLOW or turns != (1,) or (seats, people) == (30, 0)

    assert (of_strangers is not None and of_strangers.nats >= THRESHOLD_NATS) == is_found_anyway
    assert (evidence is not None) == (seats == 30 and people == 0)
    assert evidence is None or (evidence.dealt is not None and len(evidence.accounts) >= 25)


def test_who_keeps_to_his_own_affairs_is_not_named_with_a_slow_list() -> None:
    """Three people on the link, as evenly loaded as the rest."""
    evidence = slow(people=3, prompts=20)

    assert evidence is not None
    assert not {"a000", "a001", "a002"} & set(evidence.accounts)
    assert len(evidence.accounts) >= 25


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"people": 30}, "people come back to their own affairs"),
        ({"sizes": [1, 1, 1, 2, 2, 3, 4, 6, 10, 20] * 3}, "some use it twenty times as much as others"),
        ({"hours": 6}, "nobody has come back yet"),
        ({"key": "payment:\x1fp"}, "a small firm may have one service behind its accounts"),
        ({"crowd": 0.31}, "what they ask is hardly a crowd's"),
        ({"sizes": SLOW[:16]}, "of so few accounts it tells nothing"),
    ],
)
def test_what_is_slow_is_honest_otherwise(change: dict[str, Any], why: str) -> None:
    """One thing is missing in turn."""
    evidence = slow(**change)

    assert evidence is None or evidence.dealt is None, why
    assert evidence is None or evidence.nats < THRESHOLD_NATS, why


BUSY = [3, 5, 7, 9, 12, 16, 21, 28, 38, 60] * 3
"""Users of an app that most of them use all day: half of them twenty times, and they differ by a factor of e."""
EVEN = [18, 22, 20, 25, 19, 23] * 5
DAYS = 1.5 * (1 - math.exp(-40 / 36))


def load_of(sizes: list[int], crowd: float = 0.65) -> GroupEvidence:
    """The even load of accounts by itself."""
    rates = {f"a{n:03d}": size / DAYS for n, size in enumerate(sizes)}
    states = {name: Suspicion(START_MS, NOW_MS, slots=1.0, popular=crowd) for name in rates}
    evidence = even_load(SPEC.groups, rates, states, BOUNDS)
    assert evidence is not None
    return evidence


def over_busy(sizes: list[int]) -> float:
    """What tells the accounts from busy people."""
    rates = [size / DAYS for size in sizes]
    return nats_over_busy(SPEC.groups, rates, load_of(sizes).nats, SPEC.groups.least_rate)


@pytest.mark.parametrize("key", [WORDS, "payment:\x1fp"])
def test_many_busy_people_are_no_campaign(key: str) -> None:
    """Their rates are far from the law of people who mostly use a thing little, but no evener than busy people's."""
    evidence = slow(key, sizes=BUSY, people=30)

    assert load_of(BUSY).nats > 4 * THRESHOLD_NATS
    assert evidence is not None
    assert evidence.nats == pytest.approx(over_busy(BUSY))
    assert evidence.nats < 0


@pytest.mark.parametrize("light", [3, 6, 8])
def test_light_users_beside_do_not_make_busy_people_a_campaign(light: int) -> None:
    """An app has both: most use it all day, some now and then."""
    sizes = [*([1, 2] * 5)[:light], *BUSY[light:]]
    evidence = slow(sizes=sizes, people=30)

    assert load_of(sizes).nats > THRESHOLD_NATS
    assert evidence is not None
    assert evidence.nats < THRESHOLD_NATS


@pytest.mark.parametrize(("crowd", "weight"), [(0.6, 1.0), (0.375, 0.5)])
def test_many_that_are_loaded_as_busy_people_are_a_campaign_if_interchangeable(crowd: float, weight: float) -> None:
    """One list for all is a slow list however fast it is: the weaker of load and interchange counts, less log 4."""
    evidence = slow(sizes=BUSY, crowd=crowd)

    assert evidence is not None
    assert evidence.dealt is not None
    assert evidence.nats == pytest.approx(min(weight * load_of(BUSY).nats, evidence.dealt.nats) - math.log(4))
    assert evidence.nats > THRESHOLD_NATS


def test_on_a_payment_interchangeable_accounts_are_a_firm_with_one_service() -> None:
    """Only an even load tells there."""
    busy, even = slow("payment:\x1fp", sizes=BUSY), slow("payment:\x1fp", sizes=EVEN)

    assert busy is not None
    assert busy.nats < THRESHOLD_NATS
    assert even is not None
    assert even.nats > THRESHOLD_NATS


def test_who_keeps_to_his_own_affairs_is_not_named_with_busy_accounts() -> None:
    """Six people are as busy as the accounts of a list that is dealt out on the same link."""
    evidence = slow(sizes=BUSY, people=6)

    assert evidence is not None
    assert not {f"a{number:03d}" for number in range(6)} & set(evidence.accounts)
    assert len(evidence.accounts) >= 20


def test_an_even_load_is_a_campaign_whatever_each_is_asked() -> None:
    """Lists cut up by subject are nobody's stock, but twenty a day each is more even than people are."""
    evidence = slow(sizes=EVEN, people=30)

    assert evidence is not None
    assert evidence.dealt is None
    assert evidence.nats == pytest.approx(over_busy(EVEN))
    assert evidence.nats > THRESHOLD_NATS


@pytest.mark.parametrize(("others", "colleagues", "is_told"), [(0, 0, False), (1, 0, True), (0, 1, True)])
def test_from_twenty_accounts_on_it_is_told_whether_they_are_busy_people(
    others: int, colleagues: int, *, is_told: bool
) -> None:
    """Those that are left out of a look at the link count: what was told of all must not change without some."""
    sizes, states = BUSY[:19], {f"a{n:03d}": Suspicion(START_MS, NOW_MS, slots=1.0, popular=0.65) for n in range(19)}
    states["a000"].organization = 7
    states |= {f"b{n:03d}": msgspec.structs.replace(states["a000"]) for n in range(colleagues)}
    uses = [
        Use(account_id, size / DAYS, size / DAYS, 1.0, Stay(40 * HOUR_MS, float(size)))
        for account_id, size in zip(states, sizes + sizes[:colleagues], strict=True)
    ]
    link = LinkJudge(SPEC, states, InterchangeDetector(SPEC, Heard()))
    evidence = link.judge("template", uses, THRESHOLD_NATS, others)

    assert evidence is not None
    assert evidence.nats == pytest.approx(over_busy(sizes) if is_told else load_of(sizes).nats)


@pytest.mark.parametrize(("elsewhere", "is_told"), [(0, True), (3, False)])
def test_leaving_accounts_out_does_not_make_the_others_few(elsewhere: int, *, is_told: bool) -> None:
    """Members of another campaign are no evidence about the rest, but that the rest is as busy as they are remains.

    Those for whom the link is a quarter of what they do never counted.
    """
    sizes = BUSY[:25]
    left_out = [f"a{number:03d}" for number in range(19, 25)]
    evidence = slow(sizes=sizes, people=25, left_out=left_out, elsewhere=elsewhere)

    assert evidence is not None
    assert evidence.nats == pytest.approx(over_busy(sizes[:19]) if is_told else load_of(sizes[:19]).nats)


@pytest.mark.parametrize("kind", ["template", "configuration", "payment", "device"])
def test_a_link_is_judged_whatever_its_accounts_ask_alike(kind: str) -> None:
    """A list of one subject opens in few ways: who all ask the same is as surely a campaign as who share nothing."""
    found = []
    for recents in (["L01L02L03"] * 10, [f"{number}01{number}02{number}03" for number in range(10)]):
        states = {
            f"a{number}": Suspicion(START_MS, NOW_MS, slots=1.0, popular=0.65, recent=recent)
            for number, recent in enumerate(recents)
        }
        uses = [Use(a, 20.0, 20.0, 1.0, Stay(40 * HOUR_MS, 20.0)) for a in states]
        judge = LinkJudge(SPEC, states, InterchangeDetector(SPEC, Heard())).judge
        found.append(judge(kind, uses, THRESHOLD_NATS))

    assert found[0] is not None
    assert found[0].nats > THRESHOLD_NATS
    assert found[0] == found[1]


TALK = [2, 3, 3, 2, 3] * 3
"""Conversations of too few accounts for a slow list."""


def test_conversations_are_found_by_all_their_turns() -> None:
    """Two conversations a day, of eight turns each; the fourth look at the link costs log 8. Rates are doubled."""
    evidence = slow(sizes=TALK, turns=[8])

    assert evidence is not None
    assert evidence.is_spoken
    assert set(evidence.accounts) == {f"a{number:03d}" for number in range(15)}
    days = 1.5 * (1 - math.exp(-40 / 36))
    states = {f"a{n:03d}": Suspicion(START_MS, NOW_MS, slots=1.0, popular=0.65) for n in range(15)}
    rates = {name: 8 * size / days for name, size in zip(states, TALK, strict=True)}
    even = even_load(SPEC.groups, rates, states, SPOKEN_BOUNDS)
    assert even is not None
    assert evidence.rate == pytest.approx(even.rate)
    assert evidence.nats == pytest.approx(even.nats - math.log(8))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"turns": [3]}, "as many exchanges a day are people's"),
        ({"turns": [2, 30, 4, 8, 16]}, "people talk on at very different length"),
        ({"turns": [8], "hours": 6}, "nobody has come back yet"),
        ({"turns": [8], "key": "payment:\x1fp"}, "a small firm may have one assistant"),
        ({"turns": [8], "crowd": 0.31}, "what they ask is hardly a crowd's"),
    ],
)
def test_conversations_are_honest_otherwise(change: dict[str, Any], why: str) -> None:
    """One thing is missing in turn."""
    evidence = slow(**({"sizes": TALK} | change))

    assert evidence is None or not evidence.is_spoken, why
    assert evidence is None or evidence.nats < THRESHOLD_NATS, why


BUSY_TURNS = (10, 12, 14, 16, 18, 20, 24, 28, 40, 60)
"""Of one conversation a day each: as many beginnings as people have, of even lengths."""


def test_many_who_talk_as_busy_people_do_are_no_campaign() -> None:
    """Thirty people, each with one conversation a day; of fifteen it could not be told."""
    few, many = (slow(sizes=[1] * size, turns=BUSY_TURNS, people=size, prompts=20) for size in (15, 30))

    assert few is not None
    assert few.is_spoken
    assert many is None or many.nats < THRESHOLD_NATS


def test_many_who_talk_as_busy_people_do_are_a_campaign_if_interchangeable() -> None:
    """Both kinds of evidence less log 8, for the fourth look; the weaker one counts."""
    evidence = slow(sizes=[1] * 30, turns=BUSY_TURNS, prompts=20)

    assert evidence is not None
    assert evidence.is_spoken
    assert evidence.dealt is not None
    rates = {f"a{n:03d}": turns / DAYS for n, turns in enumerate(BUSY_TURNS * 3)}
    states = {name: Suspicion(START_MS, NOW_MS, slots=1.0, popular=0.65) for name in rates}
    even = even_load(SPEC.groups, rates, states, SPOKEN_BOUNDS)
    assert even is not None
    assert evidence.nats == pytest.approx(min(even.nats, evidence.dealt.nats) - math.log(8))


@pytest.mark.parametrize(("size", "is_found"), [(7, False), (8, True)])
def test_few_who_talk_alike_are_no_campaign(size: int, *, is_found: bool) -> None:
    """Conversations of one length, three a day; evenness by chance is ever less likely with more accounts."""
    evidence = slow(sizes=[3] * size, turns=[8])

    assert (evidence is not None and evidence.is_spoken) == is_found


def test_only_the_share_of_a_link_is_spoken_on_it() -> None:
    """Who does half of his work elsewhere speaks as much on the link as who does nothing else."""
    alone, half = slow(sizes=TALK, turns=[8]), slow(sizes=TALK, turns=[8], elsewhere=1)

    assert alone is not None
    assert half is not None
    assert half.rate == pytest.approx(alone.rate)
    assert half.is_spoken


@pytest.mark.parametrize(("min_rate", "is_found"), [(5.5, True), (19, True), (25, False)])
def test_conversations_are_no_slower_than_any_cluster(min_rate: float, *, is_found: bool) -> None:
    """Whoever asks for more exchanges a day than conversations must have asks it of them, too."""
    spec = parse_spec(f"groups: {{min_rate: {min_rate}}}", "x")
    states = {f"a{number:02d}": Suspicion(START_MS, NOW_MS, slots=1.0, popular=0.65) for number in range(15)}
    uses = [Use(a, 2.0, 20.0 + number % 3, 1.0, Stay(40 * HOUR_MS, 20.0)) for number, a in enumerate(states)]
    evidence = LinkJudge(spec, states, InterchangeDetector(spec, Heard())).judge("template", uses, THRESHOLD_NATS)

    assert (evidence is not None) is is_found


def test_who_speaks_little_is_not_named_with_a_cluster() -> None:
    """Below six exchanges a day, twice what is asked of beginnings."""
    states = {f"a{number:02d}": Suspicion(START_MS, NOW_MS, slots=1.0, popular=0.65) for number in range(30)}
    rates = {a: 5.9 if number == 0 else 6.1 if number == 1 else 12.0 + number % 5 for number, a in enumerate(states)}
    uses = [Use(a, 1.0, rate, 1.0, Stay(40 * HOUR_MS, 20.0)) for a, rate in rates.items()]
    evidence = LinkJudge(SPEC, states, InterchangeDetector(SPEC, Heard())).judge("template", uses, THRESHOLD_NATS)

    assert evidence is not None
    assert states.keys() - set(evidence.accounts) == {"a00"}
