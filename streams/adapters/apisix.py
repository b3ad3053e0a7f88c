"""Apache APISIX: what kafka-logger writes with the summaries of ai-proxy, one object or an array of them."""

from collections.abc import Iterator

from streams.adapters.messages import last_prompt, user_turns
from streams.adapters.reading import (
    Document,
    Mapped,
    address,
    digest_of,
    duration,
    flag,
    has_failed,
    identifier,
    number,
    text,
    time_of,
    user_agent,
    whole,
)

NAME = "apisix"

_ENVELOPE = ("start_time", "latency", "server", "request", "response")

MAPPED: Mapped = {
    "event_id": text("digest"),
    "occurred_at": time_of("start_time", unit="ms"),
    "account_id": identifier("consumer.username", "llm_summary.end_user_id"),
    "model": text("llm_summary.request_model", "llm_summary.model"),
    "input_tokens": whole("llm_summary.prompt_tokens"),
    "output_tokens": whole("llm_summary.completion_tokens"),
    "cached_input_tokens": whole("llm_summary.cache_read_input_tokens"),
    "reasoning_tokens": whole("llm_summary.reasoning_tokens"),
    "end_user_id": text("llm_summary.end_user_id"),
    "max_output_tokens": whole("llm_request.max_tokens"),
    "temperature": number("llm_request.temperature"),
    "top_p": number("llm_request.top_p"),
    "choice_count": whole("llm_request.n"),
    "stream": flag("llm_summary.stream", "llm_request.stream"),
    "tool_call_count": whole("llm_summary.tool_count"),
    "turn": user_turns("llm_request.messages"),
    "status_code": whole("response.status"),
    "latency_ms": duration("latency"),
    "client_ip": address("client_ip"),
    "user_agent": user_agent("request.headers.user-agent"),
    "prompt": last_prompt("llm_request.messages"),
    "source": text("server.hostname"),
}


def matches(document: Document) -> bool:
    """Whether this is a log entry of APISIX; without the summary of ai-proxy too, if it is one in full."""
    return "llm_summary" in document or all(name in document for name in _ENVELOPE)


def documents(document: Document) -> Iterator[Document]:
    """Yield the entry; ids of requests may come from who makes them, so the digest of its contents is its id.

    What succeeded without ai-proxy was for another service. What failed may not have got as far as the plugin.
    """
    if "llm_summary" in document or has_failed(document):
        yield {**document, "digest": digest_of(document)}
