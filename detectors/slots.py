"""Slots: what a prompt asks, behind what its account says each time.

A part that many prompts of an account have is its wrapper. Whoever takes many wrappers in turn has none that is in
many prompts. But a whole first sentence, line or label hardly recurs before different prompts unless it is said before
whatever is asked: it begins a *preamble*. So for each of the latest first sentences it is kept how the prompts with it
went on, as far as all of them agree.

A preamble may be what is asked all the same: "Correct the following text." Which of both it is shows in what a crowd
asks, and an account does not know that. So the openers of both are told, and the crowd decides (``detectors.crowd``).

A prompt of one part has no preamble. It is blind to preambles that no mark ends, and to those that recur after
``_PREAMBLES`` others and more.
"""

from struct import Struct

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
_ENDS, _PARTING = "-" * _NEXT_PARTS, "~" * _NEXT_PARTS
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


Slot = tuple[str | None, str | None, bool]
"""What a prompt asks: the opener of its first part that is neither wrapper nor preamble, that of the preamble when
nothing else is left, ``None`` when nothing is left but wrapper; the opener that begins the preamble before it, ``None``
without one; and whether the prompt has a part that most of the account's prompts have. A plain tuple, since there is
one for each event."""
NO_PROMPT: Slot = (None, None, False)


def slot_of(state: AccountState, openers: str, first: str, wrapper_ratio: float) -> Slot:
    """Slot of a prompt from its openers, which are counted for the next one; about 2 microseconds.

    ``first`` stands for the first sentence and is empty when the prompt shows no preamble, because it repeats another
    or continues a conversation in few words. A part is wrapper when ``wrapper_ratio`` of the account's prompts have it.
    """
    parts, prompts = state.parts, state.prompts
    # Several times as fast as slicing.
    each = _UNPACK[len(openers) // OPENER_CHARS](openers.encode())
    preamble = each[: _note_preamble(state, first, openers)] if first and len(each) > 1 else ()
    limit = wrapper_ratio * (prompts if prompts > _LEAST_PROMPTS else _LEAST_PROMPTS)
    limit = limit if limit > _LEAST_COUNT else _LEAST_COUNT
    dominant = _DOMINANT_RATIO * prompts
    dominant = dominant if dominant > _LEAST_DOMINANT else _LEAST_DOMINANT
    slot: bytes | None = None
    before: bytes | None = None
    is_wrapped = False
    # A prompt that says one thing in many lines says it once.
    for opener in dict.fromkeys(each) if len(each) > 1 else each:
        count = parts.get(opener, 0)
        if slot is None and count < limit:
            if opener not in preamble:
                slot = opener
            elif before is None:
                before = opener
        if count >= dominant:
            is_wrapped = True
        parts[opener] = count + 1
    state.prompts = prompts + 1
    if len(parts) > _PARTS or prompts + 1 >= _HALVE_AFTER:
        _forget_parts(state)
    if slot is None:
        # With nothing behind it, it is what the prompt asks.
        slot, before = before, None
    return None if slot is None else slot.decode(), None if before is None else before.decode(), is_wrapped


def parts_behind(state: AccountState, openers: str, slot: str, wrapper_ratio: float, most: int) -> str:
    """The first parts behind the slot of the prompt counted last that are no wrapper, ``most`` at most, each once."""
    counts = state.parts
    # That prompt is counted already.
    limit = 1 + max(_LEAST_COUNT, wrapper_ratio * max(_LEAST_PROMPTS, state.prompts - 1))
    behind, found = openers[place_of(slot, openers, OPENER_CHARS) + OPENER_CHARS :], ""
    for start in range(0, len(behind), OPENER_CHARS):
        opener = behind[start : start + OPENER_CHARS]
        is_said = opener == slot or place_of(opener, found, OPENER_CHARS) >= 0
        if not is_said and counts.get(opener.encode(), 0) < limit:
            found += opener
            if len(found) == most * OPENER_CHARS:
                break
    return found


def _note_preamble(state: AccountState, first: str, openers: str) -> int:
    """Number of a prompt's first openers that all prompts with its first sentence have had; 0 if it is the first."""
    known = state.preambles
    after = (openers[_NEXT_OPENERS] + _ENDS)[:_NEXT_PARTS]
    at = place_of(first, known, _PREAMBLE_CHARS)
    if at < 0:
        state.preambles = (known + first + after)[-_PREAMBLE_CHARS * _PREAMBLES :]
        return 0
    before = known[at + FIRST_CHARS : at + _PREAMBLE_CHARS]
    agreeing = 0
    while agreeing < _NEXT_PARTS and before[agreeing] == after[agreeing]:
        agreeing += 1
    kept = (before[:agreeing] + _PARTING)[:_NEXT_PARTS]
    if kept != before or at + _PREAMBLE_CHARS < len(known):
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
