"""The campaign detector's state as records of their own, so that a checkpoint writes only what changed."""

from collections.abc import Mapping

import msgspec

from detectors.case import Case
from detectors.crowd import SHARDS
from detectors.kin import Kinship
from detectors.knowledge import Knowledge, Meta
from detectors.links import Group
from detectors.snapshot import decode_snapshot, encode_snapshot
from detectors.suspicion import Suspicion
from schemas.account_bucket import AccountBucket

_META, _ACCOUNT, _GROUP, _FIRST, _CASE, _KIN, _CROWD, _PENDING = b"m", b"a", b"g", b"f", b"c", b"k", b"w", b"p"
"""First byte of a key: what kind of record it names. Behind it stands which account, link, case and so on."""


_meta_decoder = msgspec.msgpack.Decoder(Meta)
_account_decoder = msgspec.msgpack.Decoder(Suspicion)
_group_decoder = msgspec.msgpack.Decoder(Group)
_case_decoder = msgspec.msgpack.Decoder(Case)
_kin_decoder = msgspec.msgpack.Decoder(Kinship)
_shard_decoder = msgspec.msgpack.Decoder(dict[str, int])
_first_decoder = msgspec.msgpack.Decoder(str)
_record_decoder = msgspec.msgpack.Decoder(AccountBucket)


class CampaignState:
    """Which records changed, and how each is written and read; one byte of the key tells its kind."""

    def __init__(self, known: Knowledge) -> None:
        self._known = known
        self._by_name: dict[bytes, Mapping[str, object]] = {
            _ACCOUNT: known.accounts,
            _GROUP: known.links.groups,
            _CASE: known.book.cases,
            _KIN: known.kin.kinships,
        }
        self._changed: set[bytes] = set()

    def mark_meta(self) -> None:
        """Remember that what belongs to no single account, link or case changed."""
        self._changed.add(_META)

    def mark_account(self, account_id: str) -> None:
        """Remember that an account changed."""
        self._changed.add(_ACCOUNT + account_id.encode())

    def mark_link(self, key: str) -> None:
        """Remember that a link changed."""
        self._changed.add(_GROUP + key.encode())

    def mark_pending(self, start_ms: int, account_id: str) -> None:
        """Remember that a record waits, or waits no longer."""
        self._changed.add(b"%s%d:%s" % (_PENDING, start_ms, account_id.encode()))

    def take_changed(self) -> list[bytes]:
        """Keys of the records that changed since the last call."""
        known = self._known
        self._changed.update(b"%s%d" % (_CROWD, shard) for shard in known.crowd.changed)
        self._changed.update(_CASE + alert_id.encode() for alert_id in known.book.changed)
        self._changed.update(_KIN + alert_id.encode() for alert_id in known.kin.changed)
        self._changed.update(b"%s%d:%s" % (_FIRST, day, key.encode()) for day, key in known.links.changed_firsts)
        known.links.changed_firsts.clear()
        known.crowd.changed.clear()
        known.book.changed.clear()
        known.kin.changed.clear()
        changed = sorted(self._changed)
        self._changed.clear()
        return changed

    def snapshot(self, key: bytes) -> bytes | None:
        """Record of a key; ``None`` when what it named is gone."""
        value = self._value(key[:1], key[1:])
        return None if value is None else encode_snapshot(value)

    def _value(self, kind: bytes, name: bytes) -> object:
        if kind == _META:
            return self._filled_meta()
        if kind == _CROWD:
            return self._known.crowd.shards[int(name)]
        if kind == _PENDING:
            start, _, account_id = name.partition(b":")
            return self._known.pending.get(int(start), {}).get(account_id.decode())
        if kind == _FIRST:
            day, _, key = name.partition(b":")
            return self._known.links.firsts.get(int(day), {}).get(key.decode())
        return self._by_name[kind].get(name.decode())

    def _filled_meta(self) -> Meta:
        """The record of what belongs to nothing single, with what its owners know now; ``_hand_out`` gives it back."""
        known, meta = self._known, self._known.meta
        meta.accounts, meta.popular_ratio = known.crowd.accounts, known.crowd.popular_ratio
        meta.tails = known.harvest.tails
        meta.cohorts, meta.calibration = known.harvest.cohorts, known.harvest.calibration
        meta.coherence, meta.refused = known.interchange.coherence, known.takeovers.refused
        meta.judged_per_day, meta.judged_day, meta.judged_today = known.groups.search_cost()
        meta.firsts_ratio = known.links.firsts_ratio
        return meta

    def _hand_out(self, meta: Meta) -> None:
        known = self._known
        known.meta = meta
        known.crowd.accounts = meta.accounts
        known.crowd.popular_ratio = meta.popular_ratio or known.crowd.popular_ratio
        known.crowd.rescale()
        known.harvest.tails, known.harvest.cohorts = meta.tails, meta.cohorts
        known.harvest.calibration = meta.calibration
        known.interchange.coherence, known.takeovers.refused = meta.coherence, meta.refused
        known.groups.restore_search_cost(meta.judged_per_day, meta.judged_day, meta.judged_today)
        known.links.firsts_ratio = meta.firsts_ratio

    def restore(self, key: bytes, raw: bytes) -> None:
        """Take over one record; raises ``SnapshotRefused``."""
        kind, name = key[:1], key[1:]
        if kind == _META:
            self._hand_out(decode_snapshot(raw, _meta_decoder, "the campaigns stage"))
        elif kind == _ACCOUNT:
            account = self._known.accounts[name.decode()] = decode_snapshot(raw, _account_decoder, "an account")
            self._known.heard.restore(account)
        elif kind == _GROUP:
            self._known.links.restore(name.decode(), decode_snapshot(raw, _group_decoder, "a link"))
        elif kind == _FIRST:
            day, _, link = name.partition(b":")
            first = decode_snapshot(raw, _first_decoder, "a link")
            self._known.links.firsts.setdefault(int(day), {})[link.decode()] = first
        elif kind == _CASE:
            self._known.book.restore(decode_snapshot(raw, _case_decoder, "a case"))
        elif kind == _KIN:
            self._known.kin.kinships[name.decode()] = decode_snapshot(raw, _kin_decoder, "a campaign's kinship")
        elif kind == _CROWD:
            self._known.crowd.shards[int(name) % SHARDS] = decode_snapshot(raw, _shard_decoder, "the crowd")
        else:
            record = decode_snapshot(raw, _record_decoder, "a waiting bucket")
            self._known.pending[record.start_ms][record.account_id] = record
