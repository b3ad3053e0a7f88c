"""Envoy AI Gateway: its JSON access log. The account comes from a header that the operator adds to the log."""

from collections.abc import Iterator
from typing import Any

from streams.adapters.reading import (
    Document,
    Mapped,
    address,
    as_text,
    duration,
    identifier,
    text,
    time_of,
    user_agent,
    whole,
)

NAME = "envoy"

MAPPED: Mapped = {
    "event_id": text("x-request-id"),
    "occurred_at": time_of("start_time"),
    "account_id": identifier("x-account-id", "account.id", "user.id"),
    "model": text("gen_ai.request.model", "gen_ai.response.model"),
    "input_tokens": whole("gen_ai.usage.input_tokens", "llm_input_token"),
    "output_tokens": whole("gen_ai.usage.output_tokens", "llm_output_token"),
    "cached_input_tokens": whole("gen_ai.usage.cached_input_tokens", "llm_cached_input_token"),
    "reasoning_tokens": whole("gen_ai.usage.reasoning_tokens", "llm_reasoning_token"),
    "provider": lambda document: provider_of(document.get("gen_ai.provider.name")),
    "status_code": whole("response_code"),
    "latency_ms": duration("duration"),
    "client_ip": address("x-forwarded-for", "downstream_remote_address"),
    "user_agent": user_agent("user-agent"),
    "source": identifier(":authority"),
}


def matches(document: Document) -> bool:
    """Whether this is a line of the access log with the gateway's own fields."""
    return "gen_ai.request.model" in document or "gen_ai.usage.input_tokens" in document


def documents(document: Document) -> Iterator[Document]:
    """Yield the line itself."""
    yield document


def provider_of(value: Any) -> str | None:
    """Return the provider; Envoy writes the path of a backend, ``default/NAME/route/...``."""
    parts = (as_text(value) or "").split("/")
    return parts[1] if len(parts) > 1 else parts[0] or None
