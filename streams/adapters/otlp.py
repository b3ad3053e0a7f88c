"""OpenTelemetry: spans and log records of the GenAI conventions, old and new names, and of OpenInference.

As OTLP in JSON, one Kafka record with many spans of many accounts. Spans of something else than a request to a model
are left out.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from streams.adapters.litellm import operation_of
from streams.adapters.messages import last_prompt, user_turns
from streams.adapters.reading import (
    Document,
    Mapped,
    address,
    as_text,
    as_whole,
    dig,
    duration,
    flag,
    identifier,
    number,
    text,
    time_of,
    user_agent,
    whole,
)

NAME = "otlp"

REQUESTS = frozenset(
    (
        None, "chat", "text_completion", "generate_content", "embeddings", "LLM", "EMBEDDING",
        "llm_passthrough_route", "pass_through_endpoint",
    )
)  # fmt: skip
"""Operations and span kinds that are requests to a model; tools, agents and retrievals are not.

LiteLLM names its own kinds of call as operations.
"""
_MESSAGE = re.compile(
    r"(?:llm\.input_messages\.(?P<number>\d{1,6})\.message|gen_ai\.prompt\.(?P<old_number>\d{1,6}))\."
    r"(?:(?P<field>role|content)|contents\.(?P<part>\d{1,6})\.message_content\.text)"
)
"""Name of an attribute with a part of a message, in OpenInference and in LiteLLM's and others' older spans."""
_JSON_ATTRIBUTES = ("llm.invocation_parameters", "embedding.invocation_parameters")
"""Attributes of OpenInference that hold an object as JSON text."""
_TEXT_PARTS = ("text", "input_text")
_OTHER_PARTS = (
    "image", "image_url", "input_image", "input_audio", "file", "input_file", "document", "tool_use", "tool_result",
)  # fmt: skip
"""Types of the parts of a message, at OpenAI and Anthropic."""
FAILED = (2, "STATUS_CODE_ERROR")
"""Status of a span that failed; older instrumentations tell no kind of error, but may record an exception."""


def _of_key(name: str) -> tuple[str, str]:
    """Attributes with what LiteLLM knows of the key of a request, in its spans of today and of before."""
    return f"litellm.metadata.user_api_key_{name}", f"metadata.user_api_key_{name}"


_KEY = ("litellm.api_key.hash", "metadata.user_api_key_hash")
_TEAM = ("litellm.team.id", "metadata.user_api_key_team_id")
_STAMPED = (_of_key("user_id")[0], _of_key("org_id")[0], _TEAM[0], _KEY[0])
"""What LiteLLM writes into each of its spans today, together with the model: also into those of its database."""

MAPPED: Mapped = {
    "event_id": text("event_id", "gen_ai.response.id"),
    "occurred_at": time_of("start", unit="ns"),
    "account_id": identifier(
        "account.id", "user.id", *_of_key("user_id"), *_TEAM, *_of_key("org_id"), *_KEY, "enduser.id", "api_key.id"
    ),
    "model": text(
        "gen_ai.request.model", "gen_ai.response.model", "llm.model_name", "embedding.model_name",
        "embedding.invocation_parameters.model",
    ),
    "input_tokens": whole("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"),
    "output_tokens": whole(
        "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion"
    ),
    "cached_input_tokens": whole("gen_ai.usage.cache_read.input_tokens", "llm.token_count.prompt_details.cache_read"),
    "reasoning_tokens": whole(
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
    ),
    "tenant_id": text("tenant.id"),
    "organization_id": text("organization.id", *_of_key("org_id"), *_TEAM),
    "api_key_id": text("api_key.id", *_KEY),
    "end_user_id": text("enduser.id", "litellm.end_user.id", *_of_key("end_user_id")),
    "provider": text("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"),
    "operation": lambda document: operation_of(as_text(document.get("gen_ai.operation.name"))),
    "max_output_tokens": whole(
        "gen_ai.request.max_tokens", "llm.invocation_parameters.max_tokens",
        "llm.invocation_parameters.max_completion_tokens", "llm.invocation_parameters.max_output_tokens",
    ),
    "temperature": number("gen_ai.request.temperature", "llm.invocation_parameters.temperature"),
    "top_p": number("gen_ai.request.top_p", "llm.invocation_parameters.top_p"),
    "choice_count": whole("gen_ai.request.choice.count", "llm.invocation_parameters.n"),
    "logprobs": flag("llm.invocation_parameters.logprobs"),
    "stream": flag("gen_ai.request.stream", "llm.invocation_parameters.stream"),
    "conversation_id": text("gen_ai.conversation.id"),
    "turn": user_turns("gen_ai.input.messages", "input.value"),
    "finish_reason": lambda document: finish_reason_of(document.get("gen_ai.response.finish_reasons")),
    "status_code": whole("http.response.status_code", "http.status_code"),
    "error_type": text("error.type"),
    "latency_ms": duration("latency_ms"),
    "client_ip": address(
        "client.address", "litellm.metadata.requester_ip_address", "metadata.requester_ip_address"
    ),
    "user_agent": user_agent("user_agent.original", "http.user_agent", "metadata.user_agent"),
    "prompt": last_prompt("gen_ai.input.messages", "gen_ai.prompt", "input.value"),
    "source": text("service.name"),
}  # fmt: skip


def matches(document: Document) -> bool:
    """Whether this is an export of spans or of log records."""
    return "resourceSpans" in document or "resourceLogs" in document


def documents(document: Document) -> Iterator[Document]:
    """Yield the attributes of every request to a model, those of its resource included."""
    for group, scopes, members in (
        ("resourceSpans", "scopeSpans", "spans"),
        ("resourceLogs", "scopeLogs", "logRecords"),
    ):
        for resource in _list(document.get(group)):
            shared = _attributes(dig(resource, "resource.attributes"))
            for scope in _list(resource.get(scopes)):
                for member in _list(scope.get(members)):
                    if (found := _request(shared, member)) is not None:
                        yield found


def finish_reason_of(reasons: Any) -> str | None:
    """Return why the first answer ended, from a list of reasons or, as LiteLLM writes it, from JSON text of one."""
    try:
        found = msgspec.json.decode(reasons) if isinstance(reasons, str) else reasons
    except (msgspec.DecodeError, RecursionError):
        return as_text(reasons)
    return as_text(found[0]) if isinstance(found, list) and found else None


def _request(shared: dict[str, Any], member: Document) -> dict[str, Any] | None:
    attributes = shared | _attributes(member.get("attributes"))
    for name in _JSON_ATTRIBUTES:
        attributes[name] = _decoded(attributes.get(name))
    kind = operation_of(as_text(attributes.get("gen_ai.operation.name", attributes.get("openinference.span.kind"))))
    if kind not in REQUESTS or MAPPED["model"](attributes) is None:
        return None
    if kind is None and any(name in attributes for name in _STAMPED):
        return None
    start = member.get("startTimeUnixNano") or member.get("timeUnixNano") or member.get("observedTimeUnixNano")
    attributes["start"] = start
    began, ended = as_whole(start), as_whole(member.get("endTimeUnixNano"))
    if began and ended and ended >= began:
        attributes["latency_ms"] = (ended - began) / 1e6
    if dig(member, "status.code") in FAILED:
        attributes.setdefault("error.type", _exception_of(member) or "_OTHER")
    if attributes.get("input.mime_type") == "application/json":
        attributes["input.value"] = _asked(attributes.get("input.value"))
    if messages := _flattened_messages(attributes):
        attributes.setdefault("gen_ai.input.messages", messages)
    if member.get("traceId") and member.get("spanId"):
        # A span and its log record are one request.
        attributes["event_id"] = f"{member['traceId']}-{_answer_of(attributes) or member['spanId']}"
    return attributes


def _answer_of(attributes: Document) -> str | None:
    """Id of the answer where it names the request in its trace: LiteLLM may write one into its server's span, too."""
    is_litellm = any(name.startswith("metadata.user_api_key_") for name in attributes)
    return as_text(attributes.get("gen_ai.response.id")) if is_litellm else None


def _exception_of(span: Document) -> str | None:
    """Type of the last exception that a span has recorded; those before it may be of attempts that were repeated."""
    events = (_attributes(event.get("attributes")) for event in _list(span.get("events")))
    return next((kind for event in [*events][::-1] if (kind := as_text(event.get("exception.type")))), None)


def _flattened_messages(attributes: Document) -> list[dict[str, Any]]:
    """Messages of a request that are flattened: an attribute for each role and text, by number."""
    messages: dict[int, dict[str, Any]] = {}
    parts: dict[int, dict[int, Any]] = {}
    for name, value in attributes.items():
        if (match := _MESSAGE.fullmatch(name)) is not None:
            number = int(match["number"] or match["old_number"])
            message = messages.setdefault(number, {})
            if match["part"] is None:
                message[match["field"]] = _content(value)
            else:
                parts.setdefault(number, {})[int(match["part"])] = value
    for place, texts in parts.items():
        messages[place].setdefault("content", [texts[part] for part in sorted(texts)])
    return [messages[place] for place in sorted(messages)]


def _content(value: Any) -> Any:
    """A role, or the text of a message; its parts where they are JSON text, as older instrumentations write them.

    What only looks like parts is a text: it may be a user's, who would have no prompt otherwise.
    """
    parts = _decoded(value) if isinstance(value, str) and value.startswith("[") else None
    return parts if isinstance(parts, list) and parts and all(map(_is_part, parts)) else value


def _is_part(value: Any) -> bool:
    kind = value.get("type") if isinstance(value, dict) else None
    return kind in _TEXT_PARTS or (kind in _OTHER_PARTS and "text" not in value)


def _asked(body: Any) -> Any:
    """What the body of a request asks, itself or as JSON text; OpenInference gives the whole body as input."""
    found = _decoded(body)
    if not isinstance(found, dict):
        return found if isinstance(found, list | str) else None
    return next((found[name] for name in ("messages", "prompt", "input") if found.get(name) is not None), None)


def _decoded(value: Any) -> Any:
    """What JSON text holds, and everything else as it is; ``None`` for a text that is none."""
    try:
        return msgspec.json.decode(value) if isinstance(value, str) else value
    except (msgspec.DecodeError, RecursionError):
        return None


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair["key"]: _value(pair.get("value")) for pair in _list(pairs) if type(pair.get("key")) is str}


def _value(wrapped: Any) -> Any:
    """Unwrap OTLP's typed value."""
    if type(wrapped) is not dict or len(wrapped) != 1:
        return None
    [(kind, value)] = wrapped.items()
    if kind == "arrayValue":
        return [_value(item) for item in _list(dig(value, "values"))]
    if kind == "kvlistValue":
        return _attributes(dig(value, "values"))
    return value


def _list(value: Any) -> list[Any]:
    """The objects of a list; anything else has none."""
    return [item for item in value if type(item) is dict] if type(value) is list else []
