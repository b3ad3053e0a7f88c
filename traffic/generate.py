"""A ready mixture of honest accounts and campaigns: what demos and tests ask for."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from traffic.catalogue import kind
from traffic.scenario import Population, Scenario
from traffic.simulate import Simulation

DEFAULT_START = datetime(2026, 5, 4, tzinfo=UTC)

_HONEST_SHARES = {
    "casual_chat": 0.5,
    "work_chat": 0.15,
    "popular_app": 0.1,
    "power_user": 0.05,
    "household": 0.04,
    "privacy_proxy": 0.03,
    "coding_agent": 0.03,
    "support_bot": 0.02,
    "etl_classification": 0.02,
    "nightly_evaluation": 0.02,
    "translation_pipeline": 0.02,
    "gateway": 0.01,
    "failover_router": 0.01,
}
_CAMPAIGN_ORDER = ("hydra", "no_ramp", "solo_bulk")
_GROUP_KINDS = ("hydra",)


def mixture(accounts: int, days: float, campaigns: int, seed: int, start: datetime = DEFAULT_START) -> Scenario:
    """Return the scenario of so many honest accounts of all kinds and so many campaigns beside them.

    A campaign over many accounts has a fifth as many as are honest, at least 8.
    """
    populations = [replace(kind(name), accounts=count) for name, count in _counts(accounts).items() if count]
    for number in range(campaigns):
        name = _CAMPAIGN_ORDER[number % len(_CAMPAIGN_ORDER)]
        populations.append(replace(kind(name), accounts=max(8, accounts // 5) if name in _GROUP_KINDS else 1))
    return Scenario(tuple(populations), days=days, seed=seed, start=start)


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
    """Share accounts out by largest remainder."""
    exact = {name: share * accounts for name, share in _HONEST_SHARES.items()}
    counts = {name: int(value) for name, value in exact.items()}
    for name in sorted(exact, key=lambda name: counts[name] - exact[name])[: accounts - sum(counts.values())]:
        counts[name] += 1
    return counts


__all__ = ["DEFAULT_START", "Population", "generate", "generate_lines", "mixture"]
