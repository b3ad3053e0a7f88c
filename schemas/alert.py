"""Alert, version 1: one publication about one suspicion, for reviewers and enforcement.

An alert lives through versions. A consumer applies a publication if its ``version`` is above the one it has seen for
that ``alert_id``; publications may repeat and never change under the same (``alert_id``, ``version``).
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.times import Instant

Status = Literal["open", "updated", "resolved", "expired", "retracted", "superseded"]
Kind = Literal["account", "campaign"]
Severity = Literal["low", "medium", "high", "critical"]
ActionType = Literal["observe", "verify", "throttle", "review", "suspend"]

ACTIVE_STATUSES = frozenset({"open", "updated"})
"""An alert with one of these stands until it expires; any other status ends it."""

MAX_ACCOUNTS = 100_000
MAX_EVIDENCE = 64
MAX_SENTENCE_CHARS = 1024

Identifier = Annotated[str, Field(min_length=1, max_length=256)]
Sentence = Annotated[str, Field(max_length=MAX_SENTENCE_CHARS)]
Amount = Annotated[int, Field(ge=0)]
_CONFIG = ConfigDict(
    frozen=True, strict=True, extra="ignore", allow_inf_nan=False, json_schema_serialization_defaults_required=True
)


class Evidence(BaseModel):
    """One reason for an alert: what was observed, beside what was to be expected."""

    model_config = _CONFIG

    detector: Identifier = Field(description="Detector that found it.")
    feature: Identifier = Field(description="What it looked at.")
    observed: float = Field(description="Value found, in `unit`.")
    baseline: float | None = Field(description="Value to be expected, in `unit`; null where there is none.")
    unit: Annotated[str, Field(max_length=64)] = Field(description="Unit of observed and baseline.")
    weight: float = Field(description="Share in the alert's evidence (nats; negative speaks against it).")
    explanation: Sentence = Field(description="What this means, for a reviewer.")
    benign_explanation: Sentence = Field(description="What harmless cause would look the same, and how to tell.")


class RecommendedAction(BaseModel):
    """The mildest step that fits, of observe, verify, throttle, review, suspend; Stillwatch itself never acts."""

    model_config = _CONFIG

    type: ActionType = Field(description="What to do.")
    scope: Identifier = Field(description="To what: the account, the accounts of the campaign, a credential, ...")
    duration_seconds: Amount | None = Field(description="For how long (seconds); null: until somebody decides.")
    rationale: Sentence = Field(description="Why this step and not a harsher one.")


class SpecRef(BaseModel):
    """The detector specification that raised the alert."""

    model_config = _CONFIG

    name: Identifier = Field(description="Name of the specification.")
    version: Identifier = Field(description="Version that its author gave it.")
    fingerprint: Identifier = Field(description="Hash of its contents: equal specifications, equal fingerprints.")


class Alert(BaseModel):
    """One publication of an alert; the order of the fields is the order in JSON."""

    model_config = _CONFIG | ConfigDict(
        json_schema_extra={
            "allOf": [
                {
                    "if": {"properties": {"kind": {"const": "account"}}},
                    "then": {"properties": {"account_ids": {"maxItems": 1}}},
                },
                {
                    "if": {"properties": {"status": {"const": "superseded"}}},
                    "then": {"properties": {"superseded_by": {"type": "string"}}},
                    "else": {"properties": {"superseded_by": {"type": "null"}}},
                },
            ]
        }
    )

    schema_version: Literal["1"] = Field(default="1", description="Version of this contract.")
    event_id: Identifier = Field(description="Names this publication; the same for its repeats.")
    alert_id: Identifier = Field(description="Names the suspicion: same input, same id.")
    version: Annotated[int, Field(ge=1)] = Field(description="1, 2, ... within an `alert_id`; gaps may occur.")
    status: Status = Field(description="open and updated stand; resolved, expired, retracted and superseded are final.")
    kind: Kind = Field(description="One account, or accounts that act as one.")
    tenant_id: Identifier | None = Field(description="Customer of the operator; null where there is one only.")
    account_ids: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=MAX_ACCOUNTS)] = Field(
        description="The account; of a campaign every member known at this version."
    )
    opened_at: Instant = Field(description="Event time at which the first version's evidence was complete.")
    raised_at: Instant = Field(description="Event time at which this version's evidence was complete.")
    published_at: Instant | None = Field(description="Wall clock of the publication; null in a replay.")
    expires_at: Instant = Field(description="From this time on a consumer no longer acts on this alert.")
    severity: Severity = Field(description="How bad it would be if it is true.")
    confidence: Annotated[float, Field(ge=0, le=1)] = Field(description="How sure it is (0 to 1).")
    score: float = Field(description="Accumulated evidence (nats above the start of the accumulation).")
    exchanges: Amount = Field(description="Requests of the accounts so far, the evidence and what they did before.")
    output_tokens: Amount | None = Field(
        description="Answer tokens of those requests, as far as they were told; null where none were."
    )
    summary: Sentence = Field(description="One sentence for a reviewer; never content of prompts.")
    evidence: Annotated[tuple[Evidence, ...], Field(max_length=MAX_EVIDENCE)] = Field(
        description="The reasons, the weightiest first."
    )
    recommended_action: RecommendedAction = Field(description="The mildest step that fits.")
    shadow: bool = Field(description="True: for looking at, not for acting on.")
    spec: SpecRef = Field(description="The detector specification that raised it.")
    superseded_by: Identifier | None = Field(description="The alert that this one went into; only when superseded.")

    @model_validator(mode="after")
    def _is_consistent(self) -> "Alert":
        if self.kind == "account" and len(self.account_ids) != 1:
            raise ValueError(f"an account alert names one account, not {len(self.account_ids)}")
        if (self.superseded_by is None) == (self.status == "superseded"):
            raise ValueError("superseded_by is set if and only if the status is superseded")
        return self

    @property
    def subject(self) -> str:
        """The Kafka key: the account's id, or of a campaign the id of its alert."""
        return self.account_ids[0] if self.kind == "account" else self.alert_id

    @property
    def is_active(self) -> bool:
        """Whether the alert stands as far as its status says; expiry is the consumer's to check."""
        return self.status in ACTIVE_STATUSES


def encode_alert(alert: Alert) -> bytes:
    """Encode an alert as one line of JSON without its line end; equal alerts, equal bytes."""
    return alert.model_dump_json().encode()


def decode_alert(raw: bytes) -> Alert:
    """Decode an alert; unknown fields are ignored. Raises ``ValueError`` for anything that is not an alert."""
    return Alert.model_validate_json(raw)
