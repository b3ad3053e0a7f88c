"""Traits: how an account's client is set up, and where it is.

Accounts of one campaign run one program: they often share a client, its parameters, a system prompt or a network, each
of which strangers share too. For each trait of an account, the evidence is the logarithm of how much more frequent the
trait is among the members than among all others that are active now. A habit that is common in a deployment is no
evidence in it.

Clients are changed easily, and members that were found by a shared configuration all have it, so part of
a campaign may be set up otherwise: ``_OTHERWISE_RATIO`` of the members altogether, ``_DEVIATION_RATIO`` in each trait.
"""

import math
from collections import Counter
from collections.abc import Iterable

import msgspec

from detectors.suspicion import Suspicion

_PARTS = 1_000
_SMOOTHING = 3.0
_DEVIATION_RATIO = 0.1
_OTHERWISE_RATIO = 0.2
_MAX_NATS = 50.0


class Traits(msgspec.Struct, array_like=True, frozen=True):
    """Weight of each trait that members have, and of any other (nats)."""

    weights: dict[str, float]
    unseen: float


class TraitCounts:
    """How many accounts have each trait, in thousandths: an account that changes has each of its traits in part."""

    def __init__(self, states: Iterable[Suspicion]) -> None:
        self.parts: Counter[str] = Counter()
        self.accounts = 0
        for state in states:
            if state.trait_buckets:
                self.accounts += 1
                # Whole numbers: the order of accounts in memory must not show.
                for trait, count in state.traits.items():
                    self.parts[trait] += count * _PARTS // state.trait_buckets


def fit_traits(members: TraitCounts, others: TraitCounts) -> Traits:
    """Weights from the members' traits and those of others."""
    size = members.accounts + _SMOOTHING
    weights = {}
    for trait, parts in sorted(members.parts.items()):
        q = (others.parts[trait] / _PARTS + 0.5) / (others.accounts + 1)
        weights[trait] = _weight((parts / _PARTS + _SMOOTHING * q) / size / q)
    return Traits(weights, _weight(_SMOOTHING / size))


def _weight(ratio: float) -> float:
    return math.log(_DEVIATION_RATIO + (1 - _DEVIATION_RATIO) * ratio)


def traits_nats(model: Traits, state: Suspicion, cap: float) -> float:
    """Logarithm of the likelihood ratio for an account, at most ``cap``; 0 while nothing is known of it."""
    if not state.trait_buckets:
        return 0.0
    total = sum(
        model.weights.get(trait, model.unseen) * count / state.trait_buckets
        for trait, count in sorted(state.traits.items())
    )
    total = max(-_MAX_NATS, min(cap, total))
    return math.log((1 - _OTHERWISE_RATIO) * math.exp(total) + _OTHERWISE_RATIO)
