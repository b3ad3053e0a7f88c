"""Keyed prompt fingerprints: what may be remembered of a prompt once its text is gone.

The layout is described in ``detectors/fingerprint_layout.py``. Every section is derived from keyed BLAKE2b digests,
so that nobody without the key can look words or prompts up; the same key gives the same string on every machine
and in every process.

It does not see meaning: a paraphrase shares nothing but its embedding's direction, a translation not even that.
"""

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from detectors.fingerprint_layout import (
    BAND_COUNT,
    EMBEDDING_LEVELS,
    EMBEDDING_RANGE,
    FINGERPRINT_CHARS,
    OPENER_COUNT,
    SIX_BITS_TO_CHAR,
    VERSION,
    Fingerprint,
    FingerprintRefused,
    bands,
    character_count,
    closing_id,
    embedding,
    exact_id,
    first_id,
    head_id,
    last_id,
    openers,
    opening_id,
    parse,
    skeleton_id,
    tail_id,
    template_ids,
    to_level,
    word_count,
)
from detectors.tokens import EMBEDDING_DIMENSIONS, Vocabulary, fold, tokenize

__all__ = [
    "BAND_COUNT",
    "EMBEDDING_DIMENSIONS",
    "FINGERPRINT_CHARS",
    "Fingerprint",
    "FingerprintRefused",
    "Fingerprinter",
    "bands",
    "character_count",
    "closing_id",
    "embedding",
    "exact_id",
    "first_id",
    "head_id",
    "last_id",
    "openers",
    "opening_id",
    "parse",
    "skeleton_id",
    "tail_id",
    "template_ids",
    "word_count",
]

_LONG_WORDS: Final = 8
_SHORT_WORDS: Final = 3
_SENTENCE_MIN_WORDS: Final = 2
_SENTENCE_MAX_WORDS: Final = 24
_SHINGLE_TOKENS: Final = 3
_MIN_KEY_BYTES: Final = 16
_MAX_KEY_BYTES: Final = 64
_ODD: Final = 0x9E3779B97F4A7C15
_MULTIPLIERS: Final = np.array(
    [[pow(_ODD, 2 * i + 3, 2**64)] for i in range(2 * BAND_COUNT)], dtype=np.uint64
)
_PLACES: Final = np.array([0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB], dtype=np.uint64)
_OPENER_SHIFTS: Final = np.array([46, 52, 58], dtype=np.uint64)
_FIRST_WORD: Final = np.zeros(1, np.int64)
_EMPTY_OPENER: Final = b"\x3e\x3e\x3e"
_MASK: Final = b"\x00" * 8
_PERSONS: Final = (b"head", b"opening", b"first", b"tail", b"closing", b"last", b"skeleton")
_WORD: Final = Vocabulary.WORD
_FORM: Final = Vocabulary.FORM
_END: Final = Vocabulary.END
_NUMBER: Final = Vocabulary.NUMBER


class Fingerprinter:
    """Compute fingerprints under one key.

    Costs about 50 µs for a prompt of 280 characters and up to 50 MB for the memory of token digests, which changes
    speed only. Not for several threads at once.

    Parameters
    ----------
    key
        16 to 64 secret bytes, the same wherever fingerprints are to be comparable. Raises ValueError
        for any other length.

    Examples
    --------
    >>> fingerprinter = Fingerprinter(b"0123456789abcdef")
    >>> one = fingerprinter.fingerprint("Answer as an expert teacher of school physics: why is the sky blue?")
    >>> two = fingerprinter.fingerprint("Answer as an expert teacher of school physics: what is heat?")
    >>> exact_id(one) == exact_id(two), head_id(one) == head_id(two)
    (False, True)

    References
    ----------
    Broder, On the resemblance and containment of documents, 1997 (min-hash, shingles).
    Weinberger et al., Feature hashing for large scale multitask learning, ICML 2009 (embedding).

    """

    def __init__(self, key: bytes) -> None:
        if not _MIN_KEY_BYTES <= len(key) <= _MAX_KEY_BYTES:
            raise ValueError(f"a fingerprint key has {_MIN_KEY_BYTES} to {_MAX_KEY_BYTES} bytes, this one {len(key)}")
        self._key = bytes(key)
        self._vocabulary = Vocabulary(self._key)
        self._hashers = [hashlib.blake2b(digest_size=6, key=self._key, person=person) for person in _PERSONS]

    def fingerprint(self, prompt: str) -> str:
        """Return the fingerprint of a prompt; total: any str has one, the empty one included."""
        text = fold(prompt)
        words = text.split()
        exact = self._vocabulary.digest(" ".join(words), b"exact", 12)
        tokens = tokenize(text)
        vocabulary = self._vocabulary
        rows = vocabulary.rows(tokens)
        kind = vocabulary.kind[rows]
        identity = vocabulary.identity[rows]
        is_word = (kind & _WORD).astype(np.uint8)
        word_ids = identity[is_word != 0]
        lines = text.count("\n") + 1
        numbers = int(np.count_nonzero(kind & _NUMBER))
        shape = bytes(
            (
                to_level(len(prompt)),
                to_level(len(word_ids)),
                round(63 * numbers / max(1, len(word_ids))),
                to_level(lines),
            )
        )
        packed = b"".join(
            (
                exact,
                self._templates(identity, word_ids, kind, is_word),
                _bands(word_ids),
                shape,
                _embed(vocabulary.vectors, rows),
                _openers(word_ids, kind, is_word),
            )
        )
        return VERSION + packed.translate(SIX_BITS_TO_CHAR).decode("ascii")

    def _templates(
        self,
        identity: NDArray[np.uint64],
        word_ids: NDArray[np.uint64],
        kind: NDArray[np.uint8],
        is_word: NDArray[np.uint8],
    ) -> bytes:
        words = word_ids.tobytes()
        first, last = _sentences(kind, is_word)
        first = min(first, _SENTENCE_MAX_WORDS)
        last = min(last, _SENTENCE_MAX_WORDS)
        parts = (
            words[: 8 * _LONG_WORDS],
            words[: 8 * _SHORT_WORDS],
            words[: 8 * first],
            words[-8 * _LONG_WORDS :],
            words[-8 * _SHORT_WORDS :],
            words[-8 * last :],
            _skeleton(identity, kind),
        )
        digests = []
        for hasher, part in zip(self._hashers, parts, strict=True):
            copy = hasher.copy()
            copy.update(part)
            digests.append(copy.digest())
        return b"".join(digests)


def _sentences(kind: NDArray[np.uint8], is_word: NDArray[np.uint8]) -> tuple[int, int]:
    """Numbers of words of the first and of the last sentence or line, single words passed over."""
    before = np.add.accumulate(is_word, dtype=np.int64)
    total = int(before[-1]) if len(before) else 0
    first = last = total
    ends = before[(kind & _END) != 0].tolist()
    for end in ends:
        if end >= _SENTENCE_MIN_WORDS:
            first = end
            break
    for end in reversed(ends):
        if total - end >= _SENTENCE_MIN_WORDS:
            last = total - end
            break
    return first, last


def _openers(word_ids: NDArray[np.uint64], kind: NDArray[np.uint8], is_word: NDArray[np.uint8]) -> bytes:
    """Three bytes for the two words after each sentence or line end, half from the start and half from the end."""
    before = np.add.accumulate(is_word, dtype=np.int64)[(kind & _END) != 0]
    starts = np.unique(np.concatenate((_FIRST_WORD, before)))
    starts = starts[starts < len(word_ids)]
    half = OPENER_COUNT // 2
    if len(starts) > OPENER_COUNT:
        starts = np.concatenate((starts[:half], starts[-half:]))
    second = np.append(word_ids[1:], np.uint64(0))
    mixed = word_ids[starts] * _PLACES[0] + second[starts] * _PLACES[1]
    raw = (mixed[:, None] >> _OPENER_SHIFTS).astype(np.uint8).tobytes()
    return raw + _EMPTY_OPENER * (OPENER_COUNT - len(starts))


def _skeleton(identity: NDArray[np.uint64], kind: NDArray[np.uint8]) -> bytes:
    content = (kind & (_WORD | _FORM)) == _WORD
    masked = np.where(content, np.uint64(0), identity)
    if len(masked) > 1:
        masked = masked[np.concatenate(([True], ~(content[1:] & content[:-1])))]
    return masked[:64].tobytes()


def _bands(words: NDArray[np.uint64]) -> bytes:
    """Six bands of two min-hashes each, over the runs of three words, five bytes each."""
    if len(words) < _SHINGLE_TOKENS:
        words = np.concatenate((words, np.zeros(_SHINGLE_TOKENS - len(words), np.uint64)))
    shingles = words[:-2] * _PLACES[0] + words[1:-1] * _PLACES[1] + words[2:] * _PLACES[2]
    minima = (shingles * _MULTIPLIERS).min(axis=1)
    values = minima[::2] * _PLACES[0] + minima[1::2] * _PLACES[1]
    raw: bytes = values.astype("<u8").view(np.uint8).reshape(BAND_COUNT, 8)[:, 3:].tobytes()
    return raw


def _embed(vectors: NDArray[np.float32], rows: NDArray[np.intp]) -> bytes:
    total = np.add.reduce(vectors.take(rows, axis=0), axis=0).astype(np.float64)
    length = float(np.sqrt(total @ total))
    scale = EMBEDDING_LEVELS / EMBEDDING_RANGE / length if length else 0.0
    levels = np.clip(np.rint(total * scale), -EMBEDDING_LEVELS, EMBEDDING_LEVELS)
    raw: bytes = (levels + 32).astype(np.uint8).tobytes()
    return raw
