"""One account: its identity, its plans for a day, and the usage event of each of its requests."""

from dataclasses import dataclass
from random import Random
from typing import Any

from traffic.answers import add_answer, is_refused, prompt_tokens
from traffic.clients import Client
from traffic.content import ContentState
from traffic.networks import Address, Country, draw_address
from traffic.random_draws import chance, log_normal, pick
from traffic.rhythm import HOUR_MS, Planner
from traffic.scenario import Identity, Refusals, Stream

MODELS = ("onyx-mini", "onyx", "onyx-pro")
RELEASED_MODEL = "onyx-2-pro"
_CONTEXT_TOKENS = 150
_LONGEST_CONTEXT = 12
_STRIPPED = (
    "user_agent", "conversation_id", "turn", "device_fingerprint", "payment_fingerprint", "end_user_id",
)  # fmt: skip


@dataclass(slots=True)
class Running:
    """A stream of an account with what it needs at run time; model adoption in ms since the start, None: never."""

    stream: Stream
    planner: Planner
    content: ContentState
    model: str
    adopts_ms: int | None
    conversation: str = ""
    asked: str | None = None
    asked_times: int = 0

    def prompt(self, rng: Random, place: int, at_ms: int) -> str | None:
        """Return the next prompt, or once more the last one where several answers are collected; None for nothing."""
        if self.asked is None or self.asked_times >= self.stream.content.answers:
            self.asked, self.asked_times = self.content.prompt(rng, place, at_ms), 0
        self.asked_times += 1
        return self.asked


class Account:
    """Makes the usage events of one account; draws only from its own generator."""

    def __init__(
        self,
        rng: Random,
        fixed: dict[str, Any],
        *,
        identity: Identity,
        refusals: Refusals,
        country: Country,
        clients: list[Client],
        addresses: list[Address],
    ) -> None:
        self.account_id: str = fixed["account_id"]
        self.organization_id: str | None = fixed.get("organization_id")
        self.begin_ms = 0
        self.end_ms = 0
        self.rng = rng
        self.identity = identity
        self.refusals = refusals
        self.country = country
        self.running: list[Running] = []
        self._fixed = fixed
        self._clients = clients
        self._addresses = addresses
        self._client = clients[0]
        self._address = addresses[0]
        self._day = -1
        self._system_tokens = int(log_normal(rng, 120, 0.8)) if "system_prompt_fingerprint" in fixed else 0

    def event(self, running: Running, place: int, at_ms: int, occurred_at: str, prompt: str) -> dict[str, Any]:
        """Return the usage event of one request; unknown fields are left out."""
        rng, stream = self.rng, running.stream
        self._move(place, at_ms)
        address = self._address
        event: dict[str, Any] = {
            "schema_version": "1",
            "event_id": f"ev-{rng.getrandbits(60):015x}",
            "occurred_at": occurred_at,
            **self._fixed,
            "operation": "chat",
            "model": self._model(running, at_ms),
            **self._client.parameters,
            "client_ip": address.client_ip,
            "asn": address.asn,
            "country": address.country,
            "prompt": prompt,
        }
        if self.identity.end_users:
            event["end_user_id"] = f"u{int(rng.random() ** 2 * self.identity.end_users)}"
        context = 0
        if stream.has_conversations:
            if place == 0 or not running.conversation:
                running.conversation = f"cv-{rng.getrandbits(40):010x}"
            event["conversation_id"] = running.conversation
            event["turn"] = place + 1
            context = _CONTEXT_TOKENS * min(place, _LONGEST_CONTEXT)
        event["input_tokens"] = prompt_tokens(prompt) + self._system_tokens + context
        event["cached_input_tokens"] = context
        if is_refused(rng, self.refusals, event):
            return self._without_metadata(event)
        add_answer(rng, stream.content, event)
        return self._without_metadata(event)

    def _without_metadata(self, event: dict[str, Any]) -> dict[str, Any]:
        if self.identity.metadata == "stripped":
            for name in _STRIPPED:
                event.pop(name, None)
        return event

    def _model(self, running: Running, at_ms: int) -> str:
        if running.adopts_ms is not None and at_ms >= running.adopts_ms and chance(self.rng, 0.85):
            return RELEASED_MODEL
        return running.model

    def _move(self, place: int, at_ms: int) -> None:
        """Change address and client when the identity says so; old addresses are given up now and then."""
        identity, rng = self.identity, self.rng
        if identity.changes == "request" or (identity.changes == "sitting" and place == 0):
            self._address = pick(rng, self._addresses)
            self._client = pick(rng, self._clients)
        day = at_ms // (24 * HOUR_MS)
        if day == self._day or identity.changes == "never":
            return
        self._day = day
        self._client, self._address = pick(rng, self._clients), pick(rng, self._addresses)
        is_fixed = identity.is_network_shared or identity.network == "office"
        if not is_fixed and chance(rng, 0.25):
            place_given_up = int(rng.random() * len(self._addresses))
            self._addresses[place_given_up] = draw_address(rng, identity.network, self.country)
