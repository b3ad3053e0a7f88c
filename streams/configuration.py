"""What the service is configured with, as a list of named values: settings of the process and of the detectors."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from detectors.spec import DetectorSpec
from streams.settings import Settings

PREFIX = "STILLWATCH_"
MASK = "********"
PUBLIC_KEY_WARNING = (
    "STILLWATCH_FINGERPRINT_KEY is the one that everybody knows: fine for a trial; in production set your own, or "
    "words can be looked up in the fingerprints"
)


@dataclass(frozen=True)
class Entry:
    """One setting: where it is set, what it is, what it would be, what it means."""

    name: str
    value: Any
    default: Any
    meaning: str

    @property
    def is_changed(self) -> bool:
        """Whether it differs from its default."""
        return bool(self.value != self.default)


def settings_entries(settings: Settings) -> Iterator[Entry]:
    """Yield the process settings by the name of their variable, secrets masked."""
    for field_name, field in Settings.model_fields.items():
        value = getattr(settings, field_name)
        default = field.get_default(call_default_factory=True)
        is_secret = isinstance(value, SecretStr) or isinstance(default, SecretStr)
        # A masked secret still has to show whether it is the default, so only what is set is masked.
        shown = (MASK if value != default else "(the default)") if is_secret and value is not None else _plain(value)
        default = "(the default)" if is_secret and default is not None else _plain(default)
        yield Entry(variable_of(field_name), shown, default, field.description or "")


def variable_of(field: str) -> str:
    """Return the environment variable of a settings field, by its name or its alias."""
    known = Settings.model_fields.get(field)
    alias = known.validation_alias if known else field
    return alias if isinstance(alias, str) else f"{PREFIX}{field}".upper()


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Complaints about variables with our prefix that no setting reads: most likely misspelt ones."""
    known = [variable_of(field) for field in Settings.model_fields]
    complaints = []
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            # The prefix is left out: it would make any two names look alike.
            endings = {variable.removeprefix(PREFIX): variable for variable in known}
            near = difflib.get_close_matches(name.upper().removeprefix(PREFIX), endings, 1)
            complaints.append(f"{name}: unknown variable" + (f"; did you mean {endings[near[0]]}?" if near else ""))
    return complaints


def has_public_key(settings: Settings) -> bool:
    """Whether the key of the fingerprints is the default, which stands in the sources."""
    return bool(settings.fingerprint_key == Settings.model_fields["fingerprint_key"].default)


def fingerprints_prompts(settings: Settings) -> bool:
    """Whether a worker reads prompts: at ingest, and among accounts where sources write past it."""
    return "ingest" in settings.stages or ("accounts" in settings.stages and settings.direct_sources)


def spec_entries(spec: DetectorSpec) -> Iterator[Entry]:
    """Yield the detector settings by their path in the YAML file, such as ``harvest.memory_hours``."""
    yield from _section_entries(spec, "")


def _section_entries(section: BaseModel, path: str) -> Iterator[Entry]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            yield from _section_entries(value, f"{path}{name}.")
        else:
            yield Entry(f"{path}{name}", _plain(value), _plain(_default(field)), field.description or "")


def _default(field: FieldInfo) -> Any:
    default = field.get_default(call_default_factory=True)
    return None if default is PydanticUndefined else default


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it, in an order that does not change."""
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value))
    if isinstance(value, Path):
        return str(value)
    return value.value if isinstance(value, Enum) else value


def spec_differences(before: DetectorSpec, after: DetectorSpec) -> list[tuple[str, Any, Any]]:
    """Name and both values of every detector setting in which two specifications differ."""
    old = {entry.name: entry.value for entry in spec_entries(before)}
    new = {entry.name: entry.value for entry in spec_entries(after)}
    return [(name, old.get(name), new.get(name)) for name in old | new if old.get(name) != new.get(name)]
