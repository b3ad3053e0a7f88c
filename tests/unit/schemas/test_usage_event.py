"""What the usage event reads, refuses and forgets."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.usage_event import (
    MAX_EVENT_BYTES,
    EventRefused,
    UsageEvent,
    decode_usage_event,
    encode_usage_event,
    epoch_ms,
    has_unknown_fields,
    unknown_fields,
)
from tests.unit.schemas.events import COMPLETE, REQUIRED

MINIMAL = {name: COMPLETE[name] for name in REQUIRED}


def encoded(**changes: Any) -> bytes:
    """Return the minimal event with some fields changed."""
    return json.dumps(MINIMAL | changes).encode()


def refusal(raw: bytes) -> EventRefused:
    """Return the refusal of an input; fails when it is read."""
    with pytest.raises(EventRefused) as refused:
        decode_usage_event(raw)
    return refused.value


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" ", "not_json"),
        (encoded()[:-1], "not_json"),
        (encoded()[: len(encoded()) // 2], "not_json"),
        (encoded() + b"x", "not_json"),
        (b"\xef\xbb\xbf" + encoded(), "not_json"),
        (b"\xff\xfe", "not_json"),
        (encoded(mood=0).replace(b"0}", b"[" * 100_000 + b"]" * 99_999 + b"}"), "not_json"),
        (encoded(account_id=0).replace(b"0", b"[" * 100_000 + b"]" * 100_000), "invalid"),
        (encoded(input_tokens=0).replace(b": 0", b": " + b"9" * 5000), "invalid"),
        (encoded(input_tokens=0).replace(b": 0", b": 1e999"), "invalid"),
        (b"null", "invalid"),
        (b"[]", "invalid"),
        (b"[" + encoded() + b"]", "invalid"),
        (b"{}", "invalid"),
        (encoded(account_id=7), "invalid"),
        (encoded(account_id=None), "invalid"),
        (encoded(account_id=""), "invalid"),
        (encoded(account_id="\x00partition"), "invalid"),
        (encoded(input_tokens="46"), "invalid"),
        (encoded(input_tokens=46.0), "invalid"),
        (encoded(input_tokens=-1), "invalid"),
        (encoded(input_tokens=True), "invalid"),
        (encoded(input_tokens=10**30), "invalid"),
        (encoded(plan=7), "invalid"),
        (encoded(latency_ms=-1), "invalid"),
        (encoded(asn="64500"), "invalid"),
        (encoded(labels="code"), "invalid"),
        (encoded(labels=[1]), "invalid"),
        (encoded(schema_version="2"), "invalid"),
        (encoded(occurred_at="2026-03-02T00:02:01"), "invalid"),
        (encoded(occurred_at=1772409721), "invalid"),
        (encoded(prompt="x" * 5_000_000), "too_large"),
    ],
)
def test_refusals_name_their_reason(raw: bytes, reason: str) -> None:
    """Every kind of unreadable input is refused with the reason that its dead letter will carry."""
    assert refusal(raw).reason == reason


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_required_field_is_named(name: str) -> None:
    """The detail of a refusal tells which field is missing."""
    event = {field: value for field, value in MINIMAL.items() if field != name}

    refused = refusal(json.dumps(event).encode())

    assert refused.reason == "invalid"
    assert refused.detail == f"{name}: Field required"


def test_a_refusal_carries_no_content() -> None:
    """Prompt text never gets from a refused event into a log."""
    refused = refusal(encoded(plan=["my secret"], input_tokens="my secret", occurred_at="my secret"))

    assert "secret" not in str(refused)
    assert "plan" in refused.detail


def test_a_refusal_stays_short() -> None:
    """An event in which everything is wrong gives one line, not fifty."""
    refused = refusal(json.dumps({name: [] for name in COMPLETE}).encode())

    assert len(refused.detail) < 400
    assert "more" in refused.detail


@pytest.mark.parametrize(("wrong", "rest"), [(3, ""), (4, "; and 1 more")])
def test_a_refusal_tells_the_first_three_errors(wrong: int, rest: str) -> None:
    """And how many more there are, if there are any."""
    names = ["plan", "provider", "operation", "finish_reason"][:wrong]
    refused = refusal(encoded(**{name: ["x"] for name in names}))

    assert refused.detail == "; ".join(f"{name}: Input should be a valid string" for name in names[:3]) + rest


def test_null_tokens_stay_unknown() -> None:
    """Null is unknown and never becomes zero, on the way in and out."""
    event = decode_usage_event(encoded(input_tokens=None, output_tokens=None))

    assert event.input_tokens is None
    assert json.loads(encode_usage_event(event))["input_tokens"] is None


def test_null_optional_fields_are_absent_fields() -> None:
    """A gateway may send null for what it does not know."""
    optional = {name: None for name in COMPLETE if name not in (*REQUIRED, "schema_version")}

    assert decode_usage_event(encoded(**optional)) == decode_usage_event(encoded())


def test_unknown_fields_are_ignored_and_named() -> None:
    """An event with fields of a later version is read, and what was ignored can be counted."""
    raw = encoded(mood="calm", nested={"a": [1]}, prompt="hello")
    event = decode_usage_event(raw)

    assert event.prompt == "hello"
    assert has_unknown_fields(event)
    assert unknown_fields(raw) == ["mood", "nested"]
    assert json.loads(encode_usage_event(event)).keys() == MINIMAL.keys() | {"prompt"}
    assert decode_usage_event(encode_usage_event(event)) == decode_usage_event(encoded(prompt="hello"))


def test_known_fields_are_not_unknown() -> None:
    """Nothing is counted for an event that is all of version 1."""
    raw = json.dumps(COMPLETE).encode()

    assert unknown_fields(raw) == []
    assert not has_unknown_fields(decode_usage_event(raw))


@pytest.mark.parametrize("raw", [b"", b"[]", b"nope", b'{"a":'])
def test_unknown_fields_of_what_is_no_object_are_none(raw: bytes) -> None:
    """Counting never fails on what decoding refuses."""
    assert unknown_fields(raw) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature", "hot"),
        ("temperature", -1),
        ("top_p", 1e300),
        ("max_output_tokens", 10**40),
        ("choice_count", 1.5),
        ("stream", "true"),
        ("logprobs", 5),
        ("tool_call_count", {"a": 1}),
        ("turn", -1),
        ("end_user_id", ["x"]),
        ("conversation_id", 7),
        ("user_agent", False),
        ("prompt", 5),
        ("prompt", {"text": "a"}),
        ("prompt", []),
        ("prompt", [1, 2]),
        ("prompt", ["a", ["b"]]),
    ],
)
def test_what_a_client_can_choose_never_hides_an_event(field: str, value: Any) -> None:
    """A parameter that makes no sense is unknown, and told as ignored; the event counts."""
    raw = encoded(**{field: value})
    event = decode_usage_event(raw)

    assert getattr(event, field) is None
    assert has_unknown_fields(event)
    assert unknown_fields(raw) == [field]


CHOSEN = (
    "end_user_id", "max_output_tokens", "temperature", "top_p", "choice_count", "logprobs", "stream", "tool_call_count",
    "conversation_id", "turn", "client_ip", "user_agent", "prompt",
)  # fmt: skip
HUGE = {
    "digits": b"9" * 5000,
    "negative": b"-" + b"9" * 5000,
    "fraction": b"9" * 5000 + b".5",
    "exponent": b"1e999",
    "long exponent": b"-1.5E+" + b"9" * 5000,
    "list": b"[" * 150 + b"]" * 150,
    "deep list": b"[" * 500 + b"]" * 500,
    "very deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":[' * 3000 + b'"]"' + b"]}" * 3000,
    "list of huge": b"[" + b"9" * 5000 + b",1e999]",
}


@pytest.mark.parametrize("field", CHOSEN)
@pytest.mark.parametrize("written", HUGE.values(), ids=HUGE.keys())
def test_what_no_reader_takes_is_unknown(field: str, written: bytes) -> None:
    """Numbers of thousands of digits, and lists in each other however deep, are told as ignored like any other."""
    raw = encoded(**{field: "P"}).replace(b'"P"', written)
    event = decode_usage_event(raw)

    assert getattr(event, field) is None
    assert has_unknown_fields(event)
    assert unknown_fields(raw) == [field]


@pytest.mark.parametrize("written", HUGE.values(), ids=HUGE.keys())
def test_what_no_reader_takes_is_no_matter_in_a_field_that_is_not_read(written: bytes) -> None:
    """Nor does it take with it what stands beside it, in the event or in the field."""
    raw = encoded(mood={"a": "P", "b": "["}, prompt="a [[ b", turn=7).replace(b'"P"', written)
    event = decode_usage_event(raw)

    assert (event.prompt, event.turn) == ("a [[ b", 7)
    assert unknown_fields(raw) == ["mood"]


def test_several_texts_are_one_prompt() -> None:
    """The completions interface takes a list of texts."""
    assert decode_usage_event(encoded(prompt=["one", "two"])).prompt == "one\ntwo"


@pytest.mark.parametrize(
    ("field", "limit"),
    [("model", 256), ("event_id", 256), ("client_ip", 64), ("user_agent", 1024), ("end_user_id", 256)],
)
def test_what_a_client_can_choose_is_cut(field: str, limit: int) -> None:
    """A text of any length is cut to what is kept of it."""
    assert getattr(decode_usage_event(encoded(**{field: "\u00e9" * 100_000})), field) == "\u00e9" * limit


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'"half \\ud83d"', "half \ufffd"),
        (b'"\\udE00\\uD83D\\uDE00\\uD83D"', "\ufffd\U0001f600\ufffd"),
        (b'"a \\\\ud800 NaN"', "a \\ud800 NaN"),
        (b'"byte \xff"', "byte \ufffd"),
        (b'"\xed\xa0\x80"', "\ufffd\ufffd\ufffd"),
    ],
)
def test_half_a_character_never_hides_an_event(written: bytes, read: str) -> None:
    """What is no Unicode becomes the replacement character, in a prompt as in a field that is not known."""
    for raw in (encoded(prompt="P"), encoded(mood="P", prompt="P")):
        assert decode_usage_event(raw.replace(b'"P"', written)).prompt == read


@pytest.mark.parametrize("character", [b'\\"', b"\\\\", b'"', b"\\ud800"])
def test_a_text_that_is_cut_off_is_refused_at_once(character: bytes) -> None:
    """Logs cut long lines; looking for the end of a text takes one pass, however many quotes it has."""
    assert refusal(b'{"prompt": "' + character * 150_001).reason == "not_json"


def test_a_request_for_no_model_is_a_request() -> None:
    """Whoever leaves the name of the model empty is seen all the same."""
    assert decode_usage_event(encoded(model="")).model == ""


@pytest.mark.parametrize("constant", [b"NaN", b"Infinity", b"-Infinity"])
def test_numbers_that_json_lacks_are_unknown(constant: bytes) -> None:
    """What Python's and other writers put for no number is no number, in any field that may be unknown."""
    raw = encoded(temperature=0, input_tokens=0, mood=0).replace(b": 0", b": " + constant)
    event = decode_usage_event(raw)

    assert (event.temperature, event.input_tokens) == (None, None)


def test_a_key_given_twice_counts_last() -> None:
    """Of a duplicate the last value counts, even when the first would not have been valid."""
    valid = encoded()[:-1] + b',"account_id":"second"}'
    repaired = b'{"input_tokens":"x",' + encoded()[1:]

    assert decode_usage_event(valid).account_id == "second"
    assert decode_usage_event(repaired).input_tokens == MINIMAL["input_tokens"]


@pytest.mark.parametrize("at", ["1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z"])
def test_far_times_are_well_formed(at: str) -> None:
    """Whether a time is plausible depends on the clock, which is not the contract's: admission decides."""
    assert decode_usage_event(encoded(occurred_at=at)).occurred_at == datetime.fromisoformat(at)


def test_the_largest_event_is_read() -> None:
    """The limit is on the whole encoding and inclusive."""
    filler = "x" * (MAX_EVENT_BYTES - len(encoded(prompt="")))

    assert len(encoded(prompt=filler)) == MAX_EVENT_BYTES
    assert decode_usage_event(encoded(prompt=filler)).prompt == filler
    assert refusal(encoded(prompt=filler + "x")).reason == "too_large"


def test_the_definition_encodes_like_the_structure() -> None:
    """An event built in Python, as a generator does, is encoded like a decoded one."""
    built = UsageEvent(
        event_id="e",
        occurred_at=datetime(2026, 3, 2, tzinfo=UTC),
        account_id="a",
        model="m",
        input_tokens=1,
        output_tokens=2,
    )

    assert json.loads(encode_usage_event(built)) == {
        "event_id": "e",
        "occurred_at": "2026-03-02T00:00:00Z",
        "account_id": "a",
        "model": "m",
        "input_tokens": 1,
        "output_tokens": 2,
    }


def test_the_definition_is_frozen() -> None:
    """An event is a fact and cannot be changed."""
    event = UsageEvent.model_validate_json(encoded())

    with pytest.raises(ValidationError):
        event.account_id = "other"
    with pytest.raises(AttributeError):
        decode_usage_event(encoded()).account_id = "other"  # type: ignore[misc]


def test_every_field_is_described() -> None:
    """Nobody has to guess what a field means."""
    assert [name for name, field in UsageEvent.model_fields.items() if not field.description] == []
    assert UsageEvent.model_fields.keys() == COMPLETE.keys()


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1970, 1, 1, 0, 0, 0, 1_999, tzinfo=UTC), 1),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
        (datetime(2026, 3, 2, 2, tzinfo=timezone(timedelta(hours=2))), 1_772_409_600_000),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=timezone(-timedelta(hours=23))), 253_402_383_599_999),
    ],
)
def test_epoch_ms_rounds_down_and_heeds_the_offset(instant: datetime, expected: int) -> None:
    """Milliseconds never round into a later bucket, and an offset is part of the instant."""
    assert epoch_ms(instant) == expected
