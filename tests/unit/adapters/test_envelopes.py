"""Envelopes, frames and lists around events, and what is nothing known."""

import base64
import json
from typing import Any

import pytest

from schemas.usage_event import EventRefused, decode_usage_event, encode_usage_event, has_unknown_fields
from streams.adapters import Adapters
from tests.unit.adapters.adapting import adapt, only_event
from tests.unit.adapters.otlp_samples import PROMPT, otlp_attributes, otlp_span, otlp_spans
from tests.unit.adapters.samples import CLOUDEVENT, CLOUDEVENT_EVENT, KONG, LITELLM


def test_an_envelope_may_hold_any_format() -> None:
    """A CloudEvent around a gateway's own format is that format."""
    assert only_event(CLOUDEVENT | {"data": KONG}) == only_event(KONG)
    assert only_event(CLOUDEVENT | {"data": [KONG]}) == only_event(KONG)


def test_the_envelope_only_fills_in() -> None:
    """What the data says itself counts."""
    event = only_event(CLOUDEVENT | {"data": CLOUDEVENT["data"] | {"event_id": "own", "account_id": "acct_2"}})

    assert (event["event_id"], event["account_id"], event["source"]) == ("own", "acct_2", "/edge/1")


def test_a_binary_envelope_lies_in_the_headers() -> None:
    """The same event in both modes of CloudEvents is the same event."""
    names = ("specversion", "type", "source", "id", "time", "subject")
    headers = [(f"ce_{name}", CLOUDEVENT[name].encode()) for name in names] + [("content-type", b"application/json")]

    assert only_event(CLOUDEVENT["data"], headers) == only_event(CLOUDEVENT)
    assert only_event(KONG, [("trace", b"1")]) == only_event(KONG)


def test_a_header_without_a_value_tells_nothing() -> None:
    """Kafka's headers may have none; such a message is read all the same, instead of stopping the service."""
    headers = [(f"ce_{name}", CLOUDEVENT[name].encode()) for name in ("specversion", "id", "time", "subject")]

    assert only_event(CLOUDEVENT["data"], [*headers, ("ce_source", None)])["event_id"] == CLOUDEVENT_EVENT["event_id"]
    assert only_event(KONG, [("ce_specversion", None)]) == only_event(KONG)


@pytest.mark.parametrize("data", [None, "text", 5])
def test_an_envelope_without_an_object_is_refused(data: Any) -> None:
    """An envelope around nothing is no event."""
    adapted = adapt(CLOUDEVENT | {"data": data})

    assert adapted.events == []
    assert [refused.reason for refused in adapted.refused] == ["invalid"]


def test_an_envelope_may_hold_bytes() -> None:
    """CloudEvents writes them as base64; JSON in them is read like any other, and anything else refused."""

    def holding(raw: bytes) -> dict[str, Any]:
        envelope = {name: value for name, value in CLOUDEVENT.items() if name != "data"}
        return envelope | {"data_base64": base64.b64encode(raw).decode()}

    own, kong = holding(json.dumps(CLOUDEVENT["data"]).encode()), holding(json.dumps(KONG).encode())

    assert only_event(own) == only_event(CLOUDEVENT)
    assert only_event(kong) == only_event(KONG)
    assert only_event(kong | {"data": CLOUDEVENT["data"]}) == only_event(CLOUDEVENT)
    for unfit in (holding(b""), holding(b"{broken"), kong | {"data_base64": "%"}, kong | {"data_base64": 7}):
        assert [refused.reason for refused in adapt(unfit).refused] == ["invalid"]


def test_nesting_has_an_end() -> None:
    """Lists in lists and envelopes in envelopes are not followed for ever."""
    document: Any = KONG
    for _ in range(50):
        document = CLOUDEVENT | {"data": [document]}
    adapted = adapt(document)

    assert adapted.events == []
    assert [refused.detail for refused in adapted.refused] == ["more than 4 lists or envelopes in each other"]


def test_the_frame_of_a_schema_registry_is_taken_off() -> None:
    """Kong can put the number of a schema before each value."""
    framed = b"\0\0\0\0\x07" + json.dumps(KONG).encode()

    assert [event.event_id for event in Adapters().read(framed).events] == ["req_1"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b"\0", "not_json"),
        (b"\x0a\x05hello", "not_json"),
        (b"{", "not_json"),
    ],
)
def test_what_is_nothing_known_is_refused(raw: bytes, reason: str) -> None:
    """Protocol buffers, broken JSON and stray values are told apart by their reason."""
    with pytest.raises(EventRefused) as refused:
        Adapters().read(raw)
    assert refused.value.reason == reason


def test_an_export_in_protocol_buffers_is_told_what_to_set() -> None:
    """The collector writes them unless it is told otherwise, so it is the likeliest cause."""
    details = []
    for raw in (b"\x0a\x05hello", b"{"):
        with pytest.raises(EventRefused) as refused:
            Adapters().read(raw)
        details.append(refused.value.detail)

    assert ["otlp_json" in detail for detail in details] == [True, False]


@pytest.mark.parametrize("document", [7, {}, None, {"event_id": 7}])
def test_an_object_of_no_other_format_is_judged_as_a_usage_event(document: Any) -> None:
    """Who sends usage events reads what is wrong with them, not that they are no other format."""
    with pytest.raises(EventRefused) as by_format:
        adapt(document)
    with pytest.raises(EventRefused) as by_contract:
        decode_usage_event(json.dumps(document).encode())
    assert str(by_format.value) == str(by_contract.value)


def test_a_usage_event_is_read_as_one() -> None:
    """A sound event, one with what is ignored and one in a registry's frame are all the same event."""
    raw = json.dumps(CLOUDEVENT_EVENT).encode()
    [sound], [ignored], [framed] = (
        Adapters().read(r).events for r in (raw, raw[:-1] + b',"x":NaN}', b"\0\0\0\0\1" + raw)
    )

    assert encode_usage_event(sound) == encode_usage_event(ignored) == encode_usage_event(framed)
    assert (has_unknown_fields(sound), has_unknown_fields(ignored)) == (False, True)


def test_a_message_that_is_too_large_is_refused_as_such() -> None:
    """Five megabytes of one event are too large; as a list of events they are not."""
    large = CLOUDEVENT_EVENT | {"prompt": "x" * 5_000_000}
    with pytest.raises(EventRefused) as refused:
        adapt(large)
    assert refused.value.reason == "too_large"
    assert len(adapt([CLOUDEVENT_EVENT | {"prompt": "x" * 1_000_000}] * 5).events) == 5


@pytest.mark.parametrize("document", [CLOUDEVENT_EVENT | {"prompt": "P"}, LITELLM | {"messages": "P"}])
@pytest.mark.parametrize("is_listed", [False, True])
def test_the_size_of_an_event_is_that_of_what_was_sent(document: Any, is_listed: bool) -> None:
    """A byte that is no UTF-8 becomes a character of three; that makes no event of up to 4 MiB too large."""
    raw = json.dumps([document, document] if is_listed else document).encode()
    read = Adapters().read(raw.replace(b'"P"', b'"' + b"\xff" * 2_000_000 + b'"'))

    assert read.refused == []
    assert [event.prompt for event in read.events] == ["\ufffd" * 2_000_000] * (1 + is_listed)


@pytest.mark.parametrize("document", [[7], [{}], [None]])
def test_json_that_is_nothing_known_is_refused(document: Any) -> None:
    """Stray values and objects of no known shape are told as such."""
    adapted = adapt(document)

    assert adapted.events == []
    assert [refused.detail[:15] for refused in adapted.refused] == ["no known format"]


def test_half_a_character_hides_nothing() -> None:
    """A prompt that is no valid Unicode is read like any other."""
    raw = json.dumps(LITELLM).encode().replace(PROMPT.encode(), b"\\ud83d" + PROMPT.encode())

    [event] = Adapters().read(raw).events
    assert event.prompt == "\ufffd" + PROMPT


def test_values_of_otlp_are_unwrapped() -> None:
    """Nested lists and maps become what they stand for."""
    attributes = otlp_attributes(
        gen_ai__request__model="m",
        user__id="acct_1",
        gen_ai__input__messages={
            "arrayValue": {
                "values": [
                    {
                        "kvlistValue": {
                            "values": [
                                {"key": "role", "value": {"stringValue": "user"}},
                                {"key": "content", "value": {"stringValue": PROMPT}},
                            ]
                        }
                    }
                ]
            }
        },
    )

    assert only_event(otlp_spans({**otlp_span("01"), "attributes": attributes}))["prompt"] == PROMPT
