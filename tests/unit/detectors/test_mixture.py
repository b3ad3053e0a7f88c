"""The mixture of honest use and one even cluster, against a likelihood in plain loops."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.mixture import Cluster, _quantile, find_cluster

SLOPE, LEAST, MOST = 0.8, 0.35, 0.8


def fitted(values: list[float]) -> Cluster:
    """The cluster that is found in values."""
    return find_cluster(np.array(values), SLOPE, LEAST, MOST)


def mixture_nats(values: list[float], cluster: Cluster) -> float:
    """Log likelihood of a mixture over that of honest use alone, one value after the other."""
    total = 0.0
    for x in values:
        honest = SLOPE * math.exp(-SLOPE * x)
        z = (x - cluster.centre) / cluster.spread
        even = math.exp(-z * z / 2) / (cluster.spread * math.sqrt(2 * math.pi))
        total += math.log((1 - cluster.ratio) * honest + cluster.ratio * even) - math.log(honest)
    return total


def honest_rates(chooser: random.Random, size: int) -> list[float]:
    """Logarithms of Pareto rates."""
    return [chooser.expovariate(SLOPE) for _ in range(size)]


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), size=st.integers(6, 60), centre=st.floats(2, 4))
def test_evidence_is_the_penalised_likelihood_ratio(seed: int, size: int, centre: float) -> None:
    """When the fit has settled, its nats are the likelihood ratio of what it found less 3/2 log m."""
    chooser = random.Random(seed)
    values = [max(0.0, chooser.gauss(centre, 0.3)) for _ in range(size)]
    cluster = fitted(values)

    # The nats belong to the step before the last: they lag behind the last one and never exceed it.
    due = mixture_nats(values, cluster) - 1.5 * math.log(size)
    assert due - 0.2 <= cluster.nats <= due + 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_a_cluster_is_found_where_it_is(seed: int) -> None:
    """Thirty evenly loaded members among ten honest ones are found, with centre, share and who they are."""
    chooser = random.Random(seed)
    even = [chooser.gauss(3.5, 0.35) for _ in range(30)]
    cluster = fitted([*even, *(min(x, 2.0) for x in honest_rates(chooser, 10))])

    assert cluster.nats > 10
    assert cluster.centre == pytest.approx(3.5, abs=0.3)
    assert cluster.ratio == pytest.approx(0.75, abs=0.15)
    assert sum(cluster.certainty[:30]) > 27
    assert sum(cluster.certainty[30:]) < 4


def test_honest_use_gives_few_nats() -> None:
    """Pareto samples exceed log 100 less often than one time in 25: the penalty pays for the search."""
    chooser = random.Random(1)
    found = [fitted(honest_rates(chooser, chooser.randrange(6, 60))).nats for _ in range(300)]

    assert sum(nats > math.log(100) for nats in found) <= 12
    assert float(np.median(found)) < 0


@settings(max_examples=50)
@given(values=st.lists(st.floats(0, 20), min_size=3, max_size=40))
def test_every_fit_is_a_mixture(values: list[float]) -> None:
    """Whatever the members do: finite evidence, spread and share within their bounds, certainties that are chances."""
    cluster = fitted(values)

    assert math.isfinite(cluster.nats)
    assert LEAST <= cluster.spread <= MOST
    assert 0.02 <= cluster.ratio <= 0.98
    assert all(0 <= chance <= 1 + 1e-9 for chance in cluster.certainty)


@given(values=st.lists(st.floats(0, 20), min_size=1, max_size=60), ratio=st.sampled_from([0.5, 0.8]))
def test_the_start_is_a_quantile(values: list[float], ratio: float) -> None:
    """Where a fit starts is what numpy calls the quantile, to the last bit."""
    assert _quantile(sorted(values), ratio) == float(np.quantile(np.array(values), ratio))
