"""Alerts and consequences as lines for people and for programs."""

import json
from datetime import UTC, datetime

import click

from schemas.alert import Alert
from streams.enforcement import Consequence

SEVERITY_COLOURS = {"low": "white", "medium": "yellow", "high": "red", "critical": "bright_red"}
_NAMED_ACCOUNTS = 3


def consequence_line(consequence: Consequence) -> str:
    """Return one readable line: when, what, whom, how sure, why, until when."""
    alert = consequence.alert
    verb = {
        "enforce": alert.recommended_action.type,
        "keep": f"still {alert.recommended_action.type}",
        "release": "release",
        "watch": f"({'shadow' if alert.shadow else 'expired'}) {alert.recommended_action.type}",
    }[consequence.verb]
    sureness = click.style(f"{alert.severity} {alert.confidence:.2f}", fg=SEVERITY_COLOURS[alert.severity])
    until = f", until {moment(alert.expires_at)}" if consequence.verb in ("enforce", "keep") else ""
    whom = names(consequence.account_ids)
    return (
        f"{moment(alert.raised_at)}  {click.style(f'{verb:<18}', bold=True)}  {whom}  {sureness}  "
        f"{one_line(consequence.reason)}  [{alert.kind} alert {alert.alert_id} v{alert.version}{until}]"
    )


def names(account_ids: tuple[str, ...]) -> str:
    """Name the accounts, or the first few and how many there are."""
    first = ", ".join(map(one_line, account_ids[:_NAMED_ACCOUNTS]))
    return first if len(account_ids) <= _NAMED_ACCOUNTS else f"{len(account_ids)} accounts ({first}, ...)"


def one_line(text: str) -> str:
    """Return a text with escapes for all that would end its line or steer a terminal: others choose ids of accounts."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def moment(instant: datetime) -> str:
    """Format an instant for people, in UTC, to the minute."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def consequence_json(consequence: Consequence) -> str:
    """Return a consequence as one JSON line."""
    alert = consequence.alert
    return json.dumps(
        {
            "decision": consequence.verb,
            "action": alert.recommended_action.type,
            "account_ids": consequence.account_ids,
            "reason": consequence.reason,
            "until": alert.expires_at.isoformat(),
            **identity(alert),
        }
    )


def identity(alert: Alert) -> dict[str, object]:
    """Return what names a publication and says how serious it is."""
    return {
        "alert_id": alert.alert_id,
        "version": alert.version,
        "status": alert.status,
        "kind": alert.kind,
        "severity": alert.severity,
        "confidence": alert.confidence,
        "raised_at": alert.raised_at.isoformat(),
        "shadow": alert.shadow,
    }
