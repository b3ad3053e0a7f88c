"""A gap: some accounts use a link evenly and far more than everybody else on it, and hardly any are in between.

Wording that everybody uses now and then hides a campaign that has made it its own: its accounts are few among those on
the link. But honest rates fall off steadily. If they follow a Pareto law of index s, take two neighbouring intervals of
the logarithm of the rate, each ``_WIDTH`` wide: of the accounts in both, the upper one holds the share
p = 1 / (1 + exp(s * _WIDTH)) on average. Of n accounts in both, c or more are in the upper one with a chance of at most
exp(-n * KL(c / n, p)) (Chernoff 1952; Hoeffding 1963), where KL is the divergence of two coins. The evidence is minus
the logarithm of that chance, less the logarithm of the number of places looked at (Bonferroni).

It is blind to campaigns that fill the gap with slower accounts, and to links that few others use: those are for
``detectors.even_load``.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import msgspec

_WIDTH = 1.0
_MOST_BETWEEN_RATIO = 0.25
"""Accounts in the gap for each above it, at most: more are a slope, no gap."""


class Gap(msgspec.Struct, frozen=True):
    """Evidence (nats) that the accounts from the rate ``low`` to ``high`` are apart; rates as they were given."""

    nats: float
    low: float
    high: float


def find_gap(
    rates: Iterable[float], slope: float, least_rate: float, min_accounts: int, most_ratio: float = 1.0
) -> Gap | None:
    """Return the gap with most evidence above which there are enough accounts; ``None`` when there is none.

    ``slope`` is the index of the Pareto law of honest rates; no account below ``least_rate`` is above a gap. At most
    the share ``most_ratio`` of all accounts is in the gap or above.
    """
    ordered = sorted(rates)
    first = bisect_left(ordered, least_rate)
    places = len(ordered) - first
    share = 1 / (1 + math.exp(slope * _WIDTH))
    best: Gap | None = None
    for at in range(first, len(ordered) - min_accounts + 1):
        low, high = ordered[at], ordered[at] * math.exp(_WIDTH)
        above = bisect_right(ordered, high) - at
        below = bisect_left(ordered, low * math.exp(-_WIDTH))
        between = at - below
        if above < min_accounts or between > _MOST_BETWEEN_RATIO * above:
            continue
        if len(ordered) - below > most_ratio * len(ordered):
            continue
        nats = _chernoff_nats(above, above + between, share) - math.log(places)
        if best is None or nats > best.nats:
            best = Gap(nats, low, high)
    return best


def _chernoff_nats(hits: int, of: int, share: float) -> float:
    """Minus the logarithm of a bound on the chance of so many hits or more.

    ``share`` is the chance of each. 0 where there are no more hits than are to be expected.
    """
    ratio = hits / of
    if ratio <= share:
        return 0.0
    misses = (1 - ratio) * math.log((1 - ratio) / (1 - share)) if hits < of else 0.0
    return of * (ratio * math.log(ratio / share) + misses)
