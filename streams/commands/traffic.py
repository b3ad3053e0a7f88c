"""``stillwatch traffic``: seeded, labelled sample traffic in files."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from streams.commands.options import FiniteRange, command_settings, json_option
from streams.commands.output_file import cleared_up_when_terminated, refuse_inputs
from traffic.generate import DEFAULT_START, mixture
from traffic.labels import FILES, write_traffic
from traffic.rhythm import DAY_MS
from traffic.scenario import Scenario
from traffic.scenario_files import ScenarioError, load_scenario
from traffic.simulate import Simulation

_STEPS = 1_000


class _Instant(click.ParamType):
    """A time as RFC 3339 or a date; without an offset it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            parsed = datetime.fromisoformat(str(value))
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time like 2026-01-05T00:00:00Z", param, ctx)


@click.command("traffic", context_settings=command_settings())
@click.option("--accounts", type=click.IntRange(1, 1_000_000), default=200, show_default=True, help="Honest accounts.")
@click.option("--days", type=FiniteRange(0, 3_650, min_open=True), default=7.0, show_default=True, help="Duration.")
@click.option(
    "--campaigns", type=click.IntRange(0, 1_000), default=3, show_default=True, help="Beside the honest ones."
)
@click.option("--rate", type=FiniteRange(0, 1_000, min_open=True), default=1.0, show_default=True,
              help="Times the usual number of requests of every account.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same files.")
@click.option("--start", type=_Instant(), default=DEFAULT_START, show_default=f"{DEFAULT_START:%Y-%m-%d}",
              help="Time of the first day's midnight, RFC 3339.")  # fmt: skip
@click.option("--scenario", "scenario_path", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="YAML file with the populations, instead of the usual mixture.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder; it is created.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, scenario_path: Path | None, out: Path, as_json: bool, **mixed: Any) -> None:
    """Make seeded sample traffic with labelled campaigns.

    Writes events.jsonl.gz, accounts.jsonl, campaigns.jsonl and attack_events.csv.gz. No account, prompt or address in
    them is real.
    """
    for name in FILES:
        refuse_inputs("--out", out / name, [("--scenario", scenario_path)])
    try:
        scenario = _scenario(ctx, scenario_path, mixed)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    simulation = Simulation(scenario)
    with cleared_up_when_terminated():
        events = _write(simulation, out)
    found = {
        "folder": str(out),
        "events": events,
        "accounts": len(simulation.events_by_account),
        "campaigns": {
            truth.campaign_id: {"accounts": len(truth.accounts), "exchanges": truth.exchanges}
            for truth in simulation.campaigns.values()
        },
    }
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    click.echo(f"{events} events of {found['accounts']} accounts in {out}")
    for truth in simulation.campaigns.values():
        click.echo(f"  {truth.campaign_id}: {truth.exchanges} exchanges of {len(truth.accounts)} accounts, labelled")


def _scenario(ctx: click.Context, path: Path | None, mixed: dict[str, Any]) -> Scenario:
    """Return what to simulate; a file decides all but what was said on the command line as well."""
    if path is None:
        return mixture(**mixed)
    try:
        scenario = load_scenario(path)
    except ScenarioError as error:
        raise click.ClickException(str(error)) from error
    said = {name for name in mixed if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE}
    if unfit := said & {"accounts", "campaigns", "rate"}:
        raise click.UsageError(f"--scenario decides about {' and '.join(sorted(unfit))} itself")
    return replace(scenario, **{name: mixed[name] for name in said})


def _write(simulation: Simulation, folder: Path) -> int:
    """Write everything and return the number of events; the bar follows simulated time."""
    total_ms = round(simulation.scenario.days * DAY_MS)
    start = simulation.scenario.start
    events = shown_ms = 0
    is_watched = sys.stderr.isatty()
    with click.progressbar(length=total_ms, label="simulated time", file=sys.stderr, hidden=not is_watched) as bar:
        for event in write_traffic(simulation, folder):
            events += 1
            if events % _STEPS == 0:
                at_ms = round((datetime.fromisoformat(event["occurred_at"]) - start).total_seconds() * 1000)
                bar.update(at_ms - shown_ms)
                shown_ms = at_ms
        bar.update(total_ms - shown_ms)
    return events
