"""One campaign among honest traffic, and how much of it passes before it is named."""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from pathlib import Path

from detectors.spec import DetectorSpec
from schemas.usage_event import UsageEvent, epoch_ms
from traffic.scenario import Population, Scenario
from traffic.scenario_files import load_scenario
from traffic.simulate import Simulation
from tuning.pipeline import alerts_of, fingerprinted

HONEST = Path(__file__).parent / "honest.yaml"
_NEVER_MS = 2**62


@dataclass(frozen=True)
class Run:
    """What came of a campaign; ``before_first`` is None when none of its accounts was ever named."""

    accounts: int
    exchanges: int
    leaked: int
    before_first: int | None
    accounts_named: int
    days_until_named: float | None
    honest_named: int


def run_campaign(population: Population, days: float, seed: int, spec: DetectorSpec) -> Run:
    """Simulate a campaign beside the honest traffic and let the detectors judge both."""
    simulation = Simulation(Scenario((population,), days=days, seed=seed))
    own = list(fingerprinted(simulation.events()))
    exchanges = [
        (epoch_ms(event.occurred_at), event.account_id) for event in own if event.event_id in simulation.attack_events
    ]
    events: Iterable[UsageEvent] = heapq.merge(_honest(days), own, key=attrgetter("occurred_at"))
    named: dict[str, int] = {}
    for alert in alerts_of(events, spec):
        for account_id in alert.account_ids:
            named.setdefault(account_id, epoch_ms(alert.raised_at))
    members = {account_id for _, account_id in exchanges}
    first_ms = min((named[account_id] for account_id in members if account_id in named), default=None)
    return Run(
        accounts=len(members),
        exchanges=len(exchanges),
        leaked=sum(at < named.get(account_id, _NEVER_MS) for at, account_id in exchanges),
        before_first=None if first_ms is None else sum(at < first_ms for at, _ in exchanges),
        accounts_named=len(members & named.keys()),
        days_until_named=None if first_ms is None else (first_ms - exchanges[0][0]) / 86_400_000,
        honest_named=len(named.keys() - simulation.accounts.keys()),
    )


@cache
def _honest(days: float) -> list[UsageEvent]:
    return list(fingerprinted(Simulation(replace(load_scenario(HONEST), days=days, seed=31)).events()))
