"""What a campaign asks: how likely an account's recent requests are drawn from the campaign's list.

p is how often the members' recent slots have an opener, q how often those of all other accounts do. The first use of an
opener counts log(p / q).

Whoever has used an opener uses it again with a chance of about ``_REPEAT_RATIO``, since people and jobs keep to their
subjects (the burstiness of words, Church and Gale 1995). So every further use counts log(p / max(q, that chance)),
which is a loss for all but the most common openers: one narrow subject that the list has too is no likeness.

A member may do other things besides. So the ratio is that of a mixture in which a share of the requests is the
campaign's, averaged over ``_SHARES``. The facets of style (``detectors.style``) are weighed in the same way, as codes
in place of openers. It needs no word list. It is blind to lists that ask what everybody asks.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.vocabulary import Vocabulary, codes_of

_SHARES = (0.3, 0.9)
_SMOOTHING = 40.0
"""Slots of all others that the members' counts are blended with, so that an opener which no member has used yet is not
impossible."""
_REPEAT_RATIO = 0.08
COUNTED_REPEATS = 3
"""Further uses of a code that count."""
LEAST_CODES = 20
"""Codes from which weights are fitted."""

Counts = Mapping[str, int]
"""Codes and how often each is there."""


class Asked(msgspec.Struct, array_like=True, frozen=True):
    """Weights (nats) as a snapshot holds them, one for each of ``_SHARES``.

    ``unseen`` is the weight of any code that no member has used; ``first`` and ``again`` are those of the first and of
    each further use of a code that members have used.
    """

    unseen: tuple[float, float]
    first: dict[str, tuple[float, float]]
    again: dict[str, tuple[float, float]]


class CodeWeights(NamedTuple):
    """Weights (nats) as arrays, one row for each of ``_SHARES``; fields as in ``Asked``."""

    unseen: NDArray[np.float64]
    first: NDArray[np.float64]
    again: NDArray[np.float64]


def fit_asked(recents: Iterable[str], vocabulary: Vocabulary) -> Asked | None:
    """Weights from the recent codes of the members; ``None`` when they are too few."""
    counts = Counter(codes_of("".join(recents), vocabulary.chars))
    used = np.array(list(counts.values()), dtype=np.int64)
    heard = np.array([vocabulary.counts[code] for code in counts], dtype=np.int64)
    weights = fit_weights(used, heard - used, vocabulary.total - int(used.sum()))
    if weights is None:
        return None
    low, high = weights.unseen.tolist()
    return Asked((low, high), _by_code(counts, weights.first), _by_code(counts, weights.again))


def fit_weights(used: NDArray[np.int64], theirs: NDArray[np.int64], others: int) -> CodeWeights | None:
    """Weights of codes; ``None`` when the members have used too few to tell.

    For each code, ``used`` is how often members have used it and ``theirs`` how often all others have; ``others`` is
    how many codes all others have used, these and any.
    """
    total = int(used.sum())
    if total < LEAST_CODES:
        return None
    blend = _SMOOTHING / (total + _SMOOTHING)
    p = used / (total + _SMOOTHING)
    q = (np.maximum(0, theirs) + 0.5) / (max(1, others) + 1)
    again = np.minimum(1.0, p / np.maximum(q, _REPEAT_RATIO))
    return CodeWeights(_weights(np.array(blend)), _weights(p / q + blend), _weights(again))


def _weights(ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([np.log(1 - share + share * ratio) for share in _SHARES])


def _by_code(codes: Iterable[str], weights: NDArray[np.float64]) -> dict[str, tuple[float, float]]:
    low, high = weights.tolist()
    return dict(zip(codes, zip(low, high, strict=True), strict=True))


def counted(recent: str, chars: int) -> Counts:
    """How often each of an account's recent codes is among them."""
    return Counter(codes_of(recent, chars))


def asked_nats(model: Asked, counts: Counts) -> float:
    """Logarithm of the likelihood ratio for an account's recent codes (nats).

    Costs one step for each of its codes that members have used too.
    """
    # Written out for both shares: this is what comparing accounts costs most. Sorted: the order of a set must not show.
    shared = sorted(model.first.keys() & counts.keys())
    unseen = len(counts) - len(shared)
    low, high = unseen * model.unseen[0], unseen * model.unseen[1]
    for code in shared:
        first, count = model.first[code], counts[code]
        low += first[0]
        high += first[1]
        if count > 1:
            repeats = min(COUNTED_REPEATS, count - 1)
            again = model.again[code]
            low += repeats * again[0]
            high += repeats * again[1]
    best = max(low, high)
    return best + math.log((math.exp(low - best) + math.exp(high - best)) / 2)
