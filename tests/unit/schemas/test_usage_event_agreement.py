"""The fast structure and the definition of the usage event agree on every input, refusals included."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import usage_event
from schemas.usage_event import (
    READ_OF_ADMITTED,
    EventRefused,
    UsageEvent,
    decode_admitted_event,
    decode_usage_event,
    encode_usage_event,
)
from tests.unit.schemas.events import COMPLETE, INSTANTS, NOT_INSTANTS, broken_events, events, odd_events, odd_values

REFUSED = "refused"
many = settings(max_examples=250)


def values_of(event: Any) -> dict[str, tuple[type, Any]]:
    """Every field with its type, so that 1 and 1.0 and True are three things."""
    return {name: (type(value), value) for name in UsageEvent.model_fields for value in [getattr(event, name)]}


def by_definition(raw: bytes) -> Any:
    """Return what the definition makes of an input.

    How bytes become JSON is done here a second time and by other means: Python's own reader takes halves of surrogate
    pairs and NaN, which are then replaced in the values.
    """
    try:
        fields = json.loads(raw.decode("utf-8", "replace"), parse_constant=lambda _: None)
        known = {sound(name): sound(value) for name, value in fields.items() if name in UsageEvent.model_fields}
        return values_of(UsageEvent.model_validate_json(json.dumps(known)))
    except (ValueError, AttributeError, RecursionError):
        return REFUSED


def sound(value: Any) -> Any:
    """Return a value of JSON in which half a surrogate pair is the replacement character."""
    if isinstance(value, dict):
        return {sound(name): sound(member) for name, member in value.items()}
    if isinstance(value, list):
        return [sound(member) for member in value]
    return re.sub("[\ud800-\udfff]", "\ufffd", value) if isinstance(value, str) else value


def by_structure(raw: bytes, decode: Any = usage_event._exact_decode) -> Any:
    """Return what a fast structure alone makes of an input."""
    try:
        return values_of(decode(raw))
    except (ValueError, RecursionError):
        return REFUSED


def by_decoder(raw: bytes) -> Any:
    """Return what the service makes of an input."""
    try:
        return values_of(decode_usage_event(raw))
    except EventRefused:
        return REFUSED


def assert_agreement(raw: bytes) -> None:
    """Check that the structures accept only, and the decoder exactly, what the definition accepts, with its values."""
    expected = by_definition(raw)
    assert by_decoder(raw) == expected
    assert by_structure(raw) in (expected, REFUSED)
    assert by_structure(raw, usage_event._partial_decode) in (expected, REFUSED)


@many
@given(odd_events())
def test_they_agree_on_events_with_odd_fields(raw: bytes) -> None:
    """Wrong types, numbers out of range, nulls, huge integers, NaN, lone surrogates, duplicate and unknown keys."""
    assert_agreement(raw)


@many
@given(broken_events())
def test_they_agree_on_broken_bytes(raw: bytes) -> None:
    """Truncated JSON, stray bytes, invalid UTF-8, numbers that no JSON allows."""
    assert_agreement(raw)


@many
@given(st.one_of(st.binary(max_size=40), odd_values.map(lambda value: json.dumps(value).encode())))
def test_they_agree_on_what_is_no_event_at_all(raw: bytes) -> None:
    """Arbitrary bytes and arbitrary JSON."""
    assert_agreement(raw)


@many
@given(events())
def test_the_structure_alone_reads_every_valid_event(event: dict[str, Any]) -> None:
    """The fast path is the one that is taken: a valid event never needs the definition."""
    raw = json.dumps(event).encode()

    assert by_structure(raw) == by_definition(raw) != REFUSED


@pytest.mark.parametrize("name", sorted(COMPLETE))
@settings(max_examples=40)
@given(value=odd_values)
def test_they_agree_field_by_field(name: str, value: Any) -> None:
    """Whatever stands in a field, both take it or both refuse it."""
    assert_agreement(json.dumps({**COMPLETE, name: value}).encode())


@pytest.mark.parametrize("text", INSTANTS)
def test_times_with_an_offset_are_read_alike(text: str) -> None:
    """RFC 3339 in all its spellings, rounded to the same microsecond, by structure and definition."""
    raw = json.dumps({**COMPLETE, "occurred_at": text}).encode()

    assert by_structure(raw) == by_definition(raw) != REFUSED


@pytest.mark.parametrize("text", NOT_INSTANTS)
def test_what_is_no_time_with_an_offset_is_refused_by_both(text: str) -> None:
    """Dates, local times, numbers, leap seconds and years outside the calendar are no times of this contract."""
    raw = json.dumps({**COMPLETE, "occurred_at": text}).encode()

    assert by_structure(raw) == by_definition(raw) == REFUSED


@many
@given(events())
def test_encoding_and_decoding_again_changes_nothing(event: dict[str, Any]) -> None:
    """What ingest writes is what accounts reads."""
    decoded = decode_usage_event(json.dumps(event).encode())

    assert decode_usage_event(encode_usage_event(decoded)) == decoded


@many
@given(events())
def test_what_is_read_of_an_admitted_event_is_what_was_written(event: dict[str, Any]) -> None:
    """The accounts stage reads fewer fields, each as the whole event has it."""
    decoded = decode_usage_event(json.dumps(event).encode())
    admitted = decode_admitted_event(encode_usage_event(decoded))

    assert {name: getattr(admitted, name) for name in READ_OF_ADMITTED} == {
        name: getattr(decoded, name) for name in READ_OF_ADMITTED
    }


@many
@given(broken_events())
def test_what_is_no_event_is_no_admitted_event(raw: bytes) -> None:
    """What the short reading refuses is put to the definition, which tells the reason."""
    refusals = [refusal_of(decode, raw) for decode in (decode_admitted_event, decode_usage_event)]

    assert refusals[0] in (refusals[1], None)


def refusal_of(decode: Callable[[bytes], UsageEvent], raw: bytes) -> str | None:
    """Return the reason for which an input is refused, none when it is taken."""
    try:
        decode(raw)
    except EventRefused as refused:
        return refused.reason
    return None


def test_every_field_limit_is_carried_over() -> None:
    """A field at its limit is read and one beyond is refused, by the structure alone."""
    for name, at_limit, beyond in [
        ("event_id", "x" * 256, "x" * 257),
        ("plan", "x" * 128, "x" * 129),
        ("input_tokens", 10**9, 10**9 + 1),
        ("temperature", 100, 100.5),
        ("top_p", 1.0, 1.01),
        ("status_code", 999, 1000),
        ("asn", 2**32 - 1, 2**32),
        ("latency_ms", 604_800_000, 604_800_001),
        ("labels", ["x"] * 64, ["x"] * 65),
        ("labels", ["x" * 128], ["x" * 129]),
        ("account_id", "a\x00", "\x00a"),
    ]:
        assert by_structure(json.dumps({**COMPLETE, name: at_limit}).encode()) != REFUSED, name
        assert by_structure(json.dumps({**COMPLETE, name: beyond}).encode()) == REFUSED, name
