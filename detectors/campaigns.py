"""The campaign detector: compares all accounts, finds those that act as one, and keeps the life of every alert.

It sees one record per account and bucket. Records wait until event time has passed their bucket and are then taken in
the order of account ids, so the result does not depend on how partitions interleave. What happens to a bucket is
``_close``: see who took over from whom, judge its accounts, judge the links it touched, search for accounts that are
alike, let kin join open campaigns, learn what the crowd asks.
"""

from collections import defaultdict

from detectors.account_cases import AccountCases
from detectors.alike import AlikeDetector
from detectors.campaign_cases import CampaignCases
from detectors.campaign_state import CampaignState, Meta
from detectors.casebook import Casebook
from detectors.crowd import CrowdModel
from detectors.groups import GroupDetector
from detectors.harvest import HarvestDetector
from detectors.heard import Heard
from detectors.interchange import InterchangeDetector
from detectors.kin import KinDetector
from detectors.link_key import link_key
from detectors.links import Links
from detectors.spec import DetectorSpec
from detectors.split import SplitDetector
from detectors.suspicion import Suspicion
from detectors.takeover import TakeoverDetector
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

    kin_class: type[KinDetector] = KinDetector

    def __init__(self, spec: DetectorSpec) -> None:
        self._spec = spec
        self._harvest = HarvestDetector(spec)
        self._crowd = CrowdModel(spec.crowd)
        self._links = Links(spec)
        self._accounts: dict[str, Suspicion] = {}
        self._book = Casebook(spec, self._accounts)
        self._meta = Meta()
        self._pending: dict[int, dict[str, AccountBucket]] = defaultdict(dict)
        self._heard = Heard()
        self._interchange = InterchangeDetector(spec, self._heard)
        self._groups = GroupDetector(spec, self._links, self._accounts, self._interchange)
        self._takeovers = TakeoverDetector(spec, self._links, self._accounts)
        self._kin = self.kin_class(spec, self._links, self._accounts, self._heard)
        self._state = CampaignState(
            self._accounts,
            self._crowd,
            self._links,
            self._groups,
            self._harvest,
            self._book,
            self._kin,
            self._heard,
            self._interchange,
            self._takeovers,
            self._pending,
        )
        self._single = AccountCases(
            spec, self._accounts, self._crowd, self._harvest, self._heard, self._book, self._state
        )
        alike = AlikeDetector(spec, self._accounts, self._heard)
        splits = SplitDetector(spec, self._kin, self._links, self._accounts, self._heard)
        self._common = CampaignCases(
            spec, self._accounts, self._links, self._groups, self._kin, alike, self._interchange, splits, self._book
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
        # One old event, and nothing for longer than accounts are remembered, is no beginning.
        if not self._accounts:
            self._meta.start_ms = records[0].start_ms
        self._groups.watch(end_ms, self._meta.start_ms)
        for key in self._takeovers.count(records[0].start_ms):
            self._state.mark_link(key)
        touched: dict[str, list[str]] = defaultdict(list)
        tenant_of: dict[str, str | None] = {}
        for record in records:
            alerts += self._single.judge(record, self._meta)
            for link in record.links:
                key = link_key(link.kind, record.tenant_id, link.value)
                if self._links.observe(key, record.account_id, link.exchanges, end_ms):
                    touched[key].append(record.account_id)
                    tenant_of[key] = record.tenant_id
        self._takeovers.observe(records)
        alerts += self._book.publish_rollups(end_ms)
        for key in sorted(touched):
            self._state.mark_link(key)
            alerts += self._common.judge_link(key, end_ms, tenant_of[key], touched[key])
        alerts += self._common.search_alike(end_ms, self._meta)
        alerts += self._common.join_kin(records, end_ms)
        # Learned only now: whether an opener is popular must not depend on who comes first in a bucket.
        for record in records:
            for slot in record.new_slots:
                self._crowd.learn(slot)
        self._crowd.follow()
        return alerts

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
        for key in self._links.sweep(at_ms):
            self._state.mark_link(key)
        self._interchange.learn(self._accounts, self._book.case_of)
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
                alerts += self._book.confirm(case, accounts, at_ms)
            return alerts
        until_ms = at_ms + _EXCUSED_DAYS * DAY_MS if feedback.expires_at is None else epoch_ms(feedback.expires_at)
        for account_id in sorted(accounts):
            # What the account does now becomes its reference: the verdict calms the baseline.
            state = self._accounts[account_id]
            # Only another allowlisting shortens one.
            kept_ms = 0 if feedback.verdict == "allowlisted" else state.excused_until_ms
            state.excused_until_ms = max(kept_ms, until_ms)
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
