"""Reading foreign documents: values by path, as the types of the usage event; what does not fit is unknown."""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

Document = Mapping[str, Any]
Reader = Callable[[Document], Any]
Mapped = Mapping[str, Reader]
"""Field of the usage event to how it is read from a document."""

FAILURE_STATUS = 400
"""The first status of a request that failed."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0.001}
_LARGEST_MICROSECONDS = 253_402_300_799_000_000
_USER_AGENT_CHARACTERS = 1024
_IDENTIFIER_CHARACTERS = 256
_LONGEST_MS = 604_800_000
_NO_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?", re.ASCII)
_encode = msgspec.json.Encoder(order="deterministic").encode


def dig(document: Any, path: str) -> Any:
    """Return the value at a dotted path, ``None`` when there is none.

    Keys that themselves have dots are found too, the longest first; of a list the parts are indices.

    >>> document = {"a": [{"b": 1}], "c.d": [2]}
    >>> dig(document, "a.0.b"), dig(document, "c.d.0"), dig(document, "a.b")
    (1, 2, None)
    """
    if type(document) is dict:
        for prefix, rest in _splits(path):
            if prefix in document:
                return dig(document[prefix], rest) if rest else document[prefix]
    elif type(document) is list:
        head, _, rest = path.partition(".")
        if head.isdecimal() and int(head) < len(document):
            return dig(document[int(head)], rest) if rest else document[int(head)]
    return None


@lru_cache(maxsize=1024)
def _splits(path: str) -> tuple[tuple[str, str], ...]:
    """Every way to take a key off the front of a path, the longest key first."""
    parts = path.split(".")
    return tuple((".".join(parts[:n]), ".".join(parts[n:])) for n in range(len(parts), 0, -1))


def first_of(paths: Iterable[str], convert: Callable[[Any], Any]) -> Reader:
    """Return a reader of the first path whose value can be converted."""
    paths = tuple(paths)

    def read(document: Document) -> Any:
        for path in paths:
            if (value := convert(dig(document, path))) is not None:
                return value
        return None

    return read


def as_it_is(path: str) -> Reader:
    """Read whatever is there."""
    return lambda document: dig(document, path)


def text(*paths: str) -> Reader:
    """Read a text; empty ones and a lone hyphen, which access logs write for nothing, are unknown."""
    return first_of(paths, as_text)


def identifier(*paths: str) -> Reader:
    """Read a text that the maker of a request may have chosen, passing over those that the usage event refuses."""
    return first_of(paths, _as_identifier)


def whole(*paths: str) -> Reader:
    """Read a whole number, also from a decimal string as OTLP writes it."""
    return first_of(paths, as_whole)


def total(*paths: str) -> Reader:
    """Read the sum of whole numbers, of which all but the first may be missing."""

    def read(document: Document) -> int | None:
        first, *others = (as_whole(dig(document, path)) for path in paths)
        return None if first is None else first + sum(other or 0 for other in others)

    return read


def either(*readers: Reader) -> Reader:
    """Read what the first of these readers finds."""
    return lambda document: next((found for read in readers if (found := read(document)) is not None), None)


def number(*paths: str) -> Reader:
    """Read a finite number, also from a decimal string."""
    return first_of(paths, as_number)


def duration(*paths: str) -> Reader:
    """Read milliseconds; what the usage event does not take, such as the -1 that some write for none, is unknown."""
    return first_of(paths, _as_duration)


def flag(*paths: str) -> Reader:
    """Read true or false, also from a string as APISIX writes it."""
    return first_of(paths, as_flag)


def time_of(*paths: str, unit: str = "ms") -> Reader:
    """Read a time: a number counts from the epoch in the unit (s, ms, us, ns), a text is taken as it is."""
    return first_of(paths, lambda value: as_time(value, unit))


def address(*paths: str) -> Reader:
    """Read a client's address; of a list of forwarding proxies the first, without its port."""
    return first_of(paths, as_address)


def user_agent(*paths: str) -> Reader:
    """Read a user agent, cut to what the usage event takes."""
    return first_of(paths, lambda value: (as_text(value) or "")[:_USER_AGENT_CHARACTERS] or None)


def in_utc(value: Any) -> Any:
    """Return a text of a time that has no offset with that of UTC, and everything else as it is."""
    return f"{value}Z" if isinstance(value, str) and _NO_OFFSET.fullmatch(value) else value


def digest_of(value: Any) -> str:
    """Return what names a value by all that is in it, for ids that whoever makes a request cannot choose."""
    return hashlib.blake2b(_encode(value), digest_size=16).hexdigest()


def has_failed(document: Document) -> bool:
    """Whether the response of a log entry is an error, by its status."""
    return (as_whole(dig(document, "response.status")) or 0) >= FAILURE_STATUS


def without_uncounted(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an event with unknown tokens for zeros that nobody has counted.

    Gateways write zeros for requests that failed and for answers that were cut off, of which the counts never came.
    """
    counts = {name: fields.get(name) for name in ("input_tokens", "output_tokens")}
    status = fields.get("status_code")
    is_failure = "error_type" in fields if status is None else status >= FAILURE_STATUS
    if is_failure or not any(counts.values()):
        return fields | {name: count or None for name, count in counts.items()}
    return fields


def as_text(value: Any) -> str | None:
    """Return a text, or a whole number as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value not in ("", "-") else None


def _as_identifier(value: Any) -> str | None:
    found = as_text(value)
    is_fit = found is not None and len(found) <= _IDENTIFIER_CHARACTERS and not found.startswith("\0")
    return found if is_fit else None


def as_number(value: Any) -> float | None:
    """Return a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _as_duration(value: Any) -> float | None:
    found = as_number(value)
    return found if found is not None and 0 <= found <= _LONGEST_MS else None


def as_whole(value: Any) -> int | None:
    """Return a whole number; a negative one, which some write for unknown, is unknown."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return as_whole(int(value)) if len(value) < 20 else None  # noqa: PLR2004  (beyond any count)
    found = as_number(value) if isinstance(value, float) else None
    return int(found) if found is not None and found >= 0 and found.is_integer() else None


def as_flag(value: Any) -> bool | None:
    """Return true or false."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value)
    return value if isinstance(value, bool) else None


def as_time(value: Any, unit: str) -> str | None:
    """Return a time as RFC 3339 text."""
    if isinstance(value, str) and not value.isdecimal():
        return as_text(value)
    # A count of nanoseconds has more digits than a float keeps.
    counted = as_whole(value)
    if counted is not None:
        microseconds = counted // 1000 if unit == "ns" else counted * int(_MICROSECONDS[unit])
    elif (measured := as_number(value)) is not None:
        scaled = measured * _MICROSECONDS[unit]
        if not math.isfinite(scaled):
            return None
        microseconds = round(scaled)
    else:
        return None
    if not 0 < microseconds < _LARGEST_MICROSECONDS:
        return None
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat()


def as_address(value: Any) -> str | None:
    """Return the first address of a text."""
    first = (as_text(value) or "").split(",")[0].strip()
    host, separator, port = first.rpartition(":")
    has_port = separator and port.isdecimal() and (host.startswith("[") or ":" not in host)
    return (host if has_port else first).strip("[]") or None
