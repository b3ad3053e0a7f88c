"""Kinds of request, by whatever name a gateway has for them, and through whichever interface they came."""

import json
from typing import Any

import pytest

from detectors.outcome import is_refusal
from streams.adapters import Adapted
from tests.unit.adapters.adapting import adapt, changed, only_event
from tests.unit.adapters.log_samples import BEDROCK, PORTKEY
from tests.unit.adapters.otlp_samples import otlp_attributes, otlp_span, otlp_spans
from tests.unit.adapters.samples import KONG, LITELLM

RESPONSES_REQUEST = {"model": "m-1", "max_output_tokens": 77, "input": "Name three rivers."}
RESPONSES_USAGE = {
    "input_tokens": 11,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 22,
    "output_tokens_details": {"reasoning_tokens": 5},
}


@pytest.mark.parametrize(
    ("call_type", "operation"),
    [
        ("completion", "chat"),
        ("acompletion", "chat"),
        ("aresponses", "chat"),
        ("anthropic_messages", "chat"),
        ("atext_completion", "text_completion"),
        ("aembedding", "embeddings"),
        ("agenerate_content_stream", "generate_content"),
        ("allm_passthrough_route", "llm_passthrough_route"),
        ("pass_through_endpoint", "pass_through_endpoint"),
    ],
)
def test_requests_of_litellm_are_known_by_its_own_names(call_type: str, operation: str) -> None:
    """It writes the same ones into its payload and, as the operation, into its spans."""
    attributes = {"gen_ai__operation__name": call_type, "gen_ai__request__model": "m", "user__id": "acct_1"}

    assert only_event(LITELLM | {"call_type": call_type})["operation"] == operation
    assert only_event(otlp_spans(otlp_span("01", **attributes)))["operation"] == operation


@pytest.mark.parametrize(
    ("owner", "key"),
    [("litellm__metadata__user_api_key_{}", "litellm__api_key__hash"), ("metadata__user_api_key_{}",) * 2],
)
def test_spans_of_litellm_tell_whose_key_it_was(owner: str, key: str) -> None:
    """As its payload does, in today's spans and those of before; whom the client names as its own user comes behind."""
    request = {"gen_ai__operation__name": "chat", "gen_ai__request__model": "m"}
    attributes = request | {"enduser__id": "user_1", key.format("hash"): "h4sh"}
    of_key = only_event(otlp_spans(otlp_span("01", **attributes)))
    attributes |= {owner.format("user_id"): "acct_1", owner.format("org_id"): "org_1"}
    of_user = only_event(otlp_spans(otlp_span("01", **attributes)))

    assert (of_key["account_id"], of_key["api_key_id"], of_key["end_user_id"]) == ("h4sh", "h4sh", "user_1")
    assert (of_user["account_id"], of_user["organization_id"]) == ("acct_1", "org_1")


@pytest.mark.parametrize(
    "stamped",
    [
        "litellm__api_key__hash",
        "litellm__team__id",
        *(f"litellm__metadata__user_api_key_{n}_id" for n in ("user", "org")),
    ],
)
def test_of_the_spans_of_one_request_to_litellm_one_counts(stamped: str) -> None:
    """Today it writes model and key into all of them, also where it asks its database, a guardrail or its cache."""
    attributes = {"gen_ai__request__model": "m", stamped: "acct_1"}
    others = (
        {"http__request__method": "POST", "http__response__status_code": 200},
        {"db__system__name": "postgresql", "db__operation__name": "select"},
        {"litellm__guardrail__name": "pii"},
    )
    spans = [otlp_span(f"1{number}", **attributes, **other) for number, other in enumerate(others)]
    event = only_event(otlp_spans(otlp_span("01", gen_ai__operation__name="chat", **attributes), *spans))

    assert (event["account_id"], event["event_id"][-3:]) == ("acct_1", "-01")


def test_a_request_that_litellm_writes_into_two_spans_is_one_event() -> None:
    """Asked for a span of its own (USE_OTEL_LITELLM_REQUEST_SPAN) it writes all of it into that of its server, too."""
    attributes = {"gen_ai__request__model": "m", "metadata__user_api_key_user_id": "acct_1"}
    answered = [otlp_span(f"0{n}", gen_ai__response__id=answer, **attributes) for n, answer in enumerate("aab")]
    failed = [otlp_span(f"1{n}", **attributes) for n in range(2)]
    ids = [event.event_id.partition("-")[2] for event in adapt(otlp_spans(*answered, *failed)).events]

    assert ids == ["a", "a", "b", "10", "11"]


@pytest.mark.parametrize(
    ("answer", "limit"),
    [
        ({"incomplete_details": {"reason": "max_output_tokens"}}, "max_output_tokens"),
        ({"stop_reason": "max_tokens"}, "max_tokens"),
    ],
)
def test_answers_of_litellm_that_are_no_completions_end_too(answer: dict[str, Any], limit: str) -> None:
    """Whether at the limit of their request is known for responses and messages as for completions."""
    document = LITELLM | {"response": answer, "model_parameters": {limit: 77}}
    event = only_event(document)

    assert (event["finish_reason"], event["max_output_tokens"]) == (limit, 77)


@pytest.mark.parametrize("call_type", ["call_mcp_tool", "avector_store_search", "acreate_batch"])
def test_calls_of_litellm_that_ask_no_model_are_left_out(call_type: str) -> None:
    """Tools and searches are none, whatever model they are for."""
    attributes = {"gen_ai__operation__name": call_type, "gen_ai__request__model": "m", "user__id": "acct_1"}

    assert adapt(otlp_spans(otlp_span("01", **attributes))) == Adapted()


@pytest.mark.parametrize(
    ("reasons", "reason"),
    [
        ('["length", "stop"]', "length"),
        ("length", "length"),
        ("[]", None),
        ({"arrayValue": {"values": [{"stringValue": "length"}]}}, "length"),
        ({"arrayValue": {}}, None),
    ],
)
def test_why_an_answer_ended_may_be_told_as_text(reasons: Any, reason: str | None) -> None:
    """LiteLLM writes the list of reasons as JSON; of several answers the first counts."""
    attributes = {"gen_ai__request__model": "m", "user__id": "acct_1", "gen_ai__response__finish_reasons": reasons}

    assert only_event(otlp_spans(otlp_span("01", **attributes))).get("finish_reason") == reason


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ({"prompt": "Name three rivers.", "max_gen_len": 77, "top_p": 0.5}, {"stop_reason": "length"}),
        (
            {"inputText": "Name three rivers.", "textGenerationConfig": {"maxTokenCount": 77, "topP": 0.5}},
            {"results": [{"completionReason": "LENGTH"}]},
        ),
        ({"message": "Name three rivers.", "max_tokens": 77, "p": 0.5}, {"finish_reason": "MAX_TOKENS"}),
        ({"prompt": "Name three rivers.", "max_tokens": 77, "top_p": 0.5}, {"outputs": [{"stop_reason": "length"}]}),
        (
            {"messages": [{"role": "user", "content": "Name three rivers."}], "max_tokens": 77, "top_p": 0.5},
            {"stop_reason": "max_tokens"},
        ),
    ],
)
def test_every_family_of_models_of_bedrock_is_read(asked: dict[str, Any], answered: dict[str, Any]) -> None:
    """Invoked as they are, each names prompt, limit and end of an answer its own way."""
    document = changed(changed(BEDROCK, "input/inputBodyJson", asked), "output/outputBodyJson", answered)
    event = only_event(document | {"operation": "InvokeModel"})

    assert (event["prompt"], event["max_output_tokens"], event["top_p"]) == ("Name three rivers.", 77, 0.5)
    assert event["finish_reason"].lower() in ("length", "max_tokens")


@pytest.mark.parametrize("asked", ["Name three rivers.", [{"role": "user", "content": "Name three rivers."}]])
@pytest.mark.parametrize("gateway", ["kong", "portkey"])
def test_requests_for_responses_are_read_as_those_for_completions(gateway: str, asked: Any) -> None:
    """Or whoever asks that way would ask without a prompt."""
    request = RESPONSES_REQUEST | {"input": asked}
    if gateway == "kong":
        document = changed(KONG, "ai/proxy/usage", RESPONSES_USAGE)
        document = changed(document, "ai/proxy/payload/request", json.dumps(request))
    else:
        answer = {"usage": RESPONSES_USAGE, "incomplete_details": {"reason": "max_output_tokens"}}
        document = changed(changed(PORTKEY, "request/body", request), "response/body", answer)
    event = only_event(document)

    counts = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens", "max_output_tokens")
    assert [event[name] for name in counts] == [11, 4, 22, 5, 77]
    assert event["prompt"] == "Name three rivers."
    assert event.get("finish_reason") == ("max_output_tokens" if gateway == "portkey" else None)


def test_entries_of_older_kongs_are_read() -> None:
    """They count a token in names of one, and log what was asked beside the blocks of plugins."""
    blocks = {
        "payload": {"request": json.dumps({"messages": [{"role": "user", "content": "Name three rivers."}]})},
        "ai-proxy": {"meta": {"request_model": "m-1"}, "usage": {"prompt_token": 11, "completion_token": 22}},
    }
    event = only_event(KONG | {"ai": blocks})

    told = ("model", "input_tokens", "output_tokens", "prompt")
    assert [event[name] for name in told] == ["m-1", 11, 22, "Name three rivers."]


def test_messages_through_portkey_are_read_as_completions() -> None:
    """They count what was read from a cache, and what was written to it, beside the other tokens."""
    usage = {"input_tokens": 6, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 1, "output_tokens": 22}
    event = only_event(changed(PORTKEY, "response/body", {"stop_reason": "end_turn", "usage": usage}))

    assert [event[name] for name in ("input_tokens", "cached_input_tokens", "output_tokens")] == [11, 4, 22]
    assert event["finish_reason"] == "end_turn"


@pytest.mark.parametrize(
    ("usage", "input_tokens"),
    [
        # Of Anthropic, of Amazon Bedrock, and where nobody tells the total.
        ({"prompt_tokens": 6, "total_tokens": 33, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 1}, 11),
        ({"prompt_tokens": 11, "total_tokens": 33, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 1}, 11),
        ({"prompt_tokens": 11, "cache_read_input_tokens": 4}, 11),
        # Of Google, whose total has the tokens of its thoughts.
        ({"prompt_tokens": 11, "total_tokens": 60, "prompt_tokens_details": {"cached_tokens": 4}}, 11),
    ],
)
def test_cached_tokens_of_completions_through_portkey_count_once(usage: dict[str, int], input_tokens: int) -> None:
    """Of one provider the prompt's tokens have them, of the other only the total has."""
    event = only_event(changed(PORTKEY, "response/body/usage", usage | {"completion_tokens": 22}))

    assert (event["input_tokens"], event.get("cached_input_tokens")) == (input_tokens, 4)


def test_bedrock_counts_tokens_of_its_cache_beside_the_others() -> None:
    """What was read from it or written to it was asked all the same."""
    counts = {"inputTokenCount": 3, "cacheReadInputTokenCount": None, "cacheWriteInputTokenCount": 25_037}
    event = only_event(changed(BEDROCK, "input", BEDROCK["input"] | counts))
    uncounted = only_event(changed(BEDROCK, "input", BEDROCK["input"] | counts | {"inputTokenCount": None}))

    assert event["input_tokens"] == 25_040
    assert "cached_input_tokens" not in event
    assert uncounted["input_tokens"] is None


@pytest.mark.parametrize(
    "attributes",
    [
        {"embedding__model_name": "m-1", "embedding__invocation_parameters": '{"model": "m"}'},
        # It did not come to an answer, which would have told its model.
        {"embedding__invocation_parameters": '{"model": "m-1", "dimensions": 8}'},
    ],
)
def test_embeddings_of_openinference_have_names_of_their_own(attributes: dict[str, Any]) -> None:
    """They were left out for want of a model."""
    event = only_event(
        otlp_spans(otlp_span("01", openinference__span__kind="EMBEDDING", user__id="acct_1", **attributes))
    )

    assert event["model"] == "m-1"


@pytest.mark.parametrize("parameters", ["{broken", "[]", '{"temperature": "hot"}', 7])
def test_parameters_that_are_none_are_unknown(parameters: Any) -> None:
    """The request counts."""
    attributes = {"llm__model_name": "m", "user__id": "acct_1", "llm__invocation_parameters": parameters}

    assert "temperature" not in only_event(otlp_spans(otlp_span("01", **attributes)))


@pytest.mark.parametrize(
    ("status", "own", "exceptions", "error_type"),
    [
        (2, {}, ["RateLimitError"], "RateLimitError"),
        (2, {}, ["TimeoutError", "PermissionDeniedError"], "PermissionDeniedError"),
        (2, {}, [], "_OTHER"),
        (2, {"error__type": "timeout"}, ["RateLimitError"], "timeout"),
        # Somebody has dealt with it.
        (1, {}, ["RateLimitError"], None),
    ],
)
def test_what_a_span_failed_of_may_be_an_exception(
    status: int, own: dict[str, Any], exceptions: list[str], error_type: str | None
) -> None:
    """Envoy AI Gateway tells refusals so, and no status of HTTP."""
    events = [{"name": "exception", "attributes": otlp_attributes(exception__type=kind)} for kind in exceptions]
    span = otlp_span("01", llm__model_name="m", user__id="acct_1", **own) | {
        "status": {"code": status},
        "events": [{"name": "First Token Stream Event"}, *events],
    }
    event = only_event(otlp_spans(span))

    assert event.get("error_type") == error_type
    assert is_refusal(None, event.get("error_type")) is (error_type in ("RateLimitError", "PermissionDeniedError"))


@pytest.mark.parametrize(
    ("error_type", "is_left_out"),
    [("AuthenticationError", True), ("PermissionDeniedError", True), ("TimeoutError", False), (None, False)],
)
def test_a_span_of_nobody_that_was_refused_is_left_out(error_type: str | None, is_left_out: bool) -> None:
    """As it is by its status: whoever knocks without a key may do so often enough to stop the service."""
    error = {} if error_type is None else {"error__type": error_type}
    adapted = adapt(otlp_spans(otlp_span("01", llm__model_name="m", **error)))

    assert (adapted == Adapted()) is is_left_out
    assert [refused.reason for refused in adapted.refused] == ([] if is_left_out else ["invalid"])
    assert only_event(otlp_spans(otlp_span("01", llm__model_name="m", user__id="a", **error)))["account_id"] == "a"
