"""Verdicts: what a reviewer's decision does, and what the daily budget does, through the whole campaign detector."""

from datetime import UTC, datetime
from typing import Any

import pytest

from detectors.campaigns import CampaignDetector, FeedbackRefused
from detectors.spec import parse_spec
from schemas.alert import Alert, encode_alert
from schemas.feedback import Feedback
from tests.unit.detectors.samples import BUCKET_MS, DAY_MS, HOUR_MS, START_MS, bucket, link

FIRST_MS = START_MS + BUCKET_MS


def harvests(detector: CampaignDetector, start_ms: int, *accounts: str, **fields: Any) -> list[Alert]:
    """Accounts ask nine hundred times in a bucket what everybody asks, evenly and though they are refused."""
    loud: dict[str, Any] = {"slots": ["pop"] * 900, "events": 900, "fresh": 900, "active_hours": 24}
    loud |= {"regular": 900, "refusals": 900}
    for account_id in accounts:
        detector.observe(bucket(account_id, start_ms, **(loud | fields)))
    return detector.advance(start_ms + BUCKET_MS)


def crowded(budget: int = 500) -> CampaignDetector:
    """A detector that has seen a hundred accounts ask the same."""
    detector = CampaignDetector(parse_spec(f"lifecycle: {{daily_budget: {budget}}}", "x"))
    for number in range(100):
        detector.observe(bucket(f"honest{number}", slots=["pop"], new_slots=["pop"]))
    assert detector.advance(FIRST_MS) == []
    return detector


def decided(verdict: str, number: int = 1, at_ms: int = FIRST_MS, **fields: Any) -> Feedback:
    """A decision."""
    given_at = datetime.fromtimestamp(at_ms / 1000, UTC)
    base = {"feedback_id": f"f{number}", "given_at": given_at, "verdict": verdict, "author": "r", "reason": "x"}
    return Feedback.model_validate(base | fields)


def test_benign_retracts_and_calms() -> None:
    """The alert ends; within two weeks nothing names the account, and later not another burst like the judged one."""
    detector = crowded()
    (opened,) = harvests(detector, FIRST_MS, "bad")
    (ended,) = detector.apply_feedback(decided("benign", alert_id=opened.alert_id))

    assert (ended.alert_id, ended.status, ended.version) == (opened.alert_id, "retracted", 2)
    for days in (1, 2, 3, 13, 30):
        assert harvests(detector, FIRST_MS + days * DAY_MS, "bad") == []


def test_an_allowlisting_ends() -> None:
    """Until its end the account is not named whatever it does; afterwards it is when it does more than before."""
    detector = crowded()
    harvests(detector, FIRST_MS, "bad")
    end_ms = FIRST_MS + 2 * DAY_MS
    detector.apply_feedback(
        decided("allowlisted", account_ids=("bad",), expires_at=datetime.fromtimestamp(end_ms / 1000, UTC))
    )

    assert harvests(detector, end_ms - 2 * BUCKET_MS, "bad", slots=["pop"] * 9_000) == []
    (again,) = harvests(detector, end_ms + BUCKET_MS, "bad", slots=["pop"] * 9_000)
    assert (again.status, again.version) == ("open", 1)


def test_a_confirmed_case_goes_on() -> None:
    """It is sure now, and suspension may be recommended."""
    detector = crowded()
    (opened,) = harvests(detector, FIRST_MS, "bad")
    (alert,) = detector.apply_feedback(decided("confirmed", alert_id=opened.alert_id))

    assert (alert.status, alert.confidence, alert.recommended_action.type) == ("updated", 1.0, "suspend")
    assert opened.recommended_action.type == "verify"


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"alert_id": "acco_none"}, "alert acco_none is not open"),
        ({"account_ids": ("nobody",)}, "1 accounts were never seen or are forgotten, first nobody"),
    ],
)
def test_what_matches_nothing_is_refused(fields: dict[str, Any], complaint: str) -> None:
    """The message says what was named; a corrected decision under the same id still counts."""
    detector = crowded()
    (opened,) = harvests(detector, FIRST_MS, "bad")
    with pytest.raises(FeedbackRefused, match=complaint):
        detector.apply_feedback(decided("benign", **fields))

    assert detector.apply_feedback(decided("benign", alert_id=opened.alert_id)) != []


def test_accounts_of_another_alert_are_refused() -> None:
    """A decision that names an alert and an account outside it is a mistake, and changes nothing."""
    detector = crowded()
    (opened,) = harvests(detector, FIRST_MS, "bad")
    with pytest.raises(FeedbackRefused, match=f"not in alert {opened.alert_id}, first honest1"):
        detector.apply_feedback(decided("benign", alert_id=opened.alert_id, account_ids=("honest1", "bad")))


def test_a_decision_counts_once() -> None:
    """The same feedback id a second time changes nothing, whatever it says."""
    detector = crowded()
    (opened,) = harvests(detector, FIRST_MS, "bad")
    assert len(detector.apply_feedback(decided("confirmed", alert_id=opened.alert_id))) == 1

    assert detector.apply_feedback(decided("benign", alert_id=opened.alert_id)) == []


def test_a_decision_about_an_account_is_retroactive() -> None:
    """Naming the account ends the alert that is open on it."""
    detector = crowded()
    (opened,) = harvests(detector, FIRST_MS, "bad")

    assert [a.alert_id for a in detector.apply_feedback(decided("benign", account_ids=("bad",)))] == [opened.alert_id]


def test_the_budget_drops_nothing() -> None:
    """Three alerts a day: of ten accounts three have their own and seven are in one roll-up, which says so."""
    detector = crowded(budget=3)
    accounts = [f"bad{number}" for number in range(10)]
    alerts = harvests(detector, FIRST_MS, *accounts)
    latest = {alert.alert_id: alert for alert in alerts}.values()

    assert sorted(a for alert in latest for a in alert.account_ids) == accounts
    assert sorted(len(alert.account_ids) for alert in latest) == [1, 1, 1, 7]
    (rolled_up,) = [alert for alert in latest if len(alert.account_ids) == 7]
    assert "7 accounts beyond the daily alert budget" in rolled_up.summary
    assert rolled_up.exchanges == 7 * 900


def linked_alerts(tenant_id: str | None, value: str) -> list[Alert]:
    """Alerts on eight evenly loaded accounts that share a payment, after an account of another tenant."""
    detector = crowded()
    alerts: list[Alert] = []
    for hour in range(30):
        start_ms = FIRST_MS + hour * HOUR_MS
        detector.observe(bucket("a-first", start_ms, tenant_id="another"))
        for number in range(8):
            shared = [link("payment", value)]
            fields: dict[str, Any] = {"slots": ["pop"], "links": shared, "tenant_id": tenant_id}
            detector.observe(bucket(f"linked{number}", start_ms, **fields))
        alerts += detector.advance(start_ms + BUCKET_MS)
    return [alert for alert in alerts if alert.kind == "campaign"]


@pytest.mark.parametrize("tenant_id", [None, "t-1"])
def test_a_campaign_has_the_tenant_of_its_link(tenant_id: str | None) -> None:
    """Whoever else was active in the same bucket does not show."""
    alerts = linked_alerts(tenant_id, "p-1")

    assert alerts
    assert {alert.tenant_id for alert in alerts} == {tenant_id}


def test_no_value_of_a_link_leaves() -> None:
    """An alert names the kind of what is shared, never the thing."""
    text = b"".join(map(encode_alert, linked_alerts(None, "secret-payment-mark")))

    assert b"payment" in text
    assert b"secret-payment-mark" not in text
