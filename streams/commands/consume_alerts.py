"""``stillwatch consume-alerts``: the reference enforcement consumer. It says what it would do and does nothing."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.alert import decode_alert
from streams.commands.alert_text import consequence_json, consequence_line
from streams.commands.options import FiniteRange, TopicName, command_settings, json_option
from streams.enforcement import Consequence, Enforcer
from streams.settings import Settings
from streams.topics import topic_name

if TYPE_CHECKING:
    from streams.alert_feed import AlertFeed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@click.command("consume-alerts", context_settings=command_settings())
@click.option(
    "--topic",
    type=TopicName(),
    help="Topic to follow.  [default: the state topic: the present state, then what comes]",
)
@click.option("--from-beginning", is_flag=True, help="Of another topic, read what is already there too.")
@click.option(
    "--timeout-seconds",
    type=FiniteRange(min=0, min_open=True),
    help="End when no alert came for so long.  [default: never]",
)
@click.option("--event-time", is_flag=True, help="Let alerts expire by the time of the newest one: for recordings.")
@click.option(
    "--conformance",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Check a consumer against the cases in this folder instead of following a topic.",
)
@click.option("--consumer", help="With --conformance: the consumer to check, a command.  [default: this one]")
@json_option
def command(
    topic: str | None,
    from_beginning: bool,
    timeout_seconds: float | None,
    event_time: bool,
    conformance: Path | None,
    consumer: str | None,
    as_json: bool,
) -> None:
    """Follow the alerts as an enforcement service would, a line for every decision.

    It shows what a consumer has to heed: versions, expiry, retraction, supersession and shadow. The rule itself is
    streams/enforcement.py.
    """
    if conformance is not None:
        others = {
            "--topic": topic,
            "--from-beginning": from_beginning,
            "--timeout-seconds": timeout_seconds,
            "--event-time": event_time,
        }
        if given := [option for option, value in others.items() if value]:
            raise click.UsageError(f"--conformance follows no topic: leave out {', '.join(given)}")
        from streams.commands.conformance import check_cases

        check_cases(conformance, consumer, as_json=as_json)
        return
    if consumer is not None:
        raise click.UsageError("--consumer goes with --conformance")
    from streams.alert_feed import AlertFeed

    settings = Settings()
    printer = Printer(as_json=as_json, is_event_time=event_time, is_brief=topic is None)
    name = topic or topic_name(settings, "alert_state")
    with (
        AlertFeed(settings, name, is_from_beginning=from_beginning or topic is None) as feed,
        suppress(KeyboardInterrupt),
    ):
        follow(feed, printer, timeout_seconds, time.monotonic)
    printer.summarise()


def follow(feed: "AlertFeed", printer: "Printer", timeout_seconds: float | None, clock: Callable[[], float]) -> None:
    """Hand everything that comes to the printer, until nothing came for the timeout."""
    last_alert = clock()
    while timeout_seconds is None or clock() - last_alert < timeout_seconds:
        is_snapshot = not feed.is_caught_up
        for raw in feed.poll():
            last_alert = clock()
            printer.take(raw, is_snapshot=is_snapshot)
        printer.pass_time()


class Printer:
    """Decides with the reference consumer and prints what it decides.

    Parameters
    ----------
    is_event_time
        Whether alerts expire by the time of the newest alert instead of the clock on the wall.
    is_brief
        Whether to leave out, of the state that was there before the start, what is not acted on.
    """

    def __init__(self, *, as_json: bool, is_event_time: bool, is_brief: bool) -> None:
        self._enforcer = Enforcer()
        self._format = consequence_json if as_json else consequence_line
        self._is_event_time = is_event_time
        self._is_brief = is_brief
        self._newest_at = EPOCH
        self._publications = 0
        self._unreadable = 0

    def take(self, raw: bytes, *, is_snapshot: bool) -> None:
        """Apply one publication; what is not an alert of this version is told and passed over, never acted on."""
        try:
            alert = decode_alert(raw)
        except ValueError as error:
            self._unreadable += 1
            click.echo(f"not an alert, passed over: {len(raw)} bytes, {type(error).__name__}", err=True)
            return
        self._publications += 1
        self._newest_at = max(self._newest_at, alert.raised_at)
        consequences = self._enforcer.apply(alert, self._now())
        self._print(c for c in consequences if not (is_snapshot and self._is_brief and c.verb == "watch"))

    def pass_time(self) -> None:
        """Let alerts expire."""
        self._print(self._enforcer.pass_time(self._now()))

    def _now(self) -> datetime:
        # Expiry is the one thing that a consumer judges by its own clock.
        return self._newest_at if self._is_event_time else datetime.fromtimestamp(time.time_ns() / 1e9, UTC)

    def _print(self, consequences: Iterable[Consequence]) -> None:
        for consequence in consequences:
            click.echo(self._format(consequence))

    def summarise(self) -> None:
        """Tell what was read and what stands at the end, on standard error."""
        unreadable = f", {self._unreadable} unreadable" if self._unreadable else ""
        click.echo(
            f"{self._publications} publications, {self._enforcer.stale} of them repeats{unreadable}; "
            f"{len(self._enforcer.rulings)} accounts are acted on now",
            err=True,
        )
