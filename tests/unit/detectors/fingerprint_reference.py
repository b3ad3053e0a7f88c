"""Fingerprints by the book: one prompt at a time, in plain integers and loops, from the written definition alone.

Slow and independent of how the product computes; what the tokens of a prompt are is taken from the product.
"""

import hashlib
import math
import re
from collections.abc import Callable, Sequence

from detectors.tokens import fold, tokenize

MODULUS = 2**64
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SENTENCE_ENDS = "\n\u2028\u2029‽։؛؞؟۔।॥།༎༏༐༑။።፤፥፦፧፨។៕៖᠃᠄᱾᱿꧉꯫。】"  # noqa: RUF001 - marks of other scripts are what is meant
NO_TEXT = "\ufdd0"
FUNCTION_HAN = "的了是在和有我你他她它不把被为與与請请吗呢这那个一"
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
PLACES = [pow(0x9E3779B97F4A7C15, 2 * i + 3, MODULUS) for i in range(24)]
MULTIPLIERS = [pow(0xA0761D6478BD642F, 2 * i + 3, MODULUS) for i in range(12)]


def reference_fingerprint(key: bytes, prompt: str) -> str:
    """Return the fingerprint of a prompt."""

    def digest(text: str, person: bytes, size: int) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size, key=key, person=person).digest()

    def secret(name: str) -> int:
        return int.from_bytes(digest(name, b"secret", 8), "little")

    def raw(token: str) -> bytes:
        return digest("0" if token[0].isdecimal() else token, b"token", 16)

    def identity(token: str) -> int:
        return int.from_bytes(raw(token)[:8], "little")

    text = fold(prompt)
    tokens = tokenize(text)
    words = [token for token in tokens if is_word(token)]
    marks = [token for token in tokens if not is_word(token)]
    skeleton = [identity(part) if part else secret("slot") for part in form(tokens)]
    ids = [identity(word) for word in words]
    first, last, starts = sentences(tokens)
    templates = [
        ids[:6], ids[:4], ids[: min(first, 24)], ids[-3:], ids[-6:],
        ids[len(ids) - min(last, 24) :], skeleton[:8], [identity(mark) for mark in marks[:6]],
    ]  # fmt: skip
    sections = [
        characters(digest(" ".join(text.replace(NO_TEXT, "").split()), b"exact", 12)),
        *(number(mix(total(part) + secret(f"template {i}")), 6) for i, part in enumerate(templates)),
        bands(ids, secret),
        shape(len(prompt), words, text.count("\n") + 1),
        embedding(tokens, prompt, raw, secret, total([identity(mark) for mark in marks[:3]])),
        openers(ids, starts, secret),
    ]
    return "1." + "".join(sections)


def is_word(token: str) -> bool:
    """Whether a token is a word or a number."""
    return token[0].isalnum()


def is_end(token: str) -> bool:
    """Whether a token ends a sentence, a line or what a label or separator introduces."""
    return not is_word(token) and (len(token) > 1 or token in SENTENCE_ENDS)


def form(tokens: Sequence[str]) -> list[str | None]:
    """Parts of a prompt's form; a run of slots is one ``None``."""
    parts: list[str | None] = []
    for token in tokens:
        if not is_word(token) or (is_function_word(token) and not token[0].isdecimal()):
            parts.append(token)
        elif not parts or parts[-1] is not None:
            parts.append(None)
    return parts


def is_function_word(word: str) -> bool:
    """Whether a word belongs to the form: short, or hiragana, or one of the commonest Han characters."""
    if UNSPACED.fullmatch(word):
        return "\u3040" <= word <= "\u309f" or word in FUNCTION_HAN
    return len(word) <= 3


def sentences(tokens: Sequence[str]) -> tuple[int, int, list[int]]:
    """Words of the first and of the last sentence of at least two, and the words at which sentences begin."""
    count = sum(map(is_word, tokens))
    seen, ends = 0, []
    for token in tokens:
        seen += is_word(token)
        if is_end(token):
            ends.append(seen)
    first = next((end for end in ends if end >= 2), count)
    last = next((count - end for end in reversed(ends) if count - end >= 2), count)
    return first, last, sorted({start for start in (0, *ends) if start < count})


def total(values: Sequence[int]) -> int:
    """Sum of values, each times the factor of its place."""
    return sum(value * place for value, place in zip(values, PLACES, strict=False)) % MODULUS


def mix(value: int) -> int:
    """Spread the bits of a value."""
    value %= MODULUS
    for factor in (0xD6E8FEB86659FD93, 0xE7037ED1A0B428DB):
        value = (value ^ (value >> 32)) * factor % MODULUS
    return value ^ (value >> 32)


def characters(raw: bytes) -> str:
    """One character for the low six bits of each byte."""
    return "".join(ALPHABET[byte % 64] for byte in raw)


def number(value: int, count: int) -> str:
    """Characters of the low bytes of a value."""
    return characters(value.to_bytes(8, "little")[:count])


def bands(ids: Sequence[int], secret: Callable[[str], int]) -> str:
    """Six pairs of minima over the runs of up to three words that begin at each word."""
    runs = [total(ids[i : i + 3]) for i in range(len(ids))]
    minima = [min((run * factor % MODULUS for run in runs), default=secret("no words")) for factor in MULTIPLIERS]
    pairs = zip(minima[::2], minima[1::2], strict=True)
    return "".join(number(mix(total(pair) + secret("bands")), 5) for pair in pairs)


def openers(ids: Sequence[int], starts: Sequence[int], secret: Callable[[str], int]) -> str:
    """First two words of the first eight and the last eight sentences; one word if the sentence has no more.

    Then, behind an empty place, the two words from each later word of the first sentence on, while there is room.
    """
    chosen = [*starts[:8], *starts[-8:]] if len(starts) > 16 else starts
    later = range(1, starts[1] if len(starts) > 1 else len(ids))

    def pair(start: int) -> str:
        return number(mix(total(ids[start : start + (1 if start + 1 in starts else 2)]) + secret("openers")), 3)

    places = [*map(pair, chosen), "---", *map(pair, later)][:16]
    return "".join(places).ljust(48, "-")


def shape(length: int, words: Sequence[str], lines: int) -> str:
    """Levels of length, words, share of numbers, lines."""
    numbers = sum(word[0].isdecimal() for word in words)
    levels = (level(length), level(len(words)), numbers * 63 // max(1, len(words)), level(lines))
    return characters(bytes(levels))


def level(count: int) -> int:
    """Number of bounds up to a count: 1 to 6, then a third of a doubling apart."""
    bounds = [1]
    while len(bounds) < 63:
        bounds.append(max(bounds[-1] + 1, round(bounds[-1] * 2 ** (1 / 3))))
    return sum(bound <= count for bound in bounds)


def embedding(
    tokens: Sequence[str], prompt: str, raw: Callable[[str], bytes], secret: Callable[[str], int], marks: int
) -> str:
    """Signs of all tokens added up, and those of case, length, end and first marks with two fifths of their length."""
    summed = [sum(column) for column in zip(*(signs(raw(token)[8:]) for token in tokens), strict=True)] or [0] * 64
    case = 0 if prompt[:1].isupper() else 1 if prompt.islower() else 2
    end = 0 if not tokens or is_word(tokens[-1]) else int.from_bytes(raw(tokens[-1])[:8], "little")
    style = {"case": case, "length": len(prompt).bit_length(), "end": end, "marks": marks}
    styles = [signs(mix(value * PLACES[0] + secret(name)).to_bytes(8, "little")) for name, value in style.items()]
    weight = round(3.2 * math.sqrt(sum(x * x for x in summed)))
    vector = [64 * x + weight * sum(column) for x, column in zip(summed, zip(*styles, strict=True), strict=True)]
    length = math.sqrt(max(1, sum(x * x for x in vector)))
    levels = [max(-31, min(31, round(x * (62 / length)))) for x in vector]
    return characters(bytes(x + 32 for x in levels))


def signs(raw: bytes) -> list[int]:
    """One sign per bit, the highest bit of each byte first."""
    return [1 if byte >> (7 - bit) & 1 else -1 for byte in raw for bit in range(8)]
