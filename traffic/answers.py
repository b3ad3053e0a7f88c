"""What comes back: tokens, errors, labels, from one set of distributions for honest and campaign accounts alike."""

from random import Random
from typing import Any

from traffic.random_draws import chance, log_normal
from traffic.scenario import Content, Refusals

_OVERLOADED_SHARE = 0.002
_TOOL_SHARE = 0.45
_ERRORS = {429: "rate_limited", 403: "permission_denied", 503: "overloaded"}


def prompt_tokens(prompt: str) -> int:
    """Estimate a prompt's tokens; scripts other than Latin take more for each character."""
    return 4 + len(prompt) // (4 if prompt.isascii() else 3)


def is_refused(rng: Random, refusals: Refusals, event: dict[str, Any]) -> bool:
    """Draw whether a request fails, and if so say it in the event."""
    drawn = rng.random()
    if drawn >= refusals.too_many + refusals.forbidden + _OVERLOADED_SHARE:
        return False
    is_forbidden = drawn < refusals.too_many + refusals.forbidden
    status = 429 if drawn < refusals.too_many else 403 if is_forbidden else 503
    event["status_code"], event["error_type"] = status, _ERRORS[status]
    event["output_tokens"] = event["reasoning_tokens"] = 0
    event["latency_ms"] = 60 + int(rng.random() * 90)
    return True


def add_answer(rng: Random, content: Content, event: dict[str, Any]) -> None:
    """Draw a successful answer's fields into the event."""
    visible = 1 + int(log_normal(rng, content.output_tokens, 0.75))
    limit = event.get("max_output_tokens", visible + 1)
    is_cut = visible >= limit
    visible = min(visible, limit)
    reasoning = int(log_normal(rng, 280, 0.9)) if event["model"].endswith("pro") else 0
    event["output_tokens"] = visible + reasoning
    event["reasoning_tokens"] = reasoning
    event["finish_reason"] = "length" if is_cut else "stop"
    event["status_code"] = 200
    event["latency_ms"] = 250 + int((visible + reasoning) * (6 + 9 * rng.random()))
    if content.source == "code" and not is_cut and chance(rng, _TOOL_SHARE):
        event["tool_call_count"] = 1 + int(rng.random() * 3)
        event["finish_reason"] = "tool_calls"
    if content.label_share and chance(rng, content.label_share):
        event["labels"] = ["reasoning_elicitation"]
