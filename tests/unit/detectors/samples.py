"""Events, buckets and states with only what a test is about; all the rest is plain."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from detectors.detector import AccountDetector, AccountSnapshot
from detectors.fingerprint_layout import (
    CLOSING,
    EXACT,
    FINGERPRINT_CHARS,
    FIRST,
    HEAD,
    OPENER_CHARS,
    OPENER_COUNT,
    OPENERS,
    VERSION,
)
from detectors.heard import Heard
from detectors.open_bucket import unpack
from detectors.snapshot import decode_snapshot
from detectors.spec import DetectorSpec
from detectors.style import FACETS, STYLE_CHARS, facet_of
from detectors.suspicion import Suspicion
from schemas.account_bucket import AccountBucket, Link
from schemas.usage_event import UsageEvent, decode_usage_event

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
START_MS = 20_000 * DAY_MS
"""A midnight."""
BUCKET_MS = 5 * MINUTE_MS


def mark(name: str, chars: int) -> str:
    """Characters of a fingerprint that stand for a name."""
    return hashlib.sha256(name.encode()).hexdigest()[:chars]


def fingerprint(
    exact: str = "", openers: Sequence[str] = (), head: str = "h", first: str | None = None, end: str = "e"
) -> str:
    """A fingerprint whose sections are known; names stand for what would be hashed, openers are used as they are.

    Every text begins with a sentence of its own unless ``first`` says otherwise.
    """
    characters = list((VERSION + "A" * FINGERPRINT_CHARS)[:FINGERPRINT_CHARS])
    padded = "".join(openers) + "---" * (OPENER_COUNT - len(openers))
    assert len(padded) == OPENER_CHARS * OPENER_COUNT
    for section, text in (
        (EXACT, mark(exact, 12)),
        (HEAD, mark(head, 6)),
        (FIRST, mark(exact if first is None else first, 6)),
    ):
        characters[section] = text
    characters[CLOSING] = mark(end, 6)
    characters[OPENERS] = padded
    return "".join(characters)


def opener(number: int) -> str:
    """An opener of its own for every number."""
    return f"{number:03d}"


def event(at_ms: int, account_id: str = "a-1", **fields: Any) -> UsageEvent:
    """An event at a time (milliseconds since the epoch)."""
    required = {
        "event_id": f"{account_id}-{at_ms}",
        "occurred_at": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(),
        "account_id": account_id,
        "model": "m-1",
        "input_tokens": 10,
        "output_tokens": 20,
    }
    return decode_usage_event(msgspec.json.encode(required | fields))


def records_of(spec: DetectorSpec, events: Sequence[UsageEvent]) -> list[AccountBucket]:
    """Records of events that are all there before event time passes any of them."""
    detector = AccountDetector(spec)
    for one in events:
        detector.observe(one)
    return detector.advance(2**60)


def events_in(raw: bytes | None) -> int:
    """Events that the snapshot of an account includes, those in open buckets too; none without one."""
    if raw is None:
        return 0
    its = decode_snapshot(raw, msgspec.msgpack.Decoder(AccountSnapshot), "an account")
    return its.state.events + sum(bucket.events for bucket in unpack(its.pending, "an account").values())


def bucket(account_id: str = "a-1", start_ms: int = START_MS, **fields: Any) -> AccountBucket:
    """A record of one fresh exchange without content, unless told otherwise."""
    plain: dict[str, Any] = {
        "account_id": account_id, "start_ms": start_ms, "end_ms": start_ms + BUCKET_MS, "tenant_id": None,
        "plan": None, "age_ms": DAY_MS, "seen_ms": BUCKET_MS, "events": 1, "fresh": 1, "slots": [], "new_slots": [],
        "wrapped": 0, "regular": 0, "elicitations": 0, "refusals": 0, "full_length": 0,
        "output_tokens": 20, "active_hours": 1, "end_users": 1, "addresses": 1, "clients": 1,
        "shift_nats": 0.0, "links": [],
    }  # fmt: skip
    return AccountBucket(**(plain | fields))


def link(kind: str, value: str, exchanges: int = 1) -> Link:
    """A link that some exchanges of a bucket carried."""
    return Link(kind, value, exchanges)


def sent(asked: Sequence[str], topics: Sequence[str], forms: Sequence[str]) -> Suspicion:
    """An account whose recent openers, and topics with forms as far as there are both, are these: letters for codes."""
    styles = "".join(topic + form * (STYLE_CHARS - 1) for topic, form in zip(topics, forms, strict=False))
    return Suspicion(
        0,
        0,
        recent="".join(OPENER_CHARS * a for a in asked),
        styles=["".join(facet_of(styles, facet)) for facet in FACETS],
    )


def heard_of(states: Iterable[Suspicion]) -> Heard:
    """What accounts have lately sent."""
    heard = Heard()
    for state in states:
        heard.restore(state)
    return heard
