"""A structure is generated from a definition whole, or not at all."""

from typing import Annotated, Any

import msgspec
import pytest
from pydantic import AfterValidator, BaseModel, Field

from schemas.hot_struct import generate_struct
from schemas.times import Instant, parse_instant


def model(annotation: Any) -> type[BaseModel]:
    """Return a definition with one field."""
    return type("Model", (BaseModel,), {"__annotations__": {"value": annotation}})


def read(annotation: Any, raw: bytes) -> Any:
    """Return what the structure of a definition reads of a field."""
    kind = generate_struct(model(annotation), forbid_unknown_fields=True)
    return msgspec.json.decode(b'{"value":' + raw + b"}", type=kind).value  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("annotation", "raw", "value"),
    [
        (str, b'"a"', "a"),
        (int | None, b"null", None),
        (Annotated[float, Field(ge=1, le=2)], b"1.5", 1.5),
        (Annotated[tuple[Annotated[str, Field(max_length=1)], ...], Field(max_length=2)], b'["a","b"]', ("a", "b")),
        (Instant, b'"2026-03-02T00:00:00Z"', parse_instant("2026-03-02T00:00:00Z")),
    ],
)
def test_types_are_carried_over(annotation: Any, raw: bytes, value: Any) -> None:
    """Every type that the contracts use is read as the definition reads it."""
    assert read(annotation, raw) == value


@pytest.mark.parametrize(
    "annotation",
    [
        dict[str, str],
        bytes,
        Annotated[int, Field(gt=0)],
        Annotated[int, Field(multiple_of=2)],
        Annotated[str, AfterValidator(str.strip)],
    ],
)
def test_what_cannot_be_carried_over_is_an_error(annotation: Any) -> None:
    """A limit that was silently dropped would let the fast way accept what the definition refuses."""
    with pytest.raises(TypeError, match="cannot"):
        generate_struct(model(annotation), forbid_unknown_fields=True)
