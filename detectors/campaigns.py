"""The campaign detector: compares all accounts, finds those that act as one, and keeps the life of every alert.

It sees one record per account and bucket. Records wait until event time has passed their bucket and are then taken in
the order of account ids, so the result does not depend on how partitions interleave. What happens to a bucket is
``_close``: see who took over from whom, judge its accounts, judge the links it touched, search for accounts that are
alike, let kin join open campaigns, learn what the crowd asks.
"""

from collections import defaultdict

from detectors.account_cases import AccountCases
from detectors.campaign_cases import CampaignCases
from detectors.campaign_state import CampaignState
from detectors.knowledge import Knowledge
from detectors.link_key import link_key
from detectors.spec import DetectorSpec
from detectors.verdicts import FeedbackRefused, targets_of
from detectors.windows import DAY_MS, HOUR_MS, NEVER_DAY
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert
from schemas.feedback import Feedback
from schemas.times import epoch_ms

__all__ = ["CampaignDetector", "FeedbackRefused"]

_EXCUSED_DAYS = 14
_KEPT_FEEDBACK_IDS = 10_000


class CampaignDetector:
    """All accounts, links and cases of a deployment."""

    def __init__(self, spec: DetectorSpec) -> None:
        self._spec = spec
        self._known = Knowledge(spec)
        self._state = CampaignState(self._known)
        self._account_cases = AccountCases(spec, self._known, self._state)
        self._campaign_cases = CampaignCases(spec, self._known)
        self._swept_hour = -1

    @property
    def watermark_ms(self) -> int:
        """Event time reached, milliseconds since the epoch."""
        return self._known.meta.watermark_ms

    def observe(self, record: AccountBucket) -> None:
        """Keep a record until its bucket is complete; a repeat changes nothing."""
        if record.end_ms <= self._known.meta.watermark_ms:
            return
        self._known.pending[record.start_ms][record.account_id] = record
        self._state.mark_pending(record.start_ms, record.account_id)

    def advance(self, watermark_ms: int) -> list[Alert]:
        """Close the buckets that event time has passed; returns the alerts that became due, in order."""
        known = self._known
        if watermark_ms <= known.meta.watermark_ms:
            return []
        alerts: list[Alert] = []
        for start_ms in sorted(known.pending):
            if start_ms + self._spec.bucket_seconds * 1000 > watermark_ms:
                break
            records = known.pending.pop(start_ms)
            alerts += self._sweep(start_ms)
            alerts += self._close([records[account_id] for account_id in sorted(records)])
            for account_id in records:
                self._state.mark_pending(start_ms, account_id)
        known.meta.watermark_ms = watermark_ms
        alerts += self._sweep(watermark_ms)
        self._state.mark_meta()
        return alerts

    # -- one bucket -------------------------------------------------------------------------------

    def _close(self, records: list[AccountBucket]) -> list[Alert]:
        """Judge the records of one bucket, by account."""
        known, end_ms = self._known, records[0].end_ms
        alerts: list[Alert] = []
        # One old event, and nothing for longer than accounts are remembered, is no beginning.
        if not known.accounts:
            known.meta.start_ms = records[0].start_ms
        records = [self._placed(record) for record in records]
        known.groups.note_age(end_ms, known.meta.start_ms)
        for key in known.takeovers.count(records[0].start_ms):
            self._state.mark_link(key)
        touched: dict[str, list[str]] = defaultdict(list)
        tenant_of: dict[str, str | None] = {}
        for record in records:
            alerts += self._account_cases.judge(record)
            for link in record.links:
                key = link_key(link.kind, record.tenant_id, link.value)
                if known.links.observe(key, record.account_id, link.exchanges, end_ms):
                    touched[key].append(record.account_id)
                    tenant_of[key] = record.tenant_id
        known.takeovers.observe(records)
        alerts += known.book.publish_rollups(end_ms)
        for key in sorted(touched):
            self._state.mark_link(key)
            alerts += self._campaign_cases.judge_link(key, end_ms, tenant_of[key], touched[key])
        alerts += self._campaign_cases.search_alike(end_ms)
        alerts += self._campaign_cases.join_kin(records, end_ms)
        # Learned only now: whether an opener is popular must not depend on who comes first in a bucket.
        for record in records:
            for slot in record.new_slots:
                known.crowd.learn(slot)
        known.crowd.follow()
        return alerts

    def _placed(self, record: AccountBucket) -> AccountBucket:
        """The record with what its account asks for slots where the account is known to ask it elsewhere."""
        known = self._known
        state = known.accounts.get(record.account_id)
        if state is None or not (record.places or state.places.prompts):
            return record
        was_told = state.places.is_told
        placed = state.places.follow(known.crowd, record, self._spec.crowd.job_ratio)
        if state.places.is_told != was_told:
            known.heard.forget_slots(state)
        return placed

    # -- time ---------------------------------------------------------------------------------------

    def _sweep(self, at_ms: int) -> list[Alert]:
        """Once per hour of event time: end what is over, forget what is idle."""
        if at_ms // HOUR_MS == self._swept_hour:
            return []
        self._swept_hour = at_ms // HOUR_MS
        known = self._known
        alerts = known.book.sweep(at_ms)
        day = at_ms // DAY_MS
        for account_id in sorted(a for a, state in known.accounts.items() if NEVER_DAY < state.day < day):
            known.harvest.finish_day(known.accounts[account_id])
            self._state.mark_account(account_id)
        self._forget_idle(at_ms)
        for key in known.links.sweep(at_ms):
            self._state.mark_link(key)
        known.interchange.learn(known.accounts, known.book.case_of)
        return alerts

    def _forget_idle(self, at_ms: int) -> None:
        """Forget accounts without events for ``idle_days``, but those in an open case and those a verdict protects."""
        known, idle_ms = self._known, round(self._spec.idle_days * DAY_MS)
        for account_id, state in list(known.accounts.items()):
            is_held = account_id in known.book.case_of or state.excused_until_ms > at_ms
            if at_ms - state.last_ms > idle_ms and not is_held:
                known.heard.forget(state)
                del known.accounts[account_id]
                self._state.mark_account(account_id)

    # -- feedback -----------------------------------------------------------------------------------

    def apply_feedback(self, feedback: Feedback) -> list[Alert]:
        """Carry out a reviewer's verdict at its event time, or now if event time is past it.

        Raises ``FeedbackRefused`` when it names nothing that is known. A feedback id counts once.
        """
        known = self._known
        if feedback.feedback_id in known.meta.feedback:
            return []
        at_ms = max(epoch_ms(feedback.given_at), known.meta.watermark_ms)
        cases, accounts = targets_of(feedback, known.book.cases, known.book.case_of, known.accounts)
        known.meta.feedback = [*known.meta.feedback, feedback.feedback_id][-_KEPT_FEEDBACK_IDS:]
        self._state.mark_meta()
        alerts: list[Alert] = []
        if feedback.verdict == "confirmed":
            for case in cases:
                alerts += known.book.confirm(case, accounts, at_ms)
            return alerts
        until_ms = at_ms + _EXCUSED_DAYS * DAY_MS if feedback.expires_at is None else epoch_ms(feedback.expires_at)
        for account_id in sorted(accounts):
            # What the account does now becomes its reference: the verdict calms the baseline.
            state = known.accounts[account_id]
            # Only another allowlisting shortens one.
            kept_ms = 0 if feedback.verdict == "allowlisted" else state.excused_until_ms
            state.excused_until_ms = max(kept_ms, until_ms)
            state.reference = max(state.reference, state.harvest)
            self._state.mark_account(account_id)
        for case in cases:
            alerts += known.book.release(case, accounts, at_ms)
        return alerts

    # -- state --------------------------------------------------------------------------------------

    def take_changed(self) -> list[bytes]:
        """Keys of the state records that changed since the last call."""
        return self._state.take_changed()

    def snapshot(self, key: bytes) -> bytes | None:
        """State record of a key; ``None`` when what it named is gone."""
        return self._state.snapshot(key)

    def restore(self, key: bytes, raw: bytes) -> None:
        """Take over one state record; raises ``SnapshotRefused``."""
        self._state.restore(key, raw)
        self._swept_hour = self._known.meta.watermark_ms // HOUR_MS
