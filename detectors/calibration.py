"""Calibration: how many account-days pass until an honest account begins to reach a score.

What features add up to, the score, is no probability: features depend on each other, and an account that is unusual
stays so for days. So the service counts how often accounts **begin** to reach each of five scores. Reaching one again
within the life of an alert is the same alarm (declustering by runs: Smith and Weissman, Estimating the extremal index,
JRSS B 1994). Between and beyond these scores the logarithm of the rate is a straight line (peaks over a threshold:
Siffer et al., KDD 2017). A rate is its mean under a Gamma prior, the conjugate of Poisson counts; the prior is worth
the same number of runs at each score.

Of the accounts that stand accused, as many count as honest as the operator's knob lets expect. Accounts that abuse the
service unnoticed count as honest too, which errs to the side of silence.
"""

import math

import msgspec

from detectors.windows import NEVER_DAY

_SCORES = (0.2, 2.0, 4.0, 7.0, 10.0)
_PRIOR_NATS = (3.0, 3.75, 4.9, 6.15, 6.8)
"""Logarithms of the account-days until an honest account begins to reach each score, until enough was seen."""
_PRIOR_BEGUN = 18.0
"""Runs that the prior is worth at each score, so that a score that is often reached is soon known."""
_PRIOR_DAYS = tuple(_PRIOR_BEGUN * math.exp(nats) for nats in _PRIOR_NATS)
_HALVE_ABOVE = 200_000.0
_MIN_SLOPE, _MAX_SLOPE = 0.25, 1.5

NEVER_REACHED = tuple(NEVER_DAY for _ in _SCORES)


class Run(msgspec.Struct, array_like=True):
    """Days on which an account last reached each score, and on which it was last accused."""

    days: tuple[int, ...] = NEVER_REACHED
    accused_day: int = NEVER_DAY


class Calibration(msgspec.Struct, array_like=True):
    """Account-days, and how many of them are the first of a run at or above each of five scores (nats)."""

    days: float = 0.0
    begun: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(_SCORES))
    accused: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(_SCORES))
    """Runs of accounts that came to stand accused."""

    def add(self, score: float, day: int, run: Run, run_days: int) -> None:
        """Count the largest score of an account-day, unless the account is accused.

        A run ends after more than ``run_days`` days below its score.
        """
        if day - run.accused_day <= run_days:
            return
        self.days += 1
        begins = [score >= least and day - last > run_days for least, last in zip(_SCORES, run.days, strict=True)]
        self.begun = [count + is_first for count, is_first in zip(self.begun, begins, strict=True)]
        run.days = tuple(day if score >= least else last for least, last in zip(_SCORES, run.days, strict=True))
        if self.days > _HALVE_ABOVE:
            self.days /= 2
            self.begun = [count / 2 for count in self.begun]
            self.accused = [count / 2 for count in self.accused]

    def accuse(self, score: float, day: int, run: Run, run_days: int) -> None:
        """Count the score of an account that stands accused.

        When it comes to stand accused, the runs that were counted for it as honest are counted as an accused one's.
        """
        is_new = day - run.accused_day > run_days
        for number, (least, last_day) in enumerate(zip(_SCORES, run.days, strict=True)):
            is_counted = day - last_day <= run_days
            if is_counted and is_new:
                self.begun[number] = max(0.0, self.begun[number] - 1)
            self.accused[number] += is_new if is_counted else score >= least
        run.days = tuple(day if score >= least else last for least, last in zip(_SCORES, run.days, strict=True))
        run.accused_day = day

    def nats(self, score: float, false_alarm_ratio: float) -> float:
        """Logarithm of the account-days until an honest account begins to reach a score; 0 for a score of 0.

        ``false_alarm_ratio`` is how many honest accounts may be accused per account-day.
        """
        if score <= 0:
            return 0.0
        most = self.days * false_alarm_ratio
        low, from_nats, slope = 0.0, 0.0, _MIN_SLOPE
        for least, begun, accused, prior in zip(_SCORES, self.begun, self.accused, _PRIOR_DAYS, strict=True):
            rate = (begun + min(most, accused) + _PRIOR_BEGUN) / (self.days + prior)
            to_nats = max(from_nats, -math.log(rate))
            slope = (to_nats - from_nats) / (least - low)
            if score <= least:
                return from_nats + slope * (score - low)
            low, from_nats = least, to_nats
        return from_nats + min(_MAX_SLOPE, max(_MIN_SLOPE, slope)) * (score - low)
