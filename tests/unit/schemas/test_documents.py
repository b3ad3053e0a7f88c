"""The published documents are those of the code, and hang together."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from schemas.documents import CONTRACTS, json_schema, schema_file
from schemas.usage_event import MAX_EVENT_BYTES
from streams.asyncapi import asyncapi_document
from streams.commands.schemas_export import ASYNCAPI_FILE, documents, export
from streams.settings import Settings
from streams.topics import topic_name

ROOT = Path(__file__).parents[3]
CONTRACTS_FOLDER = ROOT / "contracts"


def test_the_published_documents_are_up_to_date() -> None:
    """A change of a contract that is not exported again fails here."""
    published = {path.name: path.read_text("utf-8") for path in CONTRACTS_FOLDER.iterdir()}

    assert published == documents()


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_field_has_a_meaning(name: str) -> None:
    """Whoever only has the documents knows what each field of each contract means."""
    schema = json_schema(name)
    sections = [schema, *schema.get("$defs", {}).values()]

    assert [(s["title"], f) for s in sections for f, v in s["properties"].items() if "description" not in v] == []


def test_alerts_and_dead_letters_promise_every_field() -> None:
    """What is published always has all its fields, null where there is nothing to say."""
    for name in ("alert", "dead-letter"):
        schema = json_schema(name)
        assert set(schema["required"]) == set(schema["properties"])


def test_every_reason_of_a_dead_letter_is_named() -> None:
    """The contract lists exactly the reasons that the code gives."""
    sources = [path.read_text("utf-8") for name in ("streams", "schemas") for path in (ROOT / name).rglob("*.py")]
    given = {reason for text in sources for reason in re.findall(r'EventRefused\(\s*"(\w+)"', text)}

    described = json_schema("dead-letter")["properties"]["reason"]["description"]
    assert set(re.split(r", | or ", described.rstrip("."))) == given


def test_usage_events_require_what_the_design_requires() -> None:
    """No optional field becomes required by accident."""
    assert json_schema("usage-event")["required"] == [
        "event_id", "occurred_at", "account_id", "model", "input_tokens", "output_tokens",
    ]  # fmt: skip


def test_a_prompt_may_be_a_list_of_texts() -> None:
    """The document allows what is read: who validates events with it loses none that the service takes."""
    text = {"type": "string", "maxLength": MAX_EVENT_BYTES}
    assert json_schema("usage-event")["properties"]["prompt"]["anyOf"] == [
        text,
        {"type": "array", "items": text, "minItems": 1},
        {"type": "null"},
    ]


def references(node: Any) -> list[str]:
    """Return every reference in a document."""
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in references(value)]
    return [ref for value in node for ref in references(value)] if isinstance(node, list) else []


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    """Channels, operations and messages find each other, and payloads their schema file."""
    document = yaml.safe_load(CONTRACTS_FOLDER.joinpath(ASYNCAPI_FILE).read_text("utf-8"))
    found = references(document)

    assert len(found) > 20
    for reference in found:
        if reference.startswith("./"):
            assert CONTRACTS_FOLDER.joinpath(reference).exists()
            continue
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_the_asyncapi_document_names_the_topics_of_the_code() -> None:
    """The addresses are the default topic names."""
    for role, channel in asyncapi_document()["channels"].items():
        assert channel["address"] == topic_name(Settings(topic_prefix=""), role)


def test_export_writes_and_check_finds_drift(tmp_path: Path) -> None:
    """Export makes the folder complete; check is silent then, and names a file that was changed or removed."""
    out = tmp_path / "contracts"
    run = CliRunner().invoke

    assert run(export, ["--out", str(out), "--check"]).exit_code == 1
    assert run(export, ["--out", str(out)]).exit_code == 0
    assert run(export, ["--out", str(out), "--check"]).exit_code == 0

    out.joinpath(schema_file("alert")).write_text("{}")
    drifted = run(export, ["--out", str(out), "--check", "--json"])
    assert drifted.exit_code == 1
    assert json.loads(drifted.stdout)["changed"] == [schema_file("alert")]
    assert schema_file("alert") in run(export, ["--out", str(out), "--check"]).stderr


def test_a_document_that_is_no_text_is_out_of_date(tmp_path: Path) -> None:
    """Whatever stands in its place is told by check and replaced by export."""
    path = tmp_path / schema_file("alert")
    path.write_bytes(b"\xff\xfe")
    checked = CliRunner().invoke(export, ["--out", str(tmp_path), "--check"])
    assert (checked.exit_code, isinstance(checked.exception, SystemExit)) == (1, True)
    assert f"not up to date: {path}" in checked.stderr

    assert CliRunner().invoke(export, ["--out", str(tmp_path)]).exit_code == 0
    assert path.read_text("utf-8") == documents()[path.name]
