"""One campaign among honest traffic, and how much of it passes before it is named."""

import heapq
from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from pathlib import Path

from detectors.spec import DetectorSpec
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert
from schemas.usage_event import epoch_ms
from streams.naming import Naming
from traffic.scenario import Population, Scenario
from traffic.scenario_files import load_scenario
from traffic.simulate import Simulation
from tuning.judging import judged_records
from tuning.pipeline import account_buckets, fingerprinted

HONEST = Path(__file__).parent / "honest.yaml"


@dataclass(frozen=True)
class Run:
    """What came of a campaign; ``before_first`` is None when none of its accounts was ever named.

    ``leaked`` are the exchanges at which no alert named their account.
    """

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
    return run_of(exchanges, simulation.accounts.keys(), judged_records(records, end_ms, spec))


def run_of(exchanges: list[tuple[int, str]], own: Set[str], alerts: Iterable[Alert]) -> Run:
    """Judge alerts by the campaign's exchanges, in time order; accounts that are not its own are honest."""
    naming = Naming(alerts)
    members = {account_id for _, account_id in exchanges}
    named = naming.accounts & members
    first_ms = min(map(naming.first_ms, named), default=None)
    return Run(
        accounts=len(members),
        exchanges=len(exchanges),
        leaked=sum(not naming.is_named(account_id, at) for at, account_id in exchanges),
        before_first=None if first_ms is None else sum(at < first_ms for at, _ in exchanges),
        accounts_named=len(named),
        days_until_named=None if first_ms is None else (first_ms - exchanges[0][0]) / 86_400_000,
        honest_named=len(naming.accounts - own),
    )


@cache
def _honest(days: float, spec: DetectorSpec) -> tuple[list[AccountBucket], int]:
    """Records of the honest accounts in the order of their buckets, and the end of the last (milliseconds)."""
    events = fingerprinted(Simulation(replace(load_scenario(HONEST), days=days, seed=31)).events())
    records = [record for _, closed in account_buckets(events, spec) for record in closed]
    return records, records[-1].end_ms
