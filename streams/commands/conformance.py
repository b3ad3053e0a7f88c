"""The conformance kit: whether a consumer of alerts ends in the state in which a correct one must."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from schemas.alert import decode_alert
from schemas.times import parse_instant
from streams.enforcement import Enforcer

State = dict[str, str]
"""Account id to the action that is taken for it."""

CONSUMER_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Checkpoint:
    """A point in a recorded stream and the state in which a consumer must be there."""

    case: str
    meaning: str
    alerts: tuple[bytes, ...]
    now: str
    expected: State


def read_cases(folder: Path) -> Iterator[Checkpoint]:
    """Yield the checkpoints of every case below the folder; raises ``ValueError`` and its like for a malformed case."""
    paths = sorted(folder.glob("*/expected.json")) or sorted(folder.glob("expected.json"))
    if not paths:
        raise ValueError(f"no case (a folder with alerts.jsonl and expected.json) in {folder}")
    for path in paths:
        lines = path.with_name("alerts.jsonl").read_bytes().splitlines()
        case = json.loads(path.read_bytes())
        if not case["checkpoints"]:
            raise ValueError(f"{path.parent.name}: no checkpoint")
        for point in case["checkpoints"]:
            _check(point, path.parent.name, len(lines))
            alerts = tuple(lines[: point["after_lines"]])
            yield Checkpoint(path.parent.name, case["meaning"], alerts, point["now"], point["actions"])


def _check(point: dict[str, Any], case: str, lines: int) -> None:
    """Raise ``ValueError`` or ``TypeError`` for a checkpoint that cannot be played as it was written."""
    if not 0 <= point["after_lines"] <= lines:
        raise ValueError(f"{case}: after_lines is {point['after_lines']}, of {lines} lines")
    if not isinstance(point["actions"], dict):
        raise TypeError(f"{case}: actions is a {type(point['actions']).__name__}, not an object")
    try:
        parse_instant(point["now"])
    except ValueError as error:
        raise ValueError(f"{case}: now: {error}") from error


def reference_state(alerts: Iterable[bytes], now: datetime) -> State:
    """Return the state of the reference consumer after these publications."""
    enforcer = Enforcer()
    for raw in alerts:
        try:
            alert = decode_alert(raw)
        except ValueError:
            # Part of the contract: what cannot be read is passed over, never acted on.
            continue
        enforcer.apply(alert, now)
    enforcer.pass_time(now)
    return {account_id: alert.recommended_action.type for account_id, alert in enforcer.rulings.items()}


def command_state(command: str, alerts: Iterable[bytes], now: str) -> State:
    """Return the state that a command prints as JSON for these publications on its standard input.

    The command finds the time in STILLWATCH_NOW. Raises ``click.ClickException`` when it is none, fails, does not end
    in time or prints no object.
    """
    try:
        done = subprocess.run(
            _words(command),
            input=b"".join(alert + b"\n" for alert in alerts),
            env={**os.environ, "STILLWATCH_NOW": now},
            stdout=subprocess.PIPE,
            timeout=CONSUMER_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise click.ClickException(f"`{command}` did not end within {CONSUMER_TIMEOUT_SECONDS} s") from error
    if done.returncode != 0:
        raise click.ClickException(f"`{command}` ended with exit code {done.returncode}")
    try:
        state: State = dict(json.loads(done.stdout))
    except (ValueError, TypeError) as error:
        raise click.ClickException(f"`{command}` did not print a JSON object of accounts and actions") from error
    return state


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise click.UsageError(f"--consumer {command}: {error}") from error
    if not words:
        raise click.UsageError("--consumer is empty: give a command")
    return words


def check_cases(folder: Path, consumer: str | None, *, as_json: bool) -> None:
    """Check a consumer against every case and print the outcome; exits 1 when one fails."""
    try:
        checkpoints = list(read_cases(folder))
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"cannot read the cases: {error}") from error
    outcomes = []
    for point in checkpoints:
        if consumer is None:
            actual = reference_state(point.alerts, parse_instant(point.now))
        else:
            actual = command_state(consumer, point.alerts, point.now)
        wrong = differences(point.expected, actual)
        outcomes.append({"case": point.case, "after_lines": len(point.alerts), "now": point.now, "differences": wrong})
        if not as_json:
            _tell(point, wrong)
    if as_json:
        click.echo(json.dumps(outcomes))
    if any(outcome["differences"] for outcome in outcomes):
        raise click.exceptions.Exit(1)


def differences(expected: State, actual: State) -> list[str]:
    """Say account by account what is not as it must be."""
    return [
        f"{account_id}: {actual.get(account_id, 'nothing')} instead of {expected.get(account_id, 'nothing')}"
        for account_id in sorted(expected.keys() | actual.keys())
        if expected.get(account_id) != actual.get(account_id)
    ]


def _tell(point: Checkpoint, wrong: list[str]) -> None:
    verdict = click.style("FAILED  ", fg="red") if wrong else click.style("ok      ", fg="green")
    click.echo(f"{verdict}{point.case}, after {len(point.alerts)} lines, at {point.now}")
    if wrong:
        click.echo(f"        {point.meaning}")
    for line in wrong:
        click.echo(f"        {line}")
