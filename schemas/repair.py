"""JSON as careless writers make it, as JSON.

The text of a request comes from whoever made it. If half a character in a prompt could make its event unreadable, it
would be a way to stay unseen; so what a gateway passes on unchecked is read as what it can only mean.
"""

import math
import re

_DEEPEST = 100
"""Lists and objects in each other that are read."""
_NO_NUMBERS = frozenset(("NaN", "Infinity", "-Infinity"))
_SHORTEST_HUGE = len("1e309")
_HUGE = "1e300"
"""Stands for a number that no reader takes; beyond the range of every field."""

_TEXT = r'"(?:[^"\\]|\\.)*+"?'
"""Possessive, and with a text that never ends too: an event that was cut off takes no longer than any other."""
_TOKEN = re.compile(rf"{_TEXT}|[-0-9NI][-+.0-9A-Za-z]*+", re.DOTALL)
_NESTING = re.compile(rf"{_TEXT}|[\[{{]+|[\]}}]+", re.DOTALL)
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.", re.DOTALL
)
_LONE_ESCAPE_CHARACTERS = 6
_REPLACEMENT = "\ufffd".encode()


def repaired(raw: bytes) -> bytes:
    r"""Return JSON with what is no Unicode replaced and what is no number unknown; everything else as it is.

    Bytes that are no UTF-8 and escapes of half a surrogate pair become U+FFFD, NaN and Infinity become null. What is
    JSON, but more than readers take, becomes less that is as impossible: a number beyond every float 1e300, and null
    what lies deeper than a hundred lists and objects in each other. Takes up to a second for a megabyte.

    >>> repaired(b'{"a": NaN, "b": "NaN \\ud800"}')
    b'{"a": null, "b": "NaN \\ufffd"}'
    """
    return _shallow(_TOKEN.sub(_repaired_token, raw.decode("utf-8", "replace"))).encode()


def bytes_before_repair(encoded: bytes) -> int:
    """Return how few bytes of a sender may have become these: each character that stands for none was one byte."""
    return len(encoded) - (len(_REPLACEMENT) - 1) * encoded.count(_REPLACEMENT)


def _shallow(text: str) -> str:
    """JSON with null for what lies too deep; what is no JSON as it is."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return text
    kept: list[str] = []
    depth = start = 0
    for match in _NESTING.finditer(text):
        token, before = match[0], depth
        if token.startswith('"'):
            continue
        depth += len(token) if token[0] in "[{" else -len(token)
        if before <= _DEEPEST < depth:
            kept += [text[start : match.start() + _DEEPEST - before], "null"]
        elif depth <= _DEEPEST < before:
            start = match.start() + before - _DEEPEST
    return "".join(kept) + text[start:] if depth <= _DEEPEST else text


def _repaired_token(match: re.Match[str]) -> str:
    token = match[0]
    if token.startswith('"'):
        return _ESCAPE.sub(_repaired_escape, token) if "\\u" in token else token
    if token in _NO_NUMBERS:
        return "null"
    return _readable_number(token) if len(token) >= _SHORTEST_HUGE else token


def _readable_number(token: str) -> str:
    digits = token.removeprefix("-")
    try:
        is_huge = digits[:1].isdecimal() and math.isinf(float(digits))
    except ValueError:
        return token
    return f"{'-' if token.startswith('-') else ''}{_HUGE}" if is_huge else token


def _repaired_escape(match: re.Match[str]) -> str:
    escape = match[0]
    return "\\ufffd" if len(escape) == _LONE_ESCAPE_CHARACTERS else escape
