"""``stillwatch config``: what the service is configured with, whether it fits, and how two specifications differ."""

import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click
import msgspec
from pydantic import ValidationError
from pydantic_settings import SettingsError

from detectors.spec import DetectorSpec, SpecError, load_spec
from streams.commands.failures import settings_errors, unreadable_setting
from streams.commands.options import command_settings, json_option
from streams.configuration import (
    PUBLIC_KEY_WARNING,
    Entry,
    has_public_key,
    settings_entries,
    spec_differences,
    spec_entries,
    unknown_variables,
    variable_of,
)
from streams.settings import Settings
from streams.tls import TlsFileError

_spec_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_config_option = click.option(
    "--config",
    "config_path",
    type=_spec_file,
    help="Detector specification (YAML).  [default: STILLWATCH_SPEC_FILE, or the packaged one]",
)


@click.group("config", context_settings=command_settings())
def command() -> None:
    """Check, show and compare what the service is configured with.

    Settings of the process come from the environment, those of the detectors from one YAML file.
    """


@command.command("check", context_settings=command_settings())
@_config_option
@json_option
def check(config_path: Path | None, as_json: bool) -> None:
    """Check the environment and the detector specification; exits 1 when something does not fit."""
    errors = unknown_variables(os.environ)
    settings: Settings | None = None
    spec: DetectorSpec | None = None
    try:
        settings = Settings()
    except ValidationError as error:
        errors += settings_errors(error)
    except SettingsError as error:
        errors.append(unreadable_setting(error))
    try:
        spec = load_spec(config_path or (settings.spec_file if settings else None))
    except SpecError as error:
        errors += str(error).splitlines()
    if settings is not None:
        errors += _unusable(settings)
    warnings = _warnings(settings) if settings else []
    if as_json:
        click.echo(msgspec.json.encode({"errors": errors, "warnings": warnings}))
    else:
        for line in errors:
            click.echo(f"error: {line}", err=True)
        for line in warnings:
            click.echo(f"warning: {line}", err=True)
        if spec is not None and not errors:
            click.echo(f"settings fit; specification {spec.name} {spec.version} ({spec.fingerprint}) fits")
    if errors:
        raise click.exceptions.Exit(1)


def _unusable(settings: Settings) -> list[str]:
    """What is well-formed and fails all the same once the worker uses it."""
    try:
        settings.ssl_context()
    except TlsFileError as error:
        return [str(error)]
    return []


def _warnings(settings: Settings) -> list[str]:
    found = []
    if has_public_key(settings):
        found.append(PUBLIC_KEY_WARNING)
    if settings.max_future_seconds > settings.disorder_seconds:
        found.append(
            "STILLWATCH_MAX_FUTURE_SECONDS exceeds STILLWATCH_DISORDER_SECONDS: one gateway whose clock is ahead makes "
            "the events of others late"
        )
    if settings.sasl_username and not settings.security_protocol.startswith("SASL"):
        found.append("STILLWATCH_SASL_USERNAME is set but STILLWATCH_SECURITY_PROTOCOL has no SASL: it is not used")
    files = [name for name in ("ssl_ca_file", "ssl_cert_file", "ssl_key_file") if getattr(settings, name) is not None]
    if files and "SSL" not in settings.security_protocol:
        found.append(
            f"{variable_of(files[0])} is set but STILLWATCH_SECURITY_PROTOCOL has no TLS: nothing is encrypted"
        )
    return found


@command.command("show", context_settings=command_settings())
@_config_option
@click.option("--changed", is_flag=True, help="Only what differs from its default.")
@json_option
def show(config_path: Path | None, changed: bool, as_json: bool) -> None:
    """Show every setting: its value, its default, what it means. Secrets are masked."""
    settings = Settings()
    try:
        spec = load_spec(config_path or settings.spec_file)
    except SpecError as error:
        raise click.ClickException(str(error)) from error
    sections: dict[str, list[Entry]] = {
        "process": list(settings_entries(settings)),
        "detectors": list(spec_entries(spec)),
    }
    if changed:
        sections = {name: [e for e in entries if e.is_changed] for name, entries in sections.items()}
    if as_json:
        click.echo(msgspec.json.encode({name: [asdict(e) for e in entries] for name, entries in sections.items()}))
        return
    click.echo(click.style("Process (environment variables)", bold=True))
    _print(sections["process"])
    click.echo(
        click.style(
            f"\nDetectors ({config_path or settings.spec_file or 'the packaged file'}), {spec.fingerprint}", bold=True
        )
    )
    _print(sections["detectors"])


def _print(entries: Iterable[Entry]) -> None:
    entries = list(entries)
    width = max((len(e.name) for e in entries), default=0)
    for entry in entries:
        mark = "*" if entry.is_changed else " "
        default = f"  (default {_text(entry.default)})" if entry.is_changed else ""
        click.echo(f"{mark} {entry.name:<{width}}  {_text(entry.value)}{default}")
        if entry.meaning:
            click.echo(click.style(f"  {'':<{width}}  {entry.meaning}", dim=True))


def _text(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value) if value != "" else "(empty)"


@command.command("diff", context_settings=command_settings())
@click.argument("a", type=_spec_file)
@click.argument("b", type=_spec_file)
@json_option
def diff(a: Path, b: Path, as_json: bool) -> None:
    """Show in which detector settings the specifications A and B differ."""
    try:
        found = spec_differences(load_spec(a), load_spec(b))
    except SpecError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(msgspec.json.encode([{"name": name, "a": old, "b": new} for name, old, new in found]))
        return
    for name, old, new in found:
        click.echo(f"{name}: {_text(old)} -> {_text(new)}")
    if not found:
        click.echo("no difference")
