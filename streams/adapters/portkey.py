"""Portkey: its log object, with the bodies of chat completions, responses or messages as their makers wrote them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from streams.adapters.messages import last_prompt, user_turns
from streams.adapters.reading import (
    Document,
    Mapped,
    address,
    as_whole,
    dig,
    duration,
    either,
    flag,
    identifier,
    number,
    text,
    time_of,
    total,
    user_agent,
    whole,
)

NAME = "portkey"

_CACHE = ("cache_read_input_tokens", "cache_creation_input_tokens")
"""Counts that Portkey takes over from providers that count what their cache holds of a prompt beside the rest."""

MAPPED: Mapped = {
    "event_id": text("_id"),
    "occurred_at": time_of("created_at"),
    "account_id": identifier("metadata._user", "metadata.user", "organisation_id"),
    "model": text("request.body.model", "response.body.model"),
    "input_tokens": either(
        lambda document: prompt_tokens_of(dig(document, "response.body.usage")),
        # Of a message, what was read from a cache or written to it is counted beside the others.
        total("response.body.usage.input_tokens", *(f"response.body.usage.{name}" for name in _CACHE)),
    ),
    "output_tokens": whole("response.body.usage.completion_tokens", "response.body.usage.output_tokens"),
    "cached_input_tokens": whole(
        "response.body.usage.prompt_tokens_details.cached_tokens",
        "response.body.usage.input_tokens_details.cached_tokens",
        "response.body.usage.cache_read_input_tokens",
    ),
    "reasoning_tokens": whole(
        "response.body.usage.completion_tokens_details.reasoning_tokens",
        "response.body.usage.output_tokens_details.reasoning_tokens",
    ),
    "organization_id": text("organisation_id"),
    "max_output_tokens": whole(
        "request.body.max_tokens", "request.body.max_completion_tokens", "request.body.max_output_tokens"
    ),
    "temperature": number("request.body.temperature"),
    "top_p": number("request.body.top_p"),
    "choice_count": whole("request.body.n"),
    "logprobs": flag("request.body.logprobs"),
    "stream": flag("request.body.stream"),
    "turn": user_turns("request.body.messages", "request.body.input"),
    "finish_reason": text(
        "response.body.choices.0.finish_reason",
        "response.body.stop_reason",
        "response.body.incomplete_details.reason",
    ),
    "status_code": whole("response.status"),
    "latency_ms": duration("response.responseTime"),
    "client_ip": address("request.headers.x-real-ip", "request.headers.x-forwarded-for"),
    "user_agent": user_agent("request.headers.user-agent"),
    "prompt": last_prompt("request.body.messages", "request.body.prompt", "request.body.input"),
}


def matches(document: Document) -> bool:
    """Whether this is a log object of Portkey."""
    return "organisation_id" in document and isinstance(dig(document, "request.portkeyHeaders"), dict)


def documents(document: Document) -> Iterator[Document]:
    """Yield the object with its metadata, which it carries as JSON text in a header."""
    yield {**document, "metadata": _metadata(dig(document, "request.portkeyHeaders.x-portkey-metadata"))}


def prompt_tokens_of(usage: Any) -> int | None:
    """Tokens of the prompt of a completion.

    What Anthropic's cache holds of it Portkey leaves out of them, and Amazon Bedrock's not; both have it in the total.
    """
    told, total_tokens, answered = (
        as_whole(dig(usage, f"{name}_tokens")) for name in ("prompt", "total", "completion")
    )
    has_cache = any(as_whole(dig(usage, name)) for name in _CACHE)
    if told is None or total_tokens is None or answered is None or not has_cache:
        return told
    return max(told, total_tokens - answered)


def _metadata(value: Any) -> Any:
    try:
        return msgspec.json.decode(value) if isinstance(value, str) else value
    except (msgspec.DecodeError, RecursionError):
        return None
