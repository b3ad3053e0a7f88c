"""Writes the tables of docs/contracts.md: `python -m tests.unit.schemas.contract_tables` after a contract changed."""

import json
import re
from pathlib import Path
from typing import Any

from schemas.documents import CONTRACTS, json_schema
from streams.settings import Settings
from streams.topics import topic_specs

DOCUMENT = Path(__file__).parents[3] / "docs" / "contracts.md"
_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000))


def rendered(text: str) -> str:
    """Return the document with every table between `<!-- table: NAME -->` and `<!-- end -->` made anew."""
    return re.sub(
        r"(<!-- table: (?P<name>\S+) -->\n).*?(<!-- end -->)",
        lambda match: match[1] + table(match["name"]) + match[3],
        text,
        flags=re.DOTALL,
    )


def table(name: str) -> str:
    """Return a table by its name: `topics`, a contract, or a part of one such as `alert.Evidence`."""
    if name == "topics":
        return topics_table()
    contract, _, part = name.partition(".")
    assert contract in CONTRACTS
    schema = json_schema(contract)
    section = schema["$defs"][part] if part else schema
    lines = ["| field | type and range | meaning |", "|---|---|---|"]
    for field, description in section["properties"].items():
        is_optional = field not in section["required"]
        mark = "" if is_optional else "**"
        lines.append(
            f"| {mark}`{field}`{mark} | {kind(description)}{unfit(description)} | {description['description']} |"
        )
    return "\n".join(lines) + "\n"


def kind(schema: dict[str, Any]) -> str:
    """Return the type of a field and what values it takes, in words."""
    if "anyOf" in schema:
        return " or ".join(kind(member) for member in schema["anyOf"])
    if "$ref" in schema:
        return f"{schema['$ref'].split('/')[-1]}, below"
    if "const" in schema:
        # As it is written in JSON: a version looks like a number and is none.
        return f"{plain_kind(schema)} `{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return " ".join(f"`{value}`" for value in schema["enum"])
    return plain_kind(schema)


def unfit(schema: dict[str, Any]) -> str:
    """Return what becomes of a value that does not fit, where it is not refused."""
    outcomes = [schema.get("unfit"), *(member.get("unfit") for member in schema.get("anyOf", ()))]
    return "".join({"cut": "; longer ones are cut", "unknown": "; else unknown"}[o] for o in reversed(outcomes) if o)


def plain_kind(schema: dict[str, Any]) -> str:
    """Return the type of a field that is neither a choice nor a section of its own."""
    match schema["type"]:
        case "array":
            bounds = span(schema, "Items", "times").strip(" ()")
            count = f"{schema['minItems']} or more times" if "maxItems" not in schema else bounds
            return f"list: {count} {kind(schema['items'])}"
        case "string":
            limit = span(schema, "Length", "characters") if "maxLength" in schema else ""
            return "time" if schema.get("format") == "date-time" else f"text{limit}"
        case "integer" | "number" as number:
            bounds = span({"minX": schema.get("minimum"), "maxX": schema.get("maximum")}, "X", schema.get("unit", ""))
            return f"{number}{bounds}"
        case other:
            return {"boolean": "true or false", "null": "null"}[other]


def span(schema: dict[str, Any], what: str, unit: str) -> str:
    """Return the range that a schema allows, in parentheses."""
    low, high = schema.get(f"min{what}"), schema.get(f"max{what}")
    if low is None and high is None:
        return f" ({unit})" if unit else ""
    bounds = f"{low or 0:,} to {high:,}" if high is not None else f"from {low:,}"
    return f" ({bounds}{f' {unit}' if unit else ''})"


def topics_table() -> str:
    """Return the topics, for a service with twelve partitions."""
    lines = ["| topic | partitions | kept | largest message |", "|---|---|---|---|"]
    for spec in topic_specs(Settings(topic_prefix="", input_topic="llm.usage"), 12, 3).values():
        size = f"{int(spec.configs['max.message.bytes']) // 2**20} MiB"
        lines.append(f"| `{spec.name}` | {spec.partitions} | {kept(spec.configs)} | {size} |")
    return "\n".join(lines) + "\n"


def kept(configs: dict[str, str]) -> str:
    """Return how long a topic keeps its records, in words."""
    if configs["cleanup.policy"] == "compact":
        return "the newest of each key"
    milliseconds = int(configs["retention.ms"])
    return "for ever" if milliseconds < 0 else duration(milliseconds)


def duration(milliseconds: int) -> str:
    """Return a duration in its largest whole unit."""
    unit, length = next((unit, length) for unit, length in _UNITS if milliseconds % length == 0)
    return f"{milliseconds // length} {unit}"


if __name__ == "__main__":
    DOCUMENT.write_text(rendered(DOCUMENT.read_text("utf-8")), "utf-8")
