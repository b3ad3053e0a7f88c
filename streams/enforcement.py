"""What every consumer of alerts has to do: the reference, without Kafka and without a clock of its own."""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from schemas.alert import ActionType, Alert

LADDER: tuple[ActionType, ...] = ("observe", "verify", "throttle", "review", "suspend")
"""Actions from the mildest to the strictest; when several alerts name an account the strictest counts."""

Verb = Literal["enforce", "keep", "release", "watch"]


class Enforcement:
    """The newest version of every alert, and what follows from them for an account.

    ``apply`` and ``standing`` are the whole rule: a publication counts if its version is above the one seen for its
    alert; an alert stands while it is open or updated, has not expired and is not a shadow. An account has one alert of
    its own at a time, so of those the latest counts: the compacted topic no longer holds how the one before ended.
    Order of arrival, repeats and gaps change nothing. An alert may be forgotten once the alert topic no longer has it.
    """

    def __init__(self) -> None:
        self._newest: dict[str, Alert] = {}
        self._alerts_of: defaultdict[str, set[str]] = defaultdict(set)

    def apply(self, alert: Alert) -> bool:
        """Take over a publication; ``False`` when it is a repeat or older than what is known."""
        known = self._newest.get(alert.alert_id)
        if known is not None and alert.version <= known.version:
            return False
        self._newest[alert.alert_id] = alert
        for account_id in known.account_ids if known else ():
            self._alerts_of[account_id].discard(alert.alert_id)
        for account_id in alert.account_ids:
            self._alerts_of[account_id].add(alert.alert_id)
        return True

    def standing(self, account_id: str, now: datetime) -> list[Alert]:
        """Return the alerts that name the account and count at this time."""
        alerts = [self._newest[alert_id] for alert_id in self._alerts_of.get(account_id, ())]
        own = max((alert for alert in alerts if alert.kind == "account"), key=_recency, default=None)
        counting = [alert for alert in alerts if alert.kind == "campaign" or alert is own]
        return [alert for alert in counting if alert.is_active and now < alert.expires_at and not alert.shadow]

    def ruling(self, account_id: str, now: datetime) -> Alert | None:
        """Return the alert whose action to take: the strictest, of equals the one that lasts longest."""
        return max(self.standing(account_id, now), key=_strictness, default=None)

    def newest(self, alert_id: str) -> Alert | None:
        """Return the newest version of an alert, ``None`` before its first."""
        return self._newest.get(alert_id)


def _recency(alert: Alert) -> tuple[datetime, bool, str]:
    return alert.raised_at, alert.is_active, alert.alert_id


def _strictness(alert: Alert) -> tuple[int, datetime, str]:
    return LADDER.index(alert.recommended_action.type), alert.expires_at, alert.alert_id


@dataclass(frozen=True)
class Consequence:
    """What changes for some accounts because of one alert.

    ``enforce``: its action begins. ``keep``: it goes on, as a newer version or another alert says. ``release``: no
    alert stands for them any more. ``watch``: nothing is done, for it is a shadow or has expired already.
    """

    verb: Verb
    account_ids: tuple[str, ...]
    alert: Alert
    reason: str


class Enforcer:
    """Turns publications and the passing of time into consequences."""

    def __init__(self) -> None:
        self._state = Enforcement()
        self._expiries: list[tuple[datetime, str, int]] = []
        self.rulings: dict[str, Alert] = {}
        """Accounts for which something is done at present, with the alert that says what."""
        self.stale = 0
        """Publications that were repeats or older than what was known."""

    def apply(self, alert: Alert, now: datetime) -> list[Consequence]:
        """Take over a publication and return what it changes."""
        before = self._state.newest(alert.alert_id)
        if not self._state.apply(alert):
            self.stale += 1
            return []
        heapq.heappush(self._expiries, (alert.expires_at, alert.alert_id, alert.version))
        consequences = self._consequences({*alert.account_ids, *(before.account_ids if before else ())}, now, alert)
        if alert.is_active and (alert.shadow or alert.expires_at <= now):
            consequences.append(Consequence("watch", alert.account_ids, alert, alert.summary))
        return consequences

    def pass_time(self, now: datetime) -> list[Consequence]:
        """Return what changes because alerts have expired by now."""
        consequences: list[Consequence] = []
        while self._expiries and self._expiries[0][0] <= now:
            _, alert_id, version = heapq.heappop(self._expiries)
            alert = self._state.newest(alert_id)
            if alert is not None and alert.version == version:
                consequences += self._consequences(alert.account_ids, now, alert)
        return consequences

    def _consequences(self, account_ids: Iterable[str], now: datetime, cause: Alert) -> list[Consequence]:
        changes: defaultdict[tuple[Verb, str], list[str]] = defaultdict(list)
        alerts = {cause.alert_id: cause}
        for account_id in sorted(account_ids):
            before, after = self.rulings.pop(account_id, None), self._state.ruling(account_id, now)
            if after is not None:
                self.rulings[account_id] = after
                alerts[after.alert_id] = after
            if after is not before:
                changes[_verb(before, after), (after or cause).alert_id].append(account_id)
        return [
            Consequence(verb, tuple(names), alert, _ending(alert, now) if verb == "release" else alert.summary)
            for (verb, alert_id), names in changes.items()
            for alert in [alerts[alert_id]]
        ]


def _verb(before: Alert | None, after: Alert | None) -> Verb:
    if after is None:
        return "release"
    is_same = before is not None and before.recommended_action.type == after.recommended_action.type
    return "keep" if is_same else "enforce"


def _ending(alert: Alert, now: datetime) -> str:
    """Why an alert that was enforced no longer is."""
    if alert.status == "superseded":
        return f"superseded by {alert.superseded_by}"
    if not alert.is_active:
        return alert.status
    if now >= alert.expires_at:
        return "expired"
    return "now a shadow" if alert.shadow else "no longer a member"
