"""One campaign among honest traffic, and how much of it passes before it is named."""

import heapq
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from pathlib import Path

from detectors.spec import DetectorSpec
from schemas.account_bucket import AccountBucket
from schemas.usage_event import epoch_ms
from traffic.scenario import Population, Scenario
from traffic.scenario_files import load_scenario
from traffic.simulate import Simulation
from tuning.judging import judged_records
from tuning.pipeline import account_buckets, fingerprinted

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
    honest, end_ms = _honest(days, spec)
    records = heapq.merge(
        honest, (record for _, closed in account_buckets(own, spec) for record in closed), key=attrgetter("start_ms")
    )
    named: dict[str, int] = {}
    for alert in judged_records(records, end_ms, spec):
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
def _honest(days: float, spec: DetectorSpec) -> tuple[list[AccountBucket], int]:
    """Records of the honest accounts in the order of their buckets, and the end of the last (milliseconds)."""
    events = fingerprinted(Simulation(replace(load_scenario(HONEST), days=days, seed=31)).events())
    records = [record for _, closed in account_buckets(events, spec) for record in closed]
    return records, records[-1].end_ms
