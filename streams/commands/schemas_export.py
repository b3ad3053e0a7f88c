"""``stillwatch schemas``: the contracts as documents that other programs read."""

import json
from pathlib import Path

import click
import yaml

from schemas.documents import CONTRACTS, json_schema, schema_file
from streams.asyncapi import asyncapi_document
from streams.commands.options import command_settings, json_option

ASYNCAPI_FILE = "asyncapi.yaml"


@click.group("schemas", context_settings=command_settings())
def command() -> None:
    """Publish the contracts as JSON Schema and AsyncAPI."""


@command.command("export", context_settings=command_settings())
@click.option(
    "--out", default="contracts", show_default=True, type=click.Path(file_okay=False, path_type=Path), help="Folder."
)
@click.option("--check", "is_check", is_flag=True, help="Write nothing; exit 1 if the folder is not up to date.")
@json_option
def export(out: Path, is_check: bool, as_json: bool) -> None:
    """Write the JSON Schemas of usage event, alert, dead letter and feedback, and the AsyncAPI document."""
    made = documents()
    changed = [name for name, text in made.items() if _read(out / name) != text.encode()]
    if not is_check:
        out.mkdir(parents=True, exist_ok=True)
        for name in changed:
            out.joinpath(name).write_text(made[name], "utf-8")
    if as_json:
        click.echo(json.dumps({"documents": list(made), "changed": changed}))
    elif is_check:
        for name in changed:
            click.echo(f"not up to date: {out / name}; run `stillwatch schemas export`", err=True)
    else:
        click.echo(f"{len(made)} documents in {out}, {len(changed)} of them changed")
    if is_check and changed:
        raise click.exceptions.Exit(1)


def documents() -> dict[str, str]:
    """Return every document by its file name."""
    made = {schema_file(name): json.dumps(json_schema(name), indent=2) + "\n" for name in CONTRACTS}
    made[ASYNCAPI_FILE] = yaml.safe_dump(asyncapi_document(), sort_keys=False, width=120)
    return made


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
