"""Bounds of a replay: offsets and times, and nothing else."""

import pytest

from streams.topic_range import Bound, parse_bound


def test_digits_are_an_offset() -> None:
    """Of every partition."""
    assert parse_bound("1200") == Bound(offset=1200)


def test_anything_else_is_a_time_of_storage() -> None:
    """With an offset from UTC, as everywhere."""
    assert parse_bound("1970-01-01T01:00:00.5+00:00") == Bound(stored_ms=3_600_500)


@pytest.mark.parametrize("text", ["", "-1", "yesterday", "2026-01-05T00:00:00", "1.5"])
def test_what_is_neither_is_refused(text: str) -> None:
    """Rather than read as the beginning."""
    with pytest.raises(ValueError, match="RFC 3339"):
        parse_bound(text)
