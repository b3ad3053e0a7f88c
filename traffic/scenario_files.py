"""Scenarios as YAML: kinds of the catalogue by name, and what differs from them; unknown keys are refused."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from schemas.yaml_text import YamlRefused, read_yaml
from traffic.catalogue import kind
from traffic.scenario import Population, Scenario, Stream

Spec = TypeVar("Spec")

_COMPLAINTS = {bool: "neither true nor false", int: "no whole number", float: "no number", str: "no text"}
"""Types that a field may have, and what a value of none of them is called."""


class ScenarioError(ValueError):
    """A scenario says something that cannot be; the message names the place and, where it can, what was meant."""


def load_scenario(path: Path) -> Scenario:
    """Read a scenario from a YAML file; raises ScenarioError with the file's name."""
    try:
        return scenario_of(read_yaml(path.read_text(encoding="utf-8")))
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from error
    except (ScenarioError, YamlRefused) as error:
        raise ScenarioError(f"{path}: {error}") from error


def scenario_of(said: object) -> Scenario:
    """Make a scenario of what a file says (days, seed, start, release_day, populations); raises ScenarioError."""
    rest = dict(_mapping(said, "the scenario"))
    populations = rest.pop("populations", [])
    if not isinstance(populations, list) or not populations:
        raise ScenarioError("populations: a list of at least one kind of account is needed")
    made = tuple(population_of(entry, f"populations[{number}]") for number, entry in enumerate(populations))
    return overlaid(Scenario(made), rest, "the scenario")


def population_of(said: object, where: str) -> Population:
    """Make a population of ``kind`` and whatever differs from the kind; raises ScenarioError."""
    rest = dict(_mapping(said, where))
    name = rest.pop("kind", None)
    try:
        known = kind(str(name))
    except ValueError as error:
        raise ScenarioError(f"{where}.kind: {error}") from error
    return overlaid(known, rest, where)


def overlaid(known: Spec, said: Mapping[str, Any], where: str) -> Spec:
    """Return a frozen dataclass with some fields replaced, also inside the dataclasses it holds."""
    if not is_dataclass(known) or isinstance(known, type):
        raise TypeError(f"{where}: {known!r} holds no fields")
    types = {field.name: field.type for field in fields(known)}
    changed: dict[str, Any] = {}
    for name, value in said.items():
        if name not in types:
            raise ScenarioError(f"{where}.{name}: unknown{_suggestion(name, list(types))}")
        changed[name] = _value(getattr(known, name), types[name], value, f"{where}.{name}")
    try:
        made: Spec = replace(known, **changed)
    except ValueError as error:
        raise ScenarioError(f"{where}: {error}") from error
    return made


def _value(known: object, wanted: object, value: Any, where: str) -> Any:
    if isinstance(known, dict):
        return known | {name: _stream(known, name, part, where) for name, part in _mapping(value, where).items()}
    if is_dataclass(known):
        return overlaid(known, _mapping(value, where), where)
    if isinstance(known, tuple):
        return tuple(_plain(str, part, where) for part in (value if isinstance(value, list) else [value]))
    if isinstance(known, datetime):
        return _instant(value, where)
    return _plain(wanted, value, where)


def _stream(known: Mapping[str, Stream], name: str, said: object, where: str) -> Stream:
    """Return a stream of the kind with what differs, or one of the scenario's own, which says whether it harvests.

    A name that the kind does not have is more often misspelt than meant.
    """
    where = f"{where}.{name}"
    said = _mapping(said, where)
    if name not in known and "is_harvest" not in said:
        hint = _suggestion(name, list(known))
        raise ScenarioError(f"{where}: unknown{hint} (one of the scenario's own says is_harvest: true or false)")
    return overlaid(known.get(name, Stream()), said, where)


def _plain(wanted: object, value: Any, where: str) -> Any:
    """Return a value if it is of the type that a field has; for a whole number where any number is wanted, too."""
    allowed = get_args(wanted) or (wanted,)
    if type(value) in allowed or (type(value) is int and float in allowed):
        return value
    complaint = next(complaint for kind, complaint in _COMPLAINTS.items() if kind in allowed)
    raise ScenarioError(f"{where}: {value!r} is {complaint}")


def _instant(value: Any, where: str) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise ScenarioError(f"{where}: {value!r} is no time like 2026-01-05T00:00:00Z")


def _mapping(said: object, where: str) -> Mapping[str, Any]:
    if not isinstance(said, Mapping):
        raise ScenarioError(f"{where}: names with values are needed, not {said!r}")
    return said


def _suggestion(name: str, names: list[str]) -> str:
    close = get_close_matches(str(name), names, n=1)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(names)}"
