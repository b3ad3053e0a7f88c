"""Helicone: the message of its own Kafka topic. It carries no token counts; they stay unknown."""

from collections.abc import Iterator

from streams.adapters.reading import Document, Mapped, dig, digest_of, duration, flag, identifier, text, time_of, whole

NAME = "helicone"

_NAMING = ("log.request.id", "log.request.requestCreatedAt", "log.response.id", "log.response.status")
"""What tells one request from all others; the first alone would not, for a client may choose it."""

_MODEL = text("heliconeMeta.modelOverride", "heliconeMeta.gatewayModel", "heliconeMeta.providerModelId")
"""Told by Helicone's own gateway; of what merely passes through its proxy the model is in a body that is not here."""

MAPPED: Mapped = {
    "event_id": text("digest"),
    "occurred_at": time_of("log.request.requestCreatedAt"),
    "account_id": identifier("log.request.userId", "log.request.heliconeApiKeyId"),
    "model": lambda document: _MODEL(document) or "",
    "api_key_id": text("log.request.heliconeApiKeyId"),
    "provider": text("heliconeMeta.gatewayProvider", "log.request.provider"),
    "stream": flag("log.request.isStream"),
    "status_code": whole("log.response.status"),
    "latency_ms": duration("log.response.delayMs"),
    "country": text("log.request.countryCode"),
}


def matches(document: Document) -> bool:
    """Whether this is a message of Helicone."""
    return "heliconeMeta" in document


def documents(document: Document) -> Iterator[Document]:
    """Yield the message with what names its request; its credential is not among what is read."""
    yield {**document, "digest": digest_of([dig(document, path) for path in _NAMING])}
