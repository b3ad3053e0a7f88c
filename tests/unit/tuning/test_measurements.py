"""The measurements measure what they say."""

import numpy as np
import pytest
from scipy.stats import chi2

from detectors.spec import load_spec
from traffic.catalogue import kind
from traffic.scenario import Scenario
from traffic.simulate import Simulation
from tuning.content_discrepancy import Discrepancy, Features, honest_window
from tuning.evasion_curve import campaign
from tuning.false_alarm_rate import NOMINAL_DAYS, Deployments, rate_interval, rows_of, specs
from tuning.pipeline import account_buckets, alerts_of, fingerprinted, judged
from tuning.poisoning import attacker


@pytest.mark.parametrize("count", [0, 1, 4, 30, 400])
def test_the_interval_of_a_rate_is_the_exact_one(count: int) -> None:
    """Byar's approximation lies within three per cent of the interval by the chi-squared distribution."""
    low, high = rate_interval(count)

    assert low == pytest.approx(chi2.ppf(0.025, 2 * count) / 2 if count else 0, rel=0.03, abs=0.02)
    assert high == pytest.approx(chi2.ppf(0.975, 2 * count + 2) / 2, rel=0.03)


def test_realised_rates_are_account_days_over_false_alarms() -> None:
    """Ten alarms in a thousand account-days are one in a hundred; none leaves only a bound."""
    deployments = Deployments(account_days=1_000, days=10.0)
    deployments.tallies[30].accounts = 10
    found = {row["nominal_account_days"]: row for row in rows_of(deployments)}

    assert (found[30]["realised_account_days"], found[30]["ratio"]) == (100.0, 3.333)
    assert found[30]["at_least"] < 100 < found[30]["at_most"]
    assert found[3_650]["realised_account_days"] == ""
    assert found[3_650]["at_least"] == pytest.approx(1_000 / 3.69, rel=0.01)


def test_each_setting_of_the_knob_is_judged() -> None:
    """The specifications differ in the knob and in nothing else."""
    made = specs()
    knobs = [spec.false_alarms.account_days_per_false_alarm for spec in made]
    usual = load_spec(None)

    assert knobs == list(NOMINAL_DAYS)
    assert all(spec.model_copy(update={"false_alarms": usual.false_alarms}) == usual for spec in made)


def test_judging_several_specifications_at_once_is_judging_each() -> None:
    """Detectors that share the accounts' records do not influence one another."""
    scenario = Scenario((kind("casual_chat"), kind("no_ramp")), days=4, seed=2)
    events = list(fingerprinted(Simulation(scenario).events()))
    eager, usual = specs()[0], load_spec(None)
    together = list(judged(account_buckets(events, usual), [eager, usual]))

    assert [alert for number, alert in together if number == 0] == alerts_of(events, eager)
    assert [alert for number, alert in together if number == 1] == alerts_of(events, usual)


@pytest.mark.parametrize(("accounts", "requests", "share"), [(20, 15, 1.0), (20, 15, 0.3), (60, 5, 0.1)])
def test_a_point_of_the_evasion_curve_has_the_rates_it_names(accounts: int, requests: int, share: float) -> None:
    """Requests per account and day, and the share of them that harvests, are those of the point."""
    simulation = Simulation(Scenario((campaign(accounts, requests, share, "fixed"),), days=12, seed=3))
    events = list(simulation.events())

    assert len(simulation.events_by_account) == accounts
    assert len(simulation.attack_events) / len(events) == pytest.approx(share, abs=0.08)
    # Seven days at most, a fifth less on weekends' two, accounts arrive over the first half day.
    assert len(events) / accounts / 7 == pytest.approx(requests, rel=0.25)


def test_a_poisoning_account_grows_as_named() -> None:
    """From six a day by 30 per cent a day: the ninth day has about eight times the first day's rate."""
    simulation = Simulation(Scenario((attacker(0.3, 6.0),), days=12, seed=1))
    days = [int(event["occurred_at"][8:10]) - 5 for event in simulation.events()]

    assert days.count(0) < 20
    assert 4 < np.mean([days.count(9), days.count(10)]) / 6 < 30


def test_windows_are_as_large_as_they_say_and_the_strange_lie_far_away() -> None:
    """A window's features add up over its prompts; windows of another distribution are farther away than usual ones."""
    rng = np.random.default_rng(4)
    feature = Features(rng, 8, scale=2.0)
    accounts = [feature.of(rng.normal(size=(50, 8)).astype(np.float32)) for _ in range(40)]
    ones = [np.ones((10, 3), np.float32) for _ in range(30)]
    usual = np.array([honest_window(rng, accounts, 100) / 100 for _ in range(400)])
    strange = usual[:50] + feature.of(np.full((1, 8), 1.5, np.float32)) * 0.5
    discrepancy = Discrepancy(usual)

    assert honest_window(rng, ones, 107).tolist() == [107.0] * 3
    assert discrepancy.of(strange).min() > np.quantile(discrepancy.of(usual), 0.99)
