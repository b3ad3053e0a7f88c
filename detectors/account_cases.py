"""Cases about single accounts: each is judged against all others, named by itself, or rolled up beyond the budget."""

from detectors.budget import Budget
from detectors.campaign_state import CampaignState
from detectors.case import Reason, new_case
from detectors.knowledge import Knowledge
from detectors.reasons import account_reasons
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.windows import DAY_MS
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert


class AccountCases:
    """Judges accounts one by one."""

    def __init__(self, spec: DetectorSpec, known: Knowledge, state: CampaignState) -> None:
        self._spec = spec
        self._known = known
        self._accounts = known.accounts
        self._crowd = known.crowd
        self._harvest = known.harvest
        self._heard = known.heard
        self._book = known.book
        self._state = state
        self._budget = Budget(spec.lifecycle.daily_budget)

    def judge(self, record: AccountBucket) -> list[Alert]:
        """Fold a record into what is known of its account; returns the alerts that are due about it alone."""
        meta, before = self._known.meta, self._accounts.get(record.account_id)
        # Not by its recent openers, which may all have been preambles and taken back.
        if record.slots and (before is None or before.slots <= 0):
            self._crowd.add_account()
        if before is not None:
            self._heard.move(before, record.tenant_id)
        state = self._harvest.observe(before, record, self._crowd, meta.start_ms)
        self._heard.hear(state, record)
        self._accounts[record.account_id] = state
        self._state.mark_account(record.account_id)
        case = self._book.of_account(record.account_id)
        judgement = self._harvest.judge(state, record, is_accused=case is not None and case.is_campaign)
        if case is not None:
            case.count(record.events, record.output_tokens, record.untold)
            self._book.changed.add(case.alert_id)
        if judgement.total < self._harvest.threshold_nats or state.excused_until_ms > record.end_ms:
            return []
        reasons = account_reasons(judgement)
        if case is None:
            if not self._budget.spend(meta, record.start_ms // DAY_MS):
                self._roll_up(record, state, judgement.total, reasons)
                return []
            case = new_case(self._spec, "account", record.account_id, record.end_ms, record.tenant_id)
            case.count(state.exchanges, state.output_tokens, state.untold)
            case.score, case.reasons = judgement.total, reasons
            return self._book.open(case, [record.account_id], record.end_ms)
        case.raised_ms = record.end_ms
        if case.is_rollup:
            case.accounts[record.account_id] = record.end_ms
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
        case.count(state.exchanges, state.output_tokens, state.untold)
        self._book.name(case, [record.account_id], record.end_ms)
