"""JSON as careless writers make it, as JSON.

The text of a request comes from whoever made it. If half a character in a prompt could make its event unreadable, it
would be a way to stay unseen; so what a gateway passes on unchecked is read as what it can only mean.
"""

import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|-?\bInfinity\b|\bNaN\b', re.DOTALL)
"""Possessive, and with a text that never ends too: an event that was cut off takes no longer than any other."""
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.", re.DOTALL
)
_LONE_ESCAPE_CHARACTERS = 6


def repaired(raw: bytes) -> bytes:
    r"""Return JSON with what is no Unicode replaced and what is no number unknown; everything else as it is.

    Bytes that are no UTF-8 and escapes of half a surrogate pair become U+FFFD, NaN and Infinity become null.

    >>> repaired(b'{"a": NaN, "b": "NaN \\ud800"}')
    b'{"a": null, "b": "NaN \\ufffd"}'
    """
    return _TOKEN.sub(_repaired_token, raw.decode("utf-8", "replace")).encode()


def _repaired_token(match: re.Match[str]) -> str:
    token = match[0]
    if not token.startswith('"'):
        return "null"
    return _ESCAPE.sub(_repaired_escape, token) if "\\u" in token else token


def _repaired_escape(match: re.Match[str]) -> str:
    escape = match[0]
    return "\\ufffd" if len(escape) == _LONE_ESCAPE_CHARACTERS else escape
