"""The measurements measure what they say."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from detectors.spec import load_spec
from tests.unit.tuning.samples import write_corpus
from traffic.scenario import Scenario
from traffic.simulate import Simulation
from tuning.content_discrepancy import SHARES, Discrepancy, Features, corpus_prompts, honest_window, shown
from tuning.curve import FACTORS, at_factor
from tuning.evasion_curve import DAYS, account_days, campaign
from tuning.figures import FOLDER
from tuning.judging import with_numbers
from tuning.poisoning import attacker
from tuning.scores import poisson_interval


def test_the_published_curve_is_as_the_program_writes_it() -> None:
    """Both lines are of the same settings, times the default it was measured at, with the program's digits."""
    with (FOLDER / "curve.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    settings = {
        detectors: [(row["account_days"], row["campaign_days"]) for row in rows if row["detectors"] == detectors]
        for detectors in ("accounts", "all")
    }
    default = float(settings["all"][FACTORS.index(1.0)][0])
    spec = with_numbers(load_spec(None), {"false_alarms.account_days_per_false_alarm": default})
    known = [at_factor(spec, factor).false_alarms for factor in FACTORS]

    assert settings["accounts"] == settings["all"]
    assert settings["all"] == [
        (str(round(knob.account_days_per_false_alarm, 1)), str(round(knob.days_per_false_campaign, 2)))
        for knob in known
    ]


@pytest.mark.parametrize("count", [0, 1, 4, 30, 400])
def test_the_interval_of_a_rate_is_the_exact_one(count: int) -> None:
    """Byar's approximation lies within three per cent of the interval by the chi-squared distribution."""
    low, high = poisson_interval(count)

    assert low == pytest.approx(chi2.ppf(0.025, 2 * count) / 2 if count else 0, rel=0.03, abs=0.02)
    assert high == pytest.approx(chi2.ppf(0.975, 2 * count + 2) / 2, rel=0.03)


@pytest.mark.parametrize(
    ("accounts", "requests", "share"),
    [(5, 80, 1.0), (20, 15, 0.3), (20, 500, 1.0), (60, 5, 0.1), (60, 500, 0.3), (200, 2, 1.0), (600, 26, 1.0)],
)
def test_a_point_of_the_evasion_curve_has_the_rates_it_names(accounts: int, requests: int, share: float) -> None:
    """Requests per account and day that it is there, and the share of them that harvests, on short and long runs."""
    population = campaign(accounts, requests, share, "fixed", seed=3)
    simulation = Simulation(Scenario((population,), days=DAYS, seed=3))
    events = list(simulation.events())
    times = [event["occurred_at"] for event in events]

    assert len(simulation.events_by_account) == accounts
    assert len(simulation.attack_events) / len(events) == pytest.approx(share, abs=0.03)
    assert len(events) / account_days(population) == pytest.approx(requests, rel=0.1)
    # Honest accounts have been there for a week, and nothing comes after their end.
    assert "2026-01-12" <= min(times) < max(times) < "2026-01-19T12"


def test_single_accounts_have_the_rate_on_average() -> None:
    """How busy one is by chance evens out over seeds, as do its days."""
    seeds = range(12)
    populations = [campaign(1, 80, 1.0, "fixed", seed) for seed in seeds]
    sent = [
        sum(1 for _ in Simulation(Scenario((population,), days=DAYS, seed=seed)).events())
        for seed, population in zip(seeds, populations, strict=True)
    ]

    assert sum(sent) / sum(map(account_days, populations)) == pytest.approx(80, rel=0.1)


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


def test_prompts_of_a_corpus_are_those_of_its_accounts_and_campaigns(tmp_path: Path) -> None:
    """An array for each honest account, at most 200 prompts of each, and all prompts of the campaign."""
    simulation = write_corpus(tmp_path)
    honest, campaigns = corpus_prompts(tmp_path)

    active = [
        a for a, (_, campaign) in simulation.accounts.items() if campaign is None and a in simulation.events_by_account
    ]
    assert sorted(map(len, honest)) == sorted(min(200, simulation.events_by_account[a]) for a in active)
    [[harvested]] = campaigns.values()
    assert len(harvested) == len(simulation.attack_events)


def test_campaigns_weigh_alike_whatever_their_wrapper() -> None:
    """Three campaigns of one wrapper, one of another: the mean is over campaigns, the range over wrappers."""
    rows = [
        {"terms": terms, "window": size, "wrapper": wrapper, "campaigns": count, "attacker_share": share,
         "detected": detected, "false_positives": 0.01}
        for terms in ("prompts", "accounts") for size in (100, 1_500) for share in SHARES
        for wrapper, count, detected in (("a", 3, 1.0), ("b", 1, 0.2))
    ]  # fmt: skip

    assert shown(rows).count("80% (20% to 100%)") == 4 * len(SHARES)
