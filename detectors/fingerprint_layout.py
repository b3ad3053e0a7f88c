"""The layout of a fingerprint string: where its sections are, and how to read them.

A fingerprint is one ASCII string of ``FINGERPRINT_CHARS`` characters: the format version ``1.`` and then sections
of fixed width, so that reading one is a slice. Every character after the version is one of 64 (the URL-safe
base64 alphabet) and carries six bits.

| section | characters | equal when |
|---|---|---|
| exact | 12 | the text is the same up to case, compatibility forms and white space |
| head, opening | 6 + 6 | the first 6 (4) words are the same up to numbers |
| first | 6 | the first sentence, line or label is the same up to numbers |
| closing, tail | 6 + 6 | the last 3 (6) words are the same up to numbers |
| last | 6 | the last sentence or line is the same up to numbers |
| skeleton | 6 | the first 8 parts of the form are the same, a run of content words and numbers being one part |
| marks | 6 | the first 6 punctuation marks and line ends are the same |
| bands | 6 x 5 | near-duplicates: two prompts with resemblance s share one band with chance about s^2 |
| shape | 4 | (length, words, share of numbers, lines; quantised) |
| embedding | 64 | (``EMBEDDING_DIMENSIONS`` levels; a direction, means of which can be merged) |
| openers | 16 x 3 | a sentence or line begins with the same two words, up to numbers; the first 8 and the last 8 |
| leads | | two words within the first sentence or line are the same, up to numbers: those from its second word on |

Leads take the places that openers leave empty, all but the first of these; a reader who wants openers stops there.

Words are characters in scripts without spaces. A prompt that is shorter than a section looks is seen whole.
"""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

VERSION: Final = "1."
FINGERPRINT_CHARS: Final = 208
ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SIX_BITS_TO_CHAR: Final = ALPHABET * 4
"""For ``bytes.translate``: the character of the low six bits of each byte."""

EXACT_CHARS: Final = 12
ID_CHARS: Final = 6
BAND_COUNT: Final = 6
BAND_CHARS: Final = 5
OPENER_COUNT: Final = 16
"""Half of them from the start of the prompt, half from its end."""
OPENER_CHARS: Final = 3
NO_OPENER: Final = "---"
EMBEDDING_LEVELS: Final = 31
"""A component of size ``EMBEDDING_RANGE`` is level 31 or -31."""
EMBEDDING_RANGE: Final = 0.5
LEVEL_COUNT: Final = 64


def _level_bounds() -> list[int]:
    bounds = [1]
    while len(bounds) < LEVEL_COUNT - 1:
        bounds.append(max(bounds[-1] + 1, round(bounds[-1] * 2 ** (1 / 3))))
    return bounds


LEVEL_BOUNDS: Final = np.array(_level_bounds())
"""Level i is for counts from bound i - 1 up to below bound i: exact up to 5, then three levels per doubling."""

EXACT: Final = slice(2, 14)
HEAD: Final = slice(14, 20)
OPENING: Final = slice(20, 26)
FIRST: Final = slice(26, 32)
CLOSING: Final = slice(32, 38)
TAIL: Final = slice(38, 44)
LAST: Final = slice(44, 50)
SKELETON: Final = slice(50, 56)
MARKS: Final = slice(56, 62)
BANDS: Final = slice(62, 92)
SHAPE: Final = slice(92, 96)
WORDS: Final = SHAPE.start + 1
EMBEDDING: Final = slice(96, 160)
OPENERS: Final = slice(160, 208)

_FORMAT: Final = re.compile(r"1\.[A-Za-z0-9_-]{206}")
_LEVEL: Final = np.zeros(128, np.float32)
_LEVEL[list(ALPHABET)] = (np.arange(64) - 32) * (EMBEDDING_RANGE / EMBEDDING_LEVELS)
_SIX_BITS: Final = {chr(char): value for value, char in enumerate(ALPHABET)}


class FingerprintRefused(ValueError):
    """A string is no fingerprint of this version; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """All sections of a fingerprint, decoded for people.

    ``characters``, ``words`` and ``lines`` are approximate counts (within 15 %), ``number_ratio`` the share of words
    that are numbers (0..1), ``embedding`` the components of a direction of length about 1.
    """

    exact: str
    head: str
    opening: str
    first: str
    closing: str
    tail: str
    last: str
    skeleton: str
    marks: str
    bands: tuple[str, ...]
    characters: int
    words: int
    number_ratio: float
    lines: int
    embedding: tuple[float, ...]
    openers: tuple[str, ...]
    leads: tuple[str, ...]


def exact_id(fingerprint: str) -> str:
    """Return what is equal for the same text, up to case, compatibility forms and white space."""
    return fingerprint[EXACT]


def head_id(fingerprint: str) -> str:
    """Return what is equal for the same first 6 words, up to numbers."""
    return fingerprint[HEAD]


def opening_id(fingerprint: str) -> str:
    """Return what is equal for the same first 4 words, up to numbers."""
    return fingerprint[OPENING]


def first_id(fingerprint: str) -> str:
    """Return what is equal for the same first sentence, line or label, up to numbers."""
    return fingerprint[FIRST]


def closing_id(fingerprint: str) -> str:
    """Return what is equal for the same last 3 words, up to numbers."""
    return fingerprint[CLOSING]


def tail_id(fingerprint: str) -> str:
    """Return what is equal for the same last 6 words, up to numbers."""
    return fingerprint[TAIL]


def last_id(fingerprint: str) -> str:
    """Return what is equal for the same last sentence or line, up to numbers."""
    return fingerprint[LAST]


def skeleton_id(fingerprint: str) -> str:
    """Return what is equal for the same form once content words and numbers are masked."""
    return fingerprint[SKELETON]


def marks_id(fingerprint: str) -> str:
    """Return what is equal for the same first punctuation marks and line ends."""
    return fingerprint[MARKS]


def bands(fingerprint: str) -> tuple[str, ...]:
    """Return the near-duplicate bands; those of different places never mean the same."""
    section = fingerprint[BANDS]
    return tuple(section[i : i + BAND_CHARS] for i in range(0, len(section), BAND_CHARS))


def embedding(fingerprint: str) -> NDArray[np.float32]:
    """Return the direction of the prompt, of length about 1 (0 for a prompt without words)."""
    return _LEVEL[np.frombuffer(fingerprint[EMBEDDING].encode("ascii"), np.uint8)]


def openers(fingerprint: str) -> list[str]:
    """Return what stands for the two words that begin each sentence or line, in order; at most ``OPENER_COUNT``."""
    places = _places(fingerprint)
    return places[: places.index(NO_OPENER)] if NO_OPENER in places else places


def leads(fingerprint: str) -> list[str]:
    """Return what stands for the two words that begin at each later word of the first sentence, as far as it is kept.

    A fingerprint that was made before leads were kept has none.
    """
    behind = _places(fingerprint)[len(openers(fingerprint)) + 1 :]
    return behind[: behind.index(NO_OPENER)] if NO_OPENER in behind else behind


def _places(fingerprint: str) -> list[str]:
    section = fingerprint[OPENERS]
    return [section[i : i + OPENER_CHARS] for i in range(0, len(section), OPENER_CHARS)]


def levels_from(count: int) -> frozenset[str]:
    """Characters that stand for at least so many characters, words or lines, up to how finely counts are told."""
    names = ALPHABET.decode()
    return frozenset(names[level] for level in range(1, len(names)) if LEVEL_BOUNDS[level - 1] >= count)


def _from_level(level: int) -> int:
    if level == 0:
        return 0
    first = int(LEVEL_BOUNDS[level - 1])
    last = int(LEVEL_BOUNDS[level]) - 1 if level < len(LEVEL_BOUNDS) else first
    return (first + last) // 2


def is_fingerprint(text: str) -> bool:
    """Whether a string has the form of a fingerprint of this version; others must not reach the functions above."""
    return _FORMAT.fullmatch(text) is not None


def parse(fingerprint: str) -> Fingerprint:
    """Decode all sections. Raises FingerprintRefused for anything but a fingerprint of this version."""
    if not is_fingerprint(fingerprint):
        raise FingerprintRefused(_complaint(fingerprint))
    shape = [_SIX_BITS[char] for char in fingerprint[SHAPE]]
    return Fingerprint(
        exact=exact_id(fingerprint),
        head=head_id(fingerprint),
        opening=opening_id(fingerprint),
        first=first_id(fingerprint),
        closing=closing_id(fingerprint),
        tail=tail_id(fingerprint),
        last=last_id(fingerprint),
        skeleton=skeleton_id(fingerprint),
        marks=marks_id(fingerprint),
        bands=bands(fingerprint),
        characters=_from_level(shape[0]),
        words=_from_level(shape[1]),
        number_ratio=shape[2] / 63,
        lines=_from_level(shape[3]),
        embedding=tuple(round(float(x), 4) for x in embedding(fingerprint)),
        openers=tuple(openers(fingerprint)),
        leads=tuple(leads(fingerprint)),
    )


def _complaint(text: str) -> str:
    if not text.startswith(VERSION):
        return f"a fingerprint starts with {VERSION!r}, this string with {text[:8]!r}"
    if len(text) != FINGERPRINT_CHARS:
        return f"a fingerprint has {FINGERPRINT_CHARS} characters, this string has {len(text)}"
    place = next(i for i, char in enumerate(text[2:], 2) if char not in _SIX_BITS)
    return f"character {place} of a fingerprint is one of A-Z a-z 0-9 - _, this one is {text[place]!r}"
