"""Which cases and accounts a reviewer's verdict is about."""

from collections.abc import Mapping

from detectors.case import Case
from schemas.feedback import Feedback


class FeedbackRefused(ValueError):
    """Feedback that matches nothing; the message says what it named and what to do."""


def targets_of(
    feedback: Feedback, cases: Mapping[str, Case], case_of: Mapping[str, str], known: Mapping[str, object]
) -> tuple[list[Case], set[str]]:
    """Cases and accounts that the feedback names; raises ``FeedbackRefused`` when one of them is not known."""
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
        return [case], accounts or set(case.accounts)
    strangers = sorted(account_id for account_id in accounts if account_id not in known)
    if strangers:
        raise FeedbackRefused(f"{len(strangers)} accounts were never seen or are forgotten, first {strangers[0]}")
    named = sorted({case_of[account_id] for account_id in accounts if account_id in case_of})
    return [cases[alert_id] for alert_id in named], accounts
