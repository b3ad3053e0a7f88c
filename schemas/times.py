"""Instants in contracts: RFC 3339 text with an offset, read to the microsecond."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND_DIGITS = 6

_RFC3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):?([0-5]\d))",
    re.ASCII,
)


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 instant, such as ``2026-03-02T00:02:01.290Z``; digits below a microsecond are rounded.

    Accepted beyond the RFC: an offset without its colon. Refused: no offset, a leap second, years before 1.
    Raises ``ValueError``.

    >>> parse_instant("2026-03-02T00:02:01.29+01:00").isoformat()
    '2026-03-02T00:02:01.290000+01:00'
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("should be an RFC 3339 time with an offset, such as 2026-03-02T00:02:01.290Z")
    *numbers, fraction, sign, hours, minutes = match.groups()
    offset = UTC if sign is None else timezone(_signed(sign, timedelta(hours=int(hours), minutes=int(minutes))))
    try:
        year, month, day, hour, minute, second = map(int, numbers)
        return datetime(year, month, day, hour, minute, second, tzinfo=offset) + _fraction(fraction or "0")
    except OverflowError as error:
        raise ValueError("rounds to a time after the year 9999") from error


def _signed(sign: str, offset: timedelta) -> timedelta:
    return -offset if sign == "-" else offset


def _fraction(digits: str) -> timedelta:
    kept = digits[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")
    rounds_up = digits[_MICROSECOND_DIGITS : _MICROSECOND_DIGITS + 1] >= "5"
    return timedelta(microseconds=int(kept) + rounds_up)


def _from_text(value: object) -> object:
    return parse_instant(value) if isinstance(value, str) else value


Instant = Annotated[AwareDatetime, BeforeValidator(_from_text)]
"""A datetime with an offset; in JSON an RFC 3339 string."""


def epoch_ms(instant: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00:00Z, rounded down; negative before it.

    >>> epoch_ms(datetime(1970, 1, 1, 0, 0, 1, 999, tzinfo=UTC))
    1000
    """
    return (instant - _EPOCH) // _MILLISECOND
