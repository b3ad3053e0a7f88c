"""Which cases and accounts a reviewer's verdict is about."""

from collections.abc import Mapping

from detectors.case import Case
from detectors.suspicion import Suspicion
from schemas.feedback import Feedback


class FeedbackRefused(ValueError):
    """Feedback that matches nothing; the message says what it named and what to do."""


def targets_of(
    feedback: Feedback, cases: Mapping[str, Case], case_of: Mapping[str, str], known: Mapping[str, Suspicion]
) -> tuple[list[Case], set[str]]:
    """Cases and accounts that the feedback names.

    Raises ``FeedbackRefused`` when one of them is not known or another tenant's, or has no alert that could be
    confirmed.
    """
    accounts = set(feedback.account_ids)
    if feedback.alert_id is not None:
        case = cases.get(feedback.alert_id)
        if case is None:
            raise FeedbackRefused(
                f"alert {feedback.alert_id} is not open: it has ended, or never was; name the accounts instead"
            )
        strangers = sorted(accounts - case.accounts.keys())
        if strangers:
            raise FeedbackRefused(f"{len(strangers)} accounts are not in alert {case.alert_id}, first {strangers[0]}")
        _check_tenant(feedback, f"alert {case.alert_id}", case.tenant_id)
        return [case], accounts or set(case.accounts)
    strangers = sorted(account_id for account_id in accounts if account_id not in known)
    if strangers:
        raise FeedbackRefused(f"{len(strangers)} accounts were never seen or are forgotten, first {strangers[0]}")
    for account_id in sorted(accounts):
        _check_tenant(feedback, f"account {account_id}", known[account_id].tenant_id)
    if feedback.verdict == "confirmed" and (unnamed := sorted(accounts - case_of.keys())):
        raise FeedbackRefused(
            f"{len(unnamed)} accounts are in no open alert that could be confirmed, first {unnamed[0]}"
        )
    named = sorted({case_of[account_id] for account_id in accounts if account_id in case_of})
    return [cases[alert_id] for alert_id in named], accounts


def _check_tenant(feedback: Feedback, what: str, tenant_id: str | None) -> None:
    if feedback.tenant_id is not None and feedback.tenant_id != tenant_id:
        raise FeedbackRefused(f"{what} is not of tenant {feedback.tenant_id}: correct one of the two")
