"""The campaign detector: compares all accounts, finds those that act as one, and keeps the life of every alert.

It sees one record per account and bucket. Records wait until event time has passed their bucket and are then taken in
the order of account ids, so the result does not depend on how partitions interleave. What happens to a bucket is
``_close``: judge its accounts, judge the links it touched, search for accounts that are alike, let kin join open
campaigns, learn what the crowd asks.
"""

from collections import defaultdict

from detectors.alike import AlikeDetector
from detectors.budget import Budget
from detectors.campaign_state import CampaignState, Meta
from detectors.case import Case, Reason, new_case
from detectors.casebook import MOST_COMPARED, Casebook
from detectors.crowd import CrowdModel
from detectors.even_load import GroupEvidence
from detectors.groups import GroupDetector
from detectors.harvest import HarvestDetector
from detectors.heard import Heard
from detectors.kin import KinDetector
from detectors.reasons import account_reasons, alike_reasons, group_reasons, kin_reason
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.verdicts import FeedbackRefused, targets_of
from detectors.windows import DAY_MS, HOUR_MS, NEVER_DAY, NEVER_MS
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert
from schemas.feedback import Feedback
from schemas.times import epoch_ms

__all__ = ["CampaignDetector", "FeedbackRefused"]

_SAME_CAMPAIGN_RATIO, _REST_OF_CAMPAIGN_RATIO = 0.5, 0.25
"""Share of the accounts that must be in a campaign to belong to it: of enough for one of their own, and of fewer."""
_EXCUSED_DAYS = 14
_KEPT_FEEDBACK_IDS = 10_000


class CampaignDetector:
    """All accounts, links and cases of a deployment."""

    def __init__(self, spec: DetectorSpec) -> None:
        self._spec = spec
        self._harvest = HarvestDetector(spec)
        self._crowd = CrowdModel(spec.crowd)
        self._groups = GroupDetector(spec)
        self._accounts: dict[str, Suspicion] = {}
        self._book = Casebook(spec, self._accounts)
        self._budget = Budget(spec.lifecycle.daily_budget)
        self._meta = Meta()
        self._pending: dict[int, dict[str, AccountBucket]] = defaultdict(dict)
        self._heard = Heard()
        self._kin = KinDetector(spec, self._groups, self._harvest, self._accounts, self._heard)
        self._alike = AlikeDetector(spec, self._harvest, self._accounts, self._heard)
        self._state = CampaignState(
            self._accounts,
            self._crowd,
            self._groups,
            self._harvest,
            self._book,
            self._kin,
            self._heard,
            self._pending,
        )
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
        self._state.mark_pending(record.start_ms, record.account_id)

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
            for account_id in records:
                self._state.mark_pending(start_ms, account_id)
        self._meta.watermark_ms = watermark_ms
        alerts += self._sweep(watermark_ms)
        self._state.mark_meta()
        return alerts

    # -- one bucket -------------------------------------------------------------------------------

    def _close(self, records: list[AccountBucket]) -> list[Alert]:
        alerts: list[Alert] = []
        end_ms = records[0].end_ms
        if self._meta.start_ms == NEVER_MS:
            self._meta.start_ms = records[0].start_ms
        touched: dict[str, list[str]] = defaultdict(list)
        tenant_of: dict[str, str | None] = {}
        for record in records:
            alerts += self._judge_account(record)
            for link in record.links:
                key = f"{link.kind}:{record.tenant_id or ''}\x1f{link.value}"
                if self._groups.observe(key, record.account_id, link.exchanges, end_ms):
                    touched[key].append(record.account_id)
                    tenant_of[key] = record.tenant_id
        alerts += self._book.publish_rollups(end_ms)
        for key in sorted(touched):
            self._state.mark_link(key)
            alerts += self._judge_link(key, end_ms, tenant_of[key], touched[key])
        alerts += self._search_alike(end_ms)
        alerts += self._join_kin(records, end_ms)
        # Learned only now: whether an opener is popular must not depend on who comes first in a bucket.
        for record in records:
            for slot in record.new_slots:
                self._crowd.learn(slot)
        return alerts

    def _judge_account(self, record: AccountBucket) -> list[Alert]:
        known = self._accounts.get(record.account_id)
        if record.slots and (known is None or not known.recent):
            self._crowd.add_account()
        state = self._harvest.observe(known, record, self._crowd, self._meta.start_ms)
        self._heard.hear(state, record)
        self._accounts[record.account_id] = state
        self._state.mark_account(record.account_id)
        case = self._book.of_account(record.account_id)
        judgement = self._harvest.judge(state, record, is_accused=case is not None and case.is_campaign)
        if case is not None:
            case.exchanges += record.events
            case.output_tokens += record.output_tokens
            self._book.changed.add(case.alert_id)
        if judgement.total < self._harvest.threshold_nats or state.excused_until_ms > record.end_ms:
            return []
        reasons = account_reasons(judgement, self._harvest.levels)
        if case is None:
            if not self._budget.spend(self._meta, record.start_ms // DAY_MS):
                self._roll_up(record, state, judgement.total, reasons)
                return []
            case = new_case(self._spec, "account", record.account_id, record.end_ms, record.tenant_id)
            case.exchanges, case.output_tokens = state.exchanges, state.output_tokens
            case.score, case.reasons = judgement.total, reasons
            return self._book.open(case, [record.account_id], record.end_ms)
        case.raised_ms = record.end_ms
        if case.kind == "campaign":
            return []
        case.score, case.reasons = max(case.score, judgement.total), reasons
        return self._book.update(case, record.end_ms)

    def _roll_up(self, record: AccountBucket, state: Suspicion, score: float, reasons: list[Reason]) -> None:
        """One more account in the day's roll-up, which shows the evidence on the most suspicious of them."""
        subject = self._budget.subject(record.tenant_id, record.start_ms // DAY_MS)
        case = self._book.of_link(subject)
        if case is None:
            case = new_case(self._spec, "campaign", subject, record.end_ms, record.tenant_id)
            self._book.collect(case, subject)
        if score > case.score:
            case.score, case.reasons, case.core = score, reasons, [record.account_id]
        case.exchanges += state.exchanges
        case.output_tokens += state.output_tokens
        self._book.name(case, [record.account_id], record.end_ms)

    # -- links and kin ----------------------------------------------------------------------------

    def _judge_link(self, key: str, end_ms: int, tenant_id: str | None, touching: list[str]) -> list[Alert]:
        evidence = self._groups.judge(key, end_ms, self._accounts, self._harvest)
        owner = self._book.of_link(key)
        if owner is not None:
            return self._grow(owner, key, evidence, end_ms, touching)
        if evidence is None or evidence.nats < self._groups.threshold_nats:
            return []
        accounts = [a for a in evidence.accounts if self._book.is_free(a, end_ms)]
        is_whole = len(accounts) >= self._spec.groups.min_accounts
        case = self._book.campaign_of(evidence.accounts, _SAME_CAMPAIGN_RATIO if is_whole else _REST_OF_CAMPAIGN_RATIO)
        if case is not None:
            accounts = [a for a in accounts if not self._kin.is_unlike(case, a, end_ms)]
        elif not is_whole:
            return []
        is_new = case is None
        case = case or new_case(self._spec, "campaign", key, end_ms, tenant_id)
        self._book.own_link(case, key)
        self._take_evidence(case, evidence, group_reasons(self._spec, evidence, key), accounts, end_ms)
        if is_new:
            return self._book.open(case, accounts, end_ms)
        return self._book.join(case, accounts, end_ms)

    def _take_evidence(
        self, case: Case, evidence: GroupEvidence, reasons: list[Reason], accounts: list[str], end_ms: int
    ) -> None:
        self._book.changed.add(case.alert_id)
        case.score = max(case.score, evidence.nats)
        case.raised_ms = end_ms
        case.core = sorted({*case.core, *accounts})
        case.explain(reasons)

    def _grow(
        self, case: Case, key: str, evidence: GroupEvidence | None, end_ms: int, touching: list[str]
    ) -> list[Alert]:
        """Accounts on a campaign's link that act like its members become members."""
        group = self._groups.groups[key]
        joining: set[str] = set()
        if evidence is not None:
            group.is_pure = evidence.is_pure
            joining.update(evidence.accounts)
            if evidence.nats > case.score:
                self._take_evidence(case, evidence, group_reasons(self._spec, evidence, key), [], end_ms)
        if group.is_pure:
            # Whoever uses a link that only the campaign uses belongs to it from its first exchange on.
            joining.update(a for a in touching if self._groups.is_carried(group, a, self._accounts[a], end_ms))
        accounts = [
            a for a in sorted(joining) if self._book.is_free(a, end_ms) and not self._kin.is_unlike(case, a, end_ms)
        ]
        case.core = sorted({*case.core, *accounts})
        joined = self._book.join(case, accounts, end_ms)
        return joined if joined or evidence is None else self._book.update(case, end_ms)

    def _search_alike(self, end_ms: int) -> list[Alert]:
        """Open campaigns of accounts that share nothing but are alike; those in campaigns grow as kin."""
        turn = self._alike.turn_of(end_ms)
        if turn == self._meta.searched_turn or not self._alike.is_warm(end_ms, self._meta.start_ms):
            return []
        self._meta.searched_turn = turn
        alerts: list[Alert] = []
        for seed, evidence in self._alike.find(end_ms, lambda a: self._book.is_free(a, end_ms)):
            accounts = [a for a in evidence.accounts if self._book.is_free(a, end_ms)]
            if len(accounts) < self._spec.groups.min_accounts:
                continue
            if self._book.campaign_of(evidence.accounts, _SAME_CAMPAIGN_RATIO) is None:
                case = new_case(self._spec, "campaign", f"alike:{seed}", end_ms, self._accounts[seed].tenant_id)
                self._take_evidence(case, evidence, alike_reasons(self._spec, evidence), accounts, end_ms)
                alerts += self._book.open(case, accounts, end_ms)
        return alerts

    def _join_kin(self, records: list[AccountBucket], end_ms: int) -> list[Alert]:
        """Accounts that resemble the core of an open campaign join it at their own next bucket."""
        alerts = self._check_kin(end_ms)
        free = [record for record in records if self._book.is_free(record.account_id, end_ms)]
        for case, accounts in self._kin.find(self._book.campaigns(), free, end_ms):
            case.kin += len(accounts)
            case.explain([kin_reason(case.kin, self._spec.kin.nats_to_join)])
            alerts += self._book.join(case, accounts, end_ms)
        self._kin.forget(self._book.cases)
        return alerts

    def _check_kin(self, end_ms: int) -> list[Alert]:
        """Once per interval: learn what members share, merge campaigns that are kin, let go of members that are not."""
        due = [case for case in self._book.campaigns() if self._kin.is_due(case, end_ms)]
        if not due:
            return []
        for case in due:
            if sure := self._kin.sure(case, end_ms):
                case.core = sorted({*case.core, *sure})
                self._book.changed.add(case.alert_id)
        self._kin.fit(due, self._book.case_of, end_ms)
        alerts = [alert for case in due for alert in self._merge_kin(case, end_ms)]
        for case in due:
            if case.alert_id in self._book.cases:
                doubted = self._kin.doubted(case, end_ms)
                alerts += self._book.doubt(case, doubted, self._spec.kin.leave_checks, end_ms)
        return alerts

    def _merge_kin(self, case: Case, end_ms: int) -> list[Alert]:
        """Other campaigns, of whose members enough resemble this one, go into it."""
        if case.alert_id not in self._book.cases:
            return []  # gone into another one a moment ago
        others = [c for c in self._book.campaigns() if c is not case and c.tenant_id == case.tenant_id]
        kin = self._kin.among(case, [a for other in others for a in sorted(other.accounts)[:MOST_COMPARED]], end_ms)
        return self._book.merge_kin(case, kin, self._spec.kin.merge_ratio, end_ms)

    # -- time ---------------------------------------------------------------------------------------

    def _sweep(self, at_ms: int) -> list[Alert]:
        """Once per hour of event time: end what is over, forget what is idle."""
        if at_ms // HOUR_MS == self._swept_hour:
            return []
        self._swept_hour = at_ms // HOUR_MS
        alerts = self._book.sweep(at_ms)
        day = at_ms // DAY_MS
        for account_id in sorted(a for a, state in self._accounts.items() if NEVER_DAY < state.day < day):
            self._harvest.finish_day(self._accounts[account_id])
            self._state.mark_account(account_id)
        idle_ms = round(self._spec.idle_days * DAY_MS)
        for account_id in [a for a, s in self._accounts.items() if at_ms - s.last_ms > idle_ms]:
            if account_id not in self._book.case_of and self._accounts[account_id].excused_until_ms <= at_ms:
                self._heard.forget(self._accounts[account_id])
                del self._accounts[account_id]
                self._state.mark_account(account_id)
        for key in self._groups.sweep(at_ms):
            self._state.mark_link(key)
        return alerts

    # -- feedback -----------------------------------------------------------------------------------

    def apply_feedback(self, feedback: Feedback) -> list[Alert]:
        """Carry out a reviewer's verdict at its event time, or now if event time is past it.

        Raises ``FeedbackRefused`` when it names nothing that is known. A feedback id counts once.
        """
        if feedback.feedback_id in self._meta.feedback:
            return []
        at_ms = max(epoch_ms(feedback.given_at), self._meta.watermark_ms)
        cases, accounts = targets_of(feedback, self._book.cases, self._book.case_of, self._accounts)
        self._meta.feedback = [*self._meta.feedback, feedback.feedback_id][-_KEPT_FEEDBACK_IDS:]
        self._state.mark_meta()
        alerts: list[Alert] = []
        if feedback.verdict == "confirmed":
            for case in cases:
                case.confirmed = sorted({*case.confirmed, *(accounts & case.accounts.keys())})
                alerts += self._book.publish(case, "updated", at_ms)
            return alerts
        until_ms = at_ms + _EXCUSED_DAYS * DAY_MS if feedback.expires_at is None else epoch_ms(feedback.expires_at)
        for account_id in sorted(accounts):
            # What the account does now becomes its reference: the verdict calms the baseline.
            state = self._accounts[account_id]
            state.excused_until_ms = until_ms
            state.reference = max(state.reference, state.harvest)
            self._state.mark_account(account_id)
        for case in cases:
            alerts += self._book.release(case, accounts, at_ms)
        return alerts

    # -- state --------------------------------------------------------------------------------------

    def take_changed(self) -> list[bytes]:
        """Keys of the state records that changed since the last call."""
        return self._state.take_changed()

    def snapshot(self, key: bytes) -> bytes | None:
        """State record of a key; ``None`` when what it named is gone."""
        return self._state.snapshot(key, self._meta)

    def restore(self, key: bytes, raw: bytes) -> None:
        """Take over one state record; raises ``SnapshotRefused``."""
        meta = self._state.restore(key, raw)
        if meta is not None:
            self._meta = meta
            self._swept_hour = meta.watermark_ms // HOUR_MS
