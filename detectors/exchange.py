"""Exchange: what the detectors keep of one usage event until its bucket closes."""

import hashlib
from datetime import datetime
from functools import lru_cache

import msgspec

from detectors.fingerprint_layout import CLOSING, EXACT, FINGERPRINT_CHARS, FIRST, HEAD, OPENERS
from schemas.usage_event import UsageEvent, epoch_ms

_ELICITATION = "reasoning_elicitation"
_REFUSALS = frozenset((401, 403, 429))


class Profile(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What an event says of its account rather than of itself."""

    tenant_id: str | None
    plan: str | None
    created_ms: int | None


class Exchange(msgspec.Struct, array_like=True, gc=False):
    """One exchange.

    ``repeat``, ``openers``, ``head``, ``first`` and ``closing`` are sections of the prompt's fingerprint, empty when
    the event had neither prompt nor fingerprint: unknown is not a repeat, but no evidence either.
    """

    occurred_ms: int
    event_id: str
    repeat: str
    openers: str
    head: str
    first: str
    closing: str
    is_later_turn: bool
    is_elicitation: bool
    is_refused: bool
    is_full_length: bool
    input_tokens: int
    output_tokens: int
    end_user: str
    address: str
    client: str
    configuration: str
    payment: str
    device: str
    organization: str
    profile: Profile


def exchange_of(event: UsageEvent) -> Exchange:
    """Keep of an event what the detectors read; about 3 microseconds."""
    fingerprint = event.prompt_fingerprint or ""
    if len(fingerprint) != FINGERPRINT_CHARS:
        fingerprint = ""
    labels = event.labels
    return Exchange(
        epoch_ms(event.occurred_at),
        event.event_id,
        fingerprint[EXACT],
        fingerprint[OPENERS],
        fingerprint[HEAD],
        fingerprint[FIRST],
        fingerprint[CLOSING],
        event.turn is not None and event.turn > 1,
        labels is not None and _ELICITATION in labels,
        event.status_code in _REFUSALS,
        event.finish_reason == "length" and event.max_output_tokens is not None,
        event.input_tokens or 0,
        event.output_tokens or 0,
        event.end_user_id or "",
        _block_of(event.client_ip),
        event.user_agent or "",
        _configuration_of(
            event.user_agent,
            event.temperature,
            event.top_p,
            event.system_prompt_fingerprint,
            event.max_output_tokens,
            event.operation,
        ),
        event.payment_fingerprint or "",
        event.device_fingerprint or "",
        event.organization_id or "",
        _profile_of(event.tenant_id, event.plan, event.account_created_at),
    )


@lru_cache(maxsize=65_536)
def _profile_of(tenant_id: str | None, plan: str | None, created_at: datetime | None) -> Profile:
    return Profile(tenant_id, plan, None if created_at is None else epoch_ms(created_at))


@lru_cache(maxsize=65_536)
def _configuration_of(*parts: object) -> str:
    """Short id of the way a client is set up; empty when nothing is known of it."""
    # A client alone, or with a system prompt that strangers use too, is no configuration: somebody must set one up.
    if parts[1] is None and parts[2] is None and parts[4] is None:
        return ""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=65_536)
def _block_of(address: str | None) -> str:
    """The /24 of a v4 or the /48 of a v6 address, as text; other texts as they are."""
    if not address:
        return ""
    if ":" in address:
        return ":".join(address.split(":")[:3]) + "::/48"
    return address.rpartition(".")[0] or address
