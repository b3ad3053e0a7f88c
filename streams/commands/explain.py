"""``stillwatch explain``: why an alert was raised, or what is known about an account."""

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from schemas.alert import Alert, decode_alert, encode_alert
from streams.commands.explanation import explanation
from streams.commands.options import command_settings, json_option
from streams.commands.progress_bar import shown_lines
from streams.event_files import EventFiles, UnreadableFileError
from streams.settings import Settings
from streams.topics import topic_name


@click.command("explain", context_settings=command_settings())
@click.argument("subject", metavar="ALERT|ACCOUNT")
@click.option(
    "--alerts",
    "alerts_path",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Read alerts from this file (JSON lines, .gz too).  [default: the alert topic]",
)
@json_option
def command(subject: str, alerts_path: Path | None, as_json: bool) -> None:
    """Explain an alert, or all alerts of an account.

    Shows what was observed beside what was to be expected, what harmless cause would look the same, and how the alert
    went on. Exits 1 when there is none.
    """
    try:
        histories = related(read_alerts(alerts_path), subject)
    except UnreadableFileError as error:
        raise click.ClickException(str(error)) from error
    if not histories:
        raise click.ClickException(f"no alert has the id or names the account {subject}")
    if as_json:
        click.echo(msgspec.json.encode([[msgspec.Raw(encode_alert(a)) for a in versions] for versions in histories]))
        return
    click.echo("\n\n".join(explanation(versions, subject) for versions in histories))


def related(alerts: Iterator[Alert], subject: str) -> list[list[Alert]]:
    """Return the versions of every alert with this id or that ever named this account; the latest alert first."""
    versions: dict[str, dict[int, Alert]] = {}
    wanted: set[str] = set()
    for alert in alerts:
        versions.setdefault(alert.alert_id, {})[alert.version] = alert
        if subject == alert.alert_id or subject in alert.account_ids:
            wanted.add(alert.alert_id)
    found = [[known[number] for number in sorted(known)] for alert_id, known in versions.items() if alert_id in wanted]
    return sorted(found, key=lambda history: (history[-1].raised_at, history[-1].alert_id), reverse=True)


def read_alerts(path: Path | None) -> Iterator[Alert]:
    """Yield alerts from a file, or all that the alert topic holds; what is no alert is passed over and told."""
    unreadable = 0
    for raw in shown_lines(EventFiles([path]), "reading") if path else _from_topic():
        try:
            yield decode_alert(raw)
        except ValueError:
            unreadable += 1
    if unreadable:
        click.echo(f"{unreadable} lines are no alerts and were passed over", err=True)


def _from_topic() -> Iterator[bytes]:
    from streams.alert_feed import AlertFeed

    settings = Settings()
    with AlertFeed(settings, topic_name(settings, "alerts"), is_from_beginning=True) as feed:
        while not feed.is_caught_up:
            yield from feed.poll()
