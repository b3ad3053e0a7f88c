"""Makes the accounts of a population and what they have in common."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from traffic.account import MODELS, Account, Running
from traffic.clients import Client, draw_client
from traffic.content import ContentState
from traffic.networks import Address, Country, draw_address, draw_country
from traffic.random_draws import chance, log_normal, pick, stream
from traffic.rhythm import DAY_MS, HOUR_MS, Planner, draw_mean
from traffic.scenario import Population, Scenario, Stream

_COMMON_ADDRESSES = 3


@dataclass(slots=True)
class Crew:
    """The accounts of one population; ``campaign_id`` is None for honest ones."""

    population: Population
    campaign_id: str | None
    accounts: list[Account] = field(default_factory=list)

    def stand_in(self, account: Account, at_ms: int) -> Account | None:
        """Return another account of the same organisation, or without one of the crew, that is in use at the time."""
        others = [
            other for other in self.accounts
            if other is not account and other.organization_id == account.organization_id
            and other.begin_ms <= at_ms < other.end_ms
        ]  # fmt: skip
        return pick(account.rng, others) if others else None


@dataclass(slots=True)
class _Chain:
    """Accounts that follow one another: one user, one place, one work."""

    number: int
    rng: Random
    country: Country
    clients: list[Client]
    addresses: list[Address]
    contents: dict[str, ContentState]
    means: dict[str, float]
    model: str
    arrival: float


class CrewMaker:
    """Draws a crew for a population of a scenario; ``ordinal`` counts the populations of the same kind."""

    def __init__(self, scenario: Scenario, population: Population, ordinal: int) -> None:
        self._scenario, self._population = scenario, population
        self._path = (scenario.seed, population.kind, ordinal)
        self._rng = stream(*self._path)
        self._country = draw_country(self._rng)
        identity = population.identity
        self._client = draw_client(self._rng, identity.client)
        self._addresses = [draw_address(self._rng, identity.network, self._country) for _ in range(_COMMON_ADDRESSES)]
        languages = self._country.languages
        self._common = {
            name: ContentState(part.content, self._rng, languages)
            for name, part in population.streams.items()
            if part.content.is_shared
        }
        self._system_prompt = f"sys-{self._rng.getrandbits(40):010x}"
        self._ids: dict[tuple[str, int], str] = {}
        campaign_id = f"{population.kind}-{ordinal}" if population.is_campaign else None
        self.crew = Crew(population, campaign_id)

    def make(self) -> Crew:
        """Return the crew with its accounts."""
        generations = self._population.identity.generations
        for number in range(self._population.accounts):
            chain = self._chain(number)
            for generation in range(generations):
                self.crew.accounts.append(self._account(chain, generation))
        return self.crew

    def _chain(self, number: int) -> _Chain:
        identity = self._population.identity
        rng = stream(*self._path, number)
        country, office = self._site(number)
        clients = [self._client] if identity.is_client_shared else []
        if not clients:
            clients = [draw_client(rng, identity.client) for _ in range(identity.clients)]
        addresses = office or [draw_address(rng, identity.network, country) for _ in range(identity.addresses)]
        contents = {
            name: self._common.get(name) or ContentState(part.content, rng, country.languages)
            for name, part in self._population.streams.items()
        }
        for content in contents.values():
            if content.content.source == "archive":
                content.keep_archive(contents.values())
        means = {name: draw_mean(rng, part.activity) for name, part in self._population.streams.items()}
        return _Chain(number, rng, country, clients, addresses, contents, means, pick(rng, MODELS), rng.random())

    def _site(self, number: int) -> tuple[Country, list[Address]]:
        """Return the country of an account and the addresses that it shares with others, if it does."""
        identity = self._population.identity
        if identity.is_network_shared:
            return self._country, self._addresses
        if identity.organization_group > 1:
            # Colleagues are in one country, and at work behind one address.
            rng = stream(*self._path, "organization", number // identity.organization_group)
            country = draw_country(rng)
            return country, [draw_address(rng, "office", country)] if identity.network == "office" else []
        return draw_country(stream(*self._path, number, "country")), []

    def _account(self, chain: _Chain, generation: int) -> Account:
        identity = self._population.identity
        rng = stream(*self._path, chain.number, generation)
        lifetime_ms = None if identity.lifetime_days is None else round(identity.lifetime_days * DAY_MS)
        spans = {
            name: self._span(part, chain, generation, lifetime_ms) for name, part in self._population.streams.items()
        }
        begin_ms = min(begin for begin, _ in spans.values())
        account = Account(
            rng,
            self._fixed(rng, chain, begin_ms),
            identity=identity,
            refusals=self._population.refusals,
            country=chain.country,
            clients=chain.clients,
            addresses=list(chain.addresses),
        )
        account.begin_ms, account.end_ms = begin_ms, max(end for _, end in spans.values())
        for name, part in self._population.streams.items():
            planner = Planner(part.activity, chain.means[name], rng, chain.country.utc_offset_hours, spans[name])
            adopts_ms = self._adoption_ms(rng, part)
            account.running.append(Running(part, planner, chain.contents[name], chain.model, adopts_ms))
        return account

    def _span(self, part: Stream, chain: _Chain, generation: int, lifetime_ms: int | None) -> tuple[int, int]:
        """Return when a stream of the account begins and ends, in ms since the scenario's start."""
        activity = part.activity
        share = (chain.number + chain.arrival) / self._population.accounts
        begin_ms = round((activity.first_day + activity.arrive_over_days * share) * DAY_MS)
        end_days = self._scenario.days if activity.last_day is None else activity.last_day
        end_ms = round(min(end_days, self._scenario.days) * DAY_MS)
        if lifetime_ms is not None:
            begin_ms += generation * lifetime_ms
            end_ms = min(end_ms, begin_ms + lifetime_ms)
        return begin_ms, end_ms

    def _fixed(self, rng: Random, chain: _Chain, begin_ms: int) -> dict[str, Any]:
        """Return the fields that an account's events have in common."""
        identity = self._population.identity
        begin = self._scenario.start + timedelta(milliseconds=begin_ms)
        age_hours = rng.expovariate(1.0) / 2 if identity.age_days == 0 else 24 * log_normal(rng, identity.age_days, 0.7)
        created = (begin - timedelta(hours=age_hours)).replace(microsecond=0)
        fixed: dict[str, Any] = {
            "account_id": f"ac-{rng.getrandbits(48):012x}",
            "api_key_id": f"k-{rng.getrandbits(32):08x}",
        }
        if identity.organization_group:
            fixed["organization_id"] = self._shared_id("org", chain.number // identity.organization_group)
        fixed["plan"] = identity.plans[chain.number % len(identity.plans)]
        fixed["account_created_at"] = created.isoformat().replace("+00:00", "Z")
        if identity.payment_group:
            fixed["payment_fingerprint"] = self._shared_id("pm", chain.number // identity.payment_group)
        if identity.device_group and identity.client in ("chat", "app"):
            fixed["device_fingerprint"] = self._shared_id("dv", chain.number // identity.device_group)
        if identity.client == "app" and identity.is_client_shared:
            fixed["system_prompt_fingerprint"] = self._system_prompt
        elif identity.client != "chat" and chance(rng, 0.5):
            fixed["system_prompt_fingerprint"] = f"sys-{rng.getrandbits(40):010x}"
        return fixed

    def _shared_id(self, prefix: str, group: int) -> str:
        known = self._ids.get((prefix, group))
        if known is None:
            known = self._ids[prefix, group] = f"{prefix}-{self._rng.getrandbits(40):010x}"
        return known

    def _adoption_ms(self, rng: Random, part: Stream) -> int | None:
        release_day = self._scenario.release_day
        if release_day is None:
            return None
        release_ms = round(release_day * DAY_MS)
        if part.adopts_release_within_hours is not None:
            return release_ms + round(rng.random() * part.adopts_release_within_hours * HOUR_MS)
        return release_ms + round(log_normal(rng, 3.0, 1.0) * DAY_MS) if chance(rng, 0.6) else None
