"""Which accounts a run of alerts names, and when: what every score of alerts begins with."""

import bisect
from collections import defaultdict
from collections.abc import Iterable, KeysView

from schemas.alert import Alert
from schemas.times import epoch_ms


class Naming:
    """From when on each account was named, and from when on it was no more.

    An account is named while any alert names it: one that lets it go takes back nothing that another says. A retracted
    alert named nobody rightly, one that went into another leaves the naming to that, and a shadow names nobody. One
    that was resolved or has expired was right, so whom it names last stays named.
    """

    def __init__(self, alerts: Iterable[Alert]) -> None:
        times: defaultdict[str, list[tuple[int, bool]]] = defaultdict(list)
        before: dict[str, tuple[str, ...]] = {}
        naming: defaultdict[str, set[str]] = defaultdict(set)
        for alert in sorted(alerts, key=lambda alert: alert.raised_at):
            names = () if alert.shadow or alert.status in ("retracted", "superseded") else alert.account_ids
            for account_id in {*before.get(alert.alert_id, ())}.difference(names):
                naming[account_id].discard(alert.alert_id)
                times[account_id].append((epoch_ms(alert.raised_at), bool(naming[account_id])))
            for account_id in names:
                naming[account_id].add(alert.alert_id)
                times[account_id].append((epoch_ms(alert.raised_at), True))
            before[alert.alert_id] = names
        self._times = dict(times)

    @property
    def accounts(self) -> KeysView[str]:
        """Accounts that were ever named."""
        return self._times.keys()

    def first_ms(self, account_id: str) -> int:
        """When an account was first named, milliseconds since the epoch; raises ``KeyError`` if it never was."""
        return self._times[account_id][0][0]

    def is_named(self, account_id: str, at_ms: int) -> bool:
        """Whether an account is named at a time, milliseconds since the epoch; the very moment of an alert counts."""
        times = self._times.get(account_id, [])
        number = bisect.bisect_right(times, at_ms, key=lambda time: time[0])
        return number > 0 and times[number - 1][1]
