"""``stillwatch replay``: the alerts that a recorded stream gives."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec
from pydantic import ValidationError

from detectors.spec import DetectorSpec, SpecError, load_spec
from schemas.alert import Alert, encode_alert
from schemas.feedback import decode_feedback
from schemas.refusal import describe_errors
from streams.collector import collect_rarely
from streams.commands.alert_text import one_line
from streams.commands.options import TopicName, command_settings, json_option
from streams.commands.output_file import refuse_inputs, written_whole
from streams.commands.progress_bar import shown_lines
from streams.event_files import EventFiles, UnreadableFileError
from streams.replay import Replay, ReplaySummary
from streams.settings import Settings
from streams.topic_range import Bound, TopicRange, parse_bound

AHEAD_MS = 3_600_000
"""How far one partition of a topic may be read ahead of another, in event time: it waits in memory."""


class BoundType(click.ParamType):
    """An offset or a time."""

    name = "offset|time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Bound:
        """Read what the user gave."""
        try:
            return value if isinstance(value, Bound) else parse_bound(value)
        except ValueError:
            self.fail(f"{value!r} is neither an offset nor a time such as 2026-03-02T00:00:00Z", param, ctx)


@click.command("replay", context_settings=command_settings())
@click.argument("events", nargs=-1, type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--from-topic", "topic", type=TopicName(), help="Read this topic instead of files (full name).")
@click.option("--start", type=BoundType(), help="First offset, or time of storage.  [default: the beginning]")
@click.option("--end", type=BoundType(), help="Offset or time to stop before.  [default: the present end]")
@click.option(
    "--alerts",
    "alerts_path",
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Where the alerts go, one JSON line each; - for standard output. A failed replay leaves the file as it was.",
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Detector specification (YAML).  [default: the worker's]",
)
@click.option(
    "--feedback",
    "feedback_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Decisions of reviewers (JSON lines); each takes effect at its given_at.",
)
@json_option
def command(
    events: tuple[Path, ...],
    topic: str | None,
    start: Bound | None,
    end: Bound | None,
    alerts_path: Path,
    config_path: Path | None,
    feedback_path: Path | None,
    as_json: bool,
) -> None:
    """Replay EVENTS (JSON lines in time order, .gz too, - for standard input) through the detectors of the worker.

    The same events give the same alerts as the running service: ids, versions and contents; published_at is null. Only
    how old an event may be is not checked, so that old recordings can be replayed. Exits 1 when there are messages and
    no event can be read from them.
    """
    if bool(events) == bool(topic):
        raise click.UsageError("give either EVENTS or --from-topic")
    if events and (start or end):
        raise click.UsageError("--start and --end go with --from-topic")
    settings = Settings()
    spec_files = [("--config", config_path), ("STILLWATCH_SPEC_FILE", settings.spec_file)]
    inputs = [*(("EVENTS", path) for path in events), ("--feedback", feedback_path), *spec_files]
    refuse_inputs("--alerts", alerts_path, inputs)
    collect_rarely()
    try:
        spec = load_spec(config_path or settings.spec_file)
        feedback = _decisions(feedback_path) if feedback_path else []
        with written_whole(alerts_path) as out:
            if topic:
                bounds = (start or Bound(), end or Bound())
                summary = asyncio.run(_from_topic(settings, spec, topic, bounds, feedback, out))
            else:
                replay = Replay(settings, spec, feedback=feedback)
                _write(replay.alerts(shown_lines(EventFiles(events), "replaying")), out)
                summary = replay.summary
            if complaint := summary.complaint:
                _tell(summary, as_json=as_json, is_output_taken=str(alerts_path) == "-")
                raise click.ClickException(complaint)
    except (SpecError, UnreadableFileError) as error:
        raise click.ClickException(str(error)) from error
    _tell(summary, as_json=as_json, is_output_taken=str(alerts_path) == "-")


def _decisions(path: Path) -> list[bytes]:
    lines = list(EventFiles([path]).lines())
    for number, line in enumerate(lines, 1):
        try:
            decode_feedback(line)
        except ValidationError as error:
            raise click.ClickException(f"{path}: decision {number}: {describe_errors(error)}") from error
    return lines


def _write(alerts: Iterable[Alert], out: BinaryIO) -> None:
    for alert in alerts:
        out.write(encode_alert(alert) + b"\n")


async def _from_topic(
    settings: Settings,
    spec: DetectorSpec,
    topic: str,
    bounds: tuple[Bound, Bound],
    feedback: list[bytes],
    out: BinaryIO,
) -> ReplaySummary:
    async with TopicRange(settings, topic, *bounds) as source:
        replay = Replay(settings, spec, partitions=source.partitions, feedback=feedback)
        with click.progressbar(
            length=source.total, label="replaying", file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:
            async for partition, messages in source.read(lambda: replay.behind(AHEAD_MS)):
                if messages is None:
                    _write(replay.finish(partition), out)
                else:
                    _write(replay.feed(partition, messages), out)
                    bar.update(len(messages))
    return replay.summary


def _tell(summary: ReplaySummary, *, as_json: bool, is_output_taken: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(summary), err=is_output_taken)
        return
    refused = ", ".join(f"{count} {reason}" for reason, count in sorted(summary.refused.items())) or "none"
    click.echo(
        f"{summary.inputs} messages, {summary.observed} events observed, refused: {refused}; "
        f"{summary.alerts} alert publications",
        err=True,
    )
    if summary.decisions_applied or summary.decisions_refused:
        click.echo(f"{summary.decisions_applied} decisions carried out", err=True)
    for refusal in summary.decisions_refused:
        click.echo(f"refused: {one_line(refusal)}", err=True)
