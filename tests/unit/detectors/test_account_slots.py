"""The slots of one account: what its record says that it asks, behind wrappers and preambles."""

from collections.abc import Callable

import pytest

from detectors.fingerprint import Fingerprinter
from detectors.fingerprint_layout import openers
from detectors.spec import DetectorSpec, parse_spec
from tests.unit.detectors.samples import BUCKET_MS, START_MS, event, fingerprint, opener, records_of

SPEC = DetectorSpec()
FINGERPRINTER = Fingerprinter(b"a key of some length")


def test_a_wrapper_is_no_slot() -> None:
    """A part that opens every prompt is the account's wrapper; the slot is what comes first behind it."""
    events = [
        event(START_MS + n * BUCKET_MS, prompt_fingerprint=fingerprint(str(n), ["wrp", opener(n)])) for n in range(20)
    ]
    slots = [slot for record in records_of(SPEC, events) for slot in record.slots]

    # Until a part was seen twice nobody knows that it is a wrapper.
    assert slots == ["wrp", "wrp", *map(opener, range(2, 20))]


@pytest.mark.parametrize(
    ("wrapper_of", "expected"),
    [
        # Known as the account's own from its fourth prompt on.
        (lambda n: ["wrp", opener(n)], 17),
        (lambda n: [opener(n), opener(n + 100), "end"], 17),
        (lambda n: [opener(n)], 0),
        # Of a recurring part that opens every other prompt nobody can say that it is the account's.
        (lambda n: [*(["wrp"] if n % 2 else []), opener(n)], 0),
        # No slot, no request in a wrapper.
        (lambda n: ["wrp"], 0),
    ],
    ids=["begins", "ends", "bare", "every other prompt", "nothing but the wrapper"],
)
def test_requests_in_the_accounts_wrapper_are_counted(wrapper_of: Callable[[int], list[str]], expected: int) -> None:
    """Of fresh exchanges with a slot those that have a part which most of the account's prompts have."""
    events = [event(START_MS + n * BUCKET_MS, prompt_fingerprint=fingerprint(str(n), wrapper_of(n))) for n in range(20)]

    assert sum(record.wrapped for record in records_of(SPEC, events)) == expected


def test_a_new_slot_is_new_once() -> None:
    """An account counts into an opener's popularity only when it first uses it."""
    used = ["aaa", "bbb", "aaa", "ccc", "bbb"]
    events = [
        event(START_MS + n * BUCKET_MS, prompt_fingerprint=fingerprint(str(n), [part])) for n, part in enumerate(used)
    ]

    assert [record.new_slots for record in records_of(SPEC, events)] == [["aaa"], ["bbb"], [], ["ccc"], []]


def test_a_record_tells_which_slots_stand_behind_preambles() -> None:
    """By their places among the slots of the record; prompts without a slot, and slots without a preamble, between."""
    asked = [("one", ["pre", "x00"]), ("two", ["x01"]), ("one", ["pre", "x02"]), ("six", []), ("one", ["pre", "x03"])]
    events = [
        event(START_MS + n, prompt_fingerprint=fingerprint(str(n), its, first=first))
        for n, (first, its) in enumerate(asked)
    ]
    (record,) = records_of(parse_spec("crowd: {wrapper_ratio: 0.5}", "x"), events)

    assert record.slots == ["pre", "x01", "x02", "x03"]
    assert record.preambles == [(2, "pre"), (3, "pre")]


def test_a_short_later_turn_brings_no_preamble() -> None:
    """What leans on the turns before may begin as the next request does; only the one after that is told behind it."""
    events = [
        event(START_MS + n, prompt_fingerprint=fingerprint(str(n), ["pre", opener(n)], first="one"), turn=turn)
        for n, turn in enumerate([2, 1, 1])
    ]
    (record,) = records_of(parse_spec("crowd: {wrapper_ratio: 0.5}", "x"), events)

    assert (record.slots, record.preambles) == (["pre", opener(2)], [(1, "pre")])


@pytest.mark.parametrize(
    ("again", "is_known"), [("one", False), ("another", True)], ids=["repeated", "before another text"]
)
def test_a_repeated_prompt_does_not_keep_its_first_sentence_known(again: str, *, is_known: bool) -> None:
    """Sixty other first sentences come between, of which 48 are known; halfway the first one comes again."""
    others = [f"other {n}" for n in range(60)]
    names = ["one", *others[:30], again, *others[30:], "last"]
    events = [
        event(
            START_MS + n,
            prompt_fingerprint=fingerprint(name, ["pre", opener(n)], first="first")
            if name not in others
            else fingerprint(name, [opener(n), opener(n + 100)]),
        )
        for n, name in enumerate(names)
    ]
    (record,) = records_of(SPEC, events)

    assert record.slots[-1] == (opener(62) if is_known else "pre")


def test_a_long_later_turn_has_a_preamble() -> None:
    """It stands alone, so its first sentence is noted as that of any request is."""
    wrapper = "Answer as a teacher would. "
    texts = [f"{name} " * 31 for name in ("zebra", "yacht", "xenon")]
    events = [
        event(START_MS + n, prompt_fingerprint=FINGERPRINTER.fingerprint(wrapper + text), turn=2)
        for n, text in enumerate(texts)
    ]
    (record,) = records_of(parse_spec("crowd: {wrapper_ratio: 0.5}", "x"), events)
    (before,) = openers(FINGERPRINTER.fingerprint(wrapper))
    alone = [openers(FINGERPRINTER.fingerprint(text))[0] for text in texts]

    assert record.slots == [before, *alone[1:]]
    assert record.preambles == [(1, before), (2, before)]


def test_a_prompt_that_says_one_thing_in_many_lines_says_it_once() -> None:
    """What opens eight lines of one prompt in twenty-five is what those ask, and no wrapper of the account."""
    asked = [["abc"] * 8 if number % 25 == 0 else [opener(number)] for number in range(100)]
    events = [event(START_MS + n * BUCKET_MS, prompt_fingerprint=fingerprint(str(n), o)) for n, o in enumerate(asked)]
    records = records_of(SPEC, events)

    assert [slot for record in records for slot in record.slots] == [its[0] for its in asked]
    assert sum(record.wrapped for record in records) == 0
