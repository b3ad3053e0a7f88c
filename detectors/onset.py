"""Onset: when an account was first seen, beside when the members were.

The accounts of one list are put to work together: when it begins, when it is retargeted, and one in place of another
that is refused. An account was first seen on some half day. The evidence is the logarithm of how much more frequent
that half day is among the members than among all others that are active now. So the first day of a deployment, a launch
or a term, which brings everybody, is no evidence. A program may also use accounts that were there before:
``_OTHERWISE_RATIO`` of the members may have begun at any time. It is blind to accounts that are put to work one by one
over weeks.
"""

import math
from collections import Counter
from collections.abc import Iterable

from detectors.suspicion import Suspicion
from detectors.windows import HOUR_MS

_BIN_MS = 12 * HOUR_MS
_SMOOTHING = 1.5
_OTHERWISE_RATIO = 0.3
_CAP_NATS = 4.0


def onset_of(state: Suspicion) -> int:
    """Number of the half day on which an account was first seen."""
    return state.first_ms // _BIN_MS


def fit_onset(members: Iterable[int], others: Iterable[int]) -> dict[int, float]:
    """Weight of the half days on which members were first seen, and of those next to them (nats)."""
    inside, outside = Counter(members), Counter(others)
    size, all_others = inside.total() + _SMOOTHING, outside.total()
    weights = {}
    for half_day in sorted({at + step for at in inside for step in (-1, 0, 1)}):
        q = (_near(outside, half_day) + 0.5) / (all_others + 1)
        weights[half_day] = _weight((_near(inside, half_day) + _SMOOTHING * q) / size / q)
    return weights


def onset_nats(weights: dict[int, float], state: Suspicion) -> float:
    """Logarithm of the likelihood ratio for an account; 0 where nothing is known of the members."""
    return weights.get(onset_of(state), math.log(_OTHERWISE_RATIO)) if weights else 0.0


def _weight(ratio: float) -> float:
    return min(_CAP_NATS, math.log((1 - _OTHERWISE_RATIO) * ratio + _OTHERWISE_RATIO))


def _near(counts: Counter[int], half_day: int) -> float:
    """Accounts of a half day, each counted half in its own and a quarter in each next to it."""
    return (counts[half_day - 1] + 2 * counts[half_day] + counts[half_day + 1]) / 4
