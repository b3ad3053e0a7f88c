"""Dead letter: an input that could not be read, with reason, origin and its original bytes."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.times import Instant

_CONFIG = ConfigDict(frozen=True, strict=True, extra="ignore", json_schema_serialization_defaults_required=True)


class Origin(BaseModel):
    """Where the input lies in Kafka."""

    model_config = _CONFIG

    topic: Annotated[str, Field(min_length=1, max_length=249)] = Field(description="Topic of the input.")
    partition: Annotated[int, Field(ge=0)] = Field(description="Partition of the input.")
    offset: Annotated[int, Field(ge=0)] = Field(description="Offset of the input.")
    timestamp_ms: int = Field(
        description="Kafka's timestamp of the input (milliseconds since the epoch, -1 where there is none)."
    )


class DeadLetter(BaseModel):
    """One input that no stage could read; two letters with the same origin are the same letter repeated."""

    model_config = _CONFIG

    schema_version: Literal["1"] = Field(default="1", description="Version of this contract.")
    reason: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        description="empty, not_json, invalid, too_large, late, time_out_of_range or unmatched."
    )
    detail: Annotated[str, Field(max_length=4096)] = Field(description="One line for people, without content.")
    stage: Annotated[str, Field(min_length=1, max_length=64)] = Field(description="Stage that refused it.")
    origin: Origin = Field(description="Where the input lies.")
    key_base64: str | None = Field(description="Key of the input, base64; null where it had none.")
    value_base64: str = Field(description="First bytes of the input's value, base64. May carry prompt text.")
    value_bytes: Annotated[int, Field(ge=0)] = Field(description="Size of the whole value (bytes).")
    is_truncated: bool = Field(description="Whether `value_base64` holds less than the whole value.")
    failed_at: Instant = Field(description="Wall clock of the refusal.")


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """Encode a dead letter as one line of JSON without its line end."""
    return letter.model_dump_json().encode()


def decode_dead_letter(raw: bytes) -> DeadLetter:
    """Decode a dead letter. Raises ``ValueError`` for anything that is not one."""
    return DeadLetter.model_validate_json(raw)
