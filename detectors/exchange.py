"""Exchange: what the detectors keep of one usage event until it is counted into its bucket."""

import hashlib
from datetime import datetime
from functools import lru_cache
from zlib import crc32

import msgspec

from detectors.address_block import block_of
from detectors.fingerprint_layout import (
    CLOSING,
    EXACT,
    FINGERPRINT_CHARS,
    FIRST,
    HEAD,
    NO_OPENER,
    OPENER_CHARS,
    OPENERS,
    WORDS,
    levels_from,
)
from detectors.outcome import is_failure, is_refusal
from detectors.style import STYLE_CHARS, style_of
from schemas.usage_event import UsageEvent, epoch_ms

# Flags of an exchange. Snapshots hold them, so their values do not change.
LATER_TURN = 1
"""It continues a conversation, in few words."""
ELICITATION = 2
"""An upstream classifier labelled it as elicitation of reasoning."""
REFUSED = 4
FULL_LENGTH = 8
"""Its answer ended at the limit that the request had set."""
LONG_TURN = 16
"""It continues a conversation, in as many words as a request of its own."""
UNANSWERED = 32
"""It got no answer, whether it was refused or failed."""
UNTOLD = 64
"""Nobody told the tokens of its answer."""
LONG = 128
"""It has as many words as a request of its own and names a conversation, but no turn. Whether it continues that
conversation is for its account to tell, which knows the conversations before."""

NOBODY = -1
"""Number of what an event does not name."""

_REPEAT_CHARS = 8
# Sections of ``Exchange.marks``, in their order.
REPEAT = slice(0, _REPEAT_CHARS)
"""Equal for prompts that are the same text."""
TEXT_CHARS = 3
TEXT_MARK = slice(0, TEXT_CHARS)
"""The same for the few recent prompts of some accounts: one pair in 262,144 of different ones is equal, too."""
HEAD_MARK = slice(REPEAT.stop, REPEAT.stop + 6)
FRAME_MARK = slice(HEAD_MARK.stop, HEAD_MARK.stop + 12)
"""The first sentence and the closing words."""
FIRST_CHARS = 3
FIRST_MARK = slice(FRAME_MARK.start, FRAME_MARK.start + FIRST_CHARS)
"""The first sentence, line or label: one pair in 262,144 of different ones is equal."""
CLOSING_MARK = slice(HEAD_MARK.stop + 6, FRAME_MARK.stop)
STYLE_MARK = slice(FRAME_MARK.stop, FRAME_MARK.stop + STYLE_CHARS)
OPENER_MARKS = slice(STYLE_MARK.stop, None)
"""As many openers as the prompt has, one behind the other."""

_EXACT = slice(EXACT.start, EXACT.start + _REPEAT_CHARS)
_FRAME = slice(FIRST.start, CLOSING.stop)
_ELICITATION_LABEL = "reasoning_elicitation"
LIMIT_REASONS = frozenset(
    ("length", "max_tokens", "max_output_tokens", "max_completion_tokens", "max_length", "token_limit_reached")
)
"""What providers call it, in lower case, that an answer ended at the limit on its tokens."""
_ANSWERED, _BY_ITSELF = 200, "stop"
_REQUEST_WORDS = 31
_MANY_WORDS = levels_from(_REQUEST_WORDS)


class Profile(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What an event says of its account; ``organization`` is a number, ``NOBODY`` where the event names none."""

    tenant_id: str | None
    plan: str | None
    created_ms: int | None
    organization: int = NOBODY


class Setting(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What an event says of its account and its client rather than of itself; most events of an account share it.

    Parameters
    ----------
    client, model
        Numbers of the user agent and of the model that was asked for.
    links
        What the exchange shares with those of other accounts apart from its prompt: kind and value, sorted.
    traits
        How the client is set up and where it is, each as a letter for what it is and its value; see ``_traits_of``.
    """

    profile: Profile
    client: int
    model: int
    links: tuple[tuple[str, str], ...]
    traits: tuple[str, ...] = ()


class Exchange(msgspec.Struct, array_like=True, gc=False):
    """One exchange.

    Parameters
    ----------
    marks
        What is kept of the prompt's fingerprint: some of its sections and its style (``REPEAT`` to ``OPENER_MARKS``).
        Empty when the event had neither prompt nor fingerprint: such an exchange repeats nothing, and is no evidence.
    flags
        ``LATER_TURN`` to ``LONG``, added up.
    output_tokens
        Tokens of the answer; 0 where nobody told them (``UNTOLD``).
    end_user, address, conversation
        Numbers of 32 bits for the end user, the address block and the conversation, to tell distinct ones apart;
        ``NOBODY`` where the event names none. An event that tells its turn needs no conversation: ``NOBODY``, too.
    leads
        Leads of the prompt, one behind the other; see ``detectors.fingerprint_layout``.
    """

    occurred_ms: int
    event_id: str
    marks: str
    flags: int
    output_tokens: int
    end_user: int
    address: int
    conversation: int
    setting: Setting
    leads: str = ""


def exchange_of(event: UsageEvent, occurred_ms: int) -> Exchange:
    """Keep of an event what the detectors read; about 7 microseconds."""
    fingerprint = event.prompt_fingerprint
    if fingerprint is not None and (len(fingerprint) != FINGERPRINT_CHARS or not fingerprint.isascii()):
        # Admission has looked closely; this is what would make marks of other lengths.
        fingerprint = None
    marks, leads = ("", "") if fingerprint is None else _marks_of(fingerprint)
    return Exchange(
        occurred_ms,
        event.event_id,
        marks,
        _flags_of(event, fingerprint),
        event.output_tokens or 0,
        _number_of(event.end_user_id),
        _number_of_block(event.client_ip),
        NOBODY if event.turn is not None else _number_of(event.conversation_id),
        _setting_of(
            event.user_agent,
            # A cache takes -0.0 for 0.0, what is made of them tells them apart: whichever came first would decide.
            0.0 if event.temperature == 0 else event.temperature,
            0.0 if event.top_p == 0 else event.top_p,
            event.system_prompt_fingerprint,
            event.max_output_tokens,
            event.operation,
            event.payment_fingerprint,
            event.device_fingerprint,
            event.organization_id,
            event.tenant_id,
            event.plan,
            event.account_created_at,
            event.asn,
            event.country,
            event.model,
        ),
        leads,
    )


def _marks_of(fingerprint: str) -> tuple[str, str]:
    """Marks and leads."""
    openers, leads = fingerprint[OPENERS], ""
    end = openers.find(NO_OPENER)
    while end % OPENER_CHARS and end >= 0:
        end = openers.find(NO_OPENER, end + 1)
    if end >= 0:
        openers, leads = openers[:end], openers[end + OPENER_CHARS :].rstrip("-")
        leads += "-" * (-len(leads) % OPENER_CHARS)
    return f"{fingerprint[_EXACT]}{fingerprint[HEAD]}{fingerprint[_FRAME]}{style_of(fingerprint)}{openers}", leads


def _flags_of(event: UsageEvent, fingerprint: str | None) -> int:
    flags = 0
    if event.turn is not None and event.turn > 1:
        flags = LONG_TURN if _stands_alone(fingerprint) else LATER_TURN
    elif event.turn is None and event.conversation_id and _stands_alone(fingerprint):
        flags = LONG
    if event.labels is not None and _ELICITATION_LABEL in event.labels:
        flags |= ELICITATION
    # Most requests are answered, and most answers end by themselves.
    status, reason = event.status_code, event.finish_reason
    if status != _ANSWERED and is_failure(status, event.error_type):
        flags |= UNANSWERED | (REFUSED if is_refusal(status, event.error_type) else 0)
    if reason and reason != _BY_ITSELF and event.max_output_tokens is not None:
        flags |= FULL_LENGTH if reason.lower() in LIMIT_REASONS else 0
    if event.output_tokens is None:
        flags |= UNTOLD
    return flags


def _stands_alone(fingerprint: str | None) -> bool:
    """Whether a prompt is as long as a request of its own: what leans on the turns before takes few words."""
    return fingerprint is not None and fingerprint[WORDS] in _MANY_WORDS


@lru_cache(maxsize=65_536)
def _setting_of(  # one by one, because all of them are the key of the cache
    user_agent: str | None,
    temperature: float | None,
    top_p: float | None,
    system_prompt_fingerprint: str | None,
    max_output_tokens: int | None,
    operation: str | None,
    payment_fingerprint: str | None,
    device_fingerprint: str | None,
    organization_id: str | None,
    tenant_id: str | None,
    plan: str | None,
    created_at: datetime | None,
    asn: int | None,
    country: str | None,
    model: str,
) -> Setting:
    configuration = _configuration_of(
        user_agent, temperature, top_p, system_prompt_fingerprint, max_output_tokens, operation
    )
    links = (
        ("configuration", configuration),
        ("device", device_fingerprint or ""),
        ("payment", payment_fingerprint or ""),
    )
    return Setting(
        Profile(tenant_id, plan, None if created_at is None else epoch_ms(created_at), _number_of(organization_id)),
        _number_of(user_agent),
        _number_of(model),
        tuple(link for link in links if link[1]),
        _traits_of(asn, country, user_agent, temperature, top_p, max_output_tokens, system_prompt_fingerprint),
    )


def _traits_of(
    asn: int | None,
    country: str | None,
    user_agent: str | None,
    temperature: float | None,
    top_p: float | None,
    max_output_tokens: int | None,
    system_prompt_fingerprint: str | None,
) -> tuple[str, ...]:
    """Traits of a client. Network, country and client count only where the event names them.

    Parameters and system prompt always count: to leave one out is a choice, too.
    """
    known = [("n", asn), ("y", country), ("u", None if user_agent is None else _number_of(user_agent))]
    chosen = [("t", temperature), ("p", top_p), ("m", max_output_tokens), ("s", _number_of(system_prompt_fingerprint))]
    return tuple(f"{kind}{value}" for kind, value in (*(one for one in known if one[1] is not None), *chosen))


@lru_cache(maxsize=65_536)
def _configuration_of(*parts: object) -> str:
    """Short id of the way a client is set up; empty when nothing is known of it."""
    # A client alone, or with a system prompt that strangers use too, is no configuration: somebody must set one up.
    if parts[1] is None and parts[2] is None and parts[4] is None:
        return ""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=65_536)
def _number_of_block(address: str | None) -> int:
    return _number_of(block_of(address))


def _number_of(text: str | None) -> int:
    # 32 bits tell 32 values apart and bound what a sender's long texts can make of the state.
    return crc32(text.encode("utf-8", "surrogatepass")) if text else NOBODY
