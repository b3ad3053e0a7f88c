"""The detector specification: one YAML file, checked as a whole."""

import difflib
import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from detectors.spec_sections import (
    Alike,
    Crowd,
    Days,
    FalseAlarms,
    Groups,
    Harvest,
    Interchange,
    Kin,
    Lifecycle,
    Section,
)
from schemas.yaml_text import YamlRefused, read_yaml


class SpecError(ValueError):
    """A specification that cannot be used; the message names the file, the key and what would fit."""


class DetectorSpec(Section):
    """Everything that decides which alerts a stream gives."""

    name: Annotated[str, Field(min_length=1, max_length=64)] = Field(default="default", description="Name of the spec.")
    version: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        default="1", description="Version that its author gave it."
    )
    bucket_seconds: Annotated[int, Field(ge=10, le=3_600)] = Field(
        default=300, description="Length of an event-time bucket; evidence is judged when one closes."
    )
    idle_days: Days = Field(default=30, description="An account without events leaves memory after this time.")
    false_alarms: FalseAlarms = FalseAlarms()
    crowd: Crowd = Crowd()
    harvest: Harvest = Harvest()
    groups: Groups = Groups()
    kin: Kin = Kin()
    alike: Alike = Alike()
    interchange: Interchange = Interchange()
    lifecycle: Lifecycle = Lifecycle()

    @property
    def fingerprint(self) -> str:
        """Hash of the contents: equal specifications, equal fingerprints."""
        raw = json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()
        return hashlib.blake2b(raw, digest_size=8).hexdigest()


def load_spec(path: Path | None) -> DetectorSpec:
    """Read a specification; ``None`` is the packaged default. Raises ``SpecError``."""
    if path is None:
        return parse_spec(
            resources.files("detectors").joinpath("default.yaml").read_text("utf-8"), "detectors/default.yaml"
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: cannot be read: {error}") from error
    return parse_spec(text, str(path))


def parse_spec(text: str, where: str) -> DetectorSpec:
    """Specification from YAML text; ``where`` names it in errors. Raises ``SpecError``."""
    try:
        data = read_yaml(text)
    except YamlRefused as error:
        raise SpecError(f"{where}: {error}") from error
    if not isinstance(data, dict | None):
        raise SpecError(f"{where}: should be a mapping of sections, is a {type(data).__name__}")
    try:
        return DetectorSpec.model_validate(data or {})
    except ValidationError as error:
        raise SpecError("\n".join(f"{where}: {_complaint(e)}" for e in error.errors())) from error


def _complaint(error: Any) -> str:
    path = [str(part) for part in error["loc"]]
    key = ".".join(path)
    if error["type"] != "extra_forbidden":
        return f"{key}: {error['msg']}, not {error['input']!r}"
    model: Any = DetectorSpec
    for part in path[:-1]:
        model = model.model_fields[part].annotation
    near = difflib.get_close_matches(path[-1], model.model_fields, 1)
    hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(model.model_fields)}"
    return f"{key}: unknown key; {hint}"
