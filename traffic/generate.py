"""A ready mixture of honest accounts and campaigns: what demos and tests ask for."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec

from traffic.catalogue import kind
from traffic.random_draws import pick, stream
from traffic.scenario import Population, Scenario, Stream
from traffic.simulate import Simulation
from traffic.wrappers import FAMILIES

DEFAULT_START = datetime(2026, 1, 5, tzinfo=UTC)

_HONEST_SHARES = {
    "casual_chat": 0.339, "work_chat": 0.12, "popular_app": 0.07, "power_user": 0.05, "mobile_chat": 0.05,
    "household": 0.04, "privacy_proxy": 0.05, "firm": 0.03, "class": 0.03, "learner": 0.02, "coding_agent": 0.045,
    "hobby_developer": 0.025, "launched_app": 0.025, "viral_prompt": 0.02, "support_bot": 0.01,
    "etl_classification": 0.01, "nightly_evaluation": 0.01, "translation_pipeline": 0.01, "content_writer": 0.01,
    "one_off_batch": 0.008, "log_triage": 0.006, "nightly_classification": 0.006, "failover_router": 0.006,
    "gateway": 0.005, "monitor": 0.005, "ci_runners": 0.005, "growing_product": 0.005, "prompt_tuner": 0.005,
    "fresh_automation": 0.005, "key_migration": 0.004, "weekly_report": 0.004, "audit_trail": 0.004,
    "release_benchmark": 0.004, "topical_app": 0.004, "team_key": 0.004, "anonymous_chat": 0.015, "privacy_relay": 0.01,
}  # fmt: skip
_GROUP_SIZES = {
    "popular_app": 30, "class": 25, "launched_app": 40, "firm": 12, "viral_prompt": 40, "topical_app": 20,
    "failover_router": 6,
}  # fmt: skip
_SMALLEST_GROUP = 3
CAMPAIGN_ORDER = (
    "hydra", "no_ramp", "solo_bulk", "reseller_mix", "reasoning_elicitation", "slow_ramp", "successors",
    "variation_sweep", "credential_sharing", "retargeting", "round_the_clock", "evasive_failover",
    "stripped_metadata", "model_pivot",
)  # fmt: skip
_SMALLEST_CAMPAIGN = 8
_SPREADS = (0.2, 0.4, 0.6, 0.9)
_NETWORKS = ("strangers", "strangers", "home", "mobile", "cloud", "vpn")


def mixture(
    accounts: int, days: float, campaigns: int, seed: int, start: datetime = DEFAULT_START, *, rate: float = 1.0
) -> Scenario:
    """Return the scenario of so many honest accounts of all kinds and so many campaigns beside them.

    Campaigns come in the order of ``CAMPAIGN_ORDER``, each with a network, client, wrapper and evenness of its own; one
    over many accounts has a twelfth as many as are honest, at least 8. ``rate`` multiplies everybody's requests. A new
    model is released after three fifths of the time.
    """
    rng = stream("mixture", seed)
    populations = [
        replace(kind(name), accounts=size)
        for name, count in _counts(accounts).items()
        for size in _sizes(count, _GROUP_SIZES.get(name, count))
    ]
    for number in range(campaigns):
        campaign = kind(CAMPAIGN_ORDER[number % len(CAMPAIGN_ORDER)])
        size = campaign.accounts if campaign.accounts == 1 else max(_SMALLEST_CAMPAIGN, accounts // 12)
        populations.append(_disguised(rng, replace(campaign, accounts=size)))
    if rate != 1.0:
        populations = [_at_rate(population, rate) for population in populations]
    return Scenario(tuple(populations), days=days, seed=seed, start=start, release_day=0.6 * days)


def generate(
    accounts: int, days: float, campaigns: int, seed: int, start: datetime = DEFAULT_START
) -> Iterator[dict[str, Any]]:
    """Yield the usage events of a mixture in time order; the same arguments give the same events."""
    return Simulation(mixture(accounts, days, campaigns, seed, start)).events()


def generate_lines(
    accounts: int, days: float, campaigns: int, seed: int, start: datetime = DEFAULT_START
) -> Iterator[bytes]:
    """Yield the same events as JSON, one object each, without a newline."""
    return map(msgspec.json.encode, generate(accounts, days, campaigns, seed, start))


def _counts(accounts: int) -> dict[str, int]:
    """Share accounts out by largest remainder; kinds that only a group makes sense of get a few accounts or none."""
    total = sum(_HONEST_SHARES.values())
    exact = {name: share / total * accounts for name, share in _HONEST_SHARES.items()}
    counts = {name: int(value) for name, value in exact.items()}
    for name in sorted(exact, key=lambda name: counts[name] - exact[name])[: accounts - sum(counts.values())]:
        counts[name] += 1
    for name in _GROUP_SIZES:
        if counts[name] < _SMALLEST_GROUP:
            counts["casual_chat"] += counts.pop(name)
    return counts


def _sizes(count: int, largest: int) -> list[int]:
    """Share accounts out over as few groups as the largest allows, as evenly as they go."""
    groups = -(-count // largest) if count else 0
    return [(count + number) // groups for number in range(groups)]


def _disguised(rng: Random, campaign: Population) -> Population:
    """Give a campaign a network, client, wrapper and evenness at random, where these are not what makes its kind."""
    if campaign.kind in ("credential_sharing", "stripped_metadata", "variation_sweep", "solo_bulk"):
        return campaign
    harvest = campaign.streams["harvest"]
    content = replace(harvest.content, wrapper=pick(rng, FAMILIES))
    activity = replace(harvest.activity, spread=pick(rng, _SPREADS))
    identity = replace(campaign.identity, network=pick(rng, _NETWORKS), client=pick(rng, ("api", "chat", "any")))
    return replace(
        campaign,
        identity=identity,
        streams=campaign.streams | {"harvest": replace(harvest, content=content, activity=activity)},
    )


def _at_rate(population: Population, rate: float) -> Population:
    def faster(part: Stream) -> Stream:
        return replace(part, activity=replace(part.activity, requests_per_day=part.activity.requests_per_day * rate))

    return replace(population, streams={name: faster(part) for name, part in population.streams.items()})
