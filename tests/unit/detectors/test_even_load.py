"""Even load told from busy people, against a likelihood in plain loops and over many draws."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.even_load import Bounds, GroupEvidence, even_load, load_above_gap, nats_over_busy
from detectors.mixture import Cluster, find_cluster
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion

SPEC = DetectorSpec()
GROUPS, LEAST_RATE = SPEC.groups, SPEC.groups.least_rate
THRESHOLD_NATS = 5.1
"""Of a new deployment."""


def clusters(rates: list[float]) -> tuple[Cluster, Cluster]:
    """The mixture with an even cluster and the one with a cluster of people."""
    values = np.array([max(0.0, math.log(rate / LEAST_RATE)) for rate in rates])
    even = find_cluster(values, GROUPS.honest_slope, GROUPS.min_spread, GROUPS.max_spread)
    return even, find_cluster(values, GROUPS.honest_slope, GROUPS.busy_spread, math.inf)


def over_busy(rates: list[float]) -> float:
    """What tells accounts with such rates from busy people."""
    return nats_over_busy(GROUPS, rates, clusters(rates)[0].nats, LEAST_RATE)


def log_likelihood(rates: list[float], cluster: Cluster) -> float:
    """Of a mixture with light users, one rate after the other."""
    total = 0.0
    for rate in rates:
        x = max(0.0, math.log(rate / LEAST_RATE))
        light = GROUPS.honest_slope * math.exp(-GROUPS.honest_slope * x)
        z = (x - cluster.centre) / cluster.spread
        many = math.exp(-z * z / 2) / (cluster.spread * math.sqrt(2 * math.pi))
        total += math.log((1 - cluster.ratio) * light + cluster.ratio * many)
    return total


def drawn(chooser: random.Random, accounts: int, spread: float, light: float = 0.0) -> list[float]:
    """Rates around twenty a day, and a share of light users that follow a Pareto law."""
    lights = round(light * accounts)
    busy = [20 * chooser.lognormvariate(0, spread) for _ in range(accounts - lights)]
    return busy + [LEAST_RATE * chooser.paretovariate(GROUPS.honest_slope) for _ in range(lights)]


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32), accounts=st.integers(20, 100), spread=st.floats(0.3, 1.2))
def test_the_evidence_is_the_penalised_ratio_of_two_mixtures(seed: int, accounts: int, spread: float) -> None:
    """When both fits have settled; log 20 less is asked for, since one link in twenty is busy people's."""
    rates = drawn(random.Random(seed), accounts, spread)
    even, people = clusters(rates)

    ratio = log_likelihood(rates, even) - log_likelihood(rates, people)
    assert over_busy(rates) == pytest.approx(ratio - 1.5 * math.log(accounts) + math.log(20), abs=0.5)


@pytest.mark.parametrize("light", [0.0, 0.1, 0.2, 0.3])
@pytest.mark.parametrize("accounts", [20, 40, 100, 400])
def test_busy_people_are_no_campaign(accounts: int, light: float) -> None:
    """They differ by a factor of 2, some use it lightly: at most one draw in fifty is told from them."""
    chooser = random.Random(accounts)
    named = sum(over_busy(drawn(chooser, accounts, 0.7, light)) > THRESHOLD_NATS for _ in range(100))

    assert named <= 2


@pytest.mark.parametrize(("accounts", "least"), [(20, 75), (40, 98), (100, 100)])
def test_an_even_load_is_told_from_busy_people(accounts: int, least: int) -> None:
    """One list spread by hand over accounts: at a spread of 0.35, what chance does to few requests."""
    chooser = random.Random(accounts)
    named = sum(over_busy(drawn(chooser, accounts, 0.35)) > THRESHOLD_NATS for _ in range(100))

    assert named >= least


def test_more_than_a_hundred_accounts_tell_no_more() -> None:
    """How people spread is not known to a tenth, so evidence does not grow without end."""
    rates = drawn(random.Random(3), 100, 0.4)

    assert over_busy(rates) > THRESHOLD_NATS
    assert over_busy(rates * 8) <= over_busy(rates) + 1e-9


@pytest.mark.parametrize(
    ("above", "light", "others", "is_gap"), [(15, 4, 0, True), (15, 4, 1, False), (16, 4, 0, False), (16, 12, 0, True)]
)
def test_above_a_gap_are_no_more_than_two_in_three_of_many(
    above: int, light: int, others: int, *, is_gap: bool
) -> None:
    """Of twenty on a link who are mostly busy few are at the lower end; of nineteen it is not asked.

    Others on it that are left out count.
    """
    rates = [9 + 0.1 * number for number in range(above)] + [0.6] * light
    states = {f"a{number:02d}": Suspicion(0, 0, slots=1.0, popular=0.6) for number in range(len(rates))}

    assert (load_above_gap(GROUPS, dict(zip(states, rates, strict=True)), states, others) is not None) == is_gap


def test_whoever_is_far_above_the_others_above_a_gap_is_not_of_them() -> None:
    """The gap is e wide, and so is what counts as even above it."""
    rates = [9 + 0.1 * number for number in range(12)] + [9.05 * math.e, 60.0, *[0.6] * 30]
    states = {f"a{number:02d}": Suspicion(0, 0, slots=1.0, popular=0.6) for number in range(len(rates))}
    evidence = load_above_gap(GROUPS, dict(zip(states, rates, strict=True)), states)

    assert evidence is not None
    assert evidence.accounts == tuple(f"a{number:02d}" for number in range(12))
    assert evidence.ratio == pytest.approx(12 / 44)
    assert evidence.rate == pytest.approx(math.prod(rates[:12]) ** (1 / 12))


def loaded(
    rates: list[float], crowd: list[float] | None = None, member_rate: float = GROUPS.member_rate
) -> GroupEvidence | None:
    """What accounts with such rates and such popularity of their requests show."""
    ratios = crowd or [0.6] * len(rates)
    states = {f"a{n:02d}": Suspicion(0, 0, slots=10.0, popular=10 * ratio) for n, ratio in enumerate(ratios)}
    bounds = Bounds(LEAST_RATE, GROUPS.min_rate, member_rate, GROUPS.max_spread)
    return even_load(GROUPS, dict(zip(states, rates, strict=True)), states, bounds)


def test_the_smallest_campaign_is_found() -> None:
    """As many accounts as are set, loaded alike, and one of them a little less; with one account less nobody is."""
    rates = [20.0] * (GROUPS.min_accounts - 1) + [15.0]
    evidence = loaded(rates)

    assert evidence is not None
    assert len(evidence.accounts) == GROUPS.min_accounts
    assert loaded(rates[1:]) is None


@pytest.mark.parametrize(("lights", "is_found"), [(6, True), (40, False)])
def test_a_cluster_holds_most_of_a_link(lights: int, is_found: bool) -> None:
    """Twelve loaded alike beside so many light users: at least six in ten of all must be in it."""
    evidence = loaded([20.0] * 12 + [LEAST_RATE * (1 + number % 3) for number in range(lights)])

    assert (evidence is not None) is is_found


def test_nobody_is_named_for_a_job_of_his_own() -> None:
    """However evenly loaded: what counts is whether each asks what a crowd asks."""
    least = GROUPS.job_crowd_ratio
    evidence = loaded([20.0] * 10, [0.6] * 8 + [least, least - 0.01])

    assert evidence is not None
    assert evidence.accounts == tuple(f"a{n:02d}" for n in range(9))
    assert evidence.crowd_ratio == pytest.approx((8 * 0.6 + 2 * least - 0.01) / 10, abs=0.001)


def test_nobody_is_named_for_little() -> None:
    """Two of ten do a little less than is asked of a member, though they are as surely in the cluster."""
    evidence = loaded([20.0] * 7 + [18.0, 17.9, 17.9], member_rate=18.0)

    assert evidence is not None
    assert evidence.accounts == tuple(f"a{n:02d}" for n in range(8))
    assert evidence.ratio > 0.9
