"""``stillwatch backtest``: what other detector specifications would have made of recorded events."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import msgspec

from detectors.spec import DetectorSpec, SpecError, load_spec
from schemas.alert import Alert
from streams.commands.alert_text import one_line
from streams.commands.options import command_settings, json_option
from streams.commands.progress_bar import shown_lines
from streams.event_files import EventFiles, UnreadableFileError
from streams.labels import Labels, LabelsError, Score, load_labels, named_accounts, score
from streams.replay import Replay
from streams.settings import Settings

_NAMED_ACCOUNTS = 8


class Outcome(msgspec.Struct):
    """What one specification made of the recording."""

    config: str
    spec_fingerprint: str
    observed: int
    refused: int
    publications: int
    alerts: int
    campaigns: int
    accounts: list[str]
    score: Score | None = None


@click.command("backtest", context_settings=command_settings())
@click.argument("events", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--config",
    "configs",
    multiple=True,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Detector specification (YAML); repeat it to compare with the first.",
)
@click.option(
    "--labels",
    "labels_path",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with accounts.jsonl, campaigns.jsonl and attack_events.csv.gz: score the alerts too.",
)
@json_option
def command(events: tuple[Path, ...], configs: tuple[Path, ...], labels_path: Path | None, as_json: bool) -> None:
    """Compare detector specifications on recorded EVENTS (JSON lines, .gz too).

    Each specification sees the events as the running service would. Shown are alerts, accounts named and, with labels,
    how much leaked and how many honest accounts were named; then who is named by one and not by the first. Exits 1
    when there are messages and no event can be read from them.
    """
    try:
        specs = [(str(path), load_spec(path)) for path in configs]
        outcomes = [_run(name, spec, events, labels_path) for name, spec in specs]
    except (SpecError, LabelsError, UnreadableFileError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(msgspec.json.encode({"outcomes": outcomes, "differences": _differences(outcomes)}))
        return
    for line in _table(outcomes):
        click.echo(line)
    for difference in _differences(outcomes):
        click.echo(f"\n{difference['config']} against {outcomes[0].config}")
        click.echo(f"  also names      {_names(difference['added'])}")
        click.echo(f"  no longer names {_names(difference['removed'])}")


def _run(name: str, spec: DetectorSpec, events: tuple[Path, ...], labels_path: Path | None) -> Outcome:
    labels = load_labels(labels_path) if labels_path else None
    replay = Replay(Settings(), spec)
    alerts = list(replay.alerts(_seen(shown_lines(EventFiles(events), Path(name).name), labels)))
    if complaint := replay.summary.complaint:
        raise click.ClickException(complaint)
    return outcome_of(name, spec, replay, alerts, labels)


def _seen(lines: Iterable[bytes], labels: Labels | None) -> Iterator[bytes]:
    for line in lines:
        if labels is not None:
            labels.see(line)
        yield line


def outcome_of(name: str, spec: DetectorSpec, replay: Replay, alerts: list[Alert], labels: Labels | None) -> Outcome:
    """Sum up a finished replay."""
    return Outcome(
        config=name,
        spec_fingerprint=spec.fingerprint,
        observed=replay.summary.observed,
        refused=sum(replay.summary.refused.values()),
        publications=len(alerts),
        alerts=len({alert.alert_id for alert in alerts}),
        campaigns=len({alert.alert_id for alert in alerts if alert.kind == "campaign"}),
        accounts=sorted(named_accounts(alerts)),
        score=None if labels is None else score(labels, alerts),
    )


def _differences(outcomes: list[Outcome]) -> list[dict[str, str | list[str]]]:
    first = set(outcomes[0].accounts)
    return [
        {"config": o.config, "added": sorted(set(o.accounts) - first), "removed": sorted(first - set(o.accounts))}
        for o in outcomes[1:]
    ]


def _table(outcomes: list[Outcome]) -> Iterator[str]:
    rows: list[tuple[str, list[str]]] = [
        ("", [o.config for o in outcomes]),
        ("events observed", [f"{o.observed:,}" for o in outcomes]),
        ("refused", [f"{o.refused:,}" for o in outcomes]),
        ("alerts", [f"{o.alerts:,}" for o in outcomes]),
        ("  of campaigns", [f"{o.campaigns:,}" for o in outcomes]),
        ("publications", [f"{o.publications:,}" for o in outcomes]),
        ("accounts named", [f"{len(o.accounts):,}" for o in outcomes]),
    ]
    scores = [o.score for o in outcomes if o.score is not None]
    if scores:
        rows += _score_rows(scores)
    widths = [max(len(row[1][column]) for row in rows) for column in range(len(outcomes))]
    for title, cells in rows:
        yield f"{title:<24}" + "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _score_rows(scores: list[Score]) -> Iterator[tuple[str, list[str]]]:
    yield "leaked", [f"{s.leaked:.1%}" for s in scores]
    for family in scores[0].leaked_by_family:
        yield f"  {family}", [f"{s.leaked_by_family[family]:.1%}" for s in scores]
    yield "campaigns found", [f"{round(s.found * s.campaigns)} of {s.campaigns}" for s in scores]
    yield "honest accounts named", [f"{len(s.false_accounts)}" for s in scores]
    yield "  per 1,000 days", [f"{s.false_per_1000:.2f}" for s in scores]


def _names(accounts: str | list[str]) -> str:
    if not accounts:
        return "nobody"
    more = f" and {len(accounts) - _NAMED_ACCOUNTS} more" if len(accounts) > _NAMED_ACCOUNTS else ""
    return f"{len(accounts)}: {', '.join(map(one_line, accounts[:_NAMED_ACCOUNTS]))}{more}"
