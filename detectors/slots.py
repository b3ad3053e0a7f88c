"""Slots: what a prompt asks, behind what its account says each time.

A part that many prompts of an account have is its wrapper. Whoever takes many wrappers in turn has none that is in
many prompts. But a whole first sentence, line or label hardly recurs before different prompts unless it is said before
whatever is asked: it begins a *preamble*. So for each of the latest first sentences it is kept how the prompts with it
went on, as far as all of them agree.

A preamble may be what is asked all the same: "Correct the following text." Which of both it is shows in what a crowd
asks, and an account does not know that. So the openers of both are told, and the crowd decides (``detectors.crowd``).

It is blind to preambles that no mark ends, and to those that recur after more than ``_PREAMBLES`` others.
"""

from struct import Struct
from typing import NamedTuple

from detectors.account_state import AccountState
from detectors.exchange import FIRST_CHARS
from detectors.fingerprint_layout import OPENER_CHARS, OPENER_COUNT

_PREAMBLES = 48
"""Latest first sentences that are known."""
_NEXT_PARTS = 5
"""Parts of a preamble behind its first sentence, at most, each told by one character: one of 64 different ones is equal
by chance, until the next prompt parts them."""
_PREAMBLE_CHARS = FIRST_CHARS + _NEXT_PARTS
_NEXT_OPENERS = slice(2 * OPENER_CHARS - 1, (_NEXT_PARTS + 1) * OPENER_CHARS, OPENER_CHARS)
"""The last character of each opener behind the first."""
_END, _DIFFERENT = "-", "~"
"""Where a prompt ends, and where prompts with one first sentence part; a character of an opener is never ``~``."""

_PARTS = 64
"""Parts of prompts that are counted at most; see ``_forget_parts``."""
_UNPACK = [Struct(f"{OPENER_CHARS}s" * count).unpack for count in range(OPENER_COUNT + 1)]
_HALVE_AFTER = 96
"""Prompts after which the counts of parts are halved."""
_LEAST_COUNT, _LEAST_PROMPTS = 2.0, 12
"""A part is a wrapper from this count on at least, and as if there were this many prompts: one or two tell nothing."""
_DOMINANT_RATIO, _LEAST_DOMINANT = 0.6, 3.0
"""Share of the prompts that must have a part, and how many must, before it is one that most have."""


class Slot(NamedTuple):
    """What a prompt asks.

    Parameters
    ----------
    opener
        Opener of its first part that is neither wrapper nor preamble; ``None`` when nothing is left but wrapper.
    preamble
        Opener of its first part that is no wrapper, where that is another one: it begins a preamble.
    is_wrapped
        Whether the prompt has a part that most of the account's prompts have.
    """

    opener: str | None
    preamble: str | None
    is_wrapped: bool


NO_SLOT = Slot(None, None, is_wrapped=False)


def slot_of(state: AccountState, openers: str, first: str, wrapper_ratio: float) -> Slot:
    """Slot of a prompt from its openers, which are counted for the next one; about 2 microseconds.

    ``first`` stands for the first sentence and is empty when the prompt shows no preamble, because it repeats another
    or continues a conversation. A part is wrapper when ``wrapper_ratio`` of the account's prompts have it.
    """
    parts = state.parts
    # Several times as fast as slicing.
    each = _UNPACK[len(openers) // OPENER_CHARS](openers.encode())
    preamble = each[: _note_preamble(state, first, openers)] if first else ()
    limit = max(_LEAST_COUNT, wrapper_ratio * max(state.prompts, _LEAST_PROMPTS))
    dominant = max(_LEAST_DOMINANT, _DOMINANT_RATIO * state.prompts)
    slot: bytes | None = None
    before: bytes | None = None
    is_wrapped = False
    # A prompt that says one thing in many lines says it once.
    for opener in dict.fromkeys(each):
        count = parts.get(opener, 0)
        if slot is None and count < limit:
            if opener not in preamble:
                slot = opener
            elif before is None:
                before = opener
        if count >= dominant:
            is_wrapped = True
        parts[opener] = count + 1
    state.prompts += 1
    if len(parts) > _PARTS or state.prompts >= _HALVE_AFTER:
        _forget_parts(state)
    if slot is None:
        # With nothing behind it, it is what the prompt asks.
        slot, before = before, None
    return Slot(_text(slot), _text(before), is_wrapped)


def _text(opener: bytes | None) -> str | None:
    return None if opener is None else opener.decode()


def _note_preamble(state: AccountState, first: str, openers: str) -> int:
    """Number of a prompt's first openers that all prompts with its first sentence have had; 0 if it is the first."""
    known = state.preambles
    after = openers[_NEXT_OPENERS].ljust(_NEXT_PARTS, _END)
    at = place_of(first, known, _PREAMBLE_CHARS)
    if at < 0:
        state.preambles = (known + first + after)[-_PREAMBLE_CHARS * _PREAMBLES :]
        return 0
    before = known[at + FIRST_CHARS : at + _PREAMBLE_CHARS]
    agreeing = 0
    while agreeing < _NEXT_PARTS and before[agreeing] == after[agreeing]:
        agreeing += 1
    kept = before[:agreeing].ljust(_NEXT_PARTS, _DIFFERENT)
    state.preambles = known[:at] + known[at + _PREAMBLE_CHARS :] + first + kept
    return 1 + agreeing


def _forget_parts(state: AccountState) -> None:
    """Drop what was seen once; when enough prompts went by, halve the rest."""
    if state.prompts >= _HALVE_AFTER:
        state.parts = {part: count // 2 for part, count in state.parts.items() if count > 1}
        state.prompts //= 2
    else:
        state.parts = {part: count for part, count in state.parts.items() if count > 1}
    if len(state.parts) > _PARTS:
        kept = sorted(state.parts.items(), key=lambda item: (-item[1], item[0]))[: _PARTS // 2]
        state.parts = dict(kept)


def place_of(wanted: str, ids: str, width: int) -> int:
    """Where an entry of so many characters begins with ``wanted`` in a string of entries; -1 where none does."""
    at = ids.find(wanted)
    while at % width and at >= 0:
        at = ids.find(wanted, at + 1)
    return at
