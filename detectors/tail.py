"""How rare a value is among honest account-days: an online tail, robust against the few that are not honest.

Each account gives one value per active day, its largest. It is counted how many of these exceed a level that is already
unusual, a quarter of it, and four times it. Between and beyond, the tail is the Pareto law through these points (peaks
over a threshold: Siffer et al., Anomaly detection in streams with extreme value theory, KDD 2017). So the most extreme
values, where campaigns would be, do not shape what they are measured by. Days of members of campaigns count as days
that reach nothing. A prior stands in for what has not been seen yet. Counts fade, so that what was usual years ago is
forgotten.

When more than one or two per cent of all account-days are abusive and unnoticed, the tail becomes too heavy and
detection slower: it errs to the side of silence.
"""

import math

import msgspec

_HALVE_ABOVE = 50_000.0
_PRIOR_LOW_RATIO, _PRIOR_RATIO = 0.1, 0.02
_PRIOR_INDEX = 1.3
_FAR = 4.0
_MIN_INDEX, _MAX_INDEX = 0.6, 1.5


class Tail(msgspec.Struct, array_like=True):
    """Shares of account-days above three levels.

    Parameters
    ----------
    level
        Value that a fiftieth of honest account-days exceed, and a quarter of it a tenth of them, until counts say
        otherwise; in the feature's unit.
    prior_days
        Weight of that assumption, account-days.
    """

    level: float
    prior_days: float
    days: float = 0.0
    above_low: float = 0.0
    above: float = 0.0
    far_above: float = 0.0

    def add(self, value: float) -> None:
        """Count the maximum of one account-day."""
        self.days += 1
        self.above_low += value > self.level / _FAR
        self.above += value > self.level
        self.far_above += value > _FAR * self.level
        if self.days > _HALVE_ABOVE:
            self.days, self.above_low = self.days / 2, self.above_low / 2
            self.above, self.far_above = self.above / 2, self.far_above / 2

    def nats(self, value: float) -> float:
        """Minus the logarithm of the share of account-days with at least this value; 0 for a value of 0.

        From there to a quarter of the level, where nothing is counted, it rises along a straight line.
        """
        if value <= 0:
            return 0.0
        low = self.level / _FAR
        all_days = self.days + self.prior_days
        above = self.above + self.prior_days * _PRIOR_RATIO
        above_low = max(above, self.above_low + self.prior_days * _PRIOR_LOW_RATIO)
        if value <= low:
            return math.log(all_days / above_low) * _step(0.0, value) / _step(0.0, low)
        if value <= self.level:
            reached = _step(low, value) / _step(low, self.level)
            return math.log(all_days / above_low) + reached * math.log(above_low / above)
        step = _step(self.level, _FAR * self.level)
        prior_far = self.prior_days * _PRIOR_RATIO * math.exp(-_PRIOR_INDEX * step)
        index = math.log(above / (self.far_above + prior_far)) / step
        return math.log(all_days / above) + min(_MAX_INDEX, max(_MIN_INDEX, index)) * _step(self.level, value)


def _step(low: float, high: float) -> float:
    """Distance of two values on the scale on which a Pareto tail is a straight line."""
    return math.log((1 + high) / (1 + low))
