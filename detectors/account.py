"""One account's own state: what it takes to describe a closed bucket, and nothing of any other account.

Order within a bucket is by event time and event id, so neither partitions nor restarts change anything.
"""

from operator import attrgetter
from zlib import crc32

import msgspec

from detectors.exchange import Exchange, Profile
from detectors.fingerprint_layout import NO_OPENER, OPENER_CHARS
from detectors.rhythm import Rhythm, RhythmState
from detectors.spec import DetectorSpec
from detectors.windows import DAY_MS, HOUR_MS
from schemas.account_bucket import AccountBucket, Link

_RECENT_PROMPTS = 128
_REPEAT_CHARS = 8
_KNOWN_SLOTS = 256
_PARTS = 64
_HALVE_AFTER = 96
_DISTINCT = 32
_MIN_GAP_MS, _MAX_GAP_MS = 20_000, 3 * HOUR_MS
_REGULAR_RATIO = 0.25
_MAX_LINKS = 64


class AccountState(msgspec.Struct, array_like=True):
    """State between buckets; about 1.5 KB as a snapshot.

    ``recent`` and ``slots`` are short ids joined by a separator: a search in one short string is faster and twenty
    times smaller than a set. ``parts`` counts openers, first and last sentences of recent prompts; both it and
    ``prompts`` are halved together, so that a wrapper that is no longer used is forgotten.
    """

    rhythm: RhythmState
    first_ms: int = -1
    profile: Profile = Profile(None, None, None)
    events: int = 0
    recent: str = ","
    slots: str = ","
    parts: dict[str, int] = {}
    prompts: int = 0
    last_ms: int = 0
    last_gap_ms: int = 0
    day: int = 0
    distinct_before: tuple[int, int, int] = (1, 1, 1)
    end_users: set[int] = set()
    addresses: set[int] = set()
    clients: set[int] = set()


class Account:
    """An account in memory: its state and the exchanges of its open buckets."""

    __slots__ = ("_rhythm", "_spec", "account_id", "pending", "state")

    def __init__(self, spec: DetectorSpec, account_id: str, state: AccountState) -> None:
        self._spec = spec
        self.account_id = account_id
        self.state = state
        self._rhythm = Rhythm(state.rhythm)
        self.pending: dict[int, list[Exchange]] = {}
        """Exchanges by the start of their bucket, milliseconds."""

    def snapshot_state(self) -> AccountState:
        """State ready to be written."""
        self.state.rhythm = self._rhythm.state()
        return self.state

    def close(self, start_ms: int) -> AccountBucket:
        """Fold the exchanges of a bucket into the state and describe the bucket; about 15 µs and 5 per exchange."""
        exchanges = _in_order(self.pending.pop(start_ms))
        self._forget_if_idle(start_ms)
        state = self.state
        if state.first_ms < 0:
            state.first_ms = start_ms
        state.profile = exchanges[-1].profile
        fresh = regular = elicitations = refusals = full_length = input_tokens = output_tokens = 0
        slots: list[str] = []
        new_slots: list[str] = []
        links: dict[tuple[str, str], int] = {}
        for exchange in exchanges:
            elicitations += exchange.is_elicitation
            refusals += exchange.is_refused
            full_length += exchange.is_full_length
            input_tokens += exchange.input_tokens
            output_tokens += exchange.output_tokens
            is_repeat = self._is_repeat(exchange)
            is_regular = self._count_gap(exchange.occurred_ms)
            slot = self._slot_of(exchange) if exchange.openers else None
            self._count_distinct(exchange)
            if is_repeat or exchange.is_later_turn:
                continue
            fresh += 1
            regular += is_regular
            if slot is not None:
                slots.append(slot)
                if self._is_new_slot(slot):
                    new_slots.append(slot)
            for link in _links_of(exchange):
                links[link] = links.get(link, 0) + 1
        state.events += len(exchanges)
        hourly, expected = self._rhythm.observe(start_ms // HOUR_MS, len(exchanges))
        end_ms = start_ms + self._spec.bucket_seconds * 1000
        created_ms = state.profile.created_ms
        before = state.distinct_before
        return AccountBucket(
            account_id=self.account_id,
            start_ms=start_ms,
            end_ms=end_ms,
            tenant_id=state.profile.tenant_id,
            plan=state.profile.plan,
            age_ms=-1 if created_ms is None else max(0, end_ms - created_ms),
            seen_ms=end_ms - state.first_ms,
            events=len(exchanges),
            fresh=fresh,
            slots=slots,
            new_slots=new_slots,
            regular=regular,
            elicitations=elicitations,
            refusals=refusals,
            full_length=full_length,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            active_hours=self._rhythm.active_hours,
            end_users=max(before[0], len(state.end_users)),
            addresses=max(before[1], len(state.addresses)),
            clients=max(before[2], len(state.clients)),
            hourly=hourly,
            hourly_expected=expected,
            shift_nats=self._rhythm.shift_nats,
            links=[Link(kind, value, count) for (kind, value), count in sorted(links.items())[:_MAX_LINKS]],
        )

    def _forget_if_idle(self, start_ms: int) -> None:
        """Begin anew after ``idle_days``: by the account's own events, not by when memory was last swept."""
        if self.state.events and start_ms - self.state.last_ms > self._spec.idle_days * DAY_MS:
            self.state = AccountState(RhythmState())
            self._rhythm = Rhythm(self.state.rhythm)

    def _is_repeat(self, exchange: Exchange) -> bool:
        if not exchange.repeat:
            return False
        short = "," + exchange.repeat[:_REPEAT_CHARS] + ","
        state = self.state
        if short in state.recent:
            return True
        state.recent = (state.recent + short[1:])[-(_REPEAT_CHARS + 1) * _RECENT_PROMPTS - 1 :]
        return False

    def _is_new_slot(self, slot: str) -> bool:
        state = self.state
        if f",{slot}," in state.slots:
            return False
        state.slots = (state.slots + slot + ",")[-(OPENER_CHARS + 1) * _KNOWN_SLOTS - 1 :]
        return True

    def _slot_of(self, exchange: Exchange) -> str | None:
        """What opens the first part of the prompt that is not the account's wrapper; counts the parts."""
        state = self.state
        parts = state.parts
        openers = exchange.openers
        limit = max(2.0, self._spec.crowd.wrapper_ratio * max(state.prompts, 12))
        slot = None
        for start in range(0, len(openers), OPENER_CHARS):
            opener = openers[start : start + OPENER_CHARS]
            if opener == NO_OPENER:
                break
            count = parts.get(opener, 0)
            if slot is None and count < limit:
                slot = opener
            parts[opener] = count + 1
        state.prompts += 1
        if len(parts) > _PARTS or state.prompts >= _HALVE_AFTER:
            self._forget_parts()
        return slot

    def _forget_parts(self) -> None:
        """Drop what was seen once; when enough prompts went by, halve the rest."""
        state = self.state
        if state.prompts >= _HALVE_AFTER:
            state.parts = {part: count // 2 for part, count in state.parts.items() if count > 1}
            state.prompts //= 2
        else:
            state.parts = {part: count for part, count in state.parts.items() if count > 1}
        if len(state.parts) > _PARTS:
            kept = sorted(state.parts.items(), key=lambda item: (-item[1], item[0]))[: _PARTS // 2]
            state.parts = dict(kept)

    def _count_gap(self, occurred_ms: int) -> bool:
        """Whether the gap to the exchange before is like the gap before that, as a machine's are."""
        state = self.state
        gap_ms = occurred_ms - state.last_ms
        before_ms = state.last_gap_ms
        state.last_ms = occurred_ms
        state.last_gap_ms = gap_ms
        return _MIN_GAP_MS <= gap_ms <= _MAX_GAP_MS and abs(gap_ms - before_ms) <= _REGULAR_RATIO * gap_ms

    def _count_distinct(self, exchange: Exchange) -> None:
        state = self.state
        day = exchange.occurred_ms // DAY_MS
        if day != state.day:
            state.distinct_before = (len(state.end_users), len(state.addresses), len(state.clients))
            state.end_users, state.addresses, state.clients = set(), set(), set()
            state.day = day
        _add(state.end_users, exchange.end_user)
        _add(state.addresses, exchange.address)
        _add(state.clients, exchange.client)


def _links_of(exchange: Exchange) -> list[tuple[str, str]]:
    """What the exchange shares with exchanges of other accounts, by kind."""
    found = []
    if exchange.configuration:
        found.append(("configuration", exchange.configuration))
    if exchange.payment:
        found.append(("payment", exchange.payment))
    if exchange.device:
        found.append(("device", exchange.device))
    if exchange.organization:
        found.append(("organization", exchange.organization))
    if exchange.head:
        found.append(("template", "h" + exchange.head))
        found.append(("template", "c" + exchange.closing))
        found.append(("template", "b" + exchange.first + exchange.closing))
    return found


def _add(distinct: set[int], value: str) -> None:
    # A number of 32 bits tells 32 values apart and bounds what a sender's long texts can make of the state.
    if value and len(distinct) < _DISTINCT:
        distinct.add(crc32(value.encode("utf-8", "surrogatepass")))


def _in_order(exchanges: list[Exchange]) -> list[Exchange]:
    """By event time and event id, each event once: deliveries of one event share its id and so its bucket."""
    if len(exchanges) == 1:
        return exchanges
    exchanges.sort(key=_place)
    kept: list[Exchange] = []
    for exchange in exchanges:
        if not kept or exchange.event_id != kept[-1].event_id or exchange.occurred_ms != kept[-1].occurred_ms:
            kept.append(exchange)
        elif _encode(exchange) < _encode(kept[-1]):
            # Deliveries that contradict each other: any fixed choice does, as long as order of arrival is not it.
            kept[-1] = exchange
    return kept


_place = attrgetter("occurred_ms", "event_id")
_encode = msgspec.msgpack.Encoder().encode
