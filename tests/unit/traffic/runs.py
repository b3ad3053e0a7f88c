from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import Any

from traffic.catalogue import kind
from traffic.scenario import Population, Scenario
from traffic.simulate import Simulation

Event = dict[str, Any]


def run(
    *populations: Population, days: float = 8, seed: int = 5, release_day: float | None = None
) -> tuple[Simulation, list[Event]]:
    """Run populations and return the simulation, whose labels are then complete, with its events."""
    simulation = Simulation(Scenario(populations, days=days, seed=seed, release_day=release_day))
    return simulation, list(simulation.events())


def some(name: str, accounts: int) -> Population:
    """So many accounts of a kind of the catalogue."""
    return replace(kind(name), accounts=accounts)


def by_account(events: list[Event]) -> dict[str, list[Event]]:
    """Events by account, in time order."""
    grouped: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        grouped[event["account_id"]].append(event)
    return grouped


def hours(simulation: Simulation, event: Event) -> float:
    """Hours since the scenario's start."""
    return (datetime.fromisoformat(event["occurred_at"]) - simulation.scenario.start).total_seconds() / 3600
