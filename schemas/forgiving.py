"""Fields whose value the maker of a request can choose: what does not fit never makes the event unreadable.

Otherwise a temperature of "hot" or a user agent of a million characters would be a way to stay unseen, and enough of
them a way to stop the service.
"""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator


def _or_unknown(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


OR_UNKNOWN = (WrapValidator(_or_unknown), Field(json_schema_extra={"unfit": "unknown"}))
"""Unpack into the annotation of an optional field: a value of another type or range is unknown."""


def as_text(value: Any) -> Any:
    """Return one text of several lines for a list of texts, and everything else as it is."""
    is_texts = isinstance(value, list) and value and all(isinstance(item, str) for item in value)
    return "\n".join(value) if is_texts else value


def or_texts(characters: int) -> tuple[Any, ...]:
    """Unpack into the annotation of an optional text: a list of texts is one of several lines, all else unknown."""
    text = Annotated[str, Field(max_length=characters)]
    taken = text | Annotated[list[text], Field(min_length=1)] | None
    return (*OR_UNKNOWN, BeforeValidator(as_text, json_schema_input_type=taken))


def cut_to(characters: int) -> tuple[Any, ...]:
    """Unpack into the annotation of a text: a longer one is cut."""

    def cut(value: Any) -> Any:
        return value[:characters] if isinstance(value, str) else value

    return (Field(max_length=characters, json_schema_extra={"unfit": "cut"}), BeforeValidator(cut))
