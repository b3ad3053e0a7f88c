"""What gateways write becomes the usage events that are in it, and nothing else."""

import json
from typing import Any

import pytest

from detectors.outcome import is_refusal
from schemas.usage_event import EventRefused, decode_usage_event
from streams.adapters import Adapted, Adapters
from streams.adapters.adapt import FORMATS
from streams.adapters.messages import PLACEHOLDERS
from streams.adapters.reading import as_time
from tests.unit.adapters.adapting import adapt, changed, only_event
from tests.unit.adapters.log_samples import BEDROCK, HELICONE, PORTKEY
from tests.unit.adapters.otlp_samples import otlp_logs, otlp_span, otlp_spans
from tests.unit.adapters.samples import APISIX, CLOUDEVENT_EVENT, ENVOY, KONG, LITELLM, SAMPLES


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


def counting(document: Any, status: int, sent: int, answered: int) -> Any:
    """Return a log entry of Envoy, Kong or APISIX with its status and its tokens."""
    envoy = {"response_code": status, "gen_ai.usage.input_tokens": sent, "gen_ai.usage.output_tokens": answered}
    others = {"response": {"status": status}}
    if document is ENVOY:
        return document | envoy
    counts = {"prompt_tokens": sent, "completion_tokens": answered}
    path = "llm_summary" if document is APISIX else "ai/proxy/usage"
    return changed(document | others, path, counts)


@pytest.mark.parametrize("document", [ENVOY, KONG, APISIX])
def test_zeros_of_what_was_not_counted_are_unknown(document: Any) -> None:
    """As in every format: of failures and cut-off answers the counts never come. What was counted is kept."""
    for (status, sent, answered), known in {
        (200, 0, 0): (None, None),
        (503, 0, 0): (None, None),
        (503, 11, 0): (11, None),
        (200, 11, 0): (11, 0),
        (499, 11, 7): (11, 7),
    }.items():
        event = only_event(counting(document, status, sent, answered))

        assert (event["input_tokens"], event["output_tokens"]) == known


@pytest.mark.parametrize("latency", [-1, "-1", 604_800_001, "soon"])
@pytest.mark.parametrize(
    ("document", "path"),
    [(HELICONE, "log/response/delayMs"), (KONG, "latencies/request"), (APISIX, "latency"), (ENVOY, "duration")],
)
def test_a_latency_that_can_be_none_is_unknown(document: Any, path: str, latency: Any) -> None:
    """Some write -1 where nobody measured; the request counts."""
    assert "latency_ms" not in only_event(changed(document, path, latency))


@pytest.mark.parametrize("offset", ["", "Z", "+00:00"])
@pytest.mark.parametrize("separator", ["T", " "])
def test_times_of_litellm_without_an_offset_are_utc(separator: str, offset: str) -> None:
    """Callbacks that write text write what Python makes of a time in UTC; the latency is told by them as by numbers."""
    times = {"startTime": "2026-03-02T00:02:01.290000", "endTime": "2026-03-02T00:02:02.790000"}
    written = {name: time.replace("T", separator) + offset for name, time in times.items()}
    event = only_event(LITELLM | written)

    assert (event["occurred_at"], event["latency_ms"]) == ("2026-03-02T00:02:01.290000Z", 1500.0)


def test_errors_keep_their_kind() -> None:
    """What was refused, and why, is evidence."""
    failed = LITELLM | {
        "status": "failure",
        "error_information": {"error_code": "429", "error_class": "RateLimitError"},
    }
    event = only_event(failed)

    assert (event["status_code"], event["error_type"]) == (429, "RateLimitError")


def test_a_failure_without_a_kind_is_one() -> None:
    """A failed span or log entry may not say why."""
    span = otlp_span("01", gen_ai__request__model="m", user__id="acct_1") | {"status": {"code": 2}}

    assert only_event(otlp_spans(span))["error_type"] == "_OTHER"
    assert only_event(otlp_spans(span | {"status": {}})).get("error_type") is None
    assert only_event(LITELLM | {"status": "failure"})["error_type"] == "failure"


def test_the_error_code_of_a_cloud_is_the_error() -> None:
    """Bedrock logs no HTTP status, so the code is what tells that there was no answer."""
    event = only_event(BEDROCK | {"errorCode": "ThrottlingException", "output": {}})

    assert event["error_type"] == "ThrottlingException"
    assert is_refusal(None, event["error_type"])


@pytest.mark.parametrize(
    "messages",
    [
        "redacted-by-litellm",
        "",
        None,
        [],
        [{"role": "user", "content": ""}],
        [{"role": "system"}],
        [{"role": "user", "content": "redacted-by-litellm"}],
        '[{"role": "user", "content": "redacted-by-litellm"}]',
        [{"role": "user", "content": [{"type": "text", "text": "[REDACTED]"}]}],
    ],
)
def test_no_prompt_is_made_of_what_is_none(messages: Any) -> None:
    """A placeholder for removed text is no text, and how many messages it stands for is unknown."""
    event = only_event(LITELLM | {"messages": messages})

    assert ("prompt" in event, "turn" in event) == (False, False)


def test_a_placeholder_behind_a_prompt_hides_nothing() -> None:
    """Of several messages the last that has a text is the prompt; the turn is unknown."""
    messages = [{"role": "user", "content": text} for text in ("first", "second", "redacted")]
    event = only_event(LITELLM | {"messages": messages})

    assert (event["prompt"], event.get("turn")) == ("second", None)


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_a_placeholder_is_a_text_as_a_whole(placeholder: str) -> None:
    """In any case of letters; a prompt in which it only occurs is one, or its maker could hide it."""
    assert "prompt" not in only_event(LITELLM | {"messages": f" {placeholder.upper()}\n"})
    for prompt in (f"Explain {placeholder}", f"{placeholder} it is", f"Why? ({placeholder})"):
        assert only_event(LITELLM | {"messages": prompt})["prompt"] == prompt


@pytest.mark.parametrize(
    ("written", "read"),
    [(["one", "two"], "one\ntwo"), ('["one"]', '["one"]'), ("[1, 2]", "[1, 2]"), ([1, 2], None), ([], None)],
)
def test_texts_without_a_role_are_the_prompt(written: Any, read: str | None) -> None:
    """A request for a completion has a text or several, which may look like JSON; numbers are no text."""
    event = only_event(PORTKEY | {"request": {**PORTKEY["request"], "body": {"model": "m", "prompt": written}}})

    assert event.get("prompt") == read


@pytest.mark.parametrize("written", [b"9" * 5000, b"1e999", b"[" * 940 + b"]" * 940, b"[" * 50_000 + b"]" * 50_000])
def test_what_no_reader_takes_hides_no_request(written: bytes) -> None:
    """Wherever it stands in a log, and in a list of usage events: it is unknown."""
    canonical = CLOUDEVENT_EVENT | {"end_user_id": "P", "mood": "P"}
    for document in (changed(PORTKEY, "request/body/temperature", "P"), APISIX | {"more": "P"}, [canonical]):
        read = Adapters().read(json.dumps(document).encode().replace(b'"P"', written))

        assert read.refused == []
        [event] = read.events
        assert (event.temperature, event.end_user_id) != ("P", "P")


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


def without(document: Any, *names: str) -> Any:
    """Return a document without some of its members."""
    return {name: value for name, value in document.items() if name not in names}


REACHED_NO_MODEL = {
    "kong": without(KONG, "ai") | {"response": {"status": 429}},
    "kong, blocked by a guard": KONG | {"ai": {"proxy": {"lakera-guard": {}}}, "response": {"status": 400}},
    "apisix": without(APISIX, "llm_summary", "llm_request") | {"response": {"status": 429}},
    "apisix, with an empty summary": APISIX | {"llm_summary": {}, "response": {"status": 400}},
    "envoy": ENVOY | {"gen_ai.request.model": None, "response_code": 404},
    "portkey": changed(changed(PORTKEY, "request/body", {"model": 5.5}), "response", {"status": 400}),
    "litellm": LITELLM | {"model": "", "status": "failure"},
}
"""Requests of known accounts as gateways log them when they end before a model."""


@pytest.mark.parametrize("name", REACHED_NO_MODEL)
def test_a_request_that_reached_no_model_is_one_for_none(name: str) -> None:
    """What was refused before its model was known is evidence on its account, and no dead letter."""
    event = only_event(REACHED_NO_MODEL[name])

    assert (event["account_id"], event["model"]) == ("acct_1", "")


@pytest.mark.parametrize("status", [400, 404, 429])
@pytest.mark.parametrize(
    "document",
    [
        without(KONG, "ai", "consumer", "authenticated_entity"),
        without(APISIX, "llm_summary", "llm_request", "consumer"),
        without(ENVOY, "x-account-id") | {"gen_ai.request.model": None},
    ],
)
def test_what_concerns_neither_an_account_nor_a_model_is_left_out(document: Any, status: int) -> None:
    """Whoever knocks at a gateway without a key does not stop the service by dead letters."""
    assert adapt(document | {"response": {"status": status}, "response_code": status}) == Adapted()


@pytest.mark.parametrize("document", [without(KONG, "ai"), without(APISIX, "llm_summary", "llm_request")])
def test_what_succeeded_without_a_model_was_for_another_service(document: Any) -> None:
    """A gateway may log all that passes through it."""
    assert adapt(document) == Adapted()


@pytest.mark.parametrize("proxy", ["proxy", "ai-proxy", "ai-proxy-advanced"])
def test_of_several_plugins_the_proxy_tells_the_model(proxy: str) -> None:
    """A plugin in front may ask a small model of its own about the prompt."""
    judge = {"meta": {"request_model": "m-judge"}, "usage": {"prompt_tokens": 900, "completion_tokens": 1}}
    blocks = KONG["ai"]["proxy"]  # type: ignore[index]
    event = only_event(KONG | {"ai": {"ai-llm-as-judge": judge, "audit": {}, proxy: blocks}})

    assert (event["model"], event["input_tokens"], event["output_tokens"]) == ("m-1", 11, 22)
    assert only_event(KONG | {"ai": {"audit": {}, "ai-llm-as-judge": judge}})["model"] == "m-judge"


def test_an_entry_without_an_id_gets_one_from_its_contents() -> None:
    """APISIX logs have no id of their own: the same entry has the same id, another entry another."""
    anonymous = changed(APISIX, "request/headers", {})
    later = changed(anonymous, "start_time", APISIX["start_time"] + 1)
    reordered = dict(reversed(anonymous.items()))

    assert only_event(anonymous)["event_id"] == only_event(reordered)["event_id"] != only_event(later)["event_id"]


@pytest.mark.parametrize("name", ["envoy", "litellm", "helicone", "openinference"])
def test_a_session_is_no_conversation(name: str) -> None:
    """Each request of a script with one session begins something; taken for turns, all but the first would not."""
    document, _ = SAMPLES[name]

    assert "sess" in json.dumps(document)
    assert "conversation_id" not in only_event(document)


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


@pytest.mark.parametrize("value", [-1.8e305, 1.8e305, 1e18, -1, "9" * 400, float("inf")])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_time_beyond_all_calendars_is_unknown(value: object, unit: str) -> None:
    """What no calendar holds is no time, also when it grows beyond all numbers on the way to microseconds."""
    assert as_time(value, unit) is None or (value == 1e18 and unit == "ns")
