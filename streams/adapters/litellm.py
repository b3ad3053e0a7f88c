"""LiteLLM: its standard logging payload, as callbacks and the generic API callback write it."""

from collections.abc import Iterator
from typing import Any

from schemas.times import parse_instant
from streams.adapters.messages import last_prompt, user_turns
from streams.adapters.reading import (
    Document,
    Mapped,
    address,
    as_number,
    digest_of,
    duration,
    flag,
    in_utc,
    number,
    text,
    time_of,
    user_agent,
    whole,
)

NAME = "litellm"

_OPERATIONS = {
    "completion": "chat",
    "responses": "chat",
    "anthropic_messages": "chat",
    "text_completion": "text_completion",
    "embedding": "embeddings",
    "generate_content": "generate_content",
    "generate_content_stream": "generate_content",
    "llm_passthrough_route": "llm_passthrough_route",
}

MAPPED: Mapped = {
    "event_id": text("digest"),
    "occurred_at": time_of("startTime", unit="s"),
    "account_id": text(
        "metadata.user_api_key_user_id", "metadata.user_api_key_team_id", "metadata.user_api_key_org_id",
        "metadata.user_api_key_hash",
    ),
    "model": text("model", "model_group"),
    "input_tokens": whole("prompt_tokens"),
    "output_tokens": whole("completion_tokens"),
    "cached_input_tokens": whole("metadata.usage_object.prompt_tokens_details.cached_tokens"),
    "reasoning_tokens": whole("metadata.usage_object.completion_tokens_details.reasoning_tokens"),
    "organization_id": text("metadata.user_api_key_org_id", "metadata.user_api_key_team_id"),
    "api_key_id": text("metadata.user_api_key_hash"),
    "end_user_id": text("end_user", "metadata.user_api_key_end_user_id"),
    "provider": text("custom_llm_provider"),
    "operation": lambda document: operation_of(document.get("call_type")),
    "max_output_tokens": whole(
        "model_parameters.max_tokens", "model_parameters.max_completion_tokens", "model_parameters.max_output_tokens"
    ),
    "temperature": number("model_parameters.temperature"),
    "top_p": number("model_parameters.top_p"),
    "choice_count": whole("model_parameters.n"),
    "logprobs": flag("model_parameters.logprobs"),
    "stream": flag("stream", "model_parameters.stream"),
    "turn": user_turns("messages"),
    "finish_reason": text(
        "response.choices.0.finish_reason", "response.stop_reason", "response.incomplete_details.reason"
    ),
    "status_code": whole("status_code", "error_information.error_code"),
    "error_type": text("error_information.error_class", "failure"),
    "latency_ms": duration("latency_ms"),
    "client_ip": address("requester_ip_address", "metadata.requester_ip_address"),
    "user_agent": user_agent("user_agent", "metadata.user_agent"),
    "prompt": last_prompt("messages"),
}  # fmt: skip


def matches(document: Document) -> bool:
    """Whether this is a standard logging payload."""
    return "litellm_call_id" in document or ("call_type" in document and "model_parameters" in document)


def documents(document: Document) -> Iterator[Document]:
    """Yield the payload with what it does not say outright."""
    known: dict[str, Any] = dict(document)
    # A client may name its call, and a failed attempt and the next one are logged under one name.
    parts = [document.get(name) for name in ("litellm_call_id", "id", "startTime", "status")]
    known["digest"] = digest_of(parts)
    is_success = document.get("status") == "success"
    if is_success:
        known["status_code"] = 200
    elif document.get("status") == "failure":
        known["failure"] = "failure"
    if not is_success:
        # What is logged of a failure is at most a guess at its prompt.
        known["prompt_tokens"] = known["completion_tokens"] = None
    known["startTime"] = in_utc(document.get("startTime"))
    if (began := _seconds(known["startTime"])) is not None and (ended := _seconds(document.get("endTime"))) is not None:
        known["latency_ms"] = round((ended - began) * 1000, 3)
    yield known


def _seconds(value: Any) -> float | None:
    """A time since the epoch, which some callbacks write as a number and others as text."""
    try:
        return parse_instant(in_utc(value)).timestamp() if isinstance(value, str) else as_number(value)
    except ValueError:
        return as_number(value)


def operation_of(call_type: Any) -> str | None:
    """Return the kind of request of LiteLLM's call type, such as ``acompletion``; one without a common name is its own.

    Before most names an ``a`` says that Python was asynchronous, but not before all that begin with one.
    """
    if not isinstance(call_type, str):
        return None
    return _OPERATIONS.get(call_type) or _OPERATIONS.get(call_type.removeprefix("a"), call_type)
