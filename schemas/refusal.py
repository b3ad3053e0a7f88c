"""Why an input was refused, in words that carry no content of it."""

from pydantic import ValidationError

_TOLD_ERRORS = 3


class EventRefused(ValueError):
    """An input that cannot become a usage event; it becomes a dead letter.

    Parameters
    ----------
    reason
        Short and countable: ``empty``, ``not_json``, ``invalid``, ``too_large``; ``late`` and ``time_out_of_range``
        for what is well-formed but not of its time; ``unmatched`` for feedback on what is not there.
    detail
        One line for people; names fields and limits, never values.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def describe_errors(error: ValidationError) -> str:
    """Tell the first few errors of a validation in one line, without the values that caused them."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{'.'.join(map(str, e['loc'])) or 'value'}: {_sentence(e['msg'])}" for e in errors[:_TOLD_ERRORS]]
    if len(errors) > _TOLD_ERRORS:
        told.append(f"and {len(errors) - _TOLD_ERRORS} more")
    return "; ".join(told)


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")
