"""The campaign detector: compares all accounts, finds those that act as one, and keeps the life of every alert.

It sees one record per account and bucket. Records wait until event time has passed their bucket and are then taken in
the order of account ids, so the result does not depend on how partitions interleave. What happens to a bucket is
``_close``: judge its accounts, judge the links it touched, let accounts join open campaigns, publish.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from detectors.case import DAY_MS, Case, new_case, publication
from detectors.crowd import SHARDS, CrowdModel
from detectors.groups import Group, GroupDetector
from detectors.harvest import HOUR_MS, HarvestDetector, Suspicion
from detectors.reasons import account_reasons, group_reasons
from detectors.snapshot import decode_snapshot, encode_snapshot
from detectors.spec import DetectorSpec
from detectors.tail import Tail
from detectors.verdicts import FeedbackRefused, targets_of
from schemas.account_bucket import AccountBucket, decode_account_bucket, encode_account_bucket
from schemas.alert import Alert
from schemas.feedback import Feedback
from schemas.times import epoch_ms

__all__ = ["CampaignDetector", "FeedbackRefused"]

_NEVER_MS = -(2**62)
_SAME_CAMPAIGN_RATIO = 0.5
_EXCUSED_DAYS = 14


class _Meta(msgspec.Struct, array_like=True):
    """What belongs to no single account, link or case."""

    watermark_ms: int = _NEVER_MS
    start_ms: int = _NEVER_MS
    accounts: int = 0
    judged_per_day: float = 50.0
    judged_day: int = 0
    judged_today: int = 0
    opened_day: int = 0
    opened_today: int = 0
    tails: list[Tail] = []
    feedback: list[str] = []


class CampaignDetector:
    """All accounts, links and cases of a deployment."""

    def __init__(self, spec: DetectorSpec) -> None:
        self._spec = spec
        self._harvest = HarvestDetector(spec)
        self._crowd = CrowdModel(spec.crowd)
        self._groups = GroupDetector(spec)
        self._meta = _Meta(judged_per_day=self._groups.judged_per_day)
        self._accounts: dict[str, Suspicion] = {}
        self._crowd_of: dict[str, float] = {}
        self._cases: dict[str, Case] = {}
        self._case_of: dict[str, str] = {}
        self._case_of_link: dict[str, str] = {}
        self._pending: dict[int, dict[str, AccountBucket]] = defaultdict(dict)
        self._changed: set[bytes] = set()
        self._swept_hour = -1
        self.repeated = 0
        """Records of buckets that were closed already: a restarted accounts stage repeats what it had not committed."""

    @property
    def watermark_ms(self) -> int:
        """Event time reached, milliseconds since the epoch."""
        return self._meta.watermark_ms

    def observe(self, record: AccountBucket) -> None:
        """Keep a record until its bucket is complete; a repeat changes nothing."""
        if record.end_ms <= self._meta.watermark_ms:
            self.repeated += 1
            return
        self._pending[record.start_ms][record.account_id] = record
        self._changed.add(_pending_key(record.start_ms, record.account_id))

    def advance(self, watermark_ms: int) -> list[Alert]:
        """Close the buckets that event time has passed; returns the alerts that became due, in order."""
        if watermark_ms <= self._meta.watermark_ms:
            return []
        alerts: list[Alert] = []
        for start_ms in sorted(self._pending):
            if start_ms + self._spec.bucket_seconds * 1000 > watermark_ms:
                break
            records = self._pending.pop(start_ms)
            alerts += self._sweep(start_ms)
            alerts += self._close([records[account_id] for account_id in sorted(records)])
            self._changed.update(_pending_key(start_ms, account_id) for account_id in records)
        self._meta.watermark_ms = watermark_ms
        alerts += self._sweep(watermark_ms)
        self._changed.add(b"m")
        return alerts

    # -- one bucket -------------------------------------------------------------------------------

    def _close(self, records: list[AccountBucket]) -> list[Alert]:
        alerts: list[Alert] = []
        if self._meta.start_ms == _NEVER_MS:
            self._meta.start_ms = records[0].start_ms
        touched: set[str] = set()
        for record in records:
            alerts += self._judge_account(record)
            for link in record.links:
                key = f"{link.kind}:{record.tenant_id or ''}:{link.value}"
                self._groups.observe(key, record.account_id, link.exchanges, record.end_ms)
                touched.add(key)
        end_ms = records[0].end_ms
        for key in sorted(touched):
            self._changed.add(b"g" + key.encode())
            alerts += self._judge_link(key, end_ms, records[0].tenant_id)
        # Learned only now: whether an opener is popular must not depend on who comes first in a bucket.
        for record in records:
            for slot in record.new_slots:
                self._crowd.learn(slot)
        return alerts

    def _judge_account(self, record: AccountBucket) -> list[Alert]:
        account_id = record.account_id
        known = self._accounts.get(account_id)
        if known is None:
            self._crowd.add_account()
        state = self._harvest.observe(known, record, self._crowd, self._meta.start_ms)
        self._accounts[account_id] = state
        self._crowd_of[account_id] = state.crowd_ratio
        self._changed.add(b"a" + account_id.encode())
        judgement = self._harvest.judge(state, record)
        case = self._cases.get(self._case_of.get(account_id, ""))
        if case is not None:
            case.exchanges += record.events
            case.output_tokens += record.output_tokens
            self._changed.add(b"c" + case.alert_id.encode())
        if judgement.total < self._harvest.threshold_nats or state.excused_until_ms > record.end_ms:
            return []
        if case is None:
            return self._open_account(record, state, judgement.total, account_reasons(judgement, self._harvest.levels))
        if case.kind == "account":
            case.score = max(case.score, judgement.total)
            case.reasons = account_reasons(judgement, self._harvest.levels)
            return self._update(case, record.end_ms)
        case.raised_ms = record.end_ms
        return []

    def _open_account(self, record: AccountBucket, state: Suspicion, score: float, reasons: list) -> list[Alert]:  # type: ignore[type-arg]
        day = record.start_ms // DAY_MS
        meta = self._meta
        if day != meta.opened_day:
            meta.opened_day, meta.opened_today = day, 0
        meta.opened_today += 1
        if meta.opened_today > self._spec.lifecycle.daily_budget:
            return self._roll_up(record, state, score, day)
        case = new_case(self._spec, "account", record.account_id, record.end_ms, record.tenant_id)
        case.exchanges, case.output_tokens = state.exchanges, state.output_tokens
        case.score, case.reasons = score, reasons
        return self._open(case, [record.account_id], record.end_ms)

    def _roll_up(self, record: AccountBucket, state: Suspicion, score: float, day: int) -> list[Alert]:
        subject = f"rollup:{day}"
        case = self._cases.get(self._case_of_link.get(subject, ""))
        is_new = case is None
        if case is None:
            case = new_case(self._spec, "campaign", subject, record.end_ms, record.tenant_id)
            case.links = [subject]
            self._case_of_link[subject] = case.alert_id
        case.score = max(case.score, score)
        case.exchanges += state.exchanges
        case.output_tokens += state.output_tokens
        if is_new:
            return self._open(case, [record.account_id], record.end_ms)
        self._name(case, [record.account_id], record.end_ms)
        return self._publish(case, "updated", record.end_ms)

    def _judge_link(self, key: str, end_ms: int, tenant_id: str | None) -> list[Alert]:
        owner = self._cases.get(self._case_of_link.get(key, ""))
        if owner is not None:
            return self._join(owner, key, end_ms)
        evidence = self._groups.judge(key, end_ms, self._crowd_of)
        if evidence is None:
            return []
        self._count_judged(key, end_ms)
        if evidence.total < self._groups.threshold_nats:
            return []
        accounts = [a for a in evidence.accounts if self._accounts[a].excused_until_ms <= end_ms]
        if len(accounts) < self._spec.groups.min_accounts:
            return []
        case = self._campaign_of(accounts)
        is_new = case is None
        if case is None:
            case = new_case(self._spec, "campaign", key, end_ms, tenant_id)
        case.links.append(key)
        self._case_of_link[key] = case.alert_id
        case.score = max(case.score, evidence.total)
        reasons = {reason.feature: reason for reason in case.reasons}
        reasons |= {reason.feature: reason for reason in group_reasons(self._spec, evidence, key)}
        case.reasons = list(reasons.values())[:32]
        if is_new:
            return self._open(case, accounts, end_ms)
        ended = self._name(case, accounts, end_ms)
        return ended + self._publish(case, "updated", end_ms)

    def _campaign_of(self, accounts: list[str]) -> Case | None:
        """The campaign that most of the accounts are in already."""
        votes: dict[str, int] = defaultdict(int)
        for account_id in accounts:
            case = self._cases.get(self._case_of.get(account_id, ""))
            if case is not None and case.kind == "campaign":
                votes[case.alert_id] += 1
        if not votes:
            return None
        best = min(votes, key=lambda alert_id: (-votes[alert_id], alert_id))
        return self._cases[best] if votes[best] >= _SAME_CAMPAIGN_RATIO * len(accounts) else None

    def _join(self, case: Case, key: str, end_ms: int) -> list[Alert]:
        """Accounts on a campaign's link that act like its members become members."""
        spec = self._spec.groups
        joining = []
        for account_id, exchanges in self._groups.active(key, end_ms, spec.join_exchanges):
            state = self._accounts[account_id]
            is_free = self._case_of.get(account_id) != case.alert_id and state.excused_until_ms <= end_ms
            rate = self._harvest.rate_at(state, end_ms)
            if is_free and exchanges >= spec.join_share * rate and state.crowd_ratio >= spec.job_crowd_ratio:
                joining.append(account_id)
        if not joining:
            return []
        ended = self._name(case, joining, end_ms)
        return ended + self._publish(case, "updated", end_ms)

    def _count_judged(self, key: str, end_ms: int) -> None:
        """Links judged per day, each once: what a search over them costs."""
        day = end_ms // DAY_MS
        meta = self._meta
        if day != meta.judged_day:
            if meta.judged_today:
                meta.judged_per_day += 0.3 * (meta.judged_today - meta.judged_per_day)
            meta.judged_day, meta.judged_today = day, 0
            self._groups.judged_per_day = meta.judged_per_day
        group = self._groups.groups[key]
        if group.judged_day != day:
            group.judged_day = day
            meta.judged_today += 1

    # -- the life of a case -------------------------------------------------------------------------

    def _open(self, case: Case, accounts: list[str], at_ms: int) -> list[Alert]:
        self._cases[case.alert_id] = case
        ended = self._name(case, accounts, at_ms)
        return ended + self._publish(case, "open", at_ms)

    def _name(self, case: Case, accounts: Iterable[str], at_ms: int) -> list[Alert]:
        """Make accounts members; their own alerts end in this one."""
        ended: list[Alert] = []
        for account_id in accounts:
            if account_id in case.accounts:
                continue
            before = self._cases.get(self._case_of.get(account_id, ""))
            state = self._accounts[account_id]
            case.accounts[account_id] = at_ms
            self._case_of[account_id] = case.alert_id
            if case.kind == "campaign" and not case.subject.startswith("rollup:"):
                case.exchanges += state.exchanges
                case.output_tokens += state.output_tokens
            if before is not None and before.kind == "account":
                before.superseded_by = case.alert_id
                ended += self._end(before, "superseded", at_ms)
        return ended

    def _update(self, case: Case, at_ms: int) -> list[Alert]:
        """Publish more of the same, at most once per ``update_minutes`` and only when it says more."""
        case.raised_ms = at_ms
        waited = at_ms - case.published_ms >= self._spec.lifecycle.update_minutes * 60_000
        return self._publish(case, "updated", at_ms) if waited and case.score >= case.published_score + 1 else []

    def _publish(self, case: Case, status: str, at_ms: int) -> list[Alert]:
        self._changed.add(b"c" + case.alert_id.encode())
        return [publication(self._spec, case, status, at_ms)]  # type: ignore[arg-type]

    def _end(self, case: Case, status: str, at_ms: int) -> list[Alert]:
        alerts = self._publish(case, status, at_ms)
        for account_id in case.accounts:
            if self._case_of.get(account_id) == case.alert_id:
                del self._case_of[account_id]
        for link in case.links:
            self._case_of_link.pop(link, None)
        self._cases.pop(case.alert_id, None)
        return alerts

    def _sweep(self, at_ms: int) -> list[Alert]:
        """Once per hour of event time: end what is over, forget what is idle."""
        if at_ms // HOUR_MS == self._swept_hour:
            return []
        self._swept_hour = at_ms // HOUR_MS
        alerts: list[Alert] = []
        quiet_ms = round(self._spec.lifecycle.quiet_days * DAY_MS)
        expiry_ms = round(self._spec.lifecycle.alert_days * DAY_MS)
        for alert_id in sorted(self._cases):
            case = self._cases[alert_id]
            last_ms = max(self._accounts[a].last_ms for a in case.accounts if a in self._accounts)
            if at_ms - last_ms >= quiet_ms:
                alerts += self._end(case, "resolved", at_ms)
            elif at_ms - case.raised_ms >= expiry_ms:
                alerts += self._end(case, "expired", at_ms)
        self._forget(at_ms)
        return alerts

    def _forget(self, at_ms: int) -> None:
        idle_ms = round(self._spec.idle_days * DAY_MS)
        for account_id in [a for a, s in self._accounts.items() if at_ms - s.last_ms > idle_ms]:
            if account_id not in self._case_of:
                del self._accounts[account_id]
                del self._crowd_of[account_id]
                self._changed.add(b"a" + account_id.encode())
        for key in self._groups.forget(at_ms):
            self._changed.add(b"g" + key.encode())

    # -- feedback -----------------------------------------------------------------------------------

    def apply_feedback(self, feedback: Feedback) -> list[Alert]:
        """Carry out a reviewer's verdict at its event time, or now if event time is past it.

        Raises ``FeedbackRefused`` when it names nothing that is known. A feedback id counts once.
        """
        if feedback.feedback_id in self._meta.feedback:
            return []
        at_ms = max(epoch_ms(feedback.given_at), self._meta.watermark_ms)
        cases, accounts = targets_of(feedback, self._cases, self._case_of, self._accounts)
        self._meta.feedback = [*self._meta.feedback, feedback.feedback_id][-10_000:]
        self._changed.add(b"m")
        alerts: list[Alert] = []
        if feedback.verdict == "confirmed":
            for case in cases:
                case.is_confirmed = True
                alerts += self._publish(case, "updated", at_ms)
            return alerts
        until_ms = at_ms + _EXCUSED_DAYS * DAY_MS if feedback.expires_at is None else epoch_ms(feedback.expires_at)
        for account_id in accounts:
            self._excuse(account_id, until_ms)
        for case in cases:
            left = case.accounts.keys() - accounts
            if not left or (case.kind == "campaign" and len(left) < 2):  # noqa: PLR2004
                alerts += self._end(case, "retracted", at_ms)
                continue
            case.accounts = {a: named_ms for a, named_ms in case.accounts.items() if a in left}
            for account_id in accounts:
                if self._case_of.get(account_id) == case.alert_id:
                    del self._case_of[account_id]
            alerts += self._publish(case, "updated", at_ms)
        return alerts

    def _excuse(self, account_id: str, until_ms: int) -> None:
        """What the account does now becomes its reference: the verdict calms the baseline."""
        state = self._accounts[account_id]
        state.excused_until_ms = until_ms
        state.reference = max(state.reference, state.harvest)
        self._changed.add(b"a" + account_id.encode())

    # -- state --------------------------------------------------------------------------------------

    def take_changed(self) -> list[bytes]:
        """Keys of the state records that changed since the last call."""
        self._changed.update(b"w%d" % shard for shard in self._crowd.changed)
        self._crowd.changed.clear()
        changed = sorted(self._changed)
        self._changed.clear()
        return changed

    def snapshot(self, key: bytes) -> bytes | None:
        """State record of a key; ``None`` when what it named is gone."""
        kind, name = key[:1], key[1:]
        value: object = None
        if kind == b"m":
            self._meta.accounts, self._meta.tails = self._crowd.accounts, self._harvest.tails
            value = self._meta
        elif kind == b"a":
            value = self._accounts.get(name.decode())
        elif kind == b"g":
            value = self._groups.groups.get(name.decode())
        elif kind == b"c":
            value = self._cases.get(name.decode())
        elif kind == b"w":
            value = self._crowd.shards[int(name)]
        else:
            start, _, account_id = name.partition(b":")
            record = self._pending.get(int(start), {}).get(account_id.decode())
            value = None if record is None else encode_account_bucket(record)
        return None if value is None else encode_snapshot(value)

    def restore(self, key: bytes, raw: bytes) -> None:
        """Take over one state record; raises ``SnapshotRefused``."""
        kind, name = key[:1], key[1:]
        if kind == b"m":
            self._meta = decode_snapshot(raw, _decoders.meta, "the campaigns stage")
            self._crowd.accounts = self._meta.accounts
            self._crowd.rescale()
            self._harvest.tails = self._meta.tails
            self._groups.judged_per_day = self._meta.judged_per_day
            self._swept_hour = self._meta.watermark_ms // HOUR_MS
        elif kind == b"a":
            state = decode_snapshot(raw, _decoders.account, "an account")
            self._accounts[name.decode()] = state
            self._crowd_of[name.decode()] = state.crowd_ratio
        elif kind == b"g":
            self._groups.groups[name.decode()] = decode_snapshot(raw, _decoders.group, "a link")
        elif kind == b"c":
            case = decode_snapshot(raw, _decoders.case, "a case")
            self._cases[case.alert_id] = case
            self._case_of.update(dict.fromkeys(case.accounts, case.alert_id))
            self._case_of_link.update(dict.fromkeys(case.links, case.alert_id))
        elif kind == b"w":
            self._crowd.shards[int(name) % SHARDS] = decode_snapshot(raw, _decoders.shard, "the crowd")
        else:
            record = decode_account_bucket(decode_snapshot(raw, _decoders.raw, "a pending bucket"))
            self._pending[record.start_ms][record.account_id] = record


class _decoders:  # noqa: N801  (a namespace, not a type)
    meta = msgspec.msgpack.Decoder(_Meta)
    account = msgspec.msgpack.Decoder(Suspicion)
    group = msgspec.msgpack.Decoder(Group)
    case = msgspec.msgpack.Decoder(Case)
    shard = msgspec.msgpack.Decoder(dict[str, int])
    raw = msgspec.msgpack.Decoder(bytes)


def _pending_key(start_ms: int, account_id: str) -> bytes:
    return b"p%d:%s" % (start_ms, account_id.encode())
