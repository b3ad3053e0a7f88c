"""Tokens of a prompt and the keyed numbers that stand for them.

A token is a number, a word, one character of a script written without spaces, or one punctuation mark. What a
section of a fingerprint needs to know of a token is computed once, from keyed BLAKE2b digests, and remembered in
arrays, so that a prompt costs one dictionary look-up per token.
"""

import hashlib
import re
import unicodedata
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["EMBEDDING_DIMENSIONS", "Vocabulary", "fold", "tokenize"]

EMBEDDING_DIMENSIONS: Final = 64

_KEPT_START_CHARS: Final = 12_288
_KEPT_END_CHARS: Final = 4_096
_MEMO_ENTRIES: Final = 131_072
_MEMO_TOKEN_CHARS: Final = 32
_GRAM_ENTRIES: Final = 65_536
_FUNCTION_WORD_CHARS: Final = 3
_STEM_CHARS: Final = 5

# Scripts written without spaces: every character is a token (Thai, Lao, Burmese, Khmer, kana, Han).
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_PUNCTUATION: Final = r"!-/:-@\[-`{-~\u00a1-\u00bf\u2000-\u206f\u3000-\u303f\uff00-\uff0f"
# A mark that ends a sentence takes one white space with it, and so becomes another token than the same mark inside
# "3.5" or "node.js"; line ends are tokens too. Both end a sentence, and neither counts otherwise.
_TOKENS: Final = re.compile(
    rf"[^\s\d{_PUNCTUATION}{_UNSPACED}]+|[.!?:;]\s|[{_PUNCTUATION}]|\d+(?:[.,:]\d+)*|\n|[{_UNSPACED}]"
)
_SENTENCE_ENDS: Final = frozenset("。！？：；…\n")


def fold(prompt: str) -> str:
    """Return the prompt without differences of case and compatibility form, and of bounded length.

    Of a prompt of more than 16,384 characters the first 12,288 and the last 4,096 are kept.
    """
    text = _cut(prompt)
    if text.isascii():
        return text.lower()
    return _cut(unicodedata.normalize("NFKC", text).casefold())


def _cut(text: str) -> str:
    if len(text) <= _KEPT_START_CHARS + _KEPT_END_CHARS:
        return text
    return text[:_KEPT_START_CHARS] + text[-_KEPT_END_CHARS:]


def tokenize(text: str) -> list[str]:
    """Tokens of a folded prompt in their order, sentence and line ends included."""
    return _TOKENS.findall(text)


class Vocabulary:
    """Token -> row of the arrays ``identity``, ``kind`` and ``vectors``.

    Rows of up to 131,072 short tokens are remembered (about 35 MB when full, then forgotten together); memory
    changes speed only. Longer tokens are computed each time and get one of the rows of the present prompt, so
    ``rows`` must be followed by reading the arrays before the next call.

    Parameters
    ----------
    key
        The secret; 16 to 64 bytes.
    """

    WORD: Final = 1
    FORM: Final = 2
    END: Final = 4
    NUMBER: Final = 8

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._row_of: dict[str, int] = {}
        self._gram_of: dict[str, NDArray[np.float32]] = {}
        self._size = 0
        self.identity = np.zeros(_MEMO_ENTRIES, np.uint64)
        self.kind = np.zeros(_MEMO_ENTRIES, np.uint8)
        self.vectors = np.zeros((_MEMO_ENTRIES, EMBEDDING_DIMENSIONS), np.float32)

    def rows(self, tokens: list[str]) -> NDArray[np.intp]:
        """Row of each token."""
        known = self._row_of
        try:
            return np.fromiter(map(known.__getitem__, tokens), np.intp, len(tokens))
        except KeyError:
            self._learn(tokens)
        return np.fromiter(map(known.__getitem__, tokens), np.intp, len(tokens))

    def digest(self, text: str, person: bytes, size: int = 8) -> bytes:
        """Keyed digest of a text for one purpose."""
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=size, key=self._key, person=person).digest()

    def _learn(self, tokens: list[str]) -> None:
        known = self._row_of
        unknown = [token for token in dict.fromkeys(tokens) if token not in known]
        if self._size + len(unknown) > _MEMO_ENTRIES:
            known.clear()
            self._size = 0
            unknown = list(dict.fromkeys(tokens))
        for token in unknown:
            self._fill(self._size, token)
            known[token] = self._size
            self._size += 1

    def _fill(self, row: int, token: str) -> None:
        text = token if token == "\n" else token.rstrip()
        is_end = text != token or text in _SENTENCE_ENDS
        kind = self.END if is_end else 0
        vector: NDArray[np.float32] | float = 0.0
        if text[0].isdecimal():
            text = "0"
            kind |= self.NUMBER | self.WORD
        elif text[0].isalnum():
            kind |= self.WORD | (self.FORM if len(text) <= _FUNCTION_WORD_CHARS else 0)
            vector = self._vector(text)
        self.identity[row] = int.from_bytes(self.digest(text, b"token"), "little")
        self.kind[row] = kind
        self.vectors[row] = vector

    def _vector(self, word: str) -> NDArray[np.float32]:
        weight = min(len(word), 8)
        vector = self._gram(word) * weight
        if len(word) > _STEM_CHARS:
            vector = vector + self._gram(word[:_STEM_CHARS] + "\x00") * weight
        return vector

    def _gram(self, text: str) -> NDArray[np.float32]:
        """The random direction of a text: one sign per dimension."""
        known = self._gram_of.get(text)
        if known is None:
            raw = np.frombuffer(self.digest(text, b"direction", EMBEDDING_DIMENSIONS // 8), np.uint8)
            known = np.unpackbits(raw).astype(np.float32) * 2 - 1
            if len(self._gram_of) >= _GRAM_ENTRIES:
                self._gram_of.clear()
            self._gram_of[text] = known
        return known
