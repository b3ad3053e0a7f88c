"""What a language has to offer for the grammar of prompts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """Word lists of one language.

    Templates name their slots: ``{s}`` subject, ``{a}`` aspect, ``{u}`` audience, ``{n}`` number, ``{p}`` person,
    ``{l}`` place, ``{t}`` thing, ``{v}`` what happens; of wrappers ``{r}`` role, ``{q}`` quality, ``{f}`` form,
    ``{w}`` manner. Tuples must not be empty.
    """

    code: str
    domains: tuple[tuple[str, ...], ...]
    aspects: tuple[str, ...]
    audiences: tuple[str, ...]
    tasks: tuple[str, ...]
    asks: tuple[str, ...]
    follow_ups: tuple[str, ...]
    people: tuple[str, ...]
    places: tuple[str, ...]
    things: tuple[str, ...]
    happenings: tuple[str, ...]
    sentences: tuple[str, ...]
    lead_ins: tuple[str, ...]
    openers: tuple[str, ...]
    roles: tuple[str, ...]
    qualities: tuple[str, ...]
    demands: tuple[str, ...]
    formats: tuple[str, ...]
    forms: tuple[str, ...]
    manners: tuple[str, ...]
    jobs: tuple[str, ...]
    reasoning: tuple[str, ...]
    example: str
    joint: str = " "


def words(text: str) -> tuple[str, ...]:
    """Split a list written as lines or with semicolons."""
    return tuple(part.strip() for part in text.replace("\n", ";").split(";") if part.strip())
