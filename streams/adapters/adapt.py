"""From a message in any known format to usage events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import msgspec

from detectors.outcome import is_refusal
from schemas.repair import bytes_before_repair, repaired
from schemas.usage_event import EventRefused, UsageEvent, decode_sound_event, decode_usage_event
from streams.adapters import apisix, bedrock, cloudevents, envoy, helicone, kong, litellm, otlp, portkey
from streams.adapters.reading import Document, Mapped, as_text, identifier, without_uncounted

FORMATS: tuple[ModuleType, ...] = (otlp, litellm, kong, apisix, portkey, helicone, bedrock, envoy)
MAX_NESTING = 4
"""How deep arrays and envelopes may lie in each other; more is no message of a gateway."""

UNAUTHENTICATED = (401, 403)
"""Statuses of requests whose maker the gateway did not know."""

_FRAME_BYTES = 5
"""Schema registries put a zero and the number of a schema before a value."""

_PROTOBUF_FIELD = b"\n"
"""The first byte of an export of OTLP in protocol buffers, which the collector writes unless told otherwise."""
_PROTOBUF_HINT = "; if it is OTLP in protocol buffers, set the encoding of the exporter to otlp_json"

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


@dataclass
class Adapted:
    """What was in one message.

    Parameters
    ----------
    events
        In the order of the message. Empty, with nothing refused, is a message about other things, such as spans of a
        database.
    refused
        Requests in it that could not become a usage event, each with its reason.
    sent_bytes
        Size of the message as it was sent.
    """

    events: list[UsageEvent] = field(default_factory=list)
    refused: list[EventRefused] = field(default_factory=list)
    sent_bytes: int = field(default=0, compare=False)

    def add(self, encoded: bytes, reading: str) -> None:
        """Decode what was made of one request in the message; ``reading`` tells as what, should it be refused."""
        try:
            # No request is larger than its message, whatever was made of it.
            self.events.append(decode_usage_event(encoded, min(self.sent_bytes, bytes_before_repair(encoded))))
        except EventRefused as refused:
            self.refused.append(EventRefused(refused.reason, f"{reading}: {refused.detail}"))


class Adapters:
    """Recognises formats by their shape and reads them.

    Parameters
    ----------
    account_paths
        Where to look for the account before the places that each format has for it: dotted paths into the
        document, or names of attributes; for gateways whose operators put it somewhere of their own.
    """

    def __init__(self, account_paths: Sequence[str] = ()) -> None:
        self._account = identifier(*account_paths)

    def read(self, raw: bytes, headers: Iterable[tuple[str, bytes]] = ()) -> Adapted:
        """Read a message in whatever format; a usage event costs half a microsecond more than decoding it.

        Raises ``EventRefused`` for a message as a whole: ``empty``, ``not_json``, or what ``decode_usage_event`` has
        against an object that is of no other format.
        """
        event = decode_sound_event(raw)
        if event is not None:
            return Adapted([event])
        envelope, bare = cloudevents.envelope_in(headers), _without_frame(raw)
        try:
            return self._read_bare(bare, envelope, len(bare))
        except RecursionError:
            # What the decoder has just taken may lie too deep for what is made of it.
            return self._read_bare(repaired(bare), envelope, len(bare))

    def _read_bare(self, raw: bytes, envelope: Document | None, sent_bytes: int) -> Adapted:
        raw, document = _decoded(raw)
        adapted = Adapted(sent_bytes=sent_bytes)
        if envelope is not None:
            self._read_enveloped(envelope, document, MAX_NESTING, adapted)
        elif isinstance(document, list) or _is_foreign(document):
            self._read(document, MAX_NESTING, adapted)
        else:
            adapted.events.append(decode_usage_event(raw, sent_bytes))
        return adapted

    def _read(self, document: Any, depth: int, adapted: Adapted) -> None:
        if depth == 0:
            adapted.refused.append(EventRefused("invalid", f"more than {MAX_NESTING} lists or envelopes in each other"))
        elif isinstance(document, list):
            for member in document:
                self._read(member, depth - 1, adapted)
        elif not isinstance(document, dict):
            adapted.refused.append(EventRefused("invalid", "no known format: neither an object nor a list of objects"))
        elif (envelope := cloudevents.envelope_of(document)) is not None:
            self._read_enveloped(envelope, _data_of(envelope), depth - 1, adapted)
        elif (adapter := _adapter_of(document)) is not None:
            for request in adapter.documents(document):
                self._read_request(adapter, request, adapted)
        else:
            adapted.add(_encode(document), "no known format; as a usage event")

    def _read_enveloped(self, envelope: Document, data: Any, depth: int, adapted: Adapted) -> None:
        if not isinstance(data, dict) or _adapter_of(data) is not None or cloudevents.envelope_of(data) is not None:
            self._read(data, depth, adapted)
        else:
            self._read_request(cloudevents, cloudevents.opened(envelope, data), adapted)

    def _read_request(self, adapter: ModuleType, document: Document, adapted: Adapted) -> None:
        readers: Mapped = adapter.MAPPED
        fields = {name: value for name, read in readers.items() if (value := read(document)) is not None}
        if (account_id := self._account(document)) is not None:
            fields["account_id"] = account_id
        is_of_gateway = adapter is not cloudevents
        if "account_id" not in fields and (_is_unauthenticated(fields) or (is_of_gateway and "model" not in fields)):
            # Nobody's request, or one for something else: it concerns no account, and there may be very many of them.
            return
        if is_of_gateway:
            # It may have been refused before anybody knew which model it was for.
            fields = without_uncounted({"model": ""} | fields)
        told = {"source": adapter.NAME, "input_tokens": None, "output_tokens": None} | fields
        adapted.add(_encode(told), f"as {adapter.NAME}")


def _is_unauthenticated(fields: Document) -> bool:
    """Whether a gateway refused a request whose maker it may not have known, by status or else by the error's name."""
    status = fields.get("status_code")
    return status in UNAUTHENTICATED if status else is_refusal(None, as_text(fields.get("error_type")))


def _adapter_of(document: Document) -> ModuleType | None:
    return next((adapter for adapter in FORMATS if adapter.matches(document)), None)


def _is_foreign(document: Any) -> bool:
    return isinstance(document, dict) and (
        cloudevents.envelope_of(document) is not None or _adapter_of(document) is not None
    )


def _decoded(raw: bytes) -> tuple[bytes, Any]:
    """What is in a message, and its bytes as they could be read."""
    if not raw:
        raise EventRefused("empty", "the value is empty")
    for read in (bytes, repaired):
        try:
            readable = read(raw)
            return readable, _decode(readable)
        except (ValueError, RecursionError):
            continue
    hint = _PROTOBUF_HINT if raw.startswith(_PROTOBUF_FIELD) else ""
    raise EventRefused("not_json", f"neither JSON nor JSON behind the frame of a schema registry{hint}")


def _data_of(envelope: Document) -> Any:
    """What lies in a structured CloudEvent; ``None`` for what is no JSON."""
    data, raw = cloudevents.data_in(envelope)
    if raw is None:
        return data
    try:
        return _decoded(raw)[1]
    except EventRefused:
        return None


def _without_frame(raw: bytes) -> bytes:
    return raw[_FRAME_BYTES:] if raw[:1] == b"\0" and len(raw) > _FRAME_BYTES else raw
