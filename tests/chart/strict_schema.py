"""Checks objects against the schemas in tests/chart/schemas, strictly: what a schema does not name is an error.

The part of JSON Schema that Kubernetes uses, and no more. That the API server agrees is shown in tests/deploy.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "schemas"
TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
HANDLED = {
    "type", "properties", "required", "additionalProperties", "items", "$ref", "enum", "pattern", "minimum", "maximum",
    "minLength", "maxLength", "minItems", "maxItems", "anyOf", "oneOf", "not", "nullable",
    "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields",
}  # fmt: skip


class Schemas:
    """The schemas by API version and kind."""

    def __init__(self) -> None:
        document = json.loads((FOLDER / "kubernetes.json").read_text())
        self._definitions: dict[str, Any] = document["definitions"]
        self._by_kind: dict[tuple[str, str], Any] = {}
        for name in document["kinds"]:
            *_, group, version, kind = name.split(".")
            full = {"core": "", "networking": "networking.k8s.io/"}.get(group, f"{group}/")
            self._by_kind[full + version, kind] = self._definitions[name]
        for path in sorted(FOLDER.glob("*.yaml")):
            spec = yaml.safe_load(path.read_text())["spec"]
            for version in spec["versions"]:
                self._by_kind[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = version["schema"][
                    "openAPIV3Schema"
                ]

    def problems(self, thing: Mapping[str, Any]) -> list[str]:
        """What is wrong with an object, one line each."""
        schema = self._by_kind.get((thing["apiVersion"], thing["kind"]))
        if schema is None:
            return [f"no schema for {thing['apiVersion']} {thing['kind']}"]
        return list(self._check(thing, schema, thing["kind"]))

    def _check(self, value: Any, schema: Any, where: str) -> Iterator[str]:
        if "$ref" in schema:
            schema = self._definitions[schema["$ref"].removeprefix("#/definitions/")]
        if unhandled := schema.keys() - HANDLED:
            raise NotImplementedError(f"schemas use {sorted(unhandled)}, which is not checked")
        if not _has_type(value, schema):
            yield f"{where} is {value!r}, not {schema.get('type', 'integer or string')}"
            return
        yield from _check_limits(value, schema, where)
        for combination in ("anyOf", "oneOf"):
            if combination in schema and not any(
                not list(self._check(value, s, where)) for s in _typed(schema, combination)
            ):
                yield f"{where} fits none of its alternatives"
        if isinstance(value, dict):
            yield from self._check_object(value, schema, where)
        if isinstance(value, list) and "items" in schema:
            for number, item in enumerate(value):
                yield from self._check(item, schema["items"], f"{where}[{number}]")

    def _check_object(self, value: dict[str, Any], schema: Any, where: str) -> Iterator[str]:
        named = schema.get("properties", {})
        others = schema.get(
            "additionalProperties", not named or schema.get("x-kubernetes-preserve-unknown-fields", False)
        )
        for key in schema.get("required", []):
            if key not in value:
                yield f"{where}.{key} is missing"
        for key, item in value.items():
            if key in named:
                yield from self._check(item, named[key], f"{where}.{key}")
            elif isinstance(others, dict):
                yield from self._check(item, others, f"{where}.{key}")
            elif not others and key not in named:
                yield f"{where}.{key} is unknown"


def _typed(schema: Any, combination: str) -> list[Any]:
    # Alternatives repeat only what differs: an object's fields are named beside them.
    return [{"x-kubernetes-preserve-unknown-fields": True, **alternative} for alternative in schema[combination]]


def _has_type(value: Any, schema: Any) -> bool:
    if value is None:
        return bool(schema.get("nullable"))
    wanted = ["integer", "string"] if schema.get("x-kubernetes-int-or-string") else schema.get("type")
    if wanted is None:
        return True
    names = [wanted] if isinstance(wanted, str) else wanted
    return any(isinstance(value, TYPES[n]) and (n == "boolean" or not isinstance(value, bool)) for n in names)


def _check_limits(value: Any, schema: Any, where: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where} is {value!r}, not one of {schema['enum']}"
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{where} is {value!r}, which does not match {schema['pattern']}"
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{where} is {value}, outside its range"
    if isinstance(value, str | list):
        low, high = (
            schema.get("minLength", schema.get("minItems", 0)),
            schema.get("maxLength", schema.get("maxItems", len(value))),
        )
        if not low <= len(value) <= high:
            yield f"{where} has length {len(value)}, outside {low} to {high}"
