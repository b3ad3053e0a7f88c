"""A small labelled corpus of sample traffic, and alerts made by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from detectors.spec import load_spec
from schemas.alert import Alert, decode_alert
from tests.conformance.record import hour, publication
from traffic.catalogue import kind
from traffic.labels import write_traffic
from traffic.scenario import Scenario
from traffic.simulate import Simulation
from tuning.judging import with_numbers

EAGER = with_numbers(
    load_spec(None),
    {"false_alarms.account_days_per_false_alarm": 10, "crowd.job_ratio": 0.05, "harvest.baseline_margin": 0.1},
)
"""Names the campaign of a small sample."""


def sample(days: float = 5) -> Simulation:
    """Simulate forty people and one campaign of one account."""
    people = replace(kind("casual_chat"), accounts=40)
    return Simulation(Scenario((people, kind("no_ramp")), days=days, seed=2))


def write_corpus(folder: Path, days: float = 5) -> Simulation:
    """Write a simulated sample as a corpus."""
    simulation = sample(days)
    for _ in write_traffic(simulation, folder):
        pass
    return simulation


def alert(alert_id: str, at: int, accounts: Sequence[str], status: str = "open", **changes: Any) -> Alert:
    """Return an alert, raised so many hours after the start; of a campaign if its id says so."""
    return decode_alert(publication(alert_id, at, status, accounts=accounts, **changes))


def at_ms(hours: float) -> int:
    """Return the time so many hours after the start, milliseconds since the epoch."""
    return round(hour(0).timestamp() * 1000 + hours * 3_600_000)
