"""Amazon Bedrock: its model invocation log."""

from collections.abc import Iterator

from streams.adapters.messages import last_prompt, user_turns
from streams.adapters.reading import Document, Mapped, as_text, duration, number, text, time_of, total, whole

NAME = "bedrock"

MAPPED: Mapped = {
    "event_id": text("requestId"),
    "occurred_at": time_of("timestamp"),
    "account_id": text("identity.arn"),
    "model": text("modelId"),
    # Bedrock counts what it has read from a cache or written to it beside the others.
    "input_tokens": total("input.inputTokenCount", "input.cacheReadInputTokenCount", "input.cacheWriteInputTokenCount"),
    "output_tokens": whole("output.outputTokenCount"),
    "cached_input_tokens": whole("input.cacheReadInputTokenCount"),
    "organization_id": text("accountId"),
    "operation": lambda document: "chat" if is_chat(document) else as_text(document.get("operation")),
    "max_output_tokens": whole("input.inputBodyJson.inferenceConfig.maxTokens", "input.inputBodyJson.max_tokens"),
    "temperature": number("input.inputBodyJson.inferenceConfig.temperature", "input.inputBodyJson.temperature"),
    "top_p": number("input.inputBodyJson.inferenceConfig.topP", "input.inputBodyJson.top_p"),
    "stream": lambda document: is_stream(as_text(document.get("operation"))),
    "turn": user_turns("input.inputBodyJson.messages"),
    "finish_reason": text("output.outputBodyJson.stopReason", "output.outputBodyJson.stop_reason"),
    "error_type": text("errorCode"),
    "latency_ms": duration("output.outputBodyJson.metrics.latencyMs"),
    "prompt": last_prompt("input.inputBodyJson.messages", "input.inputBodyJson.prompt"),
    "source": text("region"),
}


def is_chat(document: Document) -> bool:
    """Whether the operation is one of the chat interface; InvokeModel may be anything."""
    return (as_text(document.get("operation")) or "").startswith("Converse")


def is_stream(operation: str | None) -> bool | None:
    """Whether the answer was streamed, by the name of the operation."""
    return None if operation is None else "Stream" in operation


def matches(document: Document) -> bool:
    """Whether this is an entry of the invocation log."""
    return document.get("schemaType") == "ModelInvocationLog"


def documents(document: Document) -> Iterator[Document]:
    """Yield the entry itself."""
    yield document
