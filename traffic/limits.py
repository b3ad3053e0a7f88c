"""What a value of a scenario may be: one of some names, or a number within limits."""

from collections.abc import Iterable

FOREVER_DAYS = 36_500
"""A century: further from the start of a scenario nothing can be."""


def check_named(name: str, value: str, known: Iterable[str]) -> None:
    """Raise ``ValueError`` with all names when the value is none of them."""
    if value not in (names := tuple(known)):
        raise ValueError(f"{name} {value!r} is none of {', '.join(names)}")


def check_within(holder: object, **limits: tuple[float, float]) -> None:
    """Raise ``ValueError`` when a field is beyond its limits, both included, or is no number; ``None`` is no limit."""
    for name, (least, most) in limits.items():
        value = getattr(holder, name)
        if value is not None and not least <= value <= most:
            raise ValueError(f"{name} is {value}, should be {least:,} to {most:,}")
