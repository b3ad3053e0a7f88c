"""One account by itself, whatever others do: its buckets, and how a closed one is described.

Within a bucket events are counted by event time and event id, so neither partitions nor restarts change anything.
"""

from detectors.account_state import AccountState
from detectors.exchange import (
    FIRST_MARK,
    LATER_TURN,
    LONG,
    LONG_TURN,
    NOBODY,
    OPENER_MARKS,
    REPEAT,
    STYLE_MARK,
    TEXT_MARK,
    UNANSWERED,
    Exchange,
    Setting,
)
from detectors.fingerprint_layout import OPENER_CHARS
from detectors.open_bucket import OpenBucket, Tally
from detectors.people import EVEN_WITHIN
from detectors.places import places_of
from detectors.rhythm import Rhythm, RhythmState
from detectors.slots import NO_PROMPT, Slot, place_of, slot_of
from detectors.spec import DetectorSpec
from detectors.windows import DAY_MS, HOUR_MS
from schemas.account_bucket import NO_SLOT, AccountBucket

_RECENT_PROMPTS = 128
"""Prompts that are remembered in order to tell repeats."""
_KNOWN_SLOTS = 256
"""Slots that are remembered in order to tell new ones."""
_DISTINCT = 32
"""End users, addresses and clients of a day that are told apart."""
_TOLD_PLACES = 4_096
"""Exchanges of a bucket of which it is told what else they may ask, so that no record outgrows its topic."""
_CONVERSATIONS = 32
"""Conversations that are remembered."""
_MIN_GAP_MS, _MAX_GAP_MS = 20_000, 3 * HOUR_MS
"""Shortest even gap that counts as ``regular``, and the longest gap of which it is told whether it is even."""
_LEAST_PACED_MS = 2_000
"""Shortest gap of which it is told whether it is even. Many logs give whole seconds, which makes shorter ones even by
chance."""


class Account:
    """An account in memory: its state and its open buckets."""

    __slots__ = ("_rhythm", "_spec", "account_id", "buckets", "state")

    def __init__(self, spec: DetectorSpec, account_id: str, state: AccountState) -> None:
        self._spec = spec
        self.account_id = account_id
        self.state = state
        self._rhythm = Rhythm(state.rhythm)
        self.buckets: dict[int, OpenBucket] = {}
        """Open buckets by their start, milliseconds."""

    def snapshot_state(self) -> AccountState:
        """State ready to be written."""
        self.state.rhythm = self._rhythm.state()
        return self.state

    def close(self, start_ms: int) -> AccountBucket:
        """Count what is pending in a bucket that event time has passed, and describe the bucket; about 10 µs."""
        bucket = self.buckets.pop(start_ms)
        end_ms = start_ms + self._spec.bucket_seconds * 1000
        tally = self._count(start_ms, bucket, end_ms, is_last=True) if bucket.pending else bucket.tally or Tally()
        state = self.state
        state.events += tally.events
        self._rhythm.observe(start_ms // HOUR_MS, tally.events)
        created_ms = tally.profile.created_ms
        before = state.distinct_before
        return AccountBucket(
            account_id=self.account_id,
            start_ms=start_ms,
            end_ms=end_ms,
            tenant_id=tally.profile.tenant_id,
            plan=tally.profile.plan,
            age_ms=-1 if created_ms is None else max(0, end_ms - created_ms),
            seen_ms=end_ms - state.first_ms,
            events=tally.events,
            fresh=tally.fresh,
            slots=tally.slots,
            new_slots=tally.new_slots,
            preambles=tally.preambles,
            places=tally.places,
            wrapped=tally.wrapped,
            regular=tally.regular,
            elicitations=tally.elicitations,
            refusals=tally.refusals,
            full_length=tally.full_length,
            output_tokens=tally.output_tokens,
            active_hours=self._rhythm.active_hours,
            end_users=max(before[0], len(state.end_users)),
            addresses=max(before[1], len(state.addresses)),
            clients=max(before[2], len(state.clients)),
            shift_nats=self._rhythm.shift_nats,
            links=tally.links(),
            styles=tally.styles,
            traits=tally.traits,
            organization=tally.profile.organization,
            models=tally.models,
            untold=tally.untold,
            answered_ms=tally.answered_ms,
            refused_ms=tally.refused_ms,
            paced=tally.paced,
            even=tally.even,
            texts=tally.texts,
        )

    def count_passed(self, watermark_ms: int) -> None:
        """Count every pending exchange that event time has passed; has no effect on any record, only on memory."""
        # Of two buckets the earlier one is whole, and closed, before event time comes to the later one.
        start_ms = min(self.buckets, default=watermark_ms)
        if start_ms < watermark_ms and self.buckets[start_ms].pending:
            self._count(start_ms, self.buckets[start_ms], watermark_ms, is_last=False).drop_later_links()

    def _count(self, start_ms: int, bucket: OpenBucket, watermark_ms: int, *, is_last: bool) -> Tally:
        """Count the pending exchanges that event time has passed, in order."""
        if bucket.tally is None:
            bucket.tally = Tally()
            self._begin_bucket(start_ms)
        tally = bucket.tally
        exchanges = bucket.take(watermark_ms, is_last=is_last)
        setting: Setting | None = None
        fresh = day_end_ms = end_user = address = 0
        for exchange in exchanges:
            if (
                exchange.setting is not setting
                or exchange.end_user != end_user
                or exchange.address != address
                or exchange.occurred_ms >= day_end_ms
            ):
                # Only here can it bring an end user, an address or a client that its day has not seen.
                day_end_ms = self._count_distinct(exchange)
                end_user, address = exchange.end_user, exchange.address
            if exchange.setting is not setting:
                tally.count_shared(setting, fresh)
                setting, fresh = exchange.setting, 0
            if exchange.flags:
                tally.count_flags(exchange.flags, exchange.occurred_ms)
            fresh += self._count_prompt(tally, exchange)
        tally.count_shared(setting, fresh)
        tally.count_sums(exchanges)
        return tally

    def _count_prompt(self, tally: Tally, exchange: Exchange) -> bool:
        """Count when an exchange came and what it asked; returns whether it is fresh.

        It is fresh when it begins a conversation and repeats no recent prompt, or when it collects one more answer to a
        recent prompt. In the second case what it asks was counted with the first answer.
        """
        state = self.state
        gap_ms, gap_before_ms = exchange.occurred_ms - state.last_ms, state.last_gap_ms
        state.last_ms, state.last_gap_ms = exchange.occurred_ms, gap_ms
        marks, flags = exchange.marks, exchange.flags
        if exchange.conversation != NOBODY:
            flags |= self._turn_of(exchange.conversation, flags)
        if marks:
            prompts_ago = self._prompts_ago(marks[REPEAT], flags)
            first = "" if prompts_ago or flags & LATER_TURN else marks[FIRST_MARK]
            slot = slot_of(state, marks[OPENER_MARKS], first, self._spec.crowd.wrapper_ratio)
        else:
            prompts_ago, slot = 0, NO_PROMPT
        if flags & LATER_TURN or (prompts_ago and not self._is_answer(prompts_ago, flags)):
            return False
        is_even = abs(gap_ms - gap_before_ms) <= EVEN_WITHIN * gap_ms
        if not prompts_ago and _LEAST_PACED_MS <= gap_ms <= _MAX_GAP_MS:
            tally.paced += 1
            if is_even:
                # As a machine's are.
                tally.even += 1
                tally.regular += gap_ms >= _MIN_GAP_MS
        begins = not flags & LONG_TURN
        if marks:
            if not prompts_ago:
                tally.styles += marks[STYLE_MARK]
                tally.texts += marks[TEXT_MARK]
                self._count_slot(tally, slot, exchange)
            if begins:
                tally.count_templates(marks)
        return begins

    def _turn_of(self, conversation: int, flags: int) -> int:
        """Flag of an exchange that names its conversation but no turn: a later turn, or 0 for the first one."""
        state = self.state
        is_known = conversation in state.conversations
        others = tuple([number for number in state.conversations if number != conversation])
        state.conversations = (*others, conversation)[-_CONVERSATIONS:]
        if not is_known:
            return 0
        return LONG_TURN if flags & LONG else LATER_TURN

    def _count_slot(self, tally: Tally, slot: Slot, exchange: Exchange) -> None:
        opener, preamble, is_wrapped = slot
        if opener is None:
            self._count_places(tally, NO_SLOT, None, exchange)
            return
        at = len(tally.slots)
        if preamble is not None:
            tally.preambles.append((at, preamble))
        tally.slots.append(opener)
        tally.wrapped += is_wrapped
        if self._is_new_slot(opener):
            tally.new_slots.append(opener)
            self._count_places(tally, at, opener, exchange)

    def _count_places(self, tally: Tally, at: int, slot: str | None, exchange: Exchange) -> None:
        """Tell what else in a prompt may be what it asks, since its slot is new, or none."""
        if len(tally.places) == _TOLD_PLACES:
            return
        openers, ratio = exchange.marks[OPENER_MARKS], self._spec.crowd.wrapper_ratio
        if places := places_of(self.state, slot, openers, exchange.leads, ratio):
            tally.places.append((at, places))

    def _begin_bucket(self, start_ms: int) -> None:
        """Begin anew after ``idle_days``: by the account's own events, not by when memory was last swept."""
        if self.state.events and start_ms - self.state.last_ms > self._spec.idle_days * DAY_MS:
            self.state = AccountState(RhythmState())
            self._rhythm = Rhythm(self.state.rhythm)
        if self.state.first_ms < 0:
            self.state.first_ms = start_ms

    def _prompts_ago(self, repeat: str, flags: int) -> int:
        """How many prompts ago a prompt was new, 1 being the latest; 0 for a new one, which is remembered."""
        state = self.state
        at = place_of(repeat, state.recent, len(repeat))
        if at >= 0:
            return (len(state.recent) - at) // len(repeat)
        state.recent = (state.recent + repeat)[-len(repeat) * _RECENT_PROMPTS :]
        state.answers.count_new(is_answered=not flags & UNANSWERED, is_later_turn=bool(flags & LATER_TURN))
        return 0

    def _is_answer(self, prompts_ago: int, flags: int) -> bool:
        return not flags & UNANSWERED and self.state.answers.count_again(prompts_ago)

    def _is_new_slot(self, slot: str) -> bool:
        state = self.state
        if place_of(slot, state.slots, OPENER_CHARS) >= 0:
            return False
        state.slots = (state.slots + slot)[-OPENER_CHARS * _KNOWN_SLOTS :]
        return True

    def _count_distinct(self, exchange: Exchange) -> int:
        """Count whom an exchange is from among those of its day; returns the end of that day, milliseconds."""
        state = self.state
        day = exchange.occurred_ms // DAY_MS
        if day != state.day:
            state.distinct_before = (len(state.end_users), len(state.addresses), len(state.clients))
            state.end_users = state.addresses = state.clients = ()
            state.day = day
        state.end_users = _with(state.end_users, exchange.end_user)
        state.addresses = _with(state.addresses, exchange.address)
        state.clients = _with(state.clients, exchange.setting.client)
        return (day + 1) * DAY_MS


def _with(distinct: tuple[int, ...], number: int) -> tuple[int, ...]:
    if number == NOBODY or number in distinct or len(distinct) >= _DISTINCT:
        return distinct
    return (*distinct, number)
