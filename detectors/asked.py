"""What a campaign asks: how likely an account's recent requests are drawn from the campaign's list.

p is how often the members' recent slots have an opener, q how often those of all other accounts do. The first use of an
opener counts log(p / q). An account that has used an opener uses it again with a chance of about ``_REPEAT_RATIO``,
whoever it is (people and jobs keep to their subjects: the burstiness of words, Church and Gale 1995), so every further
use counts log(p / max(q, that chance)), which is a loss for all but the most common openers: one narrow subject that
the list has too is no likeness. A member may do other things besides; so the ratio is that of a mixture in which a
share of the requests is the campaign's, averaged over ``_SHARES``. It needs no word list and is blind to lists that ask
what everybody asks.
"""

import math
from collections import Counter
from collections.abc import Iterable

import msgspec

from detectors.vocabulary import Vocabulary, openers_of

_SHARES = (0.3, 0.9)
_SMOOTHING = 40.0
"""Slots of the rest that the members' counts are blended with: openers no member has used yet are not impossible."""
_REPEAT_RATIO = 0.08
_COUNTED_REPEATS = 3
_LEAST_SLOTS = 20


class Asked(msgspec.Struct, array_like=True, frozen=True):
    """Weights in nats for each of ``_SHARES``: of openers that no member used, and of those used, first and again."""

    unseen: list[float]
    first: dict[str, list[float]]
    again: dict[str, list[float]]


def fit_asked(recents: Iterable[str], vocabulary: Vocabulary) -> Asked | None:
    """Weights from the recent slots of the members; ``None`` when they are too few."""
    used: Counter[str] = Counter()
    for recent in recents:
        used.update(openers_of(recent))
    total = used.total()
    if total < _LEAST_SLOTS:
        return None
    blend = _SMOOTHING / (total + _SMOOTHING)
    others = max(1, vocabulary.total - total)
    first, again = {}, {}
    for opener, count in used.items():
        p = count / (total + _SMOOTHING)
        q = (max(0, vocabulary.counts[opener] - count) + 0.5) / (others + 1)
        first[opener] = _weights(p / q + blend)
        again[opener] = _weights(min(1.0, p / max(q, _REPEAT_RATIO)))
    return Asked(_weights(blend), first, again)


def _weights(ratio: float) -> list[float]:
    return [math.log(1 - share + share * ratio) for share in _SHARES]


def asked_nats(model: Asked, recent: str) -> float:
    """Logarithm of the likelihood ratio for an account's recent slots; one step for each opener."""
    sums = [0.0] * len(_SHARES)
    for opener, count in Counter(openers_of(recent)).items():
        first = model.first.get(opener)
        if first is None:
            sums = [total + weight for total, weight in zip(sums, model.unseen, strict=True)]
            continue
        repeats = min(_COUNTED_REPEATS, count - 1)
        again = model.again[opener]
        sums = [total + weight + repeats * more for total, weight, more in zip(sums, first, again, strict=True)]
    best = max(sums)
    return best + math.log(math.fsum(math.exp(total - best) for total in sums) / len(sums))
