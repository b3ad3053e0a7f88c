"""What the demo shows of alerts: a line when something changes for a person who looks on."""

import click

from schemas.alert import Alert
from streams.commands.alert_text import SEVERITY_COLOURS, moment, names
from streams.labels import Labels, named_accounts, score

_NOTABLE_GROWTH = 1.5
"""A campaign is shown again when it names half as many accounts more."""
_VERBS = {"open": "found", "updated": "grew", "resolved": "ended", "expired": "expired", "retracted": "withdrawn"}


class Screen:
    """Prints alerts as they come and sums them up."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self._alerts: list[Alert] = []
        self._shown: dict[str, int] = {}

    def take(self, alert: Alert) -> None:
        """Take in a publication; print it if it is news."""
        self._alerts.append(alert)
        if alert.status == "open":
            self.opened.append(alert.alert_id)
        shown = self._shown.get(alert.alert_id, 0)
        if alert.status == "superseded" or (
            alert.status == "updated" and len(alert.account_ids) < shown * _NOTABLE_GROWTH
        ):
            return
        self._shown[alert.alert_id] = len(alert.account_ids)
        severity = click.style(f"{alert.severity:<8}", fg=SEVERITY_COLOURS[alert.severity])
        what = click.style(f"{alert.kind} {_VERBS[alert.status]}", bold=True)
        click.echo(f"{moment(alert.raised_at)}  {severity}  {what}: {names(alert.account_ids)}")
        click.echo(f"{' ' * 19}{alert.summary}")
        if alert.status == "open":
            click.echo(f"{' ' * 19}recommended: {alert.recommended_action.type} ({alert.recommended_action.rationale})")

    def summarise(self, labels: Labels) -> None:
        """Tell how many publications came, and hold them against the labels of the traffic."""
        named = named_accounts(self._alerts)
        judged = score(labels, self._alerts)
        honest = len(judged.false_accounts)
        click.echo(
            f"\n{len(self._alerts)} publications of {len(self.opened)} alerts name {len(named)} accounts: "
            f"{len(named) - honest} in the {len(labels.families)} injected campaigns, "
            f"{honest} of {len(labels.benign)} honest ones."
        )
