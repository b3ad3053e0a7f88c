"""The open bucket of an account: what is counted already, and the exchanges that wait for event time.

An exchange is counted when event time has passed it, because from then on none can come before it. So a busy account
keeps the exchanges of the allowed disorder, not those of whole buckets.
"""

import zlib
from bisect import bisect_left
from collections.abc import Iterable
from operator import attrgetter

import msgspec

from detectors.exchange import (
    CLOSING_MARK,
    ELICITATION,
    FRAME_MARK,
    FULL_LENGTH,
    HEAD_MARK,
    REFUSED,
    UNTOLD,
    Exchange,
    Profile,
    Setting,
)
from detectors.snapshot import SnapshotRefused
from schemas.account_bucket import Link

_MAX_LINKS = 64
_MAX_MODELS = 16
_COMPRESS_FROM = 8
"""Pending exchanges from which they are compressed."""
_MAX_UNPACKED_BYTES = 64 * 1024 * 1024


class Tally(msgspec.Struct, array_like=True):
    """What the counted exchanges of a bucket add up to; fields are named as in ``AccountBucket``.

    ``profile`` and ``traits`` are those of the last exchange. ``shared`` counts fresh exchanges by what they share with
    other accounts (kind and value), ``templates`` by template.
    """

    profile: Profile = Profile(None, None, None)
    events: int = 0
    fresh: int = 0
    regular: int = 0
    elicitations: int = 0
    refusals: int = 0
    full_length: int = 0
    output_tokens: int = 0
    slots: list[str] = []
    new_slots: list[str] = []
    wrapped: int = 0
    shared: dict[tuple[str, str], int] = {}
    templates: dict[str, int] = {}
    styles: str = ""
    traits: tuple[str, ...] = ()
    models: dict[int, int] = {}
    untold: int = 0
    answered_ms: int = -1
    refused_ms: int = -1
    paced: int = 0
    even: int = 0
    texts: str = ""
    preambles: list[tuple[int, str]] = []
    places: list[tuple[int, str]] = []

    def count_flags(self, flags: int, occurred_ms: int) -> None:
        """Count what the flags of an exchange say."""
        if flags & REFUSED and self.refused_ms < 0:
            self.refused_ms = occurred_ms
        self.elicitations += flags & ELICITATION != 0
        self.refusals += flags & REFUSED != 0
        self.full_length += flags & FULL_LENGTH != 0
        self.untold += flags & UNTOLD != 0

    def count_sums(self, exchanges: list[Exchange]) -> None:
        """Count the exchanges and their tokens."""
        if exchanges:
            self.events += len(exchanges)
            self.output_tokens += sum(map(_output_tokens, exchanges))
            setting = exchanges[-1].setting
            self.profile, self.traits = setting.profile, setting.traits
            if self.answered_ms < 0:
                self.answered_ms = _first_answered_ms(exchanges)

    def count_shared(self, setting: Setting | None, fresh: int) -> None:
        """Count fresh exchanges of one setting, and what they share with those of other accounts."""
        if setting is not None and fresh:
            self.fresh += fresh
            if setting.model in self.models or len(self.models) < _MAX_MODELS:
                self.models[setting.model] = self.models.get(setting.model, 0) + fresh
            for link in setting.links:
                self.shared[link] = self.shared.get(link, 0) + fresh

    def count_templates(self, marks: str) -> None:
        """Count the templates of a fresh exchange: its head, its closing words, both ends together."""
        templates = self.templates
        for template in ("h" + marks[HEAD_MARK], "c" + marks[CLOSING_MARK], "b" + marks[FRAME_MARK]):
            templates[template] = templates.get(template, 0) + 1

    def links(self) -> list[Link]:
        """The first links by kind and value."""
        found = [Link(kind, value, count) for (kind, value), count in sorted(self.shared.items())]
        found += [Link("template", value, self.templates[value]) for value in sorted(self.templates)]
        return found if len(found) <= _MAX_LINKS else found[:_MAX_LINKS]

    def drop_later_links(self) -> None:
        """Forget links that cannot be among the first ones any more, whatever is still to come."""
        if len(self.shared) + len(self.templates) > _MAX_LINKS:
            self.shared = dict(sorted(self.shared.items())[:_MAX_LINKS])
            self.templates = dict(sorted(self.templates.items())[: _MAX_LINKS - len(self.shared)])


class OpenBucket:
    """A bucket of one account that event time has not passed."""

    __slots__ = ("counted", "pending", "tally")

    def __init__(self, pending: list[Exchange], tally: Tally | None = None, counted: Iterable[int] = ()) -> None:
        self.pending = pending
        """Exchanges that are not counted yet, as they came."""
        self.tally = tally
        """What is counted already; ``None`` before the first time."""
        self.counted = set(counted)
        """Numbers of the events that are counted already: each may be delivered again, with another time."""

    @property
    def events(self) -> int:
        """Exchanges counted or pending."""
        return len(self.pending) + (self.tally.events if self.tally is not None else 0)

    def take(self, watermark_ms: int, *, is_last: bool) -> list[Exchange]:
        """Take out the pending exchanges that event time has passed, in order, each event of the bucket once.

        ``is_last``: none will be taken after these, so nobody has to remember which events they were.
        """
        exchanges = _in_order(self.pending)
        if self.counted:
            exchanges = [exchange for exchange in exchanges if _event_number(exchange) not in self.counted]
        if exchanges and exchanges[-1].occurred_ms < watermark_ms:
            self.pending, taken = [], exchanges
        else:
            passed = bisect_left(exchanges, watermark_ms, key=_time)
            self.pending, taken = exchanges[passed:], exchanges[:passed]
        if not is_last:
            self.counted.update(map(_event_number, taken))
        return taken


class PackedExchange(msgspec.Struct, array_like=True):
    """A pending exchange as it is written: its time since the start of the bucket, and without its setting."""

    after_ms: int
    event_id: str
    marks: str
    flags: int
    output_tokens: int
    end_user: int
    address: int
    conversation: int
    leads: str = ""


class PackedBucket(msgspec.Struct, array_like=True):
    """An open bucket as it is written, each setting once: about 100 bytes per pending exchange, 9 per counted one."""

    start_ms: int
    tally: Tally | None
    counted: list[int]
    pending: list[tuple[Setting, list[PackedExchange]]]


def pack(buckets: dict[int, OpenBucket]) -> list[PackedBucket] | bytes:
    """What is written of open buckets, which are given by their start (milliseconds).

    From eight pending exchanges on it is compressed, which costs 30 microseconds.
    """
    packed = [_packed(start_ms, bucket) for start_ms, bucket in buckets.items()]
    if sum(len(bucket.pending) for bucket in buckets.values()) < _COMPRESS_FROM:
        return packed
    return zlib.compress(_encode(packed), level=1)


def unpack(packed: list[PackedBucket] | bytes, what: str) -> dict[int, OpenBucket]:
    """Open buckets by their start from what was written of them; raises ``SnapshotRefused``."""
    if isinstance(packed, bytes):
        try:
            # Bounded, whatever the bytes say that they are.
            packed = _decoder.decode(zlib.decompressobj().decompress(packed, _MAX_UNPACKED_BYTES))
        except (zlib.error, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SnapshotRefused(
                f"the snapshot of {what} is damaged ({error}): restore the state topic from a copy"
            ) from error
    return {bucket.start_ms: _unpacked(bucket) for bucket in packed}


def _packed(start_ms: int, bucket: OpenBucket) -> PackedBucket:
    by_setting: dict[Setting, list[PackedExchange]] = {}
    for exchange in bucket.pending:
        packed = PackedExchange(
            exchange.occurred_ms - start_ms,
            exchange.event_id,
            exchange.marks,
            exchange.flags,
            exchange.output_tokens,
            exchange.end_user,
            exchange.address,
            exchange.conversation,
            exchange.leads,
        )
        by_setting.setdefault(exchange.setting, []).append(packed)
    return PackedBucket(start_ms, bucket.tally, sorted(bucket.counted), list(by_setting.items()))


def _unpacked(packed: PackedBucket) -> OpenBucket:
    pending = [
        Exchange(
            packed.start_ms + exchange.after_ms,
            exchange.event_id,
            exchange.marks,
            exchange.flags,
            exchange.output_tokens,
            exchange.end_user,
            exchange.address,
            exchange.conversation,
            setting,
            exchange.leads,
        )
        for setting, exchanges in packed.pending
        for exchange in exchanges
    ]
    return OpenBucket(pending, packed.tally, packed.counted)


def _in_order(exchanges: list[Exchange]) -> list[Exchange]:
    """Exchanges by event time and event id, each event once.

    Of several deliveries of one event the earliest counts: whoever delivers it again may round its time.
    """
    if len(exchanges) == 1:
        return exchanges
    times = list(map(_time, exchanges))
    if times == sorted(set(times)) and len(set(map(_event_id, exchanges))) == len(exchanges):
        return exchanges
    exchanges.sort(key=_place)
    kept: dict[str, Exchange] = {}
    for exchange in exchanges:
        first = kept.setdefault(exchange.event_id, exchange)
        # Deliveries that contradict each other: any fixed choice does, as long as order of arrival is not it.
        if first is not exchange and exchange.occurred_ms == first.occurred_ms and _encode(exchange) < _encode(first):
            kept[exchange.event_id] = exchange
    return list(kept.values())


def _first_answered_ms(exchanges: list[Exchange]) -> int:
    for exchange in exchanges:
        if not exchange.flags & REFUSED:
            return exchange.occurred_ms
    return -1


def _event_number(exchange: Exchange) -> int:
    """A number of 64 bits for an event; of a hundred thousand in one bucket two hardly ever have the same."""
    event_id = exchange.event_id.encode("utf-8", "surrogatepass")
    return zlib.crc32(event_id) << 32 | zlib.adler32(event_id)


_time = attrgetter("occurred_ms")
_event_id = attrgetter("event_id")
_output_tokens = attrgetter("output_tokens")
_place = attrgetter("occurred_ms", "event_id")
_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(list[PackedBucket])
