"""One account: what its record says of a bucket."""

import itertools
from collections.abc import Sequence
from operator import itemgetter
from zlib import crc32

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detectors.detector import AccountDetector
from detectors.exchange import Setting, _configuration_of, _setting_of, exchange_of
from detectors.fingerprint import Fingerprinter
from detectors.fingerprint_layout import exact_id
from detectors.spec import DetectorSpec, parse_spec
from detectors.style import STYLE_CHARS, style_of
from schemas.usage_event import UsageEvent, decode_usage_event, encode_usage_event
from tests.unit.detectors.samples import (
    BUCKET_MS,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    START_MS,
    event,
    events_in,
    fingerprint,
    opener,
    records_of,
)

SPEC = DetectorSpec()
FINGERPRINTER = Fingerprinter(b"a key of some length")


def test_repeats_and_later_turns_are_not_fresh() -> None:
    """A prompt said again, and a few words that continue a conversation, are events but no fresh exchanges."""
    events = [
        event(START_MS, prompt_fingerprint=fingerprint("one")),
        event(START_MS + 1, prompt_fingerprint=fingerprint("four")),
        event(START_MS + 2, prompt_fingerprint=fingerprint("one")),
        event(START_MS + 3, prompt_fingerprint=fingerprint("two"), turn=2),
        event(START_MS + 4, prompt_fingerprint=fingerprint("three"), turn=1),
    ]
    (record,) = records_of(SPEC, events)

    assert (record.events, record.fresh) == (5, 3)


@pytest.mark.parametrize(
    ("words", "turn", "slots", "fresh"), [(30, 2, 1, 1), (31, 2, 2, 1), (30, 1, 2, 2), (30, None, 2, 2), (31, 1, 2, 2)]
)
def test_a_later_turn_of_many_words_tells_what_is_asked(words: int, turn: int | None, slots: int, fresh: int) -> None:
    """What leans on the turns before takes few words. Loads are told by what begins, for people talk on at length."""
    prompts = ["a " * 20, "b " * words, "a " * 20]
    events = [
        event(START_MS + n, prompt_fingerprint=FINGERPRINTER.fingerprint(prompt), turn=1 if n == 0 else turn)
        for n, prompt in enumerate(prompts)
    ]
    (record,) = records_of(SPEC, events)

    # The third one repeats the first.
    assert (record.events, len(record.slots), record.fresh) == (3, slots, fresh)
    assert len(record.styles) == slots * STYLE_CHARS
    assert sum(link.exchanges for link in record.links if link.kind == "template") == 3 * fresh


@pytest.mark.parametrize(
    ("conversations", "turn", "fresh"),
    [
        (["c-1"] * 20, None, 1),
        (["c-1", "c-2"] * 10, None, 2),
        ([f"c-{n}" for n in range(20)], None, 20),
        ([None] * 20, None, 20),
        # What is told counts, whatever the conversation is called.
        (["c-1"] * 20, 1, 20),
        # More conversations than are remembered.
        ([f"c-{n % 33}" for n in range(66)], None, 66),
        ([f"c-{n % 32}" for n in range(64)], None, 32),
        # Going on with one of them forgets none of the others.
        ([*["c-1", "c-2", "c-2", "c-1"] * 20], None, 2),
        ([*[f"c-{n}" for n in range(32)], *["c-31"] * 40, *[f"c-{n}" for n in range(32)]], None, 32),
    ],
)
def test_a_conversation_tells_turns_that_nobody_counts(
    conversations: list[str | None], turn: int | None, fresh: int
) -> None:
    """Where events name a conversation and no turn, what comes after its first exchange continues it."""
    events = [
        event(START_MS + n, prompt_fingerprint=fingerprint(str(n), [opener(n)]), conversation_id=name, turn=turn)
        for n, name in enumerate(conversations)
    ]
    [record] = records_of(SPEC, events)

    assert (record.events, record.fresh, len(record.slots)) == (len(conversations), fresh, fresh)


def test_a_long_prompt_in_a_known_conversation_tells_what_is_asked() -> None:
    """It has a slot as a later turn of many words has, but begins nothing."""
    prompts = ["what is light", "b " * 31, "c " * 30]
    events = [
        event(START_MS + n, prompt_fingerprint=FINGERPRINTER.fingerprint(prompt), conversation_id="c-1")
        for n, prompt in enumerate(prompts)
    ]
    [record] = records_of(SPEC, events)

    assert (record.fresh, len(record.slots)) == (1, 2)


def test_without_prompts_nothing_repeats() -> None:
    """Unknown is not a repeat, has no slot and shares no template."""
    (record,) = records_of(SPEC, [event(START_MS + n) for n in range(5)])

    assert (record.events, record.fresh, record.slots, record.links) == (5, 5, [], [])


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ([60] * 5, 4),  # the first gap has none to compare with
        ([60, 120, 60, 120, 60], 0),
        ([60, 70, 60, 70, 60], 4),  # within a quarter
        ([10] * 5, 0),  # as fast as people click
    ],
)
def test_regular_gaps(gaps: list[int], expected: int) -> None:
    """A gap is regular if it is between 20 s and 3 h and differs from the one before by a quarter at most."""
    times = [START_MS + 1_000 * total for total in itertools.accumulate([0, *gaps])]
    records = records_of(SPEC, [event(at) for at in times])

    assert sum(record.regular for record in records) == expected


@pytest.mark.parametrize(
    ("gaps_ms", "paced", "even", "regular"),
    [
        ([2_000] * 5, 5, 4, 0),
        ([1_999] * 5, 0, 0, 0),
        ([19_999] * 5, 5, 4, 0),
        ([20_000] * 5, 5, 4, 4),
        ([3 * 3_600_000] * 5, 5, 4, 4),
        ([3 * 3_600_000 + 1] * 5, 0, 0, 0),
        ([60_000, 120_000] * 3, 6, 0, 0),
        # By a quarter of itself, not of the one before: from 8 s to 10 s, and not from 10 s to 7.9 s.
        ([8_000, 10_000], 2, 1, 0),
        ([10_000, 7_900], 2, 0, 0),
    ],
)
def test_intervals_are_told_even_where_they_can_be(gaps_ms: list[int], paced: int, even: int, regular: int) -> None:
    """From 2 s to 3 h it is told whether one is even, and from 20 s on what is even is regular: nobody clicks so."""
    times = [START_MS + total for total in itertools.accumulate([0, *gaps_ms])]
    records = records_of(SPEC, [event(at) for at in times])

    assert sum(record.paced for record in records) == paced
    assert sum(record.even for record in records) == even
    assert sum(record.regular for record in records) == regular


@pytest.mark.parametrize(
    ("kinds", "paced", "fresh"),
    [
        ("new new new new new new", 5, 6),
        ("new again new again new again", 2, 3),
        ("new short new short new short", 2, 3),
        ("new long new long new long", 5, 3),
        # Once four prompts are known, each further answer to one is collected.
        ("new again " * 8, 7, 8 + 5),
    ],
)
def test_an_interval_is_told_before_what_asks_something_new(kinds: str, paced: int, fresh: int) -> None:
    """Even minutes count before new prompts and long later turns; repeats and short turns come when they come."""
    events, asked = [], ""
    for number, kind in enumerate(kinds.split()):
        asked = asked if kind == "again" else f"{kind} {number} " + "b " * (40 if kind == "long" else 9)
        turn = 2 if kind in ("short", "long") else 1
        mark = FINGERPRINTER.fingerprint(asked)
        events.append(event(START_MS + number * MINUTE_MS, prompt_fingerprint=mark, turn=turn))
    records = records_of(SPEC, events)

    assert sum(record.paced for record in records) == paced
    assert sum(record.even for record in records) == paced - (kinds.split()[1] in ("new", "long"))
    assert sum(record.fresh for record in records) == fresh


def test_distinct_values_are_counted_by_day() -> None:
    """End users, address blocks and clients of the day or of the last active day before, whichever are more."""
    first = [
        event(START_MS + n, end_user_id=f"u{n % 5}", client_ip=f"192.0.{n % 3}.{n}", user_agent=f"c{n % 2}")
        for n in range(30)
    ]
    records = records_of(SPEC, [*first, event(START_MS + DAY_MS, end_user_id="u0"), event(START_MS + 2 * DAY_MS)])

    assert [(r.end_users, r.addresses, r.clients) for r in records] == [(5, 3, 2), (5, 3, 2), (1, 0, 0)]


people = st.tuples(*(st.sampled_from([None, "1", "2"]) for _ in range(3)))


@given(sent=st.lists(st.tuples(st.sampled_from([-2, -1, 0, 1]), people), min_size=1, max_size=12))
@example(sent=[(-1, ("1", None, None)), (0, ("1", None, None)), (1, ("2", None, None))])
def test_whoever_is_new_to_its_day_is_counted(sent: list[tuple[int, tuple[str | None, ...]]]) -> None:
    """Whichever of the three changes from one exchange to the next, and at midnight within a bucket, too."""
    spec = parse_spec("bucket_seconds: 1000", "x")
    midnight_ms = START_MS + DAY_MS
    assert midnight_ms % 1_000_000 not in (0, 999_998, 999_999)
    in_order = sorted(sent, key=itemgetter(0))
    events = [
        event(midnight_ms + at_ms, event_id=f"{n:02d}", end_user_id=user, client_ip=address, user_agent=client)
        for n, (at_ms, (user, address, client)) in enumerate(in_order)
    ]
    days = [[who for at_ms, who in in_order if (at_ms >= 0) is is_next] for is_next in (False, True)]
    seen = [[len(set(names) - {None}) for names in zip(*day, strict=True)] for day in days if day]
    (record,) = records_of(spec, events)
    before = seen[-2] if len(seen) > 1 else [0, 0, 0]

    assert [record.end_users, record.addresses, record.clients] == list(map(max, before, seen[-1]))


def test_neighbours_are_one_address_block() -> None:
    """Addresses of one /24 or of one /48 count once: strangers' phones change theirs all day."""
    addresses = ["192.0.2.1", "192.0.2.99", "2001:db8:1::1", "2001:db8:1:ff::2"]
    (record,) = records_of(SPEC, [event(START_MS + n, client_ip=a) for n, a in enumerate(addresses)])

    assert record.addresses == 2


@pytest.mark.parametrize(
    ("addresses", "blocks"),
    [
        (["2001:DB8:0:5::1", "2001:db8::1", "2001:0db8:0000::2"], 1),
        (["2001:db8::1", "2001:db8:1::1"], 2),
        (["::ffff:192.0.2.1", "192.0.2.7", "::FFFF:c000:0209"], 1),
        (["::ffff:192.0.2.1", "::ffff:192.0.3.1"], 2),
        (["fe80::1%eth0", "fe80::2"], 1),
        (["[2001:db8::1]:443", "[2001:db8::2]:8443", "[2001:db8::3]", " 2001:db8::4 ", "2001:db8::/64"], 1),
        (["192.0.2.1:5000", "192.0.2.9:6000", "192.0.2.3, 198.51.100.7"], 1),
        (["2001:db8::1, 192.0.2.1", "192.0.2.1, 2001:db8::1"], 2),
        (["not:an:address:1", "not:an:address:2", "not:an:other:1"], 2),
    ],
)
def test_a_network_is_one_block_however_it_is_spelt(addresses: list[str], blocks: int) -> None:
    """By the canonical forms of RFC 5952 and the mapped ones of RFC 4291; what is no address stands for itself."""
    (record,) = records_of(SPEC, [event(START_MS + n, client_ip=a) for n, a in enumerate(addresses)])

    assert record.addresses == blocks


def test_counts_add_up() -> None:
    """Tokens, refusals, elicitations and answers at full length are those of the bucket's events."""
    events = [
        event(START_MS, status_code=429, labels=["reasoning_elicitation"], output_tokens=0),
        event(START_MS + 1, status_code=403),
        event(START_MS + 2, status_code=500, finish_reason="length", max_output_tokens=20),
        event(START_MS + 3, finish_reason="length"),
    ]
    events.append(event(START_MS + 4, output_tokens=None))
    (record,) = records_of(SPEC, events)

    assert (record.refusals, record.elicitations, record.full_length) == (2, 1, 1)
    assert (record.events, record.output_tokens, record.untold) == (5, 60, 1)
    assert (record.start_ms, record.end_ms, record.seen_ms) == (START_MS, START_MS + BUCKET_MS, BUCKET_MS)


def test_a_client_alone_is_no_configuration() -> None:
    """What people leave at its default shares nothing; what somebody sets does."""
    (plain,) = records_of(SPEC, [event(START_MS, user_agent="c")])
    (made,) = records_of(SPEC, [event(START_MS, user_agent="c", temperature=0.3)])

    assert [link.kind for link in plain.links] == []
    assert [link.kind for link in made.links] == ["configuration"]


@pytest.mark.parametrize("name", ["temperature", "top_p", "max_output_tokens"])
@pytest.mark.parametrize("spellings", [("0", "-0", "0.0", "-0.0", "-0e3"), ("1", "1.0", "10E-1", "true", '"1"')])
def test_what_others_sent_before_changes_no_configuration(name: str, spellings: tuple[str, ...]) -> None:
    """Equal numbers make one configuration, and no other account's spelling of them has a say in it."""
    raw = encode_usage_event(event(START_MS, asn=1, user_agent="c"))[:-1].decode()
    sent = [decode_usage_event(f'{raw},"{name}":{spelling}}}'.encode()) for spelling in spellings]
    alone = [setting_after([], one) for one in sent]

    for before, (one, expected) in itertools.product(sent, zip(sent, alone, strict=True)):
        assert setting_after([before], one) == expected
    assert len({setting for one, setting in zip(sent, alone, strict=True) if getattr(one, name) is not None}) == 1


def setting_after(earlier: Sequence[UsageEvent], one: UsageEvent) -> Setting:
    """What a new process makes of an event after others."""
    for cache in (_setting_of, _configuration_of):
        cache.cache_clear()
    return [exchange_of(sent, START_MS).setting for sent in (*earlier, one)][-1]


def test_duplicates_that_differ_do_not_depend_on_their_order() -> None:
    """Of deliveries of one event that contradict each other the same one counts, whichever came first."""
    pair = [event(START_MS, event_id="e", output_tokens=tokens) for tokens in (5, 7)]

    assert records_of(SPEC, pair) == records_of(SPEC, pair[::-1])
    assert records_of(SPEC, pair)[0].events == 1


@pytest.mark.parametrize("later_ms", [0, 1, 900, BUCKET_MS - 1])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_request_counts_once_though_its_deliveries_give_other_times(later_ms: int, order: tuple[int, ...]) -> None:
    """A gateway and a collector of its logs round times differently; the earlier delivery counts."""
    asked = [fingerprint(str(n), [opener(n)]) for n in range(2)]
    once = event(START_MS, prompt_fingerprint=asked[0], event_id="r-0")
    again = event(START_MS + later_ms, prompt_fingerprint=asked[0], event_id="r-0")
    other = event(START_MS + 500, prompt_fingerprint=asked[1], event_id="r-1")
    delivered = [once, again, other]

    assert records_of(SPEC, [delivered[place] for place in order]) == records_of(SPEC, [once, other])


@pytest.mark.parametrize(("room_for", "hours"), [(0, 2), (1, 24)])
def test_silent_accounts_are_packed_and_come_back(monkeypatch: pytest.MonkeyPatch, room_for: int, hours: int) -> None:
    """After two hours of silence, or a day where there is room, an account takes a fraction of the memory."""
    monkeypatch.setattr("detectors.detector._ROOM_FOR", room_for)
    detector = AccountDetector(SPEC)
    detector.observe(event(START_MS))
    detector.advance(START_MS + hours * HOUR_MS)
    assert (detector.live_accounts, detector.packed_accounts) == (1, 0)
    detector.advance(START_MS + (hours + 1) * HOUR_MS)
    assert (detector.live_accounts, detector.packed_accounts, events_in(detector.snapshot("a-1"))) == (0, 1, 1)

    detector.observe(event(START_MS + (hours + 1) * HOUR_MS))
    assert (detector.live_accounts, detector.packed_accounts, events_in(detector.snapshot("a-1"))) == (1, 0, 2)


def test_styles_texts_and_traits_are_told() -> None:
    """Style and text of every fresh prompt; of the client what is known, and the parameters also where left out."""
    fields = {"user_agent": "c/1", "asn": 64496, "country": "DE", "temperature": 0.2, "max_output_tokens": 64}
    events = [
        event(START_MS, prompt_fingerprint=fingerprint("one"), **fields),
        event(START_MS + 1, prompt_fingerprint=fingerprint("one"), **fields),
        event(START_MS + 2, **fields),
        event(START_MS + BUCKET_MS, prompt_fingerprint=fingerprint("two")),
    ]
    known, unknown = records_of(SPEC, events)

    assert (known.styles, unknown.styles) == (style_of(fingerprint("one")), style_of(fingerprint("two")))
    assert (known.texts, unknown.texts) == (exact_id(fingerprint("one"))[:3], exact_id(fingerprint("two"))[:3])
    assert [trait for trait in known.traits if trait[0] != "u"] == ["n64496", "yDE", "t0.2", "pNone", "m64", "s-1"]
    assert len(known.traits) == 7
    assert unknown.traits == ("tNone", "pNone", "mNone", "s-1")


def test_fresh_exchanges_are_counted_by_model() -> None:
    """By the number of the model that was asked; what repeats a prompt is not fresh."""
    asked = [("m-1", "a"), ("m-2", "b"), ("m-1", "c"), ("m-1", "a")]
    events = [
        event(START_MS + number * 1_000, model=model, prompt_fingerprint=fingerprint(prompt))
        for number, (model, prompt) in enumerate(asked)
    ]
    (record,) = records_of(SPEC, events)

    assert record.models == {crc32(b"m-1"): 2, crc32(b"m-2"): 1}
