"""A fast twin of a pydantic model: a msgspec structure generated from it, so that there is one definition.

The twin accepts only what the model accepts, with the same values. It may refuse more (a key given twice whose first
value does not fit), so whoever uses it asks the model about what the twin refused.
"""

from collections.abc import Collection
from datetime import datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, BeforeValidator, WrapValidator
from pydantic.fields import FieldInfo

from schemas.times import Instant

_LIMIT_NAMES = {Ge: "ge", Le: "le", MinLen: "min_length", MaxLen: "max_length"}
"""Limits that both sides know, by the attribute and parameter name that both use."""
_SCALARS = (str, int, float, bool, NoneType)


def generate_struct(
    model: type[BaseModel], *, forbid_unknown_fields: bool, only: Collection[str] | None = None
) -> type[msgspec.Struct]:
    """Return the msgspec structure of a model: same fields, types, limits and defaults; frozen, keyword only.

    With ``only``, it has these fields and no others, without limits: for what was checked before, and faster to decode.

    Raises ``TypeError`` for an annotation or a limit that it cannot carry over: a limit silently dropped would let
    the two disagree.
    """
    hints = get_type_hints(model, include_extras=True)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for name, field in model.model_fields.items():
        if only is not None and name not in only:
            continue
        kind = _twin_type(hints[name], has_limits=only is None)
        fields.append((name, kind) if field.is_required() else (name, kind, field.get_default()))
    return msgspec.defstruct(
        model.__name__,
        fields,
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        gc=False,
        forbid_unknown_fields=forbid_unknown_fields,
        module=model.__module__,
    )


def _twin_type(annotation: Any, *, has_limits: bool) -> Any:
    origin = get_origin(annotation)
    if annotation == Instant:
        return Annotated[datetime, msgspec.Meta(tz=True)]
    if annotation in _SCALARS or origin is Literal:
        return annotation
    if origin in (Union, UnionType):
        return Union[tuple(_twin_type(member, has_limits=has_limits) for member in get_args(annotation))]  # noqa: UP007
    if origin is tuple:
        item, _ = get_args(annotation)
        return tuple.__class_getitem__((_twin_type(item, has_limits=has_limits), ...))
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        limits = _limits(metadata) if has_limits else {}
        twin = _twin_type(inner, has_limits=has_limits)
        return Annotated[twin, msgspec.Meta(**limits)] if limits else twin
    raise TypeError(f"cannot generate a structure field from {annotation!r}")


def _limits(metadata: list[Any]) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    for entry in metadata:
        constraints = entry.metadata if isinstance(entry, FieldInfo) else [entry]
        for constraint in constraints:
            limits |= _limit(constraint)
    return limits


def _limit(constraint: Any) -> dict[str, Any]:
    if isinstance(constraint, BeforeValidator | WrapValidator):
        # They let the model accept more, never less: such values are put to the model.
        return {}
    if (name := _LIMIT_NAMES.get(type(constraint))) is not None:
        return {name: getattr(constraint, name)}
    if (pattern := getattr(constraint, "pattern", None)) is not None:
        return {"pattern": pattern}
    raise TypeError(f"cannot carry over the limit {constraint!r}")
