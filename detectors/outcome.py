"""Outcome of a request: whether it was answered or refused, by its HTTP status or else by the name of its error.

Many logs have no status. Of an error's name only the last part counts, whatever its case and separators, and without
the words exception and error: ``RateLimitError``, ``rate_limit_error`` and ``com.example#RateLimitException`` are one.
"""

_FIRST_ERROR = 400
"""HTTP status from which on there is no answer."""
_REFUSALS = frozenset((401, 403, 429))
REFUSAL_NAMES = frozenset(
    (
        "401", "403", "429", "accessdenied", "authentication", "expiredtoken", "forbidden", "insufficientquota",
        "invalidapikey", "permission", "permissiondenied", "quotaexceeded", "ratelimit", "ratelimited",
        "ratelimitexceeded", "resourceexhausted", "servicequotaexceeded", "throttled", "throttling",
        "toomanyrequests", "unauthenticated", "unauthorized", "unrecognizedclient",
    )
)  # fmt: skip
"""What providers, clouds and client libraries call these statuses, and what gRPC calls statuses like them."""


def is_failure(status_code: int | None, error_type: str | None) -> bool:
    """Whether there is no answer. Some logs give the status 0 where there is none: that counts as no status."""
    return status_code >= _FIRST_ERROR if status_code else bool(error_type)


def is_refusal(status_code: int | None, error_type: str | None) -> bool:
    """Whether a failure means that the account is not allowed, or not allowed so much."""
    return status_code in _REFUSALS if status_code else _bare(error_type or "") in REFUSAL_NAMES


def _bare(name: str) -> str:
    last = name.lower().replace("#", ".").rpartition(".")[2]
    return "".join(filter(str.isalnum, last)).removesuffix("exception").removesuffix("error")
