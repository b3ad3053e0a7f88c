"""Slots: what a prompt asks, behind wrappers and preambles."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.account_state import AccountState
from detectors.fingerprint import Fingerprinter
from detectors.fingerprint_layout import openers
from detectors.rhythm import RhythmState
from detectors.slots import Slot, parts_behind, slot_of
from detectors.spec import DetectorSpec
from tests.unit.detectors.samples import MINUTE_MS, START_MS, event, opener, records_of

WRAPPER_RATIO = 0.12
FINGERPRINTER = Fingerprinter(b"a key of some length")


def slots_of(prompts: Sequence[tuple[str, Sequence[str]]], state: AccountState | None = None) -> list[Slot]:
    """Slots of prompts of one account, each a first sentence and openers."""
    state = AccountState(RhythmState()) if state is None else state
    return [slot_of(state, "".join(its), first, WRAPPER_RATIO) for first, its in prompts]


def in_turn(preambles: Sequence[Sequence[str]], rounds: int) -> list[tuple[str, Sequence[str]]]:
    """Prompts that have so many preambles in turn, each before something of its own."""
    each = [(f"{n:03d}", preamble) for n, preamble in enumerate(preambles)] * rounds
    return [(first, [*preamble, opener(n)]) for n, (first, preamble) in enumerate(each)]


@pytest.mark.parametrize("parts", [1, 2, 5, 6])
def test_what_stands_behind_preambles_in_turn_is_the_slot(parts: int) -> None:
    """Twenty-four preambles, none in more than a twentieth of the prompts; known when each comes again."""
    preambles = [[f"{chr(97 + part)}{n:02d}" for part in range(parts)] for n in range(24)]
    found = slots_of(in_turn(preambles, 3))

    assert found[:24] == [(preamble[0], None, False) for preamble in preambles]
    assert found[24:] == [(opener(n), preambles[n % 24][0], False) for n in range(24, 72)]


def test_preambles_are_known_while_few_others_came_since() -> None:
    """Forty-eight in turn are told; of forty-nine each is forgotten before it comes again."""
    preambles = [[f"a{n:02d}"] for n in range(49)]

    assert all(slot[1] is not None for slot in slots_of(in_turn(preambles[:48], 2))[48:])
    assert all(slot[1] is None for slot in slots_of(in_turn(preambles, 2)))


def test_what_some_prompts_have_in_common_by_chance_is_no_preamble() -> None:
    """Two prompts agree behind their first sentence, the third does not: what they ask is told from then on."""
    others = [(f"o{n:02d}", [opener(100 + n)]) for n in range(40)]
    asked = ["ask", "ask", "oth", "ask"]
    found = slots_of([*others, *(("one", ["pre", part, opener(n)]) for n, part in enumerate(asked))])[40:]

    assert [slot[0] for slot in found] == ["pre", opener(1), "oth", "ask"]
    assert [slot[1] for slot in found] == [None, "pre", "pre", "pre"]


@pytest.mark.parametrize(
    "rest_of",
    [lambda _: [], lambda n: ["pre"] * (n // 10 % 2), lambda n: ["pre"] * (1 + n // 10 % 2)],
    ids=["one sentence", "said once or twice", "said twice or thrice"],
)
def test_with_nothing_behind_it_a_first_sentence_is_what_is_asked(rest_of: Callable[[int], list[str]]) -> None:
    """Until it is in so many prompts that it is the account's wrapper, and nothing is left."""
    others = [(f"o{n:02d}", [opener(n)]) for n in range(60)]
    prompts = [
        prompt
        for n, other in enumerate(others)
        for prompt in (other, ("one", ["pre", *rest_of(n)]))[: 1 + (n % 10 == 0)]
    ]

    assert {slot[0] for slot, (first, _) in zip(slots_of(prompts), prompts, strict=True) if first == "one"} == {"pre"}


def test_prompts_that_repeat_or_go_on_show_no_preamble() -> None:
    """They have no first sentence of their own: a known one is not told of them, and they bring none."""
    state = AccountState(RhythmState())

    assert slots_of([("", ["pre", "x01"]), ("", ["pre", "x02"])], state)[1][1] is None
    assert state.preambles == ""


def test_counts_of_parts_are_halved_with_the_prompts() -> None:
    """With the ninety-sixth prompt, and not before; what was seen once is forgotten then."""
    state = AccountState(RhythmState())
    slots_of([("", ["wrp", opener(n // 2)]) for n in range(95)], state)
    assert (state.prompts, state.parts[b"wrp"], state.parts[b"000"], state.parts[b"047"]) == (95, 95, 2, 1)

    slots_of([("", ["wrp"])], state)
    assert (state.prompts, state.parts[b"wrp"], state.parts[b"000"]) == (48, 48, 1)
    assert b"047" not in state.parts


@pytest.mark.parametrize("ratio", [WRAPPER_RATIO, 0.5])
def test_what_stands_behind_a_slot_is_no_wrapper_while_it_would_be_a_slot_alone(ratio: float) -> None:
    """A part of every other prompt, in each of them."""
    state = AccountState(RhythmState())
    told, alone = [], []
    for n in range(40):
        behind = ["end"] * (n % 2 == 0)
        alone.append(slot_of(deepcopy(state), "end", "", ratio)[0] if behind else None)
        slot_of(state, opener(n) + "".join(behind), "", ratio)
        told.append(parts_behind(state, opener(n) + "".join(behind), opener(n), ratio, 2) or None)

    assert told == alone
    assert {*told} == {"end", None}
    assert not any(told[-2:])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["aaa", "aab", "abb"]), st.lists(st.sampled_from(["aaa", "aab", "baa", "bab"]), max_size=16)
        ),
        max_size=90,
    )
)
def test_a_slot_is_one_of_the_openers(prompts: list[tuple[str, list[str]]]) -> None:
    """Whatever comes, slot and preamble are different openers of the prompt, and what is known has whole entries."""
    state = AccountState(RhythmState())
    found = slots_of(prompts, state)

    for slot, (_, its) in zip(found, prompts, strict=True):
        assert {slot[0], slot[1]} - {None} <= set(its)
        assert slot[1] is None or slot[1] != slot[0]
    firsts = [state.preambles[at : at + 3] for at in range(0, len(state.preambles), 8)]
    assert len(state.preambles) % 8 == 0
    # A prompt of one part shows no preamble.
    shown = [first for first, its in prompts if len(its) > 1]
    assert sorted(firsts) == sorted(set(shown))
    assert firsts[-1:] == shown[-1:]


def word(number: int) -> str:
    """A word of its own for every number below 8,000."""
    return "".join("bcdfghjklmnpqrstvwxy"[number // place % 20] for place in (400, 20, 1))


def test_texts_in_wrappers_by_lot_are_told_behind_them() -> None:
    """Thirty wrappers of one or two sentences: after two hundred prompts an account is told to ask what is in them."""
    chooser = Random(3)
    wrappers = [f"{word(n)} {word(n + 50)} as asked. " + (f"Be {word(n)}. " if n % 2 else "") for n in range(30)]
    texts = [f"{word(100 + chooser.randrange(50))} {word(n)} of it?" for n in range(400)]
    prompts = [chooser.choice(wrappers) + text for text in texts]
    events = [
        event(START_MS + n * MINUTE_MS, prompt_fingerprint=FINGERPRINTER.fingerprint(prompt))
        for n, prompt in enumerate(prompts)
    ]
    told = [slot for record in records_of(DetectorSpec(), events) for slot in record.slots]
    alone = [openers(FINGERPRINTER.fingerprint(text))[0] for text in texts]

    assert len(told) == 400
    assert told[200:] == alone[200:]
    assert sum(map(str.__ne__, told[:30], alone)) >= 15
