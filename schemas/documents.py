"""The contracts as JSON Schema documents, generated from their definitions."""

from typing import Any, Literal

from pydantic import BaseModel

from schemas.alert import Alert
from schemas.dead_letter import DeadLetter
from schemas.feedback import Feedback
from schemas.usage_event import UsageEvent

DIALECT = "https://json-schema.org/draft/2020-12/schema"

CONTRACTS: dict[str, tuple[type[BaseModel], Literal["validation", "serialization"]]] = {
    "usage-event": (UsageEvent, "validation"),
    "alert": (Alert, "serialization"),
    "dead-letter": (DeadLetter, "serialization"),
    "feedback": (Feedback, "validation"),
}
"""Name of each contract, its definition, and whether the document describes what is read or what is written."""


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a contract; raises ``KeyError`` for an unknown name."""
    model, mode = CONTRACTS[name]
    schema = model.model_json_schema(mode=mode)
    return {"$schema": DIALECT, "$id": f"urn:stillwatch:{name}:1", **schema}


def schema_file(name: str) -> str:
    """Return the file name of a contract's document."""
    return f"{name}.v1.schema.json"
