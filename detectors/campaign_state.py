"""The campaign detector's state as records of their own, so that a checkpoint writes only what changed."""

from collections.abc import Mapping

import msgspec

from detectors.calibration import Calibration
from detectors.case import Case
from detectors.casebook import Casebook
from detectors.cohort import Cohorts
from detectors.crowd import SHARDS, CrowdModel
from detectors.groups import GroupDetector
from detectors.harvest import HarvestDetector
from detectors.heard import Heard
from detectors.interchange import InterchangeDetector
from detectors.kin import KinDetector, Kinship
from detectors.links import Group, Links
from detectors.snapshot import decode_snapshot, encode_snapshot
from detectors.suspicion import Suspicion
from detectors.tail import Tail
from detectors.takeover import Refusal, TakeoverDetector
from detectors.windows import NEVER_MS
from schemas.account_bucket import AccountBucket

_META, _ACCOUNT, _GROUP, _FIRST, _CASE, _KIN, _CROWD, _PENDING = b"m", b"a", b"g", b"f", b"c", b"k", b"w", b"p"
"""First byte of a key: what kind of record it names. Behind it stands which account, link, case and so on."""


class Meta(msgspec.Struct, array_like=True):
    """What belongs to no single account, link or case.

    ``judged_per_day`` to ``judged_today`` are those of ``GroupDetector.search_cost``, ``opened_day`` and
    ``opened_today`` count against the daily budget of alerts, ``feedback`` has the ids of the decisions carried out.
    """

    watermark_ms: int = NEVER_MS
    start_ms: int = NEVER_MS
    accounts: int = 0
    judged_per_day: float = 0.0
    judged_day: int = 0
    judged_today: int = 0
    opened_day: int = 0
    opened_today: int = 0
    tails: list[Tail] = []
    feedback: list[str] = []
    searched_turn: int = -1
    cohorts: Cohorts = msgspec.field(default_factory=Cohorts)
    calibration: Calibration = msgspec.field(default_factory=Calibration)
    coherence: list[float] = []
    refused: dict[int, list[Refusal]] = {}
    popular_ratio: float = 0.0
    """0 in a state that was written before it was learned."""
    firsts_ratio: dict[int, float] = {}


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

    def __init__(
        self,
        accounts: dict[str, Suspicion],
        crowd: CrowdModel,
        links: Links,
        groups: GroupDetector,
        harvest: HarvestDetector,
        book: Casebook,
        kin: KinDetector,
        heard: Heard,
        interchange: InterchangeDetector,
        takeovers: TakeoverDetector,
        pending: dict[int, dict[str, AccountBucket]],
    ) -> None:
        self._accounts = accounts
        self._crowd = crowd
        self._links = links
        self._groups = groups
        self._harvest = harvest
        self._book = book
        self._kin = kin
        self._heard = heard
        self._interchange = interchange
        self._takeovers = takeovers
        self._pending = pending
        self._by_name: dict[bytes, Mapping[str, object]] = {
            _ACCOUNT: accounts,
            _GROUP: links.groups,
            _CASE: book.cases,
            _KIN: kin.kinships,
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
        self._changed.update(b"%s%d" % (_CROWD, shard) for shard in self._crowd.changed)
        self._changed.update(_CASE + alert_id.encode() for alert_id in self._book.changed)
        self._changed.update(_KIN + alert_id.encode() for alert_id in self._kin.changed)
        self._changed.update(b"%s%d:%s" % (_FIRST, day, key.encode()) for day, key in self._links.changed_firsts)
        self._links.changed_firsts.clear()
        self._crowd.changed.clear()
        self._book.changed.clear()
        self._kin.changed.clear()
        changed = sorted(self._changed)
        self._changed.clear()
        return changed

    def snapshot(self, key: bytes, meta: Meta) -> bytes | None:
        """Record of a key; ``None`` when what it named is gone."""
        value = self._value(key[:1], key[1:], meta)
        return None if value is None else encode_snapshot(value)

    def _value(self, kind: bytes, name: bytes, meta: Meta) -> object:
        if kind == _META:
            self._fill(meta)
            return meta
        if kind == _CROWD:
            return self._crowd.shards[int(name)]
        if kind == _PENDING:
            start, _, account_id = name.partition(b":")
            return self._pending.get(int(start), {}).get(account_id.decode())
        if kind == _FIRST:
            day, _, key = name.partition(b":")
            return self._links.firsts.get(int(day), {}).get(key.decode())
        return self._by_name[kind].get(name.decode())

    def _fill(self, meta: Meta) -> None:
        """Take into the record what its owners know of it; ``_hand_out`` gives it back to them."""
        meta.accounts, meta.popular_ratio = self._crowd.accounts, self._crowd.popular_ratio
        meta.tails = self._harvest.tails
        meta.cohorts, meta.calibration = self._harvest.cohorts, self._harvest.calibration
        meta.coherence, meta.refused = self._interchange.coherence, self._takeovers.refused
        meta.judged_per_day, meta.judged_day, meta.judged_today = self._groups.search_cost()
        meta.firsts_ratio = self._links.firsts_ratio

    def _hand_out(self, meta: Meta) -> None:
        self._crowd.accounts = meta.accounts
        self._crowd.popular_ratio = meta.popular_ratio or self._crowd.popular_ratio
        self._crowd.rescale()
        self._harvest.tails, self._harvest.cohorts = meta.tails, meta.cohorts
        self._harvest.calibration = meta.calibration
        self._interchange.coherence, self._takeovers.refused = meta.coherence, meta.refused
        self._groups.restore_search_cost(meta.judged_per_day, meta.judged_day, meta.judged_today)
        self._links.firsts_ratio = meta.firsts_ratio

    def restore(self, key: bytes, raw: bytes) -> Meta | None:
        """Take over one record, and return it when it is the ``Meta``; raises ``SnapshotRefused``."""
        kind, name = key[:1], key[1:]
        if kind == _META:
            meta = decode_snapshot(raw, _meta_decoder, "the campaigns stage")
            self._hand_out(meta)
            return meta
        if kind == _ACCOUNT:
            account = self._accounts[name.decode()] = decode_snapshot(raw, _account_decoder, "an account")
            self._heard.restore(account)
        elif kind == _GROUP:
            self._links.restore(name.decode(), decode_snapshot(raw, _group_decoder, "a link"))
        elif kind == _FIRST:
            day, _, link = name.partition(b":")
            first = decode_snapshot(raw, _first_decoder, "a link")
            self._links.firsts.setdefault(int(day), {})[link.decode()] = first
        elif kind == _CASE:
            self._book.restore(decode_snapshot(raw, _case_decoder, "a case"))
        elif kind == _KIN:
            self._kin.kinships[name.decode()] = decode_snapshot(raw, _kin_decoder, "a campaign's kinship")
        elif kind == _CROWD:
            self._crowd.shards[int(name) % SHARDS] = decode_snapshot(raw, _shard_decoder, "the crowd")
        else:
            record = decode_snapshot(raw, _record_decoder, "a waiting bucket")
            self._pending[record.start_ms][record.account_id] = record
        return None
