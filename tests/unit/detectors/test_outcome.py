"""Outcome: what failed, was refused or ended at its limit, in the words of any log."""

from pathlib import Path

import pytest

from detectors.exchange import FULL_LENGTH, LIMIT_REASONS, REFUSED, UNANSWERED, exchange_of
from detectors.outcome import REFUSAL_NAMES
from schemas.usage_event import decode_admitted_event, encode_usage_event
from tests.unit.detectors.samples import START_MS, event

DOCUMENT = Path(__file__).parents[3] / "docs" / "contracts.md"


def outcome(status_code: int | None, error_type: str | None) -> int:
    """The flags about the outcome of a request, as the accounts stage reads it."""
    told = event(START_MS, status_code=status_code, error_type=error_type)
    return exchange_of(decode_admitted_event(encode_usage_event(told)), START_MS).flags & (UNANSWERED | REFUSED)


@pytest.mark.parametrize(("status", "error"), [(None, None), (None, ""), (0, None), (200, None), (200, "timeout")])
def test_what_has_neither_status_nor_error_is_answered(status: int | None, error: str | None) -> None:
    """A status says more than an error beside it."""
    assert outcome(status, error) == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, None), (500, "RateLimitError"), (0, "reset"), (None, "timeout"), (None, "500"), (None, "_OTHER")],
)
def test_what_failed_has_no_answer(status: int | None, error: str | None) -> None:
    """By its status or, where none is told, by having an error."""
    assert outcome(status, error) == UNANSWERED


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, None),
        (403, None),
        (429, "timeout"),
        (0, "429"),
        *(
            (None, name)
            for name in (
                "429", "ThrottlingException", "AccessDeniedException", "com.amazon#TooManyRequestsException",
                "openai.RateLimitError", "rate_limit_error", "rate_limit_exceeded", "insufficient_quota",
                "RESOURCE_EXHAUSTED", "PERMISSION_DENIED", "permission_error", "AuthenticationError",
            )
        ),
    ],
)  # fmt: skip
def test_refusals_are_known_by_status_or_name(status: int | None, error: str | None) -> None:
    """What AWS, OpenAI, Anthropic, Google and OpenTelemetry call 401, 403 and 429."""
    assert outcome(status, error) == UNANSWERED | REFUSED


@pytest.mark.parametrize(
    ("reason", "limit", "is_full"),
    [
        ("length", 100, True),
        ("max_tokens", 100, True),
        ("MAX_TOKENS", 100, True),
        ("max_output_tokens", 100, True),
        ("LENGTH", 0, True),
        ("max_tokens", None, False),
        ("stop", 100, False),
        ("end_turn", 100, False),
        ("", 100, False),
        (None, 100, False),
    ],
)
def test_an_answer_of_full_length_is_known_in_every_providers_words(
    reason: str | None, limit: int | None, is_full: bool
) -> None:
    """OpenAI's, Anthropic's and Google's, where the request had set a limit."""
    told = event(START_MS, finish_reason=reason, max_output_tokens=limit)

    assert bool(exchange_of(told, START_MS).flags & FULL_LENGTH) == is_full


def test_every_word_is_documented() -> None:
    """What refusals and ends at the limit are called is part of the contract of the event."""
    written = DOCUMENT.read_text()
    bare = written.replace("_", "")

    assert {name for name in REFUSAL_NAMES if f"`{name}`" not in bare} == set()
    assert {reason for reason in LIMIT_REASONS if f"`{reason}`" not in written} == set()
