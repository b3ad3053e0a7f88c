"""Amazon Bedrock: its model invocation log."""

from collections.abc import Iterator

from streams.adapters.messages import last_prompt, user_turns
from streams.adapters.reading import Document, Mapped, as_text, duration, number, text, time_of, total, whole

NAME = "bedrock"


def _in_body(*names: str) -> Iterator[str]:
    """Paths of what a request says; every family of models that is invoked as it is has names of its own."""
    return (f"input.inputBodyJson.{name}" for name in names)


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
    "max_output_tokens": whole(
        *_in_body("inferenceConfig.maxTokens", "max_tokens", "max_gen_len", "textGenerationConfig.maxTokenCount")
    ),
    "temperature": number(*_in_body("inferenceConfig.temperature", "temperature", "textGenerationConfig.temperature")),
    "top_p": number(*_in_body("inferenceConfig.topP", "top_p", "textGenerationConfig.topP", "p")),
    "stream": lambda document: is_stream(as_text(document.get("operation"))),
    "turn": user_turns(*_in_body("messages")),
    "finish_reason": text(
        "output.outputBodyJson.stopReason",
        "output.outputBodyJson.stop_reason",
        "output.outputBodyJson.finish_reason",
        "output.outputBodyJson.outputs.0.stop_reason",
        "output.outputBodyJson.results.0.completionReason",
    ),
    "error_type": text("errorCode"),
    "latency_ms": duration("output.outputBodyJson.metrics.latencyMs"),
    "prompt": last_prompt(*_in_body("messages", "prompt", "inputText", "message")),
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
