"""Account bucket: what one account did in one event-time bucket, for those who compare accounts.

It goes from the accounts stage to the campaigns stage and is no contract for anybody else. It is deterministic: the
same events give the same bytes, so a repeat is recognised by account and bucket.
"""

import msgspec

NO_SLOT = -1
"""Place among the slots of an exchange that has none."""


class Link(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Something that accounts may share, and how many of the bucket's fresh exchanges carried it.

    ``kind`` is one of ``detectors.link_key.LINK_KINDS``; ``value`` stands for what is shared.
    """

    kind: str
    value: str
    exchanges: int


class AccountBucket(msgspec.Struct, frozen=True, array_like=True):
    """One account in one closed bucket.

    Parameters
    ----------
    start_ms, end_ms
        The bucket, milliseconds since the epoch; the end belongs to the next one.
    age_ms
        Time from the registration of the account to the end of the bucket; -1 when unknown.
    seen_ms
        Time since the first event of the account.
    events
        Exchanges of the bucket, duplicates of the same event left out.
    fresh
        Exchanges that begin a conversation and repeat no recent prompt of the account, or collect another answer to it.
    slots
        What opens the part of a prompt that is neither the account's wrapper nor a preamble, or the preamble where
        nothing stands behind it, for each fresh exchange that has one and repeats nothing, and for later turns of so
        many words that they stand alone.
    preambles
        Where what stands behind a preamble is the slot: its place in ``slots``, and what opens the preamble.
    places
        Of the exchanges with a slot that the account has used for the first time, or none but wrapper: where the slot
        is in ``slots`` (``NO_SLOT`` for none), and what else in the prompt may be what it asks (``detectors.places``).
    new_slots
        Those slots that the account has used for the first time.
    wrapped
        Of the exchanges with a slot, those that begin or end with the account's own wrapper.
    regular
        Exchanges that repeat nothing and are no short later turn, whose gap is like the gap before it.
    elicitations
        Exchanges that an upstream classifier labelled as elicitation of reasoning.
    refusals
        Exchanges refused with 401, 403 or 429.
    full_length
        Exchanges whose answer ended at the limit that the request had set.
    active_hours
        Hours of the last 24 in which the account was active, this one included (1 to 24).
    end_users, addresses, clients
        Distinct end users, address blocks and user agents of the day or of the last active day before, whichever are
        more; 32 at most.
    shift_nats
        Logarithm of the account's own e-detector for volume.
    styles
        Styles of the exchanges with a prompt that repeat nothing and are no short later turn (``detectors.style``).
    traits
        How the client of the last exchange was set up and where it was: a letter for each kind and its value.
    organization
        Number of the organisation that the account belongs to, -1 where it belongs to none.
    models
        Fresh exchanges by the number of the model that they asked.
    untold
        Exchanges of whose answer nobody told the tokens; ``output_tokens`` are those of the others.
    answered_ms, refused_ms
        Times of the first exchange that was not refused and of the first that was, milliseconds since the epoch; -1
        without one.
    paced
        Exchanges that repeat nothing and are no short later turn, of whose gap it can be told whether it is even.
    even
        Those of them whose gap is like the gap before it; the ``regular`` ones are those after at least 20 seconds.
    texts
        What stands for the texts of the prompts whose styles are told: equal for equal prompts of whatever account.
    """

    account_id: str
    start_ms: int
    end_ms: int
    tenant_id: str | None
    plan: str | None
    age_ms: int
    seen_ms: int
    events: int
    fresh: int
    slots: list[str]
    new_slots: list[str]
    wrapped: int
    regular: int
    elicitations: int
    refusals: int
    full_length: int
    output_tokens: int
    active_hours: int
    end_users: int
    addresses: int
    clients: int
    shift_nats: float
    links: list[Link]
    styles: str = ""
    traits: tuple[str, ...] = ()
    organization: int = -1
    models: dict[int, int] = {}
    untold: int = 0
    answered_ms: int = -1
    refused_ms: int = -1
    paced: int = 0
    even: int = 0
    texts: str = ""
    preambles: list[tuple[int, str]] = []
    places: list[tuple[int, str]] = []


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AccountBucket).decode


def encode_account_bucket(bucket: AccountBucket) -> bytes:
    """Bytes of a bucket; equal buckets, equal bytes."""
    return _encode(bucket)


def decode_account_bucket(raw: bytes) -> AccountBucket:
    """Bucket from its bytes; raises ``msgspec.DecodeError`` for anything else."""
    return _decode(raw)
