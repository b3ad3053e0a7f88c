"""``stillwatch demo``: sample traffic with injected campaigns through the real service, alerts on the terminal."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from schemas.alert import decode_alert
from streams.commands.demo_screen import Screen
from streams.commands.options import command_settings
from streams.commands.output_file import cleared_up_when_terminated
from streams.labels import load_labels
from streams.settings import Settings
from streams.topics import ROLES, topic_name

START = "2026-01-05T00:00:00Z"
ACCOUNTS, DAYS, CAMPAIGNS, SEED = 150, 7, 3, 1
QUIET_SECONDS = 12.0
"""So long after the last event nothing more is to be expected: the idle partitions have been reported by then."""
FIRST_ALERT_SECONDS = 90.0
"""How long the first alert is waited for: a busy machine may still be starting the service when all is sent."""
GIVE_UP_SECONDS = 240.0
"""How long after all was to be sent the end is waited for."""
WORKER_STOP_SECONDS = 30
SESSION_SECONDS = 10
GROUP_SECONDS = 2 * SESSION_SECONDS
"""How long is waited for the group to forget a worker that could not take its leave."""
FOLDER = Path(".cache") / "demo"


@click.command("demo", context_settings=command_settings())
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Where traffic and alerts are kept for a closer look.",
)
@click.option(
    "--seconds",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    help=f"In how much time the {DAYS} days of traffic pass.",
)
def command(folder: Path, seconds: int) -> None:
    """Run the service on sample traffic and show alerts arriving; leaves nothing running and nothing on the broker.

    Needs KAFKA_BOOTSTRAP_SERVERS; `make demo` starts a broker if it is not set.
    """
    if not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        raise click.ClickException("KAFKA_BOOTSTRAP_SERVERS is not set: run `make demo`, or name a broker")
    folder.mkdir(parents=True, exist_ok=True)
    prefix = f"demo-{os.getpid()}-{time.monotonic_ns() % 1_000_000}."
    settings = Settings(topic_prefix=prefix, group_id=f"{prefix}stillwatch")
    with cleared_up_when_terminated():
        screen = _played(settings, folder, seconds)
    screen.summarise(load_labels(folder))
    _say(4, "the service has stopped, its topics and its group are deleted. Next:")
    for line in _next(folder, screen):
        click.echo(f"     {line}")
    if not screen.opened:
        raise click.ClickException(f"no alert came: see {folder / 'worker.log'}")


def _played(settings: Settings, folder: Path, seconds: int) -> Screen:
    """Make traffic, run the service on it, and leave nothing on the broker, however it ends."""
    environment = _environment(settings)
    _say(1, f"{DAYS} days of sample traffic: {ACCOUNTS} honest accounts, and {CAMPAIGNS} campaigns among them")
    _stillwatch(
        environment, "traffic", "--accounts", str(ACCOUNTS), "--days", str(DAYS), "--campaigns", str(CAMPAIGNS),
        "--seed", str(SEED), "--start", START, "--out", str(folder),
    )  # fmt: skip
    _say(2, f"topics with the prefix {settings.topic_prefix}")
    try:
        _stillwatch(environment, "topics", "--partitions", "4", "--replication-factor", "1")
        _say(3, f"the service starts; the {DAYS} days pass in {seconds} seconds; alerts as their event time comes")
        with _worker(environment, folder / "worker.log"):
            return _show(settings, environment, folder, seconds)
    finally:
        _clear_up(settings)


def _environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "STILLWATCH_TOPIC_PREFIX": settings.topic_prefix,
        "STILLWATCH_GROUP_ID": settings.group_id,
        "STILLWATCH_IDLE_SECONDS": "4",
        "STILLWATCH_CHECKPOINT_INTERVAL_SECONDS": "3",
        "STILLWATCH_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
        "STILLWATCH_HTTP_PORT": "0",
        "STILLWATCH_LOG_FORMAT": "json",
    }


def _show(settings: Settings, environment: dict[str, str], folder: Path, seconds: int) -> Screen:
    """Feed the traffic and print what comes out, until nothing more is to be expected."""
    from streams.alert_feed import AlertFeed

    screen = Screen()
    began = time.monotonic()
    with (
        AlertFeed(settings, topic_name(settings, "alerts"), is_from_beginning=True) as feed,
        (folder / "alerts.jsonl").open("wb") as kept,
        _feeding(environment, folder / "events.jsonl.gz", seconds) as feeder,
    ):
        last = time.monotonic()
        while True:
            if time.monotonic() - began > seconds + GIVE_UP_SECONDS:
                raise click.ClickException(
                    f"it did not end {GIVE_UP_SECONDS:.0f} s after all was to be sent: see worker.log"
                )
            for raw in feed.poll():
                last = time.monotonic()
                kept.write(raw + b"\n")
                screen.take(decode_alert(raw))
            if feeder.poll() is None:
                last = time.monotonic()
            elif feeder.returncode != 0:
                raise click.ClickException(f"`stillwatch produce` failed with exit code {feeder.returncode}")
            elif time.monotonic() - last > (QUIET_SECONDS if screen.opened else FIRST_ALERT_SECONDS):
                break
    return screen


def _next(folder: Path, screen: Screen) -> list[str]:
    commands = [
        f"stillwatch replay {folder}/events.jsonl.gz --alerts -      the same alerts without a broker",
        f"stillwatch backtest {folder}/events.jsonl.gz --labels {folder} --config detectors/default.yaml",
        "stillwatch config show      what can be tuned; docs/architecture.md      the path of one event",
    ]
    explained = [f"stillwatch explain {alert_id} --alerts {folder}/alerts.jsonl" for alert_id in screen.opened[:1]]
    return explained + commands


@contextmanager
def _feeding(environment: dict[str, str], events: Path, seconds: int) -> Iterator[subprocess.Popen[bytes]]:
    speed = DAYS * 86_400 / seconds
    feeder = _start(environment, ["produce", str(events), "--speed", str(speed)], subprocess.DEVNULL)
    try:
        yield feeder
    finally:
        feeder.kill()
        feeder.wait()


@contextmanager
def _worker(environment: dict[str, str], log_path: Path) -> Iterator[None]:
    """The service as a process of its own, stopped as Kubernetes would stop it."""
    with log_path.open("wb") as log:
        process = _start(environment, ["worker"], log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(WORKER_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise click.ClickException(f"the worker ended with exit code {process.returncode}: see {log_path}")


def _start(environment: dict[str, str], arguments: list[str], output: Any) -> subprocess.Popen[bytes]:
    command_line = [sys.executable, "-m", "streams.cli", *arguments]
    return subprocess.Popen(command_line, env=environment, stdout=output, stderr=output)


def _stillwatch(environment: dict[str, str], *arguments: str) -> None:
    process = _start(environment, list(arguments), subprocess.PIPE)
    try:
        output, _ = process.communicate()
    finally:
        process.kill()
        process.wait()
    if process.returncode != 0:
        click.echo(output.decode(errors="replace"), err=True)
        raise click.ClickException(f"`stillwatch {' '.join(arguments)}` failed with exit code {process.returncode}")


def _clear_up(settings: Settings) -> None:
    from streams.group_admin import GroupAdmin
    from streams.topic_admin import TopicAdmin

    with TopicAdmin(settings) as topics, GroupAdmin(settings) as groups:
        try:
            deadline = time.monotonic() + GROUP_SECONDS
            while (members := groups.members()) and time.monotonic() < deadline:
                time.sleep(0.5)
            if members is not None:
                groups.delete()
        finally:
            topics.delete(topic_name(settings, role) for role in ROLES)


def _say(step: int, text: str) -> None:
    click.echo(click.style(f"{step}/4  {text}", bold=True))
