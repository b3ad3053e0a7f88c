import heapq
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from operator import attrgetter

from detectors.campaigns import CampaignDetector
from detectors.spec import load_spec
from schemas.alert import Alert
from schemas.usage_event import UsageEvent, epoch_ms
from tests.scenarios.scenario_file import FOLDER, ScenarioFile
from traffic.scenario_files import load_scenario
from traffic.simulate import Simulation
from tuning.pipeline import account_buckets, fingerprinted

BACKGROUND_DAYS = 10.0
NEVER_MS = 2**62
Truth = dict[str, tuple[str, str | None]]
"""Account -> kind, campaign or None."""


@dataclass
class Outcome:
    """The alerts of a replay beside the truth; times are milliseconds since the epoch."""

    alerts: list[Alert]
    accounts: Truth
    exchanges: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def named_ms(self) -> dict[str, int]:
        """First time that each account was named."""
        first: dict[str, int] = {}
        for alert in self.alerts:
            if not alert.shadow and alert.status != "retracted":
                for account_id in alert.account_ids:
                    first.setdefault(account_id, epoch_ms(alert.raised_at))
        return first

    def honest_named(self) -> dict[str, list[str]]:
        """Honest accounts that were named, by kind."""
        found: dict[str, list[str]] = {}
        for account_id in self.named_ms():
            kind, campaign_id = self.accounts[account_id]
            if campaign_id is None:
                found.setdefault(kind, []).append(account_id)
        return found

    def before_first_naming(self, campaign_id: str) -> int | None:
        """Exchanges of a campaign before any of its accounts was named; None: none ever was."""
        named = self.named_ms()
        times = [named[account] for _, account in self.exchanges[campaign_id] if account in named]
        return bisect_left(self.exchanges[campaign_id], (min(times), "")) if times else None

    def leaked(self, campaign_id: str) -> float:
        """Share of a campaign's exchanges that took place before their own account was named."""
        exchanges, named = self.exchanges[campaign_id], self.named_ms()
        return sum(at < named.get(account, NEVER_MS) for at, account in exchanges) / len(exchanges)

    def detectors(self, campaign_id: str) -> set[str]:
        """Detectors that gave evidence in alerts on a campaign's accounts."""
        members = {account for _, account in self.exchanges[campaign_id]}
        return {part.detector for alert in self.alerts if members & set(alert.account_ids) for part in alert.evidence}


def replayed(scenario: ScenarioFile) -> Outcome:
    """Put the scenario's traffic into the background and the whole through the detectors."""
    background, accounts = _background(scenario.release_day)
    events: Iterable[UsageEvent] = background
    outcome = Outcome([], dict(accounts))
    if scenario.populations:
        simulation = Simulation(scenario.scenario(BACKGROUND_DAYS))
        own = list(fingerprinted(simulation.events()))
        for event in own:
            campaign_id = simulation.attack_events.get(event.event_id)
            if campaign_id is not None:
                exchange = (epoch_ms(event.occurred_at), event.account_id)
                outcome.exchanges.setdefault(campaign_id, []).append(exchange)
        events = heapq.merge(background, own, key=attrgetter("occurred_at"))
        outcome.accounts |= simulation.accounts
    outcome.alerts += _alerts_of(events)
    return outcome


def _alerts_of(events: Iterable[UsageEvent]) -> list[Alert]:
    spec = load_spec(None)
    detector, alerts = CampaignDetector(spec), list[Alert]()
    for watermark_ms, records in account_buckets(events, spec):
        for record in records:
            detector.observe(record)
        alerts += detector.advance(watermark_ms)
    return alerts


@cache
def _background(release_day: float | None) -> tuple[list[UsageEvent], Truth]:
    """The traffic beside every scenario, made once."""
    simulation = Simulation(replace(load_scenario(FOLDER / "background.yaml"), release_day=release_day))
    return list(fingerprinted(simulation.events())), simulation.accounts
