"""Runs a scenario: all accounts' requests in time order, with the truth about each."""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any

from traffic.account import Account, Running
from traffic.crew import Crew, CrewMaker
from traffic.rhythm import DAY_MS
from traffic.scenario import Scenario

_REFUSED = (429, 403)


@dataclass(slots=True)
class CampaignTruth:
    """What a campaign has done so far; times are RFC 3339."""

    campaign_id: str
    family: str
    accounts: set[str] = field(default_factory=set)
    exchanges: int = 0
    first_at: str = ""
    last_at: str = ""


@dataclass(slots=True)
class _Request:
    """Who asks what, in which of the account's streams."""

    crew: Crew
    account: Account
    running: Running
    prompt: str


class Simulation:
    """A scenario that can be run once.

    ``events`` yields the usage events in time order; meanwhile ``attack_events`` (event id -> campaign id),
    ``campaigns`` and ``events_by_account`` grow. ``accounts`` (id -> kind, campaign id or None) is complete at once.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        ordinals: Counter[str] = Counter()
        self._crews: list[Crew] = []
        for population in scenario.populations:
            ordinals[population.kind] += 1
            self._crews.append(CrewMaker(scenario, population, ordinals[population.kind]).make())
        self.accounts = {
            account.account_id: (crew.population.kind, crew.campaign_id)
            for crew in self._crews
            for account in crew.accounts
        }
        self.attack_events: dict[str, str] = {}
        self.campaigns = {
            crew.campaign_id: CampaignTruth(crew.campaign_id, crew.population.kind)
            for crew in self._crews
            if crew.campaign_id is not None
        }
        self.events_by_account: Counter[str] = Counter()
        self._later: list[tuple[int, int, _Request]] = []
        self._put_off = 0

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield the usage events in time order, a day's plan in memory at a time."""
        places = [
            (crew, account, running) for crew in self._crews for account in crew.accounts for running in account.running
        ]
        day_ms, end_ms = 0, round(self.scenario.days * DAY_MS)
        while day_ms < end_ms:
            weekday = (self.scenario.start + timedelta(milliseconds=day_ms)).weekday()
            plan = [
                (at_ms, number, place)
                for number, (_, _, running) in enumerate(places)
                for at_ms, place in running.planner.day(day_ms, weekday)
            ]
            plan.sort()
            for at_ms, number, place in plan:
                if at_ms >= end_ms:
                    break
                while self._later and self._later[0][0] <= at_ms:
                    yield self._repeat()
                crew, account, running = places[number]
                prompt = running.prompt(account.rng, place, at_ms)
                if prompt is not None:
                    yield self._event(_Request(crew, account, running, prompt), place, at_ms)
            day_ms += DAY_MS

    def _repeat(self) -> dict[str, Any]:
        at_ms, _, request = heapq.heappop(self._later)
        return self._event(request, 0, at_ms)

    def _event(self, request: _Request, place: int, at_ms: int) -> dict[str, Any]:
        account, running = request.account, request.running
        occurred = self.scenario.start + timedelta(milliseconds=at_ms)
        occurred_at = occurred.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = account.event(running, place, at_ms, occurred_at, request.prompt)
        self.events_by_account[account.account_id] += 1
        if running.stream.is_harvest and request.crew.campaign_id is not None:
            self._label(request.crew.campaign_id, event)
        running.content.sent(request.prompt)
        if event["status_code"] in _REFUSED:
            self._react(request, at_ms)
        return event

    def _label(self, campaign_id: str, event: dict[str, Any]) -> None:
        truth = self.campaigns[campaign_id]
        self.attack_events[event["event_id"]] = campaign_id
        truth.accounts.add(event["account_id"])
        truth.exchanges += 1
        truth.first_at = truth.first_at or event["occurred_at"]
        truth.last_at = event["occurred_at"]

    def _react(self, request: _Request, at_ms: int) -> None:
        """Send a refused request once more, by the same account or by another."""
        account, running = request.account, request.running
        reaction = request.crew.population.refusals.reaction
        if reaction == "nothing":
            return
        pause_ms = 800 + int(account.rng.expovariate(1 / 3_000))
        at_ms += pause_ms if reaction == "elsewhere" else 4 * pause_ms
        if reaction == "elsewhere":
            other = request.crew.stand_in(account, at_ms)
            if other is None:
                return
            account, running = other, other.running[account.running.index(running)]
        if at_ms < round(self.scenario.days * DAY_MS):
            self._put_off += 1
            heapq.heappush(
                self._later, (at_ms, self._put_off, _Request(request.crew, account, running, request.prompt))
            )
