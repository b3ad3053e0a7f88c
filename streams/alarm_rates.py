"""How often alerts open beside how often the specification lets honest accounts and groups be named.

The service cannot know who is honest, so it counts every alert as false until a reviewer confirms it or another alert
takes it up: what it reports is the worst that the rate of false alarms can be, and it comes down to that rate as
reviewers confirm. Counted are the last 28 days of event time that are over.
"""

import math
from zlib import crc32

import msgspec
import structlog

from detectors.case import ROLLUP_ID
from detectors.spec import DetectorSpec
from detectors.windows import DAY_MS
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert
from schemas.times import epoch_ms
from streams import metric_defs

log = structlog.get_logger()

WINDOW_DAYS = 28
_BITS = 1 << 17
_KINDS = ("account", "campaign")


class RolledUp(msgspec.Struct):
    """How many accounts one roll-up ever had, has now, and had when they were settled."""

    ever: int = 0
    accounts: int = 0
    settled: int = 0

    @property
    def unsettled(self) -> int:
        """Accounts that count as alerts."""
        return self.ever - self.settled


class Day(msgspec.Struct):
    """One day that is over: accounts active in it, unsettled alerts opened in it by kind, and its roll-ups."""

    accounts: int = 0
    alerts: dict[str, int] = {}
    rolled_up: dict[str, RolledUp] = {}


class Interval(msgspec.Struct, frozen=True):
    """Days per alert of one kind: account-days for accounts, days of the deployment for campaigns.

    Parameters
    ----------
    observed
        Days in the window.
    alerts
        Alerts opened in it that are not settled.
    asked_for
        What the specification says.
    """

    observed: float
    alerts: int
    asked_for: float

    @property
    def realised(self) -> float:
        """Days per alert; without any alert, the days observed: it is at least that."""
        return self.observed / max(1, self.alerts)


class AlarmRates(msgspec.Struct):
    """Active accounts and opened alerts by day; about 16 KiB for each day that is not over.

    Accounts of a day are counted by linear counting (Whang, Vander-Zanden and Taylor, TODS 1990): within one per cent
    up to half a million, and whatever arrives twice counts once.
    """

    days: dict[int, Day] = {}
    active: dict[int, bytearray] = {}
    settled: dict[str, int] = {}
    """Alerts that were confirmed or taken up by others, with the day on which they had opened."""

    def see(self, bucket: AccountBucket) -> None:
        """Count the account as active on the day of its bucket."""
        day = bucket.start_ms // DAY_MS
        bits = self.active.get(day)
        if bits is None:
            bits = self.active[day] = bytearray(_BITS // 8)
        place = crc32(bucket.account_id.encode()) % _BITS
        bits[place >> 3] |= 1 << (place & 7)

    def count(self, alert: Alert) -> None:
        """Count an alert that opens; take back one that a reviewer confirms or that another alert takes up."""
        day = epoch_ms(alert.opened_at) // DAY_MS
        if alert.alert_id.startswith(ROLLUP_ID):
            self._count_rollup(day, alert)
            return
        if alert.status == "open":
            self._add(day, alert.kind, 1)
        # Only what a reviewer confirmed is ever to be suspended.
        is_settled = alert.status == "superseded" or alert.recommended_action.type == "suspend"
        if is_settled and alert.alert_id not in self.settled:
            self.settled[alert.alert_id] = day
            self._add(day, alert.kind, -1)

    def _count_rollup(self, day: int, alert: Alert) -> None:
        """Count every account that the roll-up ever had, except those that it had when it was settled.

        Without the budget each would have an alert of its own. One that has left counts too: it may have been judged
        benign, and then it was a false alarm.
        """
        known = self.days.setdefault(day, Day()).rolled_up.setdefault(alert.alert_id, RolledUp())
        before, accounts = known.unsettled, len(alert.account_ids)
        known.ever += max(0, accounts - known.accounts)
        known.accounts = accounts
        if alert.status == "superseded" or alert.recommended_action.type == "suspend":
            known.settled = max(known.settled, accounts)
        self._add(day, "account", known.unsettled - before)

    def _add(self, day: int, kind: str, count: int) -> None:
        alerts = self.days.setdefault(day, Day()).alerts
        alerts[kind] = max(0, alerts.get(kind, 0) + count)

    def close(self, watermark_ms: int, bucket_ms: int) -> list[int]:
        """End the days of which no bucket can come any more, forget those before the window; returns the ended ones.

        A bucket counts for the day on which it began, and may reach into the next.
        """
        today = (watermark_ms - bucket_ms) // DAY_MS
        ended = sorted(day for day in self.active if day < today)
        for day in ended:
            self.days.setdefault(day, Day()).accounts = _distinct(self.active.pop(day))
        if ended:
            self.days = {day: found for day, found in self.days.items() if day >= today - WINDOW_DAYS}
            self.settled = {alert_id: day for alert_id, day in self.settled.items() if day >= today - WINDOW_DAYS}
        return ended

    def intervals(self, spec: DetectorSpec) -> dict[str, Interval]:
        """Account-days per account alert and days per campaign alert, over the days that are over."""
        over = [found for found in self.days.values() if found.accounts]
        alerts = {kind: sum(found.alerts.get(kind, 0) for found in over) for kind in _KINDS}
        asked_for = spec.false_alarms
        return {
            "account": Interval(
                sum(found.accounts for found in over), alerts["account"], asked_for.account_days_per_false_alarm
            ),
            "campaign": Interval(len(over), alerts["campaign"], asked_for.days_per_false_campaign),
        }


def _distinct(bits: bytearray) -> int:
    """Estimate how many accounts set the bits."""
    free = _BITS - int.from_bytes(bits, "big").bit_count()
    return round(_BITS * math.log(_BITS / max(1, free)))


def log_rates(rates: AlarmRates, spec: DetectorSpec) -> None:
    """Log one line: realised beside asked for."""
    found = rates.intervals(spec)
    accounts, campaigns = found["account"], found["campaign"]
    log.info(
        "alarms.rate",
        days=campaigns.observed,
        account_days=accounts.observed,
        account_alerts=accounts.alerts,
        account_days_per_alert=round(accounts.realised, 1),
        account_days_asked_for=accounts.asked_for,
        campaign_alerts=campaigns.alerts,
        days_per_campaign_alert=round(campaigns.realised, 1),
        days_asked_for=campaigns.asked_for,
    )


def measure_rates(rates: AlarmRates | None, spec: DetectorSpec) -> None:
    """Set the gauges; ``None`` clears them, since another worker has the partition now."""
    metric_defs.ALARM_OBSERVED.clear()
    metric_defs.ALARM_INTERVAL.clear()
    metric_defs.UNSETTLED_ALERTS.clear()
    if rates is None:
        return
    for kind, found in rates.intervals(spec).items():
        metric_defs.ALARM_OBSERVED.labels(kind).set(found.observed)
        metric_defs.UNSETTLED_ALERTS.labels(kind).set(found.alerts)
        metric_defs.ALARM_INTERVAL.labels(kind, "asked_for").set(found.asked_for)
        if found.observed:
            metric_defs.ALARM_INTERVAL.labels(kind, "realised").set(found.realised)
