"""Tokens of a prompt and the keyed numbers that stand for them.

A token is a number, a word, one character of a script written without spaces, a punctuation mark, or a run
of symbols. What the sections of a fingerprint need to know of a token is computed once, from a keyed BLAKE2b digest,
and remembered in arrays, so that a prompt costs one dictionary look-up per token.
"""

import hashlib
import re
import unicodedata
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["EMBEDDING_DIMENSIONS", "END", "FORM", "NUMBER", "WORD", "TokenTable", "fold", "plain", "tokenize"]

EMBEDDING_DIMENSIONS: Final = 64

WORD: Final = 1
"""Kind: a word, a number, or a character of a script without spaces."""
FORM: Final = 2
"""Kind: belongs to a prompt's form (marks, function words) rather than to what fills its slots."""
END: Final = 4
"""Kind: ends a sentence, a line, or what a label or a separator introduces."""
NUMBER: Final = 8

_KEPT_START_CHARS: Final = 12_288
_KEPT_END_CHARS: Final = 4_096
_MEMO_TOKENS: Final = 131_072
_FUNCTION_WORD_CHARS: Final = 3
_DIGEST_BYTES: Final = 16
_NUMBER_ROW: Final = 0

# Scripts written without spaces: every character is a token (Thai, Lao, Burmese, Khmer, kana, Han).
_UNSPACED: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_ASCII_PUNCTUATION: Final = r"!-/:-@\[-`{-~"
# What ends a part whatever follows it, since few writers of these scripts put a space there. In this order: Armenian;
# Arabic and Urdu; Devanagari and other Indic scripts; Tibetan; Burmese; Ethiopic; Khmer; Mongolian; Ol Chiki;
# Javanese; Meitei; interrobang, line and paragraph separator; Han and kana with the bracket behind their labels.
_ENDS: Final = (
    "\u0589\u061b\u061e\u061f\u06d4\u0964\u0965\u0f0d\u0f0e\u0f0f\u0f10\u0f11\u104b\u1362\u1364\u1365\u1366\u1367\u1368"
    "\u17d4\u17d5\u17d6\u1803\u1804\u1c7e\u1c7f\ua9c9\uabeb\u203d\u2028\u2029\u3002\u3011"
)
# What parts words and ends nothing: commas, the word space of Ethiopic, what stands between Tibetan syllables.
_COMMAS: Final = "\u055d\u060c\u0f0b\u1361\u1363\u1802"
_END_SIGN: Final = "\ufdd0"
"""Stands behind a mark that ends a part without white space; Unicode keeps it free for use inside a process."""
_PUNCTUATION: Final = (
    _ASCII_PUNCTUATION + r"\u00a1-\u00bf\u2000-\u206f\u3000-\u303f\uff00-\uff0f" + _ENDS + _COMMAS + _END_SIGN
)
# Full-width, vertical and small forms of . ! ? : ; ] and of several at once, all of which NFKC makes ASCII.
_WIDE_ENDS: Final = (
    "\uff0e\uff01\uff1f\uff1a\uff1b\uff3d\u2025\u2026\u203c\u2047\u2048\u2049"
    "\ufe13\ufe14\ufe15\ufe16\ufe19\ufe30\ufe52\ufe54\ufe55\ufe56\ufe57"
)
# ASCII marks are often typed for them. A full stop behind such a script is more likely that of a file's name.
_UNSPACED_ENDS: Final = re.compile(
    f"[{_WIDE_ENDS}.!?:;](?:(?=[{_UNSPACED}])|(?<=[{_WIDE_ENDS}])|(?<=[{_UNSPACED}][!?:;]))"
)
_MOST_MARKS: Final = 30
_KANA_MARKS: Final = "\uff9e\uff9f"
"""Letters that become combining marks by NFKC; the only ones."""
_SYMBOLS: Final = re.compile(rf"(?:[^\w\s\x00-\x7f]|[{_KANA_MARKS}]){{{_MOST_MARKS + 1},}}")
_SIGNED: Final = {mark: unicodedata.normalize("NFKC", mark) + _END_SIGN for mark in _WIDE_ENDS + ".!?:;"}
# What closes emphasis, a quotation or a bracket may stand between a mark that ends a part and white space.
_CLOSERS: Final = r"*_`\"')\]}\u00ab\u00bb\u2018\u2019\u201c\u201d"
# So do tags without attributes, whatever follows; what opens behind a word is a type of some language.
_TAG: Final = re.compile(r"(?:</|(?<!\w)<)[A-Za-z][\w-]{0,31}>(?=\S)")
# A mark that ends a part of the prompt takes the white space or the sign behind it along, so that it differs from the
# same mark inside "3.5" or "node.js". Lengths are bounded so that no token fills the memory.
# Spaces before a token are taken along and left out, which is faster than looking for a token at each of them. Their
# number is bounded, and none is given back, so that a run of them costs no more than other text.
_ASCII_TOKENS: Final = re.compile(
    rf" {{0,8}}+([^\s\d{_ASCII_PUNCTUATION}]{{1,32}}|[.!?:;\]>-]\s|[.!?:;][{_CLOSERS}]{{1,4}}\s|[-=#*`\"]{{3,}}"
    rf"|[{_ASCII_PUNCTUATION}]"
    r"|\d{1,24}(?:[.,:]\d{1,24}){0,3}|\n)",
    re.ASCII,
)
# Numbers, unspaced characters and symbols are asked for first because that is fastest. A sign may stand in a number,
# for a time may have a full-width colon. Symbols before a word are no part of it. Two Ethiopic word spaces are a stop.
_TOKENS: Final = re.compile(
    rf" {{0,8}}+(\d\d{{0,23}}(?:[.,:]{_END_SIGN}?\d{{1,24}}){{0,3}}|[{_UNSPACED}]"
    rf"|[^{_PUNCTUATION}{_UNSPACED}\w\s][^{_PUNCTUATION}{_UNSPACED}\w\s]{{0,31}}|[^{_PUNCTUATION}{_UNSPACED}\s\d]{{1,32}}"
    rf"|[.!?:;\]>-][\s{_END_SIGN}]|[.!?:;][{_CLOSERS}]{{1,4}}\s|[-=#*`\"]{{3,}}|\u1361\u1361|[{_PUNCTUATION}]|\n)"
)
_UNSPACED_CHARACTER: Final = re.compile(f"[{_UNSPACED}]")
_FUNCTION_HAN: Final = "的了是在和有我你他她它不把被为與与請请吗呢这那个一"


def fold(prompt: str) -> str:
    """Return the prompt without differences of case, compatibility form and outer white space, of bounded length.

    A mark that ends a part without white space gets a sign behind it, which `plain` takes away. Of a prompt of more
    than 16,384 characters the first 12,288 and the last 4,096 are kept.
    """
    text = _cut(prompt)
    if "<" in text:
        text = _TAG.sub(_sign_behind, text)
    if text.isascii():
        return text.lower().strip()
    signed = _UNSPACED_ENDS.sub(_sign, _SYMBOLS.sub(_with_few_marks, text))
    return _cut(unicodedata.normalize("NFKC", signed).casefold().strip())


def plain(text: str) -> str:
    """Return a folded prompt as one line with single spaces, without the signs that folding has put in."""
    return " ".join(text.replace(_END_SIGN, "").split())


def _with_few_marks(symbols: re.Match[str]) -> str:
    """Symbols with at most thirty combining marks on end, as in Unicode's stream-safe text format (UAX 15).

    Putting marks into their order takes the square of their number.
    """
    kept, marks = [], 0
    for symbol in symbols[0]:
        is_mark = symbol in _KANA_MARKS or unicodedata.category(symbol).startswith("M")
        marks = marks + 1 if is_mark else 0
        if marks <= _MOST_MARKS:
            kept.append(symbol)
    return "".join(kept)


def _sign_behind(tag: re.Match[str]) -> str:
    return tag[0] + _END_SIGN


def _sign(mark: re.Match[str]) -> str:
    return _SIGNED[mark[0]]


def _cut(text: str) -> str:
    if len(text) <= _KEPT_START_CHARS + _KEPT_END_CHARS:
        return text
    return text[:_KEPT_START_CHARS] + text[-_KEPT_END_CHARS:]


def tokenize(text: str) -> list[str]:
    """Tokens of a folded prompt in their order, the ends of sentences and lines included."""
    pattern = _ASCII_TOKENS if text.isascii() else _TOKENS
    # The line end makes a last mark the same token as before white space; alone, it says nothing.
    tokens: list[str] = pattern.findall(text + "\n")
    if tokens[-1] == "\n":
        tokens.pop()
    return tokens


class _Rows(dict[str, int]):
    """Token -> row; an unknown token gets the next row and waits in ``new`` for its row to be filled."""

    def __init__(self) -> None:
        super().__init__()
        self.new: list[str] = []
        self.size = 1

    def __missing__(self, token: str) -> int:
        if token[0].isdecimal():
            self[token] = _NUMBER_ROW
            return _NUMBER_ROW
        row = self[token] = self.size
        self.size += 1
        self.new.append(token)
        return row


class TokenTable:
    """Token -> row of four arrays that say what the sections of a fingerprint need to know of it.

    Up to 131,072 tokens are remembered (about 40 MB when full, then forgotten together), which changes speed only:
    a new token costs 3 µs, a known one 0.1. All numbers have one row. Rows are valid until the next call of `rows`.

    Parameters
    ----------
    key
        The secret; 16 to 64 bytes.

    Attributes
    ----------
    identity
        64 secret bits of the token.
    form
        The same for what belongs to a prompt's form; one number for all that fills slots.
    kind
        Flags ``WORD``, ``FORM``, ``END``, ``NUMBER``.
    direction
        1 for each dimension of the embedding in which the token counts plus one, 0 where it counts minus one; 16 bits
        each, four in one number, so that additions do four dimensions at once.

    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._row_of = _Rows()
        self._secrets: dict[tuple[str, ...], NDArray[np.uint64]] = {}
        self.identity = np.zeros(_MEMO_TOKENS, np.uint64)
        self.form = np.zeros(_MEMO_TOKENS, np.uint64)
        self.kind = np.zeros(_MEMO_TOKENS, np.uint8)
        self.direction = np.zeros((_MEMO_TOKENS, EMBEDDING_DIMENSIONS // 4), np.uint64)
        self._set_rows(_NUMBER_ROW, ["0"])

    def rows(self, prompts: list[list[str]], count: int) -> NDArray[np.intp]:
        """Row of each of the ``count`` tokens of some prompts; at most 131,071, so that one call finds room."""
        known = self._row_of
        if len(known) + count >= _MEMO_TOKENS:
            known = self._row_of = _Rows()
        rows = np.fromiter(map(known.__getitem__, chain.from_iterable(prompts)), np.intp, count)
        if known.new:
            self._set_rows(known.size - len(known.new), known.new)
            known.new = []
        return rows

    def digest(self, text: str, person: bytes, size: int) -> bytes:
        """Keyed digest of a text for one purpose."""
        data = text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=size, key=self._key, person=person).digest()

    def secrets(self, *names: str) -> NDArray[np.uint64]:
        """64 bits for each purpose that only holders of the key know."""
        known = self._secrets.get(names)
        if known is None:
            raw = b"".join([self.digest(name, b"secret", 8) for name in names])
            known = self._secrets[names] = np.frombuffer(raw, "<u8").astype(np.uint64)
        return known

    def _set_rows(self, start: int, tokens: list[str]) -> None:
        rows = slice(start, start + len(tokens))
        raw = b"".join([self.digest(token, b"token", _DIGEST_BYTES) for token in tokens])
        numbers = np.frombuffer(raw, "<u8").reshape(-1, 2)
        kind = np.array([_kind(token) for token in tokens], np.uint8)
        self.identity[rows] = numbers[:, 0]
        self.form[rows] = np.where(kind & FORM, numbers[:, 0], self.secrets("slot"))
        self.kind[rows] = kind
        bits = np.unpackbits(np.frombuffer(raw, np.uint8).reshape(-1, _DIGEST_BYTES)[:, 8:], axis=1)
        self.direction[rows] = bits.astype(np.uint16).view(np.uint64)


def _kind(token: str) -> int:
    """Flags of a token."""
    first = token[0]
    if first.isdecimal():
        return WORD | NUMBER
    if not first.isalnum():
        is_end = len(token) > 1 or first == "\n" or first in _ENDS
        return FORM | (END if is_end else 0)
    if _UNSPACED_CHARACTER.fullmatch(token):
        is_form = "\u3040" <= token <= "\u309f" or token in _FUNCTION_HAN
    else:
        is_form = len(token) <= _FUNCTION_WORD_CHARS
    return WORD | (FORM if is_form else 0)
