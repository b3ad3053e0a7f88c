"""Draws follow the distributions they name."""

from random import Random
from statistics import fmean, median, pvariance

import pytest

from traffic.random_draws import log_normal, pick, poisson, stream

DRAWS = 20_000


@pytest.mark.parametrize("mean", [0.3, 4.0, 39.0, 41.0, 900.0])
def test_poisson_counts_have_mean_and_variance_of_a_poisson_distribution(mean: float) -> None:
    """Both equal the parameter, on either side of the switch to the normal approximation."""
    rng = Random(1)
    counts = [poisson(rng, mean) for _ in range(DRAWS)]

    # Five standard errors: of the mean sqrt(m/n), of the variance about m * sqrt(2/n) plus that of small means.
    assert abs(fmean(counts) - mean) < 5 * (mean / DRAWS) ** 0.5
    assert abs(pvariance(counts) - mean) < 5 * mean * (2 / DRAWS) ** 0.5 + 5 * (mean / DRAWS) ** 0.5


def test_a_mean_of_nothing_gives_no_counts() -> None:
    """Zero and negative means are no error and draw zero."""
    assert {poisson(Random(1), mean) for mean in (0.0, -1.0)} == {0}


def test_half_of_the_log_normal_draws_lie_below_the_median() -> None:
    """The parameter is the median, not the mean."""
    rng = Random(2)
    drawn = [log_normal(rng, 12.0, 0.8) for _ in range(DRAWS)]

    assert abs(sum(value < 12.0 for value in drawn) / DRAWS - 0.5) < 0.02
    assert abs(median(drawn) - 12.0) < 0.4


def test_every_item_is_picked_equally_often() -> None:
    """The fast pick favours neither end."""
    rng = Random(3)
    picked = [pick(rng, "abcd") for _ in range(DRAWS)]

    assert all(abs(picked.count(item) / DRAWS - 0.25) < 0.02 for item in "abcd")


def test_a_stream_depends_on_its_names_only() -> None:
    """Equal names repeat the draws; any other name gives others."""
    assert stream(1, "a").random() == stream(1, "a").random()
    assert (
        len({stream(1, "a").random(), stream(2, "a").random(), stream(1, "b").random(), stream(1, "a", 0).random()})
        == 4
    )
