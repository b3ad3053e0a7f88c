"""Feedback: what a reviewer decided about an alert or about accounts."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.times import Instant

Verdict = Literal["confirmed", "benign", "allowlisted"]

Identifier = Annotated[str, Field(min_length=1, max_length=256)]


class Feedback(BaseModel):
    """One decision. It names an alert, accounts, or both: then those accounts of that alert."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        json_schema_extra={
            "anyOf": [
                {"required": ["alert_id"], "properties": {"alert_id": {"type": "string"}}},
                {"required": ["account_ids"], "properties": {"account_ids": {"minItems": 1}}},
            ],
            "if": {"properties": {"verdict": {"const": "allowlisted"}}},
            "then": {"required": ["expires_at"], "properties": {"expires_at": {"type": "string"}}},
        },
    )

    schema_version: Literal["1"] = Field(default="1", description="Version of this contract.")
    feedback_id: Identifier = Field(description="Idempotency key: a decision that is sent twice counts once.")
    given_at: Instant = Field(description="When it was decided, with an offset.")
    verdict: Verdict = Field(
        description="confirmed: abuse; benign: not, this time; allowlisted: not to be named until `expires_at`."
    )
    tenant_id: Identifier | None = Field(
        default=None, description="Customer of the operator, where several share one system."
    )
    alert_id: Identifier | None = Field(default=None, description="The alert that was judged.")
    account_ids: Annotated[tuple[Identifier, ...], Field(max_length=100_000)] = Field(
        default=(), description="The accounts that were judged; empty: all accounts of the alert."
    )
    expires_at: Instant | None = Field(
        default=None,
        description="Until when the accounts are protected; an allowlisting must have an end. A confirmation lasts as "
        "long as its alert, whatever this says.",
    )
    author: Identifier = Field(description="Who decided; a person or a system that can be asked.")
    reason: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        description="Why, for whoever reads it in a year."
    )

    @model_validator(mode="after")
    def _is_complete(self) -> "Feedback":
        if self.alert_id is None and not self.account_ids:
            raise ValueError("names neither an alert_id nor account_ids")
        if self.verdict == "allowlisted" and self.expires_at is None:
            raise ValueError("an allowlisting needs expires_at")
        if self.expires_at is not None and self.expires_at <= self.given_at:
            raise ValueError("expires_at should be after given_at")
        return self


def encode_feedback(feedback: Feedback) -> bytes:
    """Encode feedback as one line of JSON without its line end."""
    return feedback.model_dump_json().encode()


def decode_feedback(raw: bytes) -> Feedback:
    """Decode feedback. Raises ``ValueError`` for anything that is not feedback."""
    return Feedback.model_validate_json(raw)
