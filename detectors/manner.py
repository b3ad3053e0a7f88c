"""The manner of an account: does it wrap its requests, does it ask what a crowd asks, how much a day?

Members of one campaign are alike in this, and few others are like them in all three at once: how few is counted among
the accounts that are active now, so a habit that is common in a deployment is no evidence in it.
"""

import math
from collections import Counter
from collections.abc import Iterable

from detectors.suspicion import Suspicion

_WRAPPED_BOUNDS = (0.3, 0.7)
_CROWD_BOUNDS = (0.3, 0.45)
_RATES = 6
"""Bins of the daily rate, each twice as wide as the one before: below 2, 4, 8, 16, 32 and above."""
_CELLS = 3 * 3 * _RATES
_MEMBER_BLUR, _OTHER_BLUR = 0.25, 0.1
_SMOOTHING = 3.0


def manner_of(state: Suspicion, daily_rate: float) -> int:
    """Number of the cell that an account is in; -1 while it has sent nothing to tell that from."""
    if state.slots <= 0:
        return -1
    wrapped = sum(state.wrapped >= bound * state.slots for bound in _WRAPPED_BOUNDS)
    crowd = sum(state.crowd_ratio >= bound for bound in _CROWD_BOUNDS)
    rate = min(_RATES - 1, int(math.log2(max(1.0, daily_rate))))
    return (wrapped * 3 + crowd) * _RATES + rate


def fit_manner(members: Iterable[int], others: Iterable[int]) -> list[float]:
    """For each cell the logarithm of how much more frequent it is among the members than among others (nats)."""
    inside, outside = _blurred(Counter(members), _MEMBER_BLUR), _blurred(Counter(others), _OTHER_BLUR)
    all_inside, all_outside = math.fsum(inside), math.fsum(outside)
    weights = []
    for mine, theirs in zip(inside, outside, strict=True):
        q = (theirs + 0.5) / (all_outside + 0.5 * _CELLS)
        p = (mine + _SMOOTHING * q) / (all_inside + _SMOOTHING)
        weights.append(math.log(p / q))
    return weights


def _blurred(counts: Counter[int], blur: float) -> list[float]:
    """Accounts per cell, each counted a little in the two neighbouring rates."""
    blurred = []
    for cell in range(_CELLS):
        base, rate = cell - cell % _RATES, cell % _RATES
        slower = counts[base + rate - 1] if rate > 0 else counts[cell]
        faster = counts[base + rate + 1] if rate < _RATES - 1 else counts[cell]
        blurred.append((1 - 2 * blur) * counts[cell] + blur * (slower + faster))
    return blurred
