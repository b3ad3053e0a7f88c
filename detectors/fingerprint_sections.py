"""The sections of fingerprints, computed for some prompts at once.

Everything here is arithmetic on the secret 64-bit numbers that stand for tokens: sums of products modulo 2^64, mixed
and cut to the width of a section. Integers, or floating point where it is exact: the same on every machine.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.fingerprint_layout import (
    BAND_CHARS,
    BAND_COUNT,
    EMBEDDING_LEVELS,
    EMBEDDING_RANGE,
    ID_CHARS,
    LEVEL_BOUNDS,
    OPENER_CHARS,
    OPENER_COUNT,
)
from detectors.tokens import EMBEDDING_DIMENSIONS, END, FORM, NUMBER, WORD, TokenTable

__all__ = ["Sections"]

Ids = NDArray[np.uint64]
Ints = NDArray[np.intp]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

_SENTENCE_MIN_WORDS: Final = 2
_STYLE_WEIGHT: Final = 0.4
_NO_OPENER_BITS: Final = 62

# The stretches that templates look at, in words: head, opening, first, closing, tail, last; then the skeleton's parts,
# and marks: those of the section and those of the embedding's style.
_WIDTHS: Final = np.array([6, 4, 24, 3, 6, 24, 8, 6, 3])
_TEMPLATES: Final = 8
_TEMPLATE_NAMES: Final = [f"template {i}" for i in range(_TEMPLATES)]
_STYLE_MARKS: Final = 8
_STYLE_NAMES: Final = ("case", "length", "end", "marks")
_STRETCH: Final = np.repeat(np.arange(len(_WIDTHS)), _WIDTHS)
_ORDER: Final = np.concatenate([np.arange(width) for width in _WIDTHS])
_OFFSETS: Final = np.cumsum(_WIDTHS) - _WIDTHS


def _odd_numbers(seed: int, count: int) -> Ids:
    return np.array([pow(seed, 2 * i + 3, 2**64) for i in range(count)], np.uint64)


_PLACES: Final = _odd_numbers(0x9E3779B97F4A7C15, int(_WIDTHS.max()))
_FACTORS: Final = _PLACES[_ORDER]
_MULTIPLIERS: Final = _odd_numbers(0xA0761D6478BD642F, 2 * BAND_COUNT)[:, None]
_MIX: Final = np.array([0xD6E8FEB86659FD93, 0xE7037ED1A0B428DB], np.uint64)
_HALF: Final = np.uint64(32)
_OPENER_ORDER: Final = np.arange(OPENER_COUNT)


class Sections:
    """Tokens of some prompts, as rows of the token table, and what follows from them.

    Every method returns an array with one line per prompt; only the low six bits of its bytes count.

    Parameters
    ----------
    table
        Where the rows come from.
    rows
        Rows of all tokens, one prompt after the other.
    lengths
        Number of tokens of each prompt.

    """

    def __init__(self, table: TokenTable, rows: Ints, lengths: Ints) -> None:
        self._table = table
        self._rows = rows
        self._lengths = lengths
        self._count = len(lengths)
        self._stops = lengths.cumsum()
        self._starts = self._stops - lengths
        self._kind = table.kind.take(rows)
        self._prompt = np.arange(self._count).repeat(lengths)
        is_word = (self._kind & WORD) != 0
        word_count = is_word.cumsum()
        self._words_before = word_count - is_word
        self._ids = table.identity.take(rows[is_word])
        self._words = np.bincount(self._prompt[is_word], minlength=self._count)
        self._word_stops = self._words.cumsum()
        self._word_starts = self._word_stops - self._words
        is_end = (self._kind & END) != 0
        self._end_prompt = self._prompt[is_end]
        self._end_place = self._words_before[is_end]
        self._sums = self._stretches(is_word)

    def templates(self) -> Bytes:
        """Head, opening, first, closing, tail, last, skeleton and marks."""
        secrets = self._table.secrets(*_TEMPLATE_NAMES)
        return _characters(_mix(self._sums[:, :_TEMPLATES] + secrets), ID_CHARS)

    def bands(self) -> Bytes:
        """Bands of two min-hashes each, over the runs of up to three words that begin at every word."""
        runs = self._ids * _PLACES[0]
        prompt = np.arange(self._count).repeat(self._words)
        for distance in (1, 2):
            is_same_prompt = prompt[distance:] == prompt[:-distance]
            runs[:-distance] += self._ids[distance:] * _PLACES[distance] * is_same_prompt
        minima = np.full((2 * BAND_COUNT, self._count), self._table.secrets("no words"))
        has_words = self._words > 0
        if has_words.any():
            minima[:, has_words] = np.minimum.reduceat(runs * _MULTIPLIERS, self._word_starts[has_words], axis=1)
        values = minima[::2] * _PLACES[0] + minima[1::2] * _PLACES[1]
        return _characters(_mix(values.T + self._table.secrets("bands")), BAND_CHARS)

    def shape(self, characters: list[int], lines: list[int]) -> Bytes:
        """Levels of length, words, share of numbers and lines."""
        numbers = np.bincount(self._prompt[(self._kind & NUMBER) != 0], minlength=self._count)
        levels = np.searchsorted(LEVEL_BOUNDS, np.array((characters, self._words, lines)), "right")
        share = numbers * 63 // np.maximum(self._words, 1)
        return np.array((levels[0], levels[1], share, levels[2]), np.uint8).T

    def openers(self) -> Bytes:
        """What stands for the first two words of each sentence or line: the first eight and the last eight.

        Behind them and an empty place, as far as there is room, what stands for the two words that begin at each later
        word of the first sentence or line. Of the last word of a sentence only that word counts.
        """
        words = len(self._ids)
        if not words:
            return np.full((self._count, OPENER_COUNT * OPENER_CHARS), _NO_OPENER_BITS, np.uint8)
        is_start = np.zeros(words + 1, np.bool_)
        is_start[self._word_starts] = True
        is_start[self._end_place] = True
        starts = np.flatnonzero(is_start[:words])
        first = starts.searchsorted(self._word_starts)
        count = (starts.searchsorted(self._word_stops) - first)[:, None]
        skipped = np.maximum(count - OPENER_COUNT, 0) * (_OPENER_ORDER >= OPENER_COUNT // 2)
        is_opener = count > _OPENER_ORDER
        begins = starts.take((first[:, None] + _OPENER_ORDER + skipped) * is_opener)
        # The sentence behind the first one begins where that ends.
        second = np.append(starts, words)[np.minimum(first + 1, len(starts))]
        later = self._word_starts[:, None] + _OPENER_ORDER - count
        is_lead = (count < _OPENER_ORDER) & (later < np.minimum(second, self._word_stops)[:, None])
        places = np.where(is_opener, begins, later * is_lead)
        followers = np.append(self._ids, np.uint64(0)).take(places + 1) * ~is_start.take(places + 1)
        sums = self._ids.take(places) * _PLACES[0] + followers * _PLACES[1]
        marks = _characters(_mix(sums + self._table.secrets("openers")), OPENER_CHARS)
        marks = marks.reshape(self._count, OPENER_COUNT, OPENER_CHARS)
        is_used = (is_opener | is_lead)[:, :, None]
        return np.where(is_used, marks, np.uint8(_NO_OPENER_BITS)).reshape(self._count, -1)

    def embedding(self, characters: list[int], cases: list[int]) -> Bytes:
        """Levels of the direction of a prompt: its tokens' directions added up, and those of its style."""
        total = np.zeros((self._count, EMBEDDING_DIMENSIONS))
        has_tokens = self._lengths > 0
        if has_tokens.any():
            directions = self._table.direction.take(self._rows, axis=0)
            # Of a prompt 16,384 characters are kept, so it has fewer tokens than 16 bits count.
            plus = np.add.reduceat(directions, self._starts[has_tokens], axis=0).view(np.uint16)
            total[has_tokens] = plus * 2.0 - self._lengths[has_tokens, None]
        # Whole numbers below 2^53 throughout: sums are exact in whatever order a machine adds.
        length = np.sqrt((total * total).sum(axis=1, keepdims=True))
        weight = np.rint(length * (_STYLE_WEIGHT * 64 / EMBEDDING_DIMENSIONS**0.5))
        total = total * 64 + self._style(characters, cases) * weight
        squares = (total * total).sum(axis=1, keepdims=True)
        scale = (EMBEDDING_LEVELS / EMBEDDING_RANGE) / np.sqrt(np.maximum(squares, 1))
        levels: Bytes = np.rint(total * scale).clip(-EMBEDDING_LEVELS, EMBEDDING_LEVELS).astype(np.int8).view(np.uint8)
        return levels + np.uint8(EMBEDDING_LEVELS + 1)

    def _style(self, characters: list[int], cases: list[int]) -> NDArray[np.float64]:
        """Sum of the directions of what prompts from one source have in common: case, length, end, first marks."""
        table = self._table
        last = self._rows.take(self._stops - 1, mode="clip") if len(self._rows) else self._stops
        values = np.empty((self._count, len(_STYLE_NAMES)), np.uint64)
        values[:, 0] = cases
        values[:, 1] = [count.bit_length() for count in characters]
        values[:, 2] = table.identity.take(last) * ((table.kind.take(last) & WORD) == 0)
        values[:, 3] = self._sums[:, _STYLE_MARKS]
        mixed = _mix(values * _PLACES[0] + table.secrets(*_STYLE_NAMES))
        bits = np.unpackbits(_characters(mixed, 8), axis=1).reshape(self._count, len(_STYLE_NAMES), 64)
        style: NDArray[np.float64] = bits.sum(axis=1) * 2.0 - len(_STYLE_NAMES)
        return style

    def _stretches(self, is_word: Flags) -> Ids:
        """Sum over each stretch of a prompt that templates look at, every place having a factor of its own."""
        is_slot = (self._kind & FORM) == 0
        is_part = np.ones(len(is_slot), np.bool_)
        is_part[1:] = ~(is_slot[1:] & is_slot[:-1] & (self._prompt[1:] == self._prompt[:-1]))
        parts, marks = np.flatnonzero(is_part), np.flatnonzero(~is_word)
        values = np.concatenate(
            (
                self._ids,
                self._table.form.take(self._rows.take(parts)),
                self._table.identity.take(self._rows.take(marks)),
            )
        )
        first, last = self._sentences()
        part, mark = parts.searchsorted(self._starts), marks.searchsorted(self._starts)
        found_parts = parts.searchsorted(self._stops) - part
        found_marks = marks.searchsorted(self._stops) - mark
        part += len(self._ids)
        mark += len(self._ids) + len(parts)
        words = self._words
        available = (words, words, first, words, words, last, found_parts, found_marks, found_marks)
        counts = np.minimum(np.concatenate(available).reshape(-1, self._count), _WIDTHS[:, None])
        begins, ends = self._word_starts, self._word_stops
        starts = np.concatenate((begins, begins, begins, ends, ends, ends, part, mark, mark)).reshape(-1, self._count)
        starts[3:6] -= counts[3:6]
        is_used = counts.T.take(_STRETCH, axis=1) > _ORDER
        chosen = _take(values, (starts.T.take(_STRETCH, axis=1) + _ORDER) * is_used) * is_used
        sums: Ids = np.add.reduceat(chosen * _FACTORS, _OFFSETS, axis=1)
        return sums

    def _sentences(self) -> tuple[Ints, Ints]:
        """Number of words of the first and of the last sentence or line, single words passed over."""
        prompt = self._end_prompt
        before = self._end_place - self._word_starts[prompt]
        behind = self._words[prompt] - before
        is_first, is_last = before >= _SENTENCE_MIN_WORDS, behind >= _SENTENCE_MIN_WORDS
        first, last = self._words.copy(), self._words.copy()
        # Of several assignments to one place the last one stays.
        first[prompt[is_first][::-1]] = before[is_first][::-1]
        last[prompt[is_last]] = behind[is_last]
        return first, last


def _take(values: Ids, places: Ints) -> Ids:
    return values.take(places) if len(values) else np.zeros(places.shape, np.uint64)


def _mix(values: Ids) -> Ids:
    """Spread every bit over all others."""
    values = (values ^ (values >> _HALF)) * _MIX[0]
    values = (values ^ (values >> _HALF)) * _MIX[1]
    return values ^ (values >> _HALF)


def _characters(values: Ids, count: int) -> Bytes:
    """The low ``count`` bytes of each value, side by side."""
    raw = np.ascontiguousarray(values, "<u8").view(np.uint8).reshape(len(values), -1, 8)
    return raw[:, :, :count].reshape(len(values), -1)
