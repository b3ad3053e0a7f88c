"""Usage event, version 1: one request to a language model, as a gateway saw it.

``UsageEvent`` is the definition. What the hot path handles is a msgspec structure generated from it, with the same
attribute names, which type checkers see as ``UsageEvent``; ``isinstance`` does not. The two agree on every input:
the structure decides only what it accepts, and whatever it refuses is put to the definition.
"""

from typing import Annotated, Any, Literal, cast

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.forgiving import OR_UNKNOWN, cut_to, or_texts
from schemas.hot_struct import generate_struct
from schemas.refusal import EventRefused, describe_errors
from schemas.repair import repaired
from schemas.times import Instant, epoch_ms

__all__ = [
    "MAX_EVENT_BYTES",
    "EventRefused",
    "UsageEvent",
    "decode_admitted_event",
    "decode_sound_event",
    "decode_usage_event",
    "encode_usage_event",
    "epoch_ms",
    "has_unknown_fields",
    "unknown_fields",
]

MAX_EVENT_BYTES = 4 * 1024 * 1024
"""Largest encoded event: a prompt of a million tokens fits, a dump does not."""

Identifier = Annotated[str, Field(min_length=1, max_length=256)]
AccountId = Annotated[str, Field(min_length=1, max_length=256, pattern="^[^\\x00]")]
Name = Annotated[str, Field(max_length=128)]
Tokens = Annotated[int, Field(ge=0, le=1_000_000_000, json_schema_extra={"unit": "tokens"})]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Label = Annotated[str, Field(max_length=128)]

# What the maker of a request can choose.
ChosenText = Annotated[Annotated[str, *cut_to(256)] | None, *OR_UNKNOWN]
ChosenTokens = Annotated[Tokens | None, *OR_UNKNOWN]
ChosenCount = Annotated[Count | None, *OR_UNKNOWN]
ChosenFlag = Annotated[bool | None, *OR_UNKNOWN]


class UsageEvent(BaseModel):
    """One request to a language model; ``null`` means unknown, never zero. Unknown fields are ignored and counted."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    event_id: Annotated[str, Field(min_length=1), *cut_to(256)] = Field(
        description="Idempotency key: the same for every delivery of the same request, made by the gateway."
    )
    occurred_at: Instant = Field(
        description="When the request was made, with an offset. The only clock detectors know."
    )
    account_id: AccountId = Field(
        description="Whom the provider would act on: the unit of detection and the partition key. No leading NUL."
    )
    model: Annotated[str, *cut_to(256)] = Field(description="Model that was asked for, as the provider names it.")
    input_tokens: Tokens | None = Field(description="Tokens of the prompt, cached ones included.")
    output_tokens: Tokens | None = Field(description="Tokens of the answer, reasoning included.")

    schema_version: Literal["1"] = Field(default="1", description="Version of this contract.")
    tenant_id: Identifier | None = Field(
        default=None, description="Customer of the operator, where several share one system."
    )
    organization_id: Identifier | None = Field(default=None, description="Organisation that the account belongs to.")
    api_key_id: Identifier | None = Field(
        default=None, description="Id or hash of the credential, never the credential."
    )
    end_user_id: ChosenText = Field(default=None, description="User behind the account, as the account reports it.")
    plan: Name | None = Field(default=None, description="Subscription or tier of the account.")
    account_created_at: Instant | None = Field(
        default=None, description="When the account was registered, with an offset."
    )

    provider: Name | None = Field(default=None, description="Who serves the model.")
    operation: Name | None = Field(default=None, description="Kind of request: chat, text_completion, embeddings, ...")
    cached_input_tokens: Tokens | None = Field(default=None, description="Prompt tokens served from a cache.")
    reasoning_tokens: Tokens | None = Field(default=None, description="Answer tokens spent on hidden reasoning.")
    max_output_tokens: ChosenTokens = Field(default=None, description="Limit on the answer that the request set.")
    temperature: Annotated[Annotated[float, Field(ge=0, le=100)] | None, *OR_UNKNOWN] = Field(
        default=None, description="Sampling temperature."
    )
    top_p: Annotated[Annotated[float, Field(ge=0, le=1)] | None, *OR_UNKNOWN] = Field(
        default=None, description="Nucleus sampling mass (ratio)."
    )
    choice_count: ChosenCount = Field(default=None, description="Answers asked for in one request.")
    logprobs: ChosenFlag = Field(default=None, description="Whether token probabilities were asked for.")
    stream: ChosenFlag = Field(default=None, description="Whether the answer was streamed.")
    tool_call_count: ChosenCount = Field(default=None, description="Tool calls in the answer.")
    conversation_id: ChosenText = Field(default=None, description="Conversation that the request continues.")
    turn: ChosenCount = Field(default=None, description="Position in the conversation, the first is 1.")
    finish_reason: Name | None = Field(default=None, description="Why the answer ended: stop, length, tool_calls, ...")
    status_code: Annotated[int, Field(ge=0, le=999)] | None = Field(
        default=None, description="HTTP status of the answer."
    )
    error_type: Name | None = Field(default=None, description="Kind of error, absent on success.")
    latency_ms: Annotated[float, Field(ge=0, le=604_800_000, json_schema_extra={"unit": "ms"})] | None = Field(
        default=None, description="Time from request to the end of the answer."
    )

    client_ip: Annotated[Annotated[str, *cut_to(64)] | None, *OR_UNKNOWN] = Field(
        default=None, description="Address of the client, v4 or v6."
    )
    asn: Annotated[int, Field(ge=0, le=4_294_967_295)] | None = Field(
        default=None, description="Autonomous system of the client's address."
    )
    country: Annotated[str, Field(max_length=8)] | None = Field(
        default=None, description="Country of the client's address, ISO 3166-1 alpha-2."
    )
    user_agent: Annotated[Annotated[str, *cut_to(1024)] | None, *OR_UNKNOWN] = Field(
        default=None, description="User agent of the client."
    )
    payment_fingerprint: Identifier | None = Field(default=None, description="Hash of the payment method.")
    device_fingerprint: Identifier | None = Field(default=None, description="Hash of the device.")
    system_prompt_fingerprint: Identifier | None = Field(default=None, description="Hash of the system prompt.")
    prompt: Annotated[Annotated[str, Field(max_length=MAX_EVENT_BYTES)] | None, *or_texts(MAX_EVENT_BYTES)] = Field(
        default=None,
        description="Text of the prompt, or a list of texts: read once at ingest, then replaced by its fingerprint.",
    )
    prompt_fingerprint: Annotated[Annotated[str, Field(max_length=4096)] | None, *OR_UNKNOWN] = Field(
        default=None,
        description="Stillwatch's fingerprint of the prompt, where the gateway has made it; others are unknown.",
    )
    labels: Annotated[tuple[Label, ...], Field(max_length=64)] | None = Field(
        default=None, description="Labels that upstream classifiers gave the request."
    )
    source: Identifier | None = Field(default=None, description="System that reported the request.")


_Exact = generate_struct(UsageEvent, forbid_unknown_fields=True)
_Partial = generate_struct(UsageEvent, forbid_unknown_fields=False)
"""An event of whose encoding something was ignored; that is gone, the type remembers."""

READ_OF_ADMITTED = frozenset(
    (
        "event_id", "occurred_at", "account_id", "model", "input_tokens", "output_tokens", "tenant_id",
        "organization_id", "end_user_id", "plan", "account_created_at", "operation", "max_output_tokens",
        "temperature", "top_p", "conversation_id", "turn", "finish_reason", "status_code", "error_type", "client_ip",
        "asn", "country", "user_agent", "payment_fingerprint", "device_fingerprint", "system_prompt_fingerprint",
        "prompt_fingerprint", "labels",
    )
)  # fmt: skip
"""The fields of an event that the account detectors read."""

_Admitted = generate_struct(UsageEvent, forbid_unknown_fields=False, only=READ_OF_ADMITTED)

_exact_decode = msgspec.json.Decoder(_Exact).decode
_partial_decode = msgspec.json.Decoder(_Partial).decode
_admitted_decode = msgspec.json.Decoder(_Admitted).decode
_decode_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def decode_usage_event(raw: bytes, sent_bytes: int | None = None) -> UsageEvent:
    """Decode one event: 2 to 4 microseconds for 600 bytes, 10 with unknown fields, 60 when something does not fit.

    Of a field given twice the last value counts. Raises ``EventRefused`` with the reason ``empty``, ``not_json``,
    ``invalid`` or ``too_large``. Where ``raw`` was made of what was sent, which a repair can make larger,
    ``sent_bytes`` says how large that was.
    """
    event = decode_sound_event(raw)
    return _decode_by_definition(raw, len(raw) if sent_bytes is None else sent_bytes) if event is None else event


def decode_sound_event(raw: bytes) -> UsageEvent | None:
    """Decode an event that fits as it stands; ``None`` for anything else, which costs 5 microseconds.

    For readers that try something else before they ask ``decode_usage_event`` for the reason.
    """
    if len(raw) > MAX_EVENT_BYTES:
        return None
    for decode in (_exact_decode, _partial_decode):
        try:
            return cast(UsageEvent, decode(raw))
        except (ValueError, RecursionError):
            continue
    return None


def decode_admitted_event(raw: bytes) -> UsageEvent:
    """Decode an event that ingest has published, which has but the fields in ``READ_OF_ADMITTED``: 1 to 2 microseconds.

    Anything else is what ``decode_usage_event`` makes of it. Raises ``EventRefused``.
    """
    try:
        return cast(UsageEvent, _admitted_decode(raw))
    except (ValueError, RecursionError):
        return decode_usage_event(raw)


def _decode_by_definition(raw: bytes, sent_bytes: int) -> UsageEvent:
    if not raw:
        raise EventRefused("empty", "the value is empty")
    if sent_bytes > MAX_EVENT_BYTES:
        raise EventRefused("too_large", f"{sent_bytes} bytes; the limit is {MAX_EVENT_BYTES}")
    try:
        fields, event = _read(raw)
    except (ValidationError, ValueError, RecursionError):
        fields, event = _read_repaired(repaired(raw))
    return _as_struct(event, _Partial if _ignored(fields, event) else _Exact)


def _read(raw: bytes) -> tuple[dict[str, msgspec.Raw], UsageEvent]:
    """The fields of an encoding, and what the definition makes of those that it knows."""
    fields = _decode_fields(raw)
    known = {name: value for name, value in fields.items() if name in UsageEvent.model_fields}
    return fields, UsageEvent.model_validate_json(_encode(known))


def _read_repaired(raw: bytes) -> tuple[dict[str, msgspec.Raw], UsageEvent]:
    try:
        return _read(raw)
    except ValidationError as error:
        raise EventRefused("invalid", describe_errors(error)) from None
    except msgspec.ValidationError:
        raise EventRefused("invalid", "should be an object") from None
    except RecursionError:
        raise EventRefused("not_json", "nested too deeply") from None
    except ValueError as error:
        raise EventRefused("not_json", str(error)) from None


def _as_struct(event: UsageEvent, kind: type[msgspec.Struct] = _Exact) -> UsageEvent:
    return cast(UsageEvent, kind(**event.__dict__))


def encode_usage_event(event: UsageEvent) -> bytes:
    """Encode an event without its absent optional fields; about 1 microsecond for a decoded one."""
    # At run time a decoded event is a structure, whatever its annotation says.
    return _encode(_as_struct(event) if isinstance(cast(object, event), BaseModel) else event)


def has_unknown_fields(event: UsageEvent) -> bool:
    """Whether something of the encoding of a decoded event was ignored; costs next to nothing."""
    return cast(Any, type(event)) is _Partial


def unknown_fields(raw: bytes) -> list[str]:
    """Names of the fields that were ignored, sorted: those that version 1 does not know, and unfit optional values.

    Empty for what is no usage event. Costs what decoding such an event costs: ask ``has_unknown_fields`` first.
    """
    try:
        _partial_decode(raw)
        return sorted(_decode_fields(raw).keys() - UsageEvent.model_fields.keys())
    except (ValueError, RecursionError):
        pass
    try:
        return _ignored(*_read(repaired(raw)))
    except (ValueError, RecursionError):
        return []


def _ignored(fields: dict[str, msgspec.Raw], event: UsageEvent) -> list[str]:
    return sorted(
        name
        for name, value in fields.items()
        if name not in UsageEvent.model_fields or (getattr(event, name) is None and bytes(value) != b"null")
    )
