"""Kong AI Gateway: what its kafka-log plugin writes, with the block of the AI plugins."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streams.adapters.messages import last_prompt, user_turns
from streams.adapters.reading import (
    Document,
    Mapped,
    address,
    dig,
    duration,
    has_failed,
    number,
    text,
    time_of,
    user_agent,
    whole,
)

NAME = "kong"

_PROXIES = ("proxy", "ai-proxy", "ai-proxy-advanced")
"""Plugins that pass a request on to its model, under the names of their blocks."""
_ENVELOPE = ("started_at", "latencies", "request")

MAPPED: Mapped = {
    "event_id": text("request.id"),
    "occurred_at": time_of("started_at", unit="ms"),
    "account_id": text("consumer.custom_id", "consumer.username", "consumer.id", "authenticated_entity.id"),
    "model": text("llm.meta.request_model", "llm.meta.response_model"),
    "input_tokens": whole("llm.usage.prompt_tokens", "llm.usage.input_tokens", "llm.usage.prompt_token"),
    "output_tokens": whole("llm.usage.completion_tokens", "llm.usage.output_tokens", "llm.usage.completion_token"),
    "cached_input_tokens": whole(
        "llm.usage.prompt_tokens_details.cached_tokens", "llm.usage.input_tokens_details.cached_tokens"
    ),
    "reasoning_tokens": whole(
        "llm.usage.completion_tokens_details.reasoning_tokens", "llm.usage.output_tokens_details.reasoning_tokens"
    ),
    "api_key_id": text("authenticated_entity.id"),
    "provider": text("llm.meta.provider_name"),
    "max_output_tokens": whole("body.max_tokens", "body.max_completion_tokens", "body.max_output_tokens"),
    "temperature": number("body.temperature"),
    "top_p": number("body.top_p"),
    "choice_count": whole("body.n"),
    "stream": lambda document: is_stream(dig(document, "llm.meta.request_mode")),
    "turn": user_turns("body.messages", "body.input"),
    "status_code": whole("response.status"),
    "latency_ms": duration("latencies.request"),
    "client_ip": address("client_ip"),
    "user_agent": user_agent("request.headers.user-agent"),
    "prompt": last_prompt("body.messages", "body.prompt", "body.input"),
    "source": text("service.name"),
}


def matches(document: Document) -> bool:
    """Whether this is a log entry of Kong; without the block of an AI plugin too, if it is one in full."""
    return all(name in document for name in _ENVELOPE) or ("started_at" in document and _llm(document) is not None)


def documents(document: Document) -> Iterator[Document]:
    """Yield the entry with its AI block and, where payloads are logged, the body of the request.

    What succeeded without an AI plugin was for another service. What failed may not have got as far as the plugin.
    """
    llm = _llm(document)
    if not document.get("ai") and not has_failed(document):
        return
    # Older releases log the request beside the blocks of plugins.
    body = _body(dig(llm, "payload.request")) or _body(dig(document, "ai.payload.request"))
    yield {**document, "llm": llm, "body": body}


def _llm(document: Document) -> Document | None:
    """The block of the plugin that talked to the model, whatever stands before it; others may have asked another."""
    blocks = document.get("ai")
    if not isinstance(blocks, Mapping):
        return None
    found = (blocks.get(name) for name in (*_PROXIES, *blocks))
    return next((block for block in found if isinstance(block, Mapping) and "meta" in block), None)


def _body(payload: Any) -> Any:
    try:
        return msgspec.json.decode(payload) if isinstance(payload, str) else payload
    except (msgspec.DecodeError, RecursionError):
        return None


def is_stream(mode: Any) -> bool | None:
    """Whether the answer was streamed, by Kong's request mode."""
    return {"stream": True, "oneshot": False}.get(mode) if isinstance(mode, str) else None
