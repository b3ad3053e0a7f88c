"""What gateways write becomes the usage events that are in it, and nothing else."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.usage_event import EventRefused, decode_usage_event, encode_usage_event, has_unknown_fields
from streams.adapters import Adapted, Adapters
from streams.adapters.adapt import FORMATS
from tests.unit.adapters.samples import (
    APISIX,
    CLOUDEVENT,
    CLOUDEVENT_EVENT,
    ENVOY,
    HELICONE,
    KONG,
    LITELLM,
    OTLP_NEW,
    PORTKEY,
    PROMPT,
    SAMPLES,
    otlp_attributes,
    otlp_logs,
    otlp_span,
    otlp_spans,
)
from tests.unit.schemas.events import odd_values


def adapt(document: Any, headers: Any = (), **options: Any) -> Adapted:
    """Adapt a document."""
    return Adapters(**options).read(json.dumps(document).encode(), headers)


def only_event(document: Any, headers: Any = (), **options: Any) -> dict[str, Any]:
    """Return the one event of a document; fails when something was refused."""
    adapted = adapt(document, headers, **options)
    assert adapted.refused == []
    [event] = adapted.events
    return json.loads(encode_usage_event(event))


def changed(document: Any, path: str, value: Any) -> Any:
    """Return a copy of a document with the value at a path replaced."""
    copied = copy.deepcopy(document)
    *parts, last = path.split("/")
    target = copied
    for part in parts:
        target = target[part]
    target[last] = value
    return copied


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_is_read(name: str) -> None:
    """Each field that a format tells arrives in the usage event, each that it does not is absent."""
    document, expected = SAMPLES[name]
    expected_event = decode_usage_event(json.dumps(expected).encode())

    adapted = adapt(document)
    assert adapted.refused == []
    assert adapted.events == [expected_event]


@pytest.mark.parametrize("name", SAMPLES)
def test_formats_do_not_take_each_other_for_their_own(name: str) -> None:
    """A message is recognised by one adapter at most, so their order does not matter."""
    document, _ = SAMPLES[name]

    assert sum(adapter.matches(document) for adapter in FORMATS) == (name != "cloudevents")


@pytest.mark.parametrize("name", SAMPLES)
def test_no_format_passes_for_a_usage_event(name: str) -> None:
    """The fast way is never taken by mistake."""
    with pytest.raises(EventRefused):
        decode_usage_event(json.dumps(SAMPLES[name][0]).encode())


def test_a_list_is_read_member_by_member() -> None:
    """APISIX and Kong send lists; formats may be mixed and usage events may be among them."""
    canonical = CLOUDEVENT_EVENT | {"event_id": "evt_2"}
    adapted = adapt([APISIX, canonical, {"nothing": "known"}, KONG])

    assert [event.source for event in adapted.events] == ["apisix-0", "/edge/1", "atlas-service"]
    [refused] = adapted.refused
    assert refused.reason == "invalid"
    assert refused.detail.startswith("no known format")


def test_one_bad_request_does_not_take_the_others_with_it() -> None:
    """Of a batch of spans those without an account are refused, the rest is read, other spans are left out."""
    named = {"gen_ai__request__model": "m", "user__id": "acct_1"}
    document = otlp_spans(
        otlp_span("01", **named), otlp_span("02", gen_ai__request__model="m"), otlp_span("03", **named)
    )
    adapted = adapt(document)

    assert [event.event_id[-2:] for event in adapted.events] == ["01", "03"]
    assert [str(refused) for refused in adapted.refused] == ["invalid: as otlp: account_id: Field required"]


def test_an_export_without_requests_is_no_failure() -> None:
    """Spans of a database are somebody else's."""
    assert adapt(otlp_spans(otlp_span("01", db__system__name="postgresql"))) == Adapted()


def test_a_span_and_its_log_record_are_one_request() -> None:
    """Both carry the same id, so it can be told that they are the same."""
    attributes = {"gen_ai__request__model": "m", "user__id": "acct_1"}
    span = otlp_span("01", **attributes)
    record = {**span, "timeUnixNano": span["startTimeUnixNano"]}
    del record["startTimeUnixNano"]

    assert only_event(otlp_spans(span))["event_id"] == only_event(otlp_logs(record))["event_id"]


@pytest.mark.parametrize(
    ("status", "prompt_tokens", "completion_tokens"),
    [("failure", 0, 0), ("failure", 11, 0), ("success", 0, 0), ("success", None, None), (None, 5, 5)],
)
def test_uncounted_tokens_are_unknown_and_never_zero(status: Any, prompt_tokens: Any, completion_tokens: Any) -> None:
    """LiteLLM logs zeros for failures and cut-off streams: nobody counted."""
    document = LITELLM | {"status": status, "prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
    event = only_event(document)

    assert (event["input_tokens"], event["output_tokens"]) == (None, None)


def test_errors_keep_their_kind() -> None:
    """What was refused, and why, is evidence."""
    failed = LITELLM | {
        "status": "failure",
        "error_information": {"error_code": "429", "error_class": "RateLimitError"},
    }
    event = only_event(failed)

    assert (event["status_code"], event["error_type"]) == (429, "RateLimitError")


@pytest.mark.parametrize(
    "messages", ["redacted-by-litellm", "", None, [], [{"role": "user", "content": ""}], [{"role": "system"}]]
)
def test_no_prompt_is_made_of_what_is_none(messages: Any) -> None:
    """A placeholder for removed text is no text."""
    assert "prompt" not in only_event(LITELLM | {"messages": messages})


def test_the_prompt_is_what_the_user_said_last() -> None:
    """Of a conversation the last message of the user, all parts of it, whatever follows."""
    messages = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "answer"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "look"}, {"type": "image_url"}, {"type": "text", "text": "here"}],
        },
        {"role": "tool", "content": "result"},
    ]
    event = only_event(LITELLM | {"messages": messages})

    assert (event["prompt"], event["turn"]) == ("look\nhere", 2)


@pytest.mark.parametrize(
    ("paths", "account"),
    [
        (["metadata.user_api_key_hash"], "h4sh"),
        (["nowhere", "metadata.user_api_key_org_id"], "org_1"),
        (["nowhere"], "acct_1"),
    ],
)
def test_an_operator_says_where_the_account_is(paths: list[str], account: str) -> None:
    """Paths of the operator come before those of the format."""
    assert only_event(LITELLM, account_paths=paths)["account_id"] == account


def test_an_operator_can_name_an_attribute() -> None:
    """Names of attributes have dots and are found all the same."""
    span = otlp_span("01", gen_ai__request__model="m", user__id="u", acme__customer__id="acct_9")

    assert only_event(otlp_spans(span), account_paths=["acme.customer.id"])["account_id"] == "acct_9"


def test_an_unknown_account_is_refused_with_the_format() -> None:
    """Whoever forgot to pass the account on reads which format lacks it."""
    anonymous = {name: value for name, value in ENVOY.items() if name != "x-account-id"}

    assert [str(refused) for refused in adapt(anonymous).refused] == ["invalid: as envoy: account_id: Field required"]


@pytest.mark.parametrize("status", [401, 403])
def test_requests_of_nobody_are_left_out(status: int) -> None:
    """A flood of requests without a valid key must not become a flood of dead letters, which would stop the service."""
    anonymous = {name: value for name, value in ENVOY.items() if name != "x-account-id"}

    assert adapt(anonymous | {"response_code": status}) == Adapted()
    assert len(adapt(ENVOY | {"response_code": status}).events) == 1


def test_an_entry_without_an_id_gets_one_from_its_contents() -> None:
    """APISIX logs have no id of their own: the same entry has the same id, another entry another."""
    anonymous = changed(APISIX, "request/headers", {})
    later = changed(anonymous, "start_time", APISIX["start_time"] + 1)
    reordered = dict(reversed(anonymous.items()))

    assert only_event(anonymous)["event_id"] == only_event(reordered)["event_id"] != only_event(later)["event_id"]


def test_credentials_are_not_read() -> None:
    """What must stay secret does not get into a usage event."""
    assert "secret" not in json.dumps(only_event(HELICONE))


@pytest.mark.parametrize(
    ("document", "path"),
    [(KONG, "ai/proxy/payload/request"), (PORTKEY, "request/portkeyHeaders/x-portkey-metadata"), (LITELLM, "messages")],
)
def test_broken_json_inside_a_message_only_loses_what_it_holds(document: Any, path: str) -> None:
    """A body or metadata that cannot be read is unknown; the request counts."""
    event = only_event(changed(document, path, "[{broken"))

    assert event["model"] == "m-1"


@pytest.mark.parametrize(
    "address", ["192.0.2.7", "192.0.2.7:4711", "192.0.2.7, 10.0.0.1", "192.0.2.7:4711,10.0.0.1:80"]
)
def test_ports_and_proxies_are_no_part_of_an_address(address: str) -> None:
    """The client's address is the first one, without its port."""
    assert only_event(ENVOY | {"x-forwarded-for": address})["client_ip"] == "192.0.2.7"


@pytest.mark.parametrize("address", ["2001:db8::7", "[2001:db8::7]:4711", "2001:db8::7, 10.0.0.1"])
def test_colons_belong_to_addresses_of_version_six(address: str) -> None:
    """A port is only taken off where it is one."""
    assert only_event(ENVOY | {"x-forwarded-for": address})["client_ip"] == "2001:db8::7"


# -- envelopes and frames -----------------------------------------------------------------------------


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


@pytest.mark.parametrize("data", [None, "text", 5])
def test_an_envelope_without_an_object_is_refused(data: Any) -> None:
    """An envelope around nothing is no event."""
    adapted = adapt(CLOUDEVENT | {"data": data})

    assert adapted.events == []
    assert [refused.reason for refused in adapted.refused] == ["invalid"]


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


# -- anything at all --------------------------------------------------------------------------------------


def paths_of(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every value in a document."""
    members = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(place for key, member in members for place in paths_of(member, (*path, key)))]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_value_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever stands in whatever place, the outcome is events and refusals, never an exception of another kind."""
    document = copy.deepcopy(data.draw(st.sampled_from(sorted(SAMPLES)).map(lambda name: SAMPLES[name][0])))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(paths_of(document)))
        value = data.draw(odd_values)
        if not place:
            document = value
            continue
        target = document
        for part in place[:-1]:
            target = target[part]
        target[place[-1]] = value
    try:
        adapted = adapt(document)
    except EventRefused:
        return
    for event in adapted.events:
        encoded = encode_usage_event(event)
        assert encode_usage_event(decode_usage_event(encoded)) == encoded


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """Arbitrary bytes never raise anything but a refusal, and hold no event."""
    try:
        adapted = Adapters().read(raw)
    except EventRefused:
        return
    assert adapted.events == []


def test_the_same_message_is_the_same_events() -> None:
    """Reading is a function of the message alone."""
    raw = json.dumps(OTLP_NEW).encode()

    assert Adapters().read(raw) == Adapters().read(raw)
