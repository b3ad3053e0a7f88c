"""When requests are made: the hours of a day and a week, and the sittings within them."""

import math
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from traffic.limits import FOREVER_DAYS, check_named, check_within
from traffic.random_draws import log_normal, poisson

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

_NIGHT_OWL_HOURS = 5
_SHAPES: dict[str, tuple[tuple[float, ...], float]] = {
    # Weight of each local hour, and the share of a weekday's activity that a weekend day has.
    "evening": ((2, 1, 0.5, 0.3, 0.3, 0.5, 1.5, 3, 4, 4, 4, 4.5, 5, 4.5, 4, 4, 5, 6, 8, 10, 11, 11, 8, 4), 1.1),
    "office": (
        (0.1, 0.05, 0.05, 0.05, 0.1, 0.3, 1, 4, 9, 12, 12, 10, 6, 9, 11, 10, 8, 5, 2, 1, 0.8, 0.6, 0.3, 0.2),
        0.12,
    ),
    "always": ((1,) * 24, 1.0),
    "busy_hours": ((2, 1.5, 1.2, 1, 1, 1.5, 3, 5, 8, 10, 10, 10, 9, 9, 10, 10, 9, 8, 7, 7, 6, 5, 4, 3), 0.6),
}
BATCH_RHYTHMS = ("nightly", "weekly", "once")
RHYTHMS = (*_SHAPES, *BATCH_RHYTHMS)
_CUMULATED = {name: list(accumulate(weights)) for name, (weights, _) in _SHAPES.items()}


@dataclass(frozen=True, slots=True)
class Activity:
    """How much an account does, and when.

    Parameters
    ----------
    rhythm
        ``evening``, ``office``, ``busy_hours`` (many people's day), ``always`` (no night), or a batch that starts at
        ``batch_hour``: ``nightly``, ``weekly``, ``once`` (on the first day of the activity).
    requests_per_day
        Median over accounts of an account's mean on an active day; ``spread`` is the standard deviation of its
        logarithm. Real users differ by a factor of e and more.
    active_share
        Chance that a day is active, 0..1.
    sitting
        Mean requests in one sitting; 1 means that requests come one by one.
    gap_seconds
        Median pause within a sitting or a batch.
    noise, autocorrelation
        Log standard deviation of the daily level, and how much of it the next day keeps, 0..1.
    burst_share, burst_factor
        Chance that a day is a burst, and how many times the usual it then is.
    growth_per_day
        0.05: five per cent more each day.
    first_day, last_day
        Days after the scenario's start, fractions allowed; None: until the end.
    arrive_over_days
        Accounts begin one after another over so many days after the first.
    """

    rhythm: str = "evening"
    requests_per_day: float = 4.0
    spread: float = 1.0
    active_share: float = 0.6
    sitting: float = 3.0
    gap_seconds: float = 70.0
    noise: float = 0.4
    autocorrelation: float = 0.5
    burst_share: float = 0.01
    burst_factor: float = 3.0
    growth_per_day: float = 0.0
    first_day: float = 0.0
    last_day: float | None = None
    arrive_over_days: float = 0.0
    batch_hour: float = 2.0

    def __post_init__(self) -> None:
        check_named("rhythm", self.rhythm, RHYTHMS)
        check_within(self, requests_per_day=(0, 1_000_000), spread=(0, 10), active_share=(0, 1), sitting=(1, 100_000))
        check_within(self, gap_seconds=(0, 86_400), noise=(0, 10), autocorrelation=(0, 1), burst_share=(0, 1))
        check_within(self, burst_factor=(0, 1_000), growth_per_day=(-1, 10), batch_hour=(0, 24))
        check_within(self, first_day=(-FOREVER_DAYS, FOREVER_DAYS), last_day=(-FOREVER_DAYS, FOREVER_DAYS))
        check_within(self, arrive_over_days=(0, FOREVER_DAYS))


def draw_mean(rng: Random, activity: Activity) -> float:
    """Draw an account's mean rate."""
    return log_normal(rng, activity.requests_per_day, activity.spread)


class Planner:
    """Plans one account's requests day by day.

    ``mean`` is the account's own rate, requests on an active day. ``span_ms`` bounds the activity (from, to; in
    milliseconds since the scenario's start); a sitting that runs past midnight is finished on the next day's plan.
    """

    def __init__(
        self, activity: Activity, mean: float, rng: Random, utc_offset_hours: float, span_ms: tuple[int, int]
    ) -> None:
        self.activity = activity
        self._rng = rng
        self._offset_ms = round(utc_offset_hours * HOUR_MS)
        self._begin_ms, self._end_ms = span_ms
        self._mean = mean
        self._level = rng.gauss(0.0, 1.0)
        self._batch_ms = round((activity.batch_hour + rng.uniform(-0.2, 0.2)) * HOUR_MS)
        self._weekday = int(rng.random() * 7)
        self._carried: list[tuple[int, int]] = []

    def day(self, day_ms: int, weekday: int) -> list[tuple[int, int]]:
        """Return the day's requests, in no order: (milliseconds since the start, place in the sitting, from 0)."""
        planned, self._carried = self._carried, []
        count = self._count(day_ms, weekday)
        if count:
            is_batch = self.activity.rhythm in BATCH_RHYTHMS
            planned += self._batch(day_ms, count) if is_batch else self._sittings(day_ms, count)
        until = day_ms + DAY_MS
        kept = [entry for entry in planned if entry[0] < until]
        if len(kept) < len(planned):
            self._carried = [entry for entry in planned if entry[0] >= until]
        return [entry for entry in kept if self._begin_ms <= entry[0] < self._end_ms]

    def _count(self, day_ms: int, weekday: int) -> int:
        activity, rng = self.activity, self._rng
        kept = activity.autocorrelation
        self._level = kept * self._level + math.sqrt(1.0 - kept * kept) * rng.gauss(0.0, 1.0)
        is_active = rng.random() < activity.active_share
        is_burst = rng.random() < activity.burst_share
        if day_ms + DAY_MS <= self._begin_ms or day_ms >= self._end_ms or not is_active:
            return 0
        if activity.rhythm == "weekly" and weekday != self._weekday:
            return 0
        if activity.rhythm == "once" and not day_ms <= self._begin_ms < day_ms + DAY_MS:
            return 0
        days = max(0.0, (day_ms - self._begin_ms) / DAY_MS)
        mean = self._mean * math.exp(activity.noise * self._level - activity.noise**2 / 2)
        mean *= (1.0 + activity.growth_per_day) ** days
        if is_burst:
            mean *= activity.burst_factor
        if weekday >= _NIGHT_OWL_HOURS and activity.rhythm in _SHAPES:
            mean *= _SHAPES[activity.rhythm][1]
        return poisson(rng, mean)

    def _batch(self, day_ms: int, count: int) -> list[tuple[int, int]]:
        rng, gap_ms = self._rng, self.activity.gap_seconds * 1000.0
        if self.activity.rhythm == "once":
            at = float(self._begin_ms)
        else:
            at = day_ms + (self._batch_ms - self._offset_ms) % DAY_MS + rng.expovariate(1.0 / 120_000)
        planned = []
        for place in range(count):
            planned.append((int(at), place))
            at += rng.expovariate(1.0 / gap_ms)
        return planned

    def _sittings(self, day_ms: int, count: int) -> list[tuple[int, int]]:
        activity, rng = self.activity, self._rng
        cumulated = _CUMULATED[activity.rhythm]
        total, chance = cumulated[-1], 1.0 / activity.sitting
        planned: list[tuple[int, int]] = []
        place = 0
        at = 0.0
        for _ in range(count):
            if place == 0 or rng.random() < chance:
                place = 0
                hour = bisect(cumulated, rng.random() * total)
                at = day_ms + ((hour + rng.random()) * HOUR_MS - self._offset_ms) % DAY_MS
            else:
                at += 1000.0 * log_normal(rng, activity.gap_seconds, 0.9)
            planned.append((int(at), place))
            place += 1
        return planned
