"""An alert explained to a reviewer: what, whom, why, what to do, how it went on."""

import click

from schemas.alert import Alert
from streams.commands.alert_text import SEVERITY_COLOURS, moment, names, one_line

_COLUMNS = ("evidence", "observed", "usual", "unit", "weight")


def explanation(versions: list[Alert], subject: str) -> str:
    """Explain an alert from its versions in order, to somebody who asked about ``subject``."""
    alert = versions[-1]
    return "\n".join(
        [*_heading(alert), *_accounts(alert, subject), "", *_evidence_table(alert), "", *_course(versions)]
    )


def _heading(alert: Alert) -> list[str]:
    action = alert.recommended_action
    duration = "" if action.duration_seconds is None else f" for {_duration(action.duration_seconds)}"
    tokens = "" if alert.output_tokens is None else f", {alert.output_tokens:,} output tokens"
    shadow = " SHADOW: not to be acted on." if alert.shadow else ""
    sureness = f"{alert.status}, {alert.severity}, confidence {alert.confidence:.2f}"
    title = f"{alert.kind.capitalize()} alert {alert.alert_id}: {sureness}"
    return [
        click.style(title, bold=True, fg=SEVERITY_COLOURS[alert.severity]),
        f"  {one_line(alert.summary)}{shadow}",
        f"  do         {action.type} {action.scope}{duration}: {action.rationale}",
        f"  rests on   {alert.exchanges:,} exchanges{tokens}; score {alert.score:.1f}",
        f"  raised by  specification {alert.spec.name} {alert.spec.version} ({alert.spec.fingerprint})",
    ]


def _accounts(alert: Alert, subject: str) -> list[str]:
    lines = [f"  accounts   {names(alert.account_ids)}"]
    if subject != alert.alert_id and subject not in alert.account_ids:
        lines.append(f"             {one_line(subject)} was named earlier and is no longer")
    return lines


def _evidence_table(alert: Alert) -> list[str]:
    rows = [
        (
            f"{entry.detector}: {entry.feature}",
            f"{entry.observed:.4g}",
            "-" if entry.baseline is None else f"{entry.baseline:.4g}",
            entry.unit,
            f"{entry.weight:+.1f}",
        )
        for entry in alert.evidence
    ]
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *rows, strict=True)]
    lines = [_row(_COLUMNS, widths)]
    for entry, row in zip(alert.evidence, rows, strict=True):
        lines.append(_row(row, widths))
        lines += [f"    means     {one_line(entry.explanation)}"] if entry.explanation else []
        lines += [f"    harmless  {one_line(entry.benign_explanation)}"] if entry.benign_explanation else []
    return lines


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    # Text to the left, figures to the right.
    aligned = [
        cell.ljust(width) if at in (0, 3) else cell.rjust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  " + "  ".join(aligned)


def _course(versions: list[Alert]) -> list[str]:
    return [
        "  course",
        *(f"    v{alert.version:<3} {moment(alert.raised_at)}  {_happening(alert)}" for alert in versions),
    ]


def _happening(alert: Alert) -> str:
    into = f" by {alert.superseded_by}" if alert.superseded_by else ""
    accounts = f"{len(alert.account_ids)} account{'s' * (len(alert.account_ids) > 1)}"
    until = f", stands until {moment(alert.expires_at)}" if alert.is_active else ""
    return f"{alert.status}{into}: {accounts}, {alert.exchanges:,} exchanges{until}"


def _duration(seconds: int) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
