"""The account detector: from usage events to one record per account and closed bucket.

``observe`` is the whole of what happens to a single event. Everything else happens when event time has passed a
bucket, in an order that depends on nothing but the events.
"""

import heapq
from collections import defaultdict

import msgspec

from detectors.account import Account
from detectors.account_state import AccountState
from detectors.exchange import exchange_of
from detectors.open_bucket import OpenBucket, PackedBucket, pack, unpack
from detectors.rhythm import RhythmState
from detectors.snapshot import decode_snapshot, encode_snapshot
from detectors.spec import DetectorSpec
from detectors.windows import DAY_MS, HOUR_MS, NEVER_MS
from schemas.account_bucket import AccountBucket
from schemas.usage_event import UsageEvent, epoch_ms

_PACK_AFTER_MS, _PACK_WITH_ROOM_AFTER_MS = 2 * HOUR_MS, 24 * HOUR_MS
_ROOM_FOR = 2_000
"""Live accounts of a partition (16 MB) up to which there is room for those that were silent for less than a day.

To pack one and bring it back costs what an event costs.
"""
_COUNT_EVERY = 16


class AccountSnapshot(msgspec.Struct, array_like=True):
    """One account as it is written: its state and its open buckets, compressed when they are large."""

    state: AccountState
    pending: list[PackedBucket] | bytes


_decoder = msgspec.msgpack.Decoder(AccountSnapshot)


class AccountDetector:
    """All accounts of one partition.

    Accounts that were silent for two hours (a day, while there are few) are kept as packed bytes, and forgotten after
    ``idle_days``.
    """

    def __init__(self, spec: DetectorSpec) -> None:
        self._spec = spec
        self._bucket_ms = spec.bucket_seconds * 1000
        self._live: dict[str, Account] = {}
        self._packed: dict[str, tuple[int, bytes]] = {}
        self._open: dict[int, set[str]] = defaultdict(set)
        self._starts: list[int] = []
        self._changed: set[str] = set()
        self._swept_hour = -1
        self.watermark_ms = NEVER_MS

    def observe(self, event: UsageEvent) -> int:
        """Put an event into its account's bucket, or return by how many milliseconds it is behind the watermark."""
        occurred_ms = epoch_ms(event.occurred_at)
        if occurred_ms < self.watermark_ms:
            return self.watermark_ms - occurred_ms
        account_id = event.account_id
        account = self._live.get(account_id) or self._bring(account_id)
        start_ms = occurred_ms - occurred_ms % self._bucket_ms
        exchange = exchange_of(event, occurred_ms)
        bucket = account.buckets.get(start_ms)
        if bucket is None:
            account.buckets[start_ms] = OpenBucket([exchange])
            self._open_bucket(start_ms, account_id)
        else:
            bucket.pending.append(exchange)
            if len(bucket.pending) % _COUNT_EVERY == 0:
                account.count_passed(self.watermark_ms)
        self._changed.add(account_id)
        return 0

    def advance(self, watermark_ms: int) -> list[AccountBucket]:
        """Close every bucket behind the watermark; returns their records by bucket, then by account."""
        if watermark_ms <= self.watermark_ms:
            return []
        self.watermark_ms = watermark_ms
        closed: list[AccountBucket] = []
        while self._starts and self._starts[0] + self._bucket_ms <= watermark_ms:
            start_ms = heapq.heappop(self._starts)
            for account_id in sorted(self._open.pop(start_ms)):
                closed.append(self._live[account_id].close(start_ms))
                self._changed.add(account_id)
        if watermark_ms // HOUR_MS != self._swept_hour:
            self._swept_hour = watermark_ms // HOUR_MS
            self._sweep()
        return closed

    def _open_bucket(self, start_ms: int, account_id: str) -> None:
        if start_ms not in self._open:
            heapq.heappush(self._starts, start_ms)
        self._open[start_ms].add(account_id)

    def _bring(self, account_id: str) -> Account:
        packed = self._packed.pop(account_id, None)
        if packed is None:
            account = Account(self._spec, account_id, AccountState(RhythmState()))
        else:
            account = self._unpack(account_id, packed[1])
        self._live[account_id] = account
        return account

    def _unpack(self, account_id: str, raw: bytes) -> Account:
        snapshot = decode_snapshot(raw, _decoder, f"account {account_id}")
        account = Account(self._spec, account_id, snapshot.state)
        account.buckets = unpack(snapshot.pending, f"account {account_id}")
        return account

    def _sweep(self) -> None:
        """Pack accounts that were silent for long; drop those silent for so long that they would begin anew."""
        has_room = len(self._live) <= _ROOM_FOR
        silent_ms = self.watermark_ms - (_PACK_WITH_ROOM_AFTER_MS if has_room else _PACK_AFTER_MS)
        for account_id, account in list(self._live.items()):
            if not account.buckets and account.state.last_ms < silent_ms:
                self._packed[account_id] = (account.state.last_ms, self._encode(account))
                del self._live[account_id]
        forgotten_ms = self.watermark_ms - self._bucket_ms - round(self._spec.idle_days * DAY_MS)
        for account_id in [a for a, (last_ms, _) in self._packed.items() if last_ms < forgotten_ms]:
            del self._packed[account_id]
            self._changed.add(account_id)

    def _encode(self, account: Account) -> bytes:
        account.count_passed(self.watermark_ms)
        return encode_snapshot(AccountSnapshot(account.snapshot_state(), pack(account.buckets)))

    # -- state ----------------------------------------------------------------------------------

    @property
    def live_accounts(self) -> int:
        """Accounts that are ready for their next event."""
        return len(self._live)

    @property
    def packed_accounts(self) -> int:
        """Accounts that are kept as packed bytes."""
        return len(self._packed)

    def take_changed(self) -> list[str]:
        """Accounts that changed since the last call."""
        changed = sorted(self._changed)
        self._changed.clear()
        return changed

    def snapshot(self, account_id: str) -> bytes | None:
        """Bytes of an account; ``None`` when it is forgotten."""
        account = self._live.get(account_id)
        if account is not None:
            return self._encode(account)
        packed = self._packed.get(account_id)
        return None if packed is None else packed[1]

    def restore(self, account_id: str, raw: bytes) -> None:
        """Take over an account from its bytes; raises ``SnapshotRefused``."""
        account = self._unpack(account_id, raw)
        for start_ms in account.buckets:
            self._open_bucket(start_ms, account_id)
        if account.buckets:
            self._live[account_id] = account
        else:
            self._packed[account_id] = (account.state.last_ms, raw)
