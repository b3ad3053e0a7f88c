"""The alert, the dead letter and feedback: what they hold, refuse and look like as JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.alert import Alert, decode_alert, encode_alert
from schemas.dead_letter import DeadLetter, Origin, decode_dead_letter, encode_dead_letter
from schemas.feedback import Feedback, decode_feedback, encode_feedback

AT = datetime(2026, 3, 2, tzinfo=UTC)
ORDER = [
    "schema_version", "event_id", "alert_id", "version", "status", "kind", "tenant_id", "account_ids", "opened_at",
    "raised_at", "published_at", "expires_at", "severity", "confidence", "score", "exchanges", "output_tokens",
    "summary",
    "evidence", "recommended_action", "shadow", "spec", "superseded_by",
]  # fmt: skip
ALERT: dict[str, Any] = {
    "schema_version": "1",
    "event_id": "a.1",
    "alert_id": "a",
    "version": 1,
    "status": "open",
    "kind": "account",
    "tenant_id": None,
    "account_ids": ["acct_1"],
    "opened_at": "2026-03-02T00:00:00Z",
    "raised_at": "2026-03-02T00:00:00Z",
    "published_at": None,
    "expires_at": "2026-03-09T00:00:00Z",
    "severity": "high",
    "confidence": 0.97,
    "score": 14.25,
    "exchanges": 1200,
    "output_tokens": None,
    "summary": "One form\nof prompt.",
    "evidence": [
        {
            "detector": "harvest",
            "feature": "share",
            "observed": 0.9,
            "baseline": None,
            "unit": "ratio",
            "weight": 8.0,
            "explanation": "x",
            "benign_explanation": "y",
        }
    ],
    "recommended_action": {"type": "throttle", "scope": "account", "duration_seconds": None, "rationale": "z"},
    "shadow": False,
    "spec": {"name": "default", "version": "1", "fingerprint": "f"},
    "superseded_by": None,
}
FEEDBACK: dict[str, Any] = {
    "feedback_id": "f1", "given_at": "2026-03-02T00:00:00Z", "verdict": "benign", "alert_id": "a", "author": "kim",
    "reason": "r",
}  # fmt: skip


def alert_of(**changes: Any) -> Alert:
    """Decode the sample alert with some fields changed."""
    return decode_alert(json.dumps(ALERT | changes).encode())


def feedback_of(**changes: Any) -> Feedback:
    """Decode the sample feedback with some fields changed."""
    return decode_feedback(json.dumps(FEEDBACK | changes).encode())


def test_an_alert_is_one_line_with_all_fields_in_order() -> None:
    """Consumers that read lines get lines, with every field of the contract, null ones included."""
    encoded = encode_alert(alert_of())

    assert b"\n" not in encoded
    assert list(json.loads(encoded)) == ORDER
    assert json.loads(encoded) == ALERT


def test_equal_alerts_are_equal_bytes() -> None:
    """A repeated publication can be recognised by its bytes."""
    assert encode_alert(alert_of()) == encode_alert(decode_alert(encode_alert(alert_of())))


@given(
    st.floats(0, 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
)
def test_alerts_survive_encoding(confidence: float, score: float, summary: str) -> None:
    """Any figures and any text come back as they were."""
    alert = alert_of().model_copy(update={"confidence": confidence, "score": score, "summary": summary})

    assert decode_alert(encode_alert(alert)) == alert


@pytest.mark.parametrize(
    "changes",
    [
        {"schema_version": "2"},
        {"version": 0},
        {"version": "1"},
        {"status": "closed"},
        {"kind": "group"},
        {"account_ids": []},
        {"account_ids": ["a", "b"]},
        {"expires_at": None},
        {"expires_at": "2026-03-09"},
        {"confidence": 1.01},
        {"confidence": float("nan")},
        {"score": float("inf")},
        {"exchanges": -1},
        {"shadow": None},
        {"superseded_by": "b"},
        {"status": "superseded"},
        {"recommended_action": ALERT["recommended_action"] | {"type": "ban"}},
        {"evidence": [{}]},
    ],
)
def test_what_is_no_alert_is_refused(changes: dict[str, Any]) -> None:
    """A consumer never acts on half an alert."""
    with pytest.raises(ValueError, match="validation error"):
        alert_of(**changes)


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"{", b"\xff"])
def test_what_is_no_json_object_is_no_alert(raw: bytes) -> None:
    """Tombstones and noise are refused like everything else that is no alert."""
    with pytest.raises(ValueError, match="validation error"):
        decode_alert(raw)


def test_later_fields_of_version_one_are_ignored() -> None:
    """The contract may gain fields without breaking consumers."""
    assert alert_of(mood="calm") == alert_of()


def test_the_subject_is_the_account_or_the_campaign() -> None:
    """The Kafka key of an alert is what it is about."""
    assert alert_of().subject == "acct_1"
    assert alert_of(kind="campaign", account_ids=["a", "b"]).subject == ALERT["alert_id"]


@pytest.mark.parametrize(
    ("status", "superseded_by", "is_active"),
    [
        ("open", None, True),
        ("updated", None, True),
        ("resolved", None, False),
        ("expired", None, False),
        ("retracted", None, False),
        ("superseded", "b", False),
    ],
)
def test_only_open_and_updated_alerts_stand(status: str, superseded_by: str | None, is_active: bool) -> None:
    """Every other status is the end of an alert."""
    assert alert_of(status=status, superseded_by=superseded_by).is_active is is_active


def test_an_alert_is_frozen() -> None:
    """A publication never changes under its id and version."""
    with pytest.raises(ValidationError):
        alert_of().version = 2


def test_a_dead_letter_survives_encoding() -> None:
    """Reason, origin and original bytes come back as they were."""
    letter = DeadLetter(
        reason="not_json",
        detail="d",
        stage="ingest",
        origin=Origin(topic="llm.usage", partition=3, offset=9, timestamp_ms=-1),
        key_base64=None,
        value_base64="AP8=",
        value_bytes=2,
        is_truncated=False,
        failed_at=AT,
    )

    assert decode_dead_letter(encode_dead_letter(letter)) == letter
    with pytest.raises(ValueError, match="validation error"):
        decode_dead_letter(b"{}")


def test_feedback_survives_encoding() -> None:
    """A decision comes back as it was given."""
    feedback = feedback_of(account_ids=["a", "b"], verdict="allowlisted", expires_at="2026-04-02T00:00:00Z")

    assert decode_feedback(encode_feedback(feedback)) == feedback
    assert feedback.account_ids == ("a", "b")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"alert_id": None}, "neither an alert_id nor account_ids"),
        ({"verdict": "allowlisted"}, "needs expires_at"),
        ({"expires_at": "2026-03-01T00:00:00Z"}, "after given_at"),
        ({"given_at": "2026-03-02T00:00:00Z", "expires_at": "2026-03-02T01:00:00+01:00"}, "after given_at"),
        ({"reason": ""}, "reason"),
        ({"author": None}, "author"),
        ({"verdict": "maybe"}, "verdict"),
        ({"given_at": "2026-03-02T00:00:00"}, "given_at"),
    ],
)
def test_incomplete_feedback_is_refused_with_the_reason(changes: dict[str, Any], complaint: str) -> None:
    """A reviewer who forgot something is told what."""
    with pytest.raises(ValueError, match=complaint):
        feedback_of(**changes)
