"""Fading: how much is still remembered of what was counted earlier, and over how many days that was counted.

Whatever is added to a *fading sum* counts 1/e after ``harvest.memory_hours``. A sum is stored as of the time at which
something was last added to it; here it is told what it has come to since.
"""

import math

from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.windows import DAY_MS, HOUR_MS


class Fading:
    """The memory of all fading sums; times are milliseconds since the epoch."""

    def __init__(self, spec: DetectorSpec) -> None:
        self.memory_ms = spec.harvest.memory_hours * HOUR_MS
        self._min_age_ms = spec.groups.min_age_hours * HOUR_MS

    def left(self, since_ms: int, at_ms: int) -> float:
        """Part of a sum as of ``since_ms`` that is left at a time (0 to 1); all of it at any time before."""
        return math.exp(-max(0, at_ms - since_ms) / self.memory_ms)

    def days(self, first_ms: int, at_ms: int) -> float:
        """Days over which a sum that began at ``first_ms`` was counted, as far as they are remembered.

        They are those of ``groups.min_age_hours`` at least, since first minutes give no rate, and never more than those
        of the memory.
        """
        age_ms = max(at_ms - first_ms, self._min_age_ms)
        return self.memory_ms * (1 - math.exp(-age_ms / self.memory_ms)) / DAY_MS

    def fresh(self, state: Suspicion, at_ms: int) -> float:
        """Number of fresh exchanges of an account that are remembered at a time."""
        return state.rate * self.left(state.last_ms, at_ms)

    def exchanges(self, state: Suspicion, at_ms: int) -> float:
        """Number of exchanges of an account, fresh or not, that are remembered at a time."""
        return state.remembered * self.left(state.last_ms, at_ms)

    def fresh_per_day(self, state: Suspicion, at_ms: int) -> float:
        """Fresh exchanges of an account per day, over the time that is remembered."""
        return self.fresh(state, at_ms) / self.days(state.first_ms, at_ms)
