"""What a value set to null does: the default of Kubernetes or of the program, or a refusal that names the value."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.chart.helm import CHART, MINIMAL, RenderFailed, render
from tests.chart.strict_schema import Schemas

pytestmark = pytest.mark.deploy

VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMAS = Schemas()


def required(schema: dict[str, Any], *path: str) -> Iterator[tuple[str, ...]]:
    """The paths of all values that the schema does not let go."""
    for key in schema.get("required", []):
        yield (*path, key)
    for key, inner in schema.get("properties", {}).items():
        yield from required(inner, *path, key)


REQUIRED = list(required(json.loads((CHART / "values.schema.json").read_text())))


def without(values: dict[str, Any], kept: list[tuple[str, ...]], *path: str) -> dict[str, Any]:
    """Null for every value but those that are kept; sections are gone through where they are kept."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        here = (*path, key)
        if here not in kept:
            found[key] = None
        elif isinstance(value, dict) and value:
            found[key] = without(value, kept, *here)
    return found


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_section_set_to_null_is_refused_by_its_name(depth: int) -> None:
    """Whoever empties what the chart cannot do without reads what is missing, not where a template broke."""
    nulls: dict[str, Any] = {}
    for *sections, key in (path for path in REQUIRED if len(path) == depth):
        inner = nulls
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[key] = None

    with pytest.raises(RenderFailed) as refused:
        render(nulls)

    told = {
        (*filter(None, where.split("/")), key)
        for where, keys in re.findall(r"at '(.*)': missing propert(?:y|ies) (.*)", str(refused.value))
        for key in re.findall(r"'(\w+)'", keys)
    }
    assert told == {path for path in REQUIRED if len(path) == depth}


def test_every_section_is_required() -> None:
    """A section added to the values cannot be forgotten: templates look into all of them."""
    free = {"settings", "podSecurityContext", "containerSecurityContext"}

    def sections(values: dict[str, Any], *path: str) -> Iterator[tuple[str, ...]]:
        for key, value in values.items():
            if isinstance(value, dict) and value and key not in {"resources", "behavior", "labels"}:
                yield (*path, key)
                if key not in free:
                    yield from sections(value, *path, key)

    assert set(sections(VALUES)) - set(REQUIRED) == set()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {
            "kafka": {"tls": {"enabled": True}, "sasl": {"enabled": True, "secretName": "user"}},
            "topics": {"manage": "Strimzi"},
            "strimzi": {"cluster": "events"},
            "autoscaling": {"keda": {"enabled": True}},
            "metrics": {name: {"enabled": True} for name in ("serviceMonitor", "prometheusRule", "dashboard")},
        },
    ],
    ids=["minimal", "everything"],
)
def test_all_else_can_be_null(values: dict[str, Any]) -> None:
    """A null takes a default away, and what Kubernetes or the program takes in its place applies."""
    objects = render(without(VALUES, REQUIRED), MINIMAL, values)

    assert {o["kind"]: found for o in objects if (found := SCHEMAS.problems(_without_nulls(o)))} == {}


def _without_nulls(value: Any) -> Any:
    """An object as an API server takes it, to which null is nothing."""
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value
