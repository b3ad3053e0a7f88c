"""CloudEvents 1.0: an envelope around a usage event, or around any other format that is known.

Structured: the envelope is the value. Binary: it lies in the headers of the message.
"""

import base64
from collections.abc import Iterable
from typing import Any

from schemas.usage_event import UsageEvent
from streams.adapters.reading import Document, Mapped, as_it_is, text, time_of, whole

NAME = "cloudevents"

MAPPED: Mapped = {
    **{name: as_it_is(name) for name in UsageEvent.model_fields if name != "schema_version"},
    "occurred_at": time_of("occurred_at", "time", "timestamp"),
    "account_id": text("account_id", "subject"),
    "model": text("model", "request_model", "response_model"),
    "input_tokens": whole("input_tokens", "usage.input_tokens", "usage.prompt_tokens"),
    "output_tokens": whole("output_tokens", "usage.output_tokens", "usage.completion_tokens"),
}
"""Data that is no other known format: names of the usage event, or names that are common for the same."""

_ENVELOPE = {"event_id": "id", "occurred_at": "time", "account_id": "subject", "source": "source"}
"""What the envelope tells where the event itself does not."""

_BINARY_PREFIX = "ce_"


def envelope_of(document: Document) -> Document | None:
    """Return the document if it is a structured CloudEvent."""
    return document if document.get("specversion") == "1.0" and "id" in document and "source" in document else None


def envelope_in(headers: Iterable[tuple[str, bytes | None]]) -> Document | None:
    """Return the envelope of a binary CloudEvent from the headers of its message; one without a value tells nothing."""
    names = ((name, value) for name, value in headers if name.startswith(_BINARY_PREFIX) and value is not None)
    found = {name.removeprefix(_BINARY_PREFIX): value.decode("utf-8", "replace") for name, value in names}
    return found if found.get("specversion") == "1.0" else None


def data_in(envelope: Document) -> tuple[Any, bytes | None]:
    """Return the data of a structured CloudEvent, or its bytes where the envelope holds them as base64."""
    encoded = envelope.get("data_base64")
    if "data" in envelope or not isinstance(encoded, str):
        return envelope.get("data"), None
    try:
        return None, base64.b64decode(encoded, validate=True)
    except ValueError:
        return None, None


def opened(envelope: Document, data: Document) -> Document:
    """Return the data with what only the envelope tells."""
    return {**{field: envelope[name] for field, name in _ENVELOPE.items() if envelope.get(name)}, **data}
