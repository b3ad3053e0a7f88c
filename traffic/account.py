"""One account: its identity, its plans for a day, and the usage event of each of its requests."""

from dataclasses import dataclass
from random import Random
from typing import Any

from traffic.clients import Client
from traffic.content import ContentState
from traffic.networks import Address, Country, draw_address
from traffic.random_draws import log_normal, pick
from traffic.rhythm import HOUR_MS, Planner
from traffic.scenario import Identity, Refusals, Stream

MODELS = ("onyx-mini", "onyx", "onyx-pro")
RELEASED_MODEL = "onyx-2-pro"
_CONTEXT_TOKENS = 320


@dataclass(slots=True)
class Running:
    """A stream of an account with what it needs at run time; model adoption in ms since the start, None: never."""

    stream: Stream
    planner: Planner
    content: ContentState
    model: str
    adopts_ms: int | None
    conversation: str = ""


class Account:
    """Makes the usage events of one account; draws only from its own generator."""

    def __init__(
        self,
        rng: Random,
        identity: Identity,
        refusals: Refusals,
        fixed: dict[str, Any],
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
        rng = self.rng
        self._move(place, at_ms)
        client, address = self._client, self._address
        event: dict[str, Any] = {
            "schema_version": "1",
            "event_id": f"ev-{rng.getrandbits(60):015x}",
            "occurred_at": occurred_at,
            **self._fixed,
            "operation": "chat",
            "model": self._model(running, at_ms),
            "stream": client.stream,
            "client_ip": address.client_ip,
            "asn": address.asn,
            "country": address.country,
            "user_agent": client.user_agent,
        }
        if client.temperature is not None:
            event["temperature"] = client.temperature
        if client.top_p is not None:
            event["top_p"] = client.top_p
        if client.max_output_tokens is not None:
            event["max_output_tokens"] = client.max_output_tokens
        if self.identity.end_users:
            event["end_user_id"] = f"u{int(rng.random() ** 2 * self.identity.end_users)}"
        if running.stream.has_conversations:
            if place == 0 or not running.conversation:
                running.conversation = f"cv-{rng.getrandbits(40):010x}"
            event["conversation_id"] = running.conversation
            event["turn"] = place + 1
        event["prompt"] = prompt
        self._answer(event, running, place, prompt, client.max_output_tokens)
        if self.identity.metadata == "stripped":
            for name in (
                "user_agent",
                "conversation_id",
                "turn",
                "device_fingerprint",
                "payment_fingerprint",
                "end_user_id",
            ):
                event.pop(name, None)
        return event

    def _answer(
        self, event: dict[str, Any], running: Running, place: int, prompt: str, max_output_tokens: int | None
    ) -> None:
        rng, content = self.rng, running.content.content
        context = _CONTEXT_TOKENS * min(place, 30) if running.stream.has_conversations else 0
        event["input_tokens"] = 4 + len(prompt) // (4 if prompt.isascii() else 3) + self._system_tokens + context
        event["cached_input_tokens"] = context
        chance = rng.random()
        refusals = self.refusals
        if chance < refusals.too_many + refusals.forbidden + 0.002:
            status = (
                429 if chance < refusals.too_many else 403 if chance < refusals.too_many + refusals.forbidden else 503
            )
            error = {429: "rate_limited", 403: "permission_denied", 503: "overloaded"}[status]
            event |= {
                "status_code": status,
                "error_type": error,
                "output_tokens": 0,
                "reasoning_tokens": 0,
                "latency_ms": 90,
            }
            return
        output = 1 + int(log_normal(rng, content.output_tokens, 0.75))
        is_cut = max_output_tokens is not None and output >= max_output_tokens
        if is_cut:
            output = max_output_tokens or output
        event["output_tokens"] = output
        event["reasoning_tokens"] = int(log_normal(rng, 280, 0.9)) if event["model"].endswith("pro") else 0
        event["finish_reason"] = "length" if is_cut else "stop"
        event["status_code"] = 200
        event["latency_ms"] = 250 + int(output * (6 + 9 * rng.random()))
        if content.label_share and rng.random() < content.label_share:
            event["labels"] = ["reasoning_elicitation"]

    def _model(self, running: Running, at_ms: int) -> str:
        if running.adopts_ms is not None and at_ms >= running.adopts_ms and self.rng.random() < 0.85:
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
        if not identity.is_network_shared and rng.random() < 0.25:
            place_given_up = int(rng.random() * len(self._addresses))
            self._addresses[place_given_up] = draw_address(rng, identity.network, self.country)
