"""Places: where an account says what it asks, told by what the crowd asks."""

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import pytest

from detectors.campaigns import CampaignDetector
from detectors.crowd import CrowdModel
from detectors.places import Places
from detectors.spec import DetectorSpec
from detectors.spec_sections import Crowd
from detectors.suspicion import Suspicion
from detectors.vocabulary import codes_of
from schemas.account_bucket import NO_SLOT, AccountBucket
from tests.unit.detectors.samples import BUCKET_MS, START_MS, bucket, fingerprint, opener, records_of
from tests.unit.detectors.samples import event as event_at

JOB_RATIO = 0.25
POPULAR = [f"p{n:02d}" for n in range(20)]
"""Openers that everybody has used."""
KNOWN = [f"k{n:02d}" for n in range(20)]
"""Openers that every tenth of those has used who make one fully popular."""


def crowd() -> CrowdModel:
    """A hundred accounts, ten of which make an opener fully popular."""
    model = CrowdModel(Crowd(popular_ratio=0.1, smoothing_accounts=1))
    for _ in range(99):
        model.add_account()
    for name in POPULAR * 10 + KNOWN:
        model.learn(name)
    return model


def prompt(number: int, places: Sequence[str], slot: str | None = None) -> AccountBucket:
    """One prompt with a slot that nobody else has, or with the given one, and what else is in it."""
    asked, start_ms = opener(number) if slot is None else slot, START_MS + number * BUCKET_MS
    return bucket(start_ms=start_ms, slots=[asked], new_slots=[asked], places=[(0, "".join(places))])


def followed(prompts: Sequence[AccountBucket]) -> Places:
    """What is known of the places of an account that has sent these."""
    places, model = Places(), crowd()
    for one in prompts:
        places.follow(model, one, JOB_RATIO)
    return places


def test_what_the_crowd_asks_elsewhere_is_what_is_asked() -> None:
    """Wherever, once it is two more than six tenths of the quarter that those of jobs are: n > 2 + 0.15 n."""
    prompts = [prompt(n, [opener(n + 500)] * (n % 4) + [POPULAR[n]]) for n in range(3)]

    assert not followed(prompts[:2]).is_told
    assert followed(prompts).is_told


def test_slots_that_the_crowd_asks_are_what_is_asked() -> None:
    """Half as popular as those of jobs is enough: one of eight prompts."""
    elsewhere = [prompt(n, [POPULAR[n]]) for n in range(14)]
    asked = [prompt(n + 50, [POPULAR[n]], POPULAR[n]) for n in range(2)]

    assert followed([*elsewhere, asked[0]]).is_told
    assert followed([*elsewhere, *asked]) == Places(16, 2.0)


@pytest.mark.parametrize(
    "places",
    [
        # A wrapper that everybody uses.
        lambda n: [POPULAR[0], opener(n)],
        # What nobody asks: an account's own data.
        lambda n: [opener(n + 100), opener(n + 200)],
        # What few ask.
        lambda n: [KNOWN[n % 20], opener(n + 200)],
        # One of seven, by chance.
        lambda n: [POPULAR[n % 20] if n % 7 == 0 else opener(n), opener(n + 200)],
    ],
    ids=["wrapper", "data", "known to few", "now and then"],
)
def test_a_job_says_what_it_asks_in_its_slots(places: Callable[[int], list[str]]) -> None:
    """However long it goes on."""
    told = Places()
    for n in range(300):
        told.follow(crowd(), prompt(n, places(n)), JOB_RATIO)
        assert not told.is_told


@pytest.mark.parametrize(("known", "is_told"), [(0, False), (1, True)])
def test_what_is_elsewhere_is_more_popular_than_the_bar(known: int, *, is_told: bool) -> None:
    """Of twenty prompts that is 2 + 0.15 x 20: five that everybody asks reach it, and a tenth of one more is beyond."""
    popular = [*POPULAR[:5], *KNOWN[:known]]
    others = [opener(n + 500) for n in range(20 - len(popular))]

    assert followed([prompt(n, [what]) for n, what in enumerate([*others, *popular])]).is_told == is_told


@pytest.mark.parametrize(("known", "elsewhere"), [(7, 1.0), (8, 0.0)])
def test_first_slots_are_judged_as_if_there_were_six(known: int, elsewhere: float) -> None:
    """Half of a quarter of six is 0.75: of a tenth each, seven slots do not reach it, and eight do."""
    places = Places(slots=known / 10)
    places.follow(crowd(), prompt(0, [POPULAR[0]]), JOB_RATIO)

    assert (places.prompts, places.elsewhere) == (1, elsewhere)


def test_slots_are_as_popular_as_others_make_them() -> None:
    """An account that has used one before is counted in it; halved with the prompts when there are many."""
    assert followed([bucket(slots=KNOWN[:1], places=[(NO_SLOT, "")])]).slots == 0.0
    assert followed([prompt(0, [], KNOWN[0])]).slots == pytest.approx(0.1)
    assert followed([prompt(n, [], POPULAR[n % 20]) for n in range(64)]) == Places(32, 32.0)


def test_prompts_without_a_slot_are_prompts() -> None:
    """They say what they ask elsewhere, if at all."""
    prompts = [bucket(places=[(NO_SLOT, name)]) for name in POPULAR[:3]]

    assert followed(prompts) == Places(3, 0.0, 3.0, POPULAR[2], is_told=True)


def test_only_at_the_same_place_it_is_wrapper() -> None:
    """Behind more words than before it is what is asked; a prompt of nothing but wrapper adds nothing."""
    assert followed([prompt(0, [POPULAR[0]]), prompt(1, [opener(500), POPULAR[0]])]).elsewhere == 2.0
    assert followed([prompt(0, [POPULAR[0]]), prompt(1, [POPULAR[0]])]).elsewhere == 1.0


def test_of_equally_popular_openers_the_first_counts() -> None:
    """Those behind it are its own words."""
    assert told().follow(crowd(), prompt(0, POPULAR[:2]), JOB_RATIO).slots == POPULAR[:1]


def test_of_each_prompt_the_most_popular_opener_counts() -> None:
    """One opener, so that a long prompt tells no more; halved with the prompts when there are many."""
    told = followed([prompt(n, [KNOWN[n % 20], POPULAR[n % 20]]) for n in range(63)])
    assert (told.prompts, told.elsewhere) == (63, pytest.approx(63.0))

    told = followed([prompt(n, [KNOWN[n % 20], POPULAR[n % 20]]) for n in range(64)])
    assert (told.prompts, told.elsewhere) == (32, pytest.approx(32.0))

    told = followed([bucket(places=[(NO_SLOT, POPULAR[n % 20]) for n in range(1000)])])
    assert (told.prompts, told.elsewhere) == (62, pytest.approx(62.5))


def told() -> Places:
    """What is known of an account that asks elsewhere."""
    return Places(prompts=20, elsewhere=20.0, is_told=True)


def test_the_most_popular_opener_takes_the_slots_place() -> None:
    """Also where there is no slot; a slot that is replaced is no new one, nor has it a preamble."""
    record = bucket(
        slots=["aaa", "bbb", "ccc"],
        new_slots=["aaa", "ccc"],
        preambles=[(0, "pre"), (1, "pre")],
        places=[(0, KNOWN[0] + POPULAR[0]), (NO_SLOT, "---" + KNOWN[3]), (2, "---")],
    )

    found = told().follow(crowd(), record, JOB_RATIO)

    assert found.slots == [POPULAR[0], "bbb", "ccc", KNOWN[3]]
    assert (found.new_slots, found.preambles) == (["ccc"], [(1, "pre")])


def test_a_wrapper_that_no_mark_ends_is_not_what_is_asked() -> None:
    """However popular its words are: the prompt before had them at the same place."""
    places, model = told(), crowd()
    for n in range(3):
        found = places.follow(model, prompt(n, [POPULAR[0], POPULAR[1], KNOWN[n]]), JOB_RATIO)

    assert found.slots == [KNOWN[2]]


def test_what_is_not_told_yet_is_not_replaced() -> None:
    """The record that tells it counts as it came, for all of it may be chance."""
    places, model = Places(), crowd()
    records = [prompt(n, [POPULAR[n]]) for n in range(4)]

    found = [places.follow(model, record, JOB_RATIO) for record in records]

    assert [a is b for a, b in zip(found, records, strict=True)] == [True, True, True, False]


# -- what a record tells -----------------------------------------------------------------------------


def places_told(prompts: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[list[tuple[int, str]]]:
    """Places in the record of each prompt, given its openers and leads."""
    events = [
        event_at(START_MS + n * BUCKET_MS, prompt_fingerprint=fingerprint(str(n), [*parts, "---", *leads]))
        for n, (parts, leads) in enumerate(prompts)
    ]
    return [record.places for record in records_of(DetectorSpec(), events)]


def test_a_new_slot_tells_two_parts_behind_it_and_the_leads() -> None:
    """A known one tells nothing."""
    parts = ["one", "two", "six", "ten"]

    told = places_told([(parts, ["l01", "l02"]), (["one"], ["l03"]), (["new"], ["l04"]), (["end", "two"], [])])

    assert told == [[(0, "twosixl01l02")], [], [(0, "------l04")], [(0, "two")]]


def test_wrappers_are_not_what_is_asked() -> None:
    """Neither before the slot nor behind it."""
    wrapped = [(["wrp", opener(n), "wr2", opener(n + 100)], ["led"]) for n in range(5)]

    assert places_told(wrapped)[4] == [(0, opener(104) + "---" + "led")]


def test_leads_are_told_as_they_are() -> None:
    """Also where the last one ends like an empty place, or two of them look like one that is not theirs."""
    assert places_told([(["one"], ["l--", "-02", "l0-"])]) == [[(0, "------l---02l0-")]]


def test_a_part_that_comes_again_is_told_once() -> None:
    """A prompt that says one thing in many lines says it once, and the slot is not elsewhere."""
    assert places_told([(["one", "one", "two", "two", "one", "six"], [])]) == [[(0, "twosix")]]


def test_places_say_of_which_slot_they_are() -> None:
    """The second prompt of the bucket has a known slot, and the third none before it that is new."""
    events = [
        event_at(START_MS + n, prompt_fingerprint=fingerprint(str(n), [slot, "---", f"l{n:02d}"]))
        for n, slot in enumerate(["one", "one", "two"])
    ]
    [record] = records_of(DetectorSpec(), events)

    assert record.slots == ["one", "one", "two"]
    assert record.places == [(0, "------l00"), (2, "------l02")]


def test_a_prompt_of_nothing_but_wrapper_tells_its_leads() -> None:
    """As where a wrapper ends in no mark."""
    assert places_told([(["wrp"], ["led", opener(n)]) for n in range(5)])[4] == [(NO_SLOT, "------led004")]


def test_places_are_told_of_4096_exchanges_of_a_bucket() -> None:
    """The slots of all are."""
    prompts = [
        fingerprint(str(n), [f"{n:03x}"[-3:] if n < 4096 else f"z{n - 4096:02d}", "---", "led"]) for n in range(4100)
    ]
    [record] = records_of(
        DetectorSpec(), [event_at(START_MS + n, prompt_fingerprint=text) for n, text in enumerate(prompts)]
    )

    assert (len(record.slots), len(record.places), record.places[-1][0]) == (4100, 4096, 4095)


# -- in a deployment ---------------------------------------------------------------------------------


def test_a_deployment_counts_what_is_asked_where_it_is_asked() -> None:
    """From when it is told, the account has asked what the crowd asks, and the crowd learns nothing of its words."""
    detector = CampaignDetector(DetectorSpec())
    known = detector._known
    known.crowd = crowd()
    known.accounts["a-1"] = Suspicion(START_MS, START_MS)
    asked = [prompt(n, [opener(n + 500), POPULAR[n]]) for n in range(12)]

    placed = [detector._placed(record) for record in asked]

    assert [record.slots for record in placed] == [[opener(n)] for n in range(3)] + [[POPULAR[n]] for n in range(3, 12)]
    assert [record.new_slots for record in placed] == [[opener(n)] for n in range(3)] + [[]] * 9


def test_what_an_account_was_taken_to_ask_is_taken_back() -> None:
    """Once when it is told that it asks elsewhere, and once when it asks in its slots again; no vocabulary differs."""
    detector = CampaignDetector(DetectorSpec())
    known = detector._known
    known.crowd = crowd()
    known.accounts["a-1"] = state = Suspicion(START_MS, START_MS)
    elsewhere = [
        msgspec.structs.replace(prompt(n, [POPULAR[n]]), preambles=[(0, "pre")] if n < 2 else []) for n in range(6)
    ]
    asked = [prompt(n, [], POPULAR[n]) for n in range(6, 8)]
    heard = []
    for record in [*elsewhere, *(msgspec.structs.replace(one, places=[]) for one in asked)]:
        detector.observe(record)
        detector.advance(record.end_ms)
        heard.append(codes_of(state.recent, 3))
        assert known.heard.of(None).openers.counts == Counter(heard[-1])
        assert bool(state.preambles) == (len(heard) <= 2)

    assert heard[1:3] == [["pre", "pre"], [opener(2)]]
    assert heard[5:] == [[opener(2), *POPULAR[3:6]], [POPULAR[6]], POPULAR[6:8]]
    learned = [known.crowd.popularity(opener(n), is_own=False) > 0 for n in range(6)]
    assert learned == [True, True, True, False, False, False]
