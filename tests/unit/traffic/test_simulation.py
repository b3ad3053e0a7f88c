"""Whatever is simulated: time order, valid events, repeatable, labels that fit."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.usage_event import decode_usage_event, unknown_fields
from tests.unit.traffic.runs import hours, run, some
from traffic.catalogue import KINDS
from traffic.generate import generate, generate_lines, mixture
from traffic.simulate import Simulation


@settings(max_examples=15)
@given(
    accounts=st.integers(1, 60),
    days=st.floats(0.2, 4, allow_nan=False),
    campaigns=st.integers(0, 4),
    seed=st.integers(0, 10_000),
)
def test_any_mixture_is_valid_labelled_and_in_time_order(accounts: int, days: float, campaigns: int, seed: int) -> None:
    """Events satisfy the contract without unknown fields, have ids of their own, do not go back, and fit the labels."""
    simulation = Simulation(mixture(accounts, days, campaigns, seed))
    events = list(simulation.events())

    times = [datetime.fromisoformat(event["occurred_at"]) for event in events]
    assert times == sorted(times)
    assert all(0 <= hours(simulation, event) < 24 * days for event in events)
    assert len({event["event_id"] for event in events}) == len(events)
    for event in events:
        raw = msgspec.json.encode(event)
        assert decode_usage_event(raw).account_id in simulation.accounts
        assert unknown_fields(raw) == []
    assert sum(simulation.events_by_account.values()) == len(events)
    _assert_labels_fit(simulation, events)


def _assert_labels_fit(simulation: Simulation, events: list[dict]) -> None:
    by_id = {event["event_id"]: event for event in events}
    assert simulation.attack_events.keys() <= by_id.keys()
    for campaign_id, truth in simulation.campaigns.items():
        own = [by_id[event_id] for event_id, owner in simulation.attack_events.items() if owner == campaign_id]
        assert truth.exchanges == len(own)
        assert truth.accounts == {event["account_id"] for event in own}
        assert all(simulation.accounts[account_id] == (truth.family, campaign_id) for account_id in truth.accounts)
        if own:
            assert (truth.first_at, truth.last_at) == (own[0]["occurred_at"], own[-1]["occurred_at"])


def test_the_same_arguments_give_the_same_bytes() -> None:
    """Events repeat exactly, and another seed gives others."""
    first, again, other = (list(islice(generate_lines(40, 3, 2, seed=seed), 2_000)) for seed in (1, 1, 2))

    assert first == again
    assert not set(first) & set(other)


def test_lines_are_the_events() -> None:
    """Both ways of generating give the same traffic."""
    assert [msgspec.json.decode(line) for line in generate_lines(10, 2, 1, seed=3)] == list(generate(10, 2, 1, seed=3))


def test_another_population_leaves_the_others_alone() -> None:
    """A campaign among honest accounts changes nothing that these do."""
    honest = (some("casual_chat", 5), some("etl_classification", 1), some("popular_app", 3))
    _, alone = run(*honest, days=4)
    simulation, mixed = run(some("hydra", 8), *honest, some("no_ramp", 1), days=4)

    assert [event for event in mixed if simulation.accounts[event["account_id"]][1] is None] == alone


def test_a_longer_run_begins_with_the_shorter_one() -> None:
    """Nothing that happens depends on how long it will go on."""
    populations = [
        some(name, max(2, KINDS[name].accounts)) for name in ("hydra", "coding_agent", "viral_prompt", "successors")
    ]
    _, short = run(*populations, days=4)
    _, long = run(*populations, days=6)

    assert long[: len(short)] == short


def test_a_longer_mixture_begins_with_the_shorter_one_until_its_release() -> None:
    """After three fifths of the shorter run's days a model is released there, and not yet in the longer one."""
    release = "2026-01-08"
    short, long = (
        [event for event in generate(60, days, 2, seed=4) if event["occurred_at"] < "2026-01-10"] for days in (5, 10)
    )
    until = sum(event["occurred_at"] < release for event in short)

    assert short[:until] == long[:until]
    assert short != long


def test_the_rate_multiplies_everybodys_requests() -> None:
    """Three times the rate gives about three times the events."""
    usual = sum(1 for _ in generate(150, 3, 0, seed=4))
    faster = sum(1 for _ in Simulation(mixture(150, 3, 0, 4, rate=3.0)).events())

    assert 2.5 < faster / usual < 3.5


def test_a_mixture_has_the_accounts_that_were_asked_for() -> None:
    """Honest accounts add up, kinds that need a group get one or none, campaigns come on top."""
    scenario = mixture(500, 2, 5, seed=6)
    honest = [population for population in scenario.populations if not population.is_campaign]

    assert sum(population.accounts for population in honest) == 500
    assert len(scenario.populations) - len(honest) == 5
    assert all(population.accounts >= 3 for population in honest if population.kind in ("class", "launched_app"))


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_makes_events_near_its_rate(name: str) -> None:
    """A kind's accounts are active, and only campaigns harvest; nobody exceeds fifty times the asked rate."""
    population = some(name, max(4, KINDS[name].accounts))
    simulation, events = run(population, days=9, release_day=6)
    asked = sum(part.activity.requests_per_day for part in population.streams.values())

    assert len(simulation.events_by_account) >= 3
    assert bool(simulation.attack_events) == population.is_campaign
    assert 0 < len(events) < 50 * 9 * asked * population.accounts


def test_requests_of_an_account_match_the_rate_asked_for() -> None:
    """Through sittings, networks and answers the mean rate of many accounts is the one of the specification."""
    base = some("etl_classification", 40)
    activity = replace(
        base.streams["job"].activity, rhythm="always", spread=0.0, burst_share=0.0, requests_per_day=30.0
    )
    stream = replace(base.streams["job"], activity=activity)
    _, events = run(replace(base, streams={"job": stream}), days=20)

    assert abs(len(events) / (40 * 20) - 30) < 1.5
