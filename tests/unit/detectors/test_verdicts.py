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


def test_a_verdict_that_comes_late_holds_from_now_on() -> None:
    """Two weeks from the event time at which it takes effect, not from when it was given."""
    detector = crowded()
    harvests(detector, FIRST_MS + 13 * DAY_MS, "bad")
    detector.apply_feedback(decided("benign", account_ids=("bad",)))

    assert detector._known.accounts["bad"].excused_until_ms == detector.watermark_ms + 14 * DAY_MS


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


def test_a_burst_like_the_judged_one_is_calm_after_weeks_of_silence() -> None:
    """The verdict itself makes it the reference, whatever the account does while it holds."""
    detector = crowded()
    (opened,) = harvests(detector, FIRST_MS, "bad")
    detector.apply_feedback(decided("benign", alert_id=opened.alert_id))

    assert harvests(detector, FIRST_MS + 15 * DAY_MS, "bad") == []
    assert len(harvests(detector, FIRST_MS + 17 * DAY_MS, "bad", slots=["pop"] * 9_000)) == 1


@pytest.mark.parametrize(("until_ms", "named"), [(BUCKET_MS // 2, 1), (BUCKET_MS, 1), (BUCKET_MS + 1, 0)])
def test_an_allowlisting_that_ends_in_a_bucket_protects_from_none_that_ends_later(until_ms: int, named: int) -> None:
    """An account is named at the end of a bucket: what counts is whether the allowlisting holds then."""
    detector = crowded()
    detector.observe(bucket("bad", FIRST_MS))
    detector.advance(FIRST_MS + BUCKET_MS)
    start_ms = FIRST_MS + BUCKET_MS
    end = datetime.fromtimestamp((start_ms + until_ms) / 1000, UTC)
    detector.apply_feedback(decided("allowlisted", account_ids=("bad",), expires_at=end))

    assert len(harvests(detector, start_ms, "bad")) == named


def test_a_benign_verdict_ends_no_allowlisting() -> None:
    """It holds for two weeks, the allowlisting for a year; another allowlisting may end that one."""
    detector = crowded()
    harvests(detector, FIRST_MS, "bad")
    for number, verdict, days in ((1, "allowlisted", 365), (2, "benign", None), (3, "allowlisted", 20)):
        end = None if days is None else datetime.fromtimestamp((FIRST_MS + days * DAY_MS) / 1000, UTC)
        detector.apply_feedback(decided(verdict, number, account_ids=("bad",), expires_at=end))
        until_ms = FIRST_MS + (365 if number < 3 else 20) * DAY_MS
        assert detector._known.accounts["bad"].excused_until_ms == until_ms


def test_a_confirmed_case_goes_on() -> None:
    """It is sure now, and suspension may be recommended."""
    detector = crowded()
    (opened,) = harvests(detector, FIRST_MS, "bad")
    (alert,) = detector.apply_feedback(decided("confirmed", alert_id=opened.alert_id))

    assert (alert.status, alert.confidence, alert.recommended_action.type) == ("updated", 1.0, "suspend")
    assert opened.recommended_action.type == "verify"


@pytest.mark.parametrize(
    ("verdict", "fields", "complaint"),
    [
        ("benign", {"alert_id": "acco_none"}, "alert acco_none is not open"),
        ("benign", {"account_ids": ("nobody",)}, "1 accounts were never seen or are forgotten, first nobody"),
        ("benign", {"account_ids": ("bad",), "tenant_id": "t-2"}, "account bad is not of tenant t-2"),
        ("confirmed", {"account_ids": ("bad", "honest1")}, "1 accounts are in no open alert .* first honest1"),
    ],
)
def test_what_matches_nothing_is_refused(verdict: str, fields: dict[str, Any], complaint: str) -> None:
    """The message says what was named; a corrected decision under the same id still counts."""
    detector = crowded()
    (opened,) = harvests(detector, FIRST_MS, "bad")
    with pytest.raises(FeedbackRefused, match=complaint):
        detector.apply_feedback(decided(verdict, **fields))

    assert detector.apply_feedback(decided("benign", alert_id=opened.alert_id)) != []


def test_accounts_of_another_alert_are_refused() -> None:
    """A decision that names an alert and an account outside it is a mistake, and changes nothing."""
    detector = crowded()
    (opened,) = harvests(detector, FIRST_MS, "bad")
    with pytest.raises(FeedbackRefused, match=f"not in alert {opened.alert_id}, first honest1"):
        detector.apply_feedback(decided("benign", alert_id=opened.alert_id, account_ids=("honest1", "bad")))


def test_an_alert_of_another_tenant_is_refused() -> None:
    """Whoever decides for one tenant decides nothing for another; without naming one, for whoever it is about."""
    detector = crowded()
    (opened,) = harvests(detector, FIRST_MS, "bad", tenant_id="t-1")
    with pytest.raises(FeedbackRefused, match=f"alert {opened.alert_id} is not of tenant t-2"):
        detector.apply_feedback(decided("benign", alert_id=opened.alert_id, tenant_id="t-2"))

    assert detector.apply_feedback(decided("benign", alert_id=opened.alert_id, tenant_id="t-1")) != []


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
    (rolled_up,) = [alert for alert in alerts if len(alert.account_ids) > 1]
    assert "7 accounts beyond the daily alert budget" in rolled_up.summary
    assert rolled_up.exchanges == 7 * 900
    assert (rolled_up.status, rolled_up.version) == ("open", 1)


def test_who_is_rolled_up_may_be_honest() -> None:
    """Two days of an account with its own alert and of one in a roll-up all count in what is usual."""
    detector = crowded(budget=1)
    for day in range(2):
        harvests(detector, FIRST_MS + day * DAY_MS, "a0", "a1")
    detector.advance(FIRST_MS + 3 * DAY_MS)

    assert detector._known.harvest.tails[0].above == 4


def test_evidence_leaves_a_roll_up_with_its_account() -> None:
    """What is shown is of the most suspicious; when a verdict takes that one out, the rest do not answer for it."""
    detector = crowded(budget=1)
    harvests(detector, FIRST_MS, "a0")
    harvests(detector, FIRST_MS + BUCKET_MS, "a1", "a2")
    (rolled_up,) = harvests(detector, FIRST_MS + 2 * BUCKET_MS, "a3", slots=["pop"] * 5_000)[-1:]
    (left,) = detector.apply_feedback(decided("benign", account_ids=("a3",), at_ms=FIRST_MS + 3 * BUCKET_MS))

    assert rolled_up.account_ids == ("a1", "a2", "a3")
    assert rolled_up.evidence[0].observed > 4_000
    assert (left.account_ids, left.evidence) == (("a1", "a2"), ())


def test_a_roll_up_is_of_one_tenant() -> None:
    """Nobody reads of another tenant's accounts; each later bucket brings one more version."""
    detector = crowded(budget=1)
    for account_id in ("a0", "a1", "a2", "b1"):
        loud = {"slots": ["pop"] * 900, "events": 900, "fresh": 900, "active_hours": 24, "regular": 900}
        detector.observe(bucket(account_id, FIRST_MS, tenant_id=account_id[0], refusals=900, **loud))
    _, *alerts = detector.advance(FIRST_MS + BUCKET_MS)
    (more,) = harvests(detector, FIRST_MS + BUCKET_MS, "a3", "a4", tenant_id="a")

    assert sorted((alert.tenant_id, alert.account_ids) for alert in alerts) == [("a", ("a1", "a2")), ("b", ("b1",))]
    assert (more.status, more.version, more.account_ids) == ("updated", 2, ("a1", "a2", "a3", "a4"))


LINKED = [f"linked{number}" for number in range(8)]


def share_a_payment(detector: CampaignDetector, accounts: list[str], hours: range) -> list[Alert]:
    """Accounts ask once an hour, all on one payment."""
    alerts: list[Alert] = []
    for hour in hours:
        start_ms = FIRST_MS + hour * HOUR_MS
        for account_id in accounts:
            detector.observe(bucket(account_id, start_ms, slots=["pop"], links=[link("payment", "p-1")]))
        alerts += detector.advance(start_ms + BUCKET_MS)
    return alerts


def test_a_roll_up_hides_no_campaign() -> None:
    """Accounts beyond the budget can still turn out to act as one; they leave the roll-up, which ends empty."""
    detector = crowded(budget=1)
    _, rolled_up, end, campaign = harvests(
        detector, FIRST_MS + HOUR_MS, "first", *LINKED, links=[link("payment", "p-1", 900)]
    )

    assert rolled_up.account_ids == tuple(LINKED)
    assert {evidence.feature for evidence in rolled_up.evidence} >= {"harvest", "relentless"}
    assert (end.alert_id, end.status, end.superseded_by) == (rolled_up.alert_id, "superseded", campaign.alert_id)
    assert campaign.account_ids == tuple(LINKED)


def test_a_confirmation_is_of_those_it_names() -> None:
    """A campaign is sure only when all its accounts are confirmed, and no longer when somebody joins."""
    detector = crowded()
    opened = share_a_payment(detector, LINKED, range(4))[-1]
    (partly,) = detector.apply_feedback(decided("confirmed", 1, alert_id=opened.alert_id, account_ids=("linked1",)))
    (wholly,) = detector.apply_feedback(decided("confirmed", 2, alert_id=opened.alert_id))
    grown = next(a for a in share_a_payment(detector, [*LINKED, "late"], range(4, 30)) if "late" in a.account_ids)

    assert [alert.recommended_action.type for alert in (partly, wholly, grown)] == ["review", "suspend", "review"]
    assert partly.confidence < 1 == wholly.confidence


def test_a_campaign_that_grows_says_so() -> None:
    """Four times as many accounts on its link are no weaker evidence, and the alert shows how many there are now."""
    detector = crowded()
    more = [f"more{number:02d}" for number in range(24)]
    first, *later, opened = share_a_payment(detector, LINKED, range(40))
    grown = share_a_payment(detector, [*LINKED, *more], range(40, 90))[-1]

    assert {alert.account_ids for alert in later} == {first.account_ids}
    assert first.score + 8 < opened.score
    assert grown.alert_id == first.alert_id == opened.alert_id
    assert set(grown.account_ids) == {*LINKED, *more}
    assert grown.score > opened.score
    assert "32 accounts" in grown.evidence[0].explanation


def test_busy_people_do_not_join_over_a_link() -> None:
    """Thirty come to the payment of eight, as busy as they are, but each in his own measure: no growth, and no end."""
    detector = crowded()
    opened = share_a_payment(detector, LINKED, range(40))[-1]
    measures = [1, 1, 2, 2, 3, 4, 5, 7, 10, 15] * 3
    alerts: list[Alert] = []
    for hour in range(40, 280):
        start_ms = FIRST_MS + hour * HOUR_MS
        uses = [(account_id, 4) for account_id in LINKED]
        uses += [(f"busy{number:02d}", exchanges) for number, exchanges in enumerate(measures)]
        for account_id, exchanges in uses:
            shared = [link("payment", "p-1", exchanges)]
            detector.observe(bucket(account_id, start_ms, slots=["pop"] * exchanges, links=shared))
        alerts += detector.advance(start_ms + BUCKET_MS)

    members = {account_id for alert in alerts if alert.kind == "campaign" for account_id in alert.account_ids}
    assert set(opened.account_ids) == set(LINKED)
    assert members <= set(LINKED)
    assert opened.alert_id not in {alert.alert_id for alert in alerts if alert.status != "updated"}
    # What is told is the evidence on which it stands, not the weaker one of later looks.
    assert {alert.evidence[0].weight - alert.score for alert in alerts if alert.alert_id == opened.alert_id} == {0}


def test_an_allowlisting_outlasts_silence() -> None:
    """Whoever is allowlisted for long and silent for weeks, as a quarterly job is, is not named when it is back."""
    for days, expected in ((400, 0), (40, 1)):
        detector = crowded()
        harvests(detector, FIRST_MS, "bad")
        end = datetime.fromtimestamp((FIRST_MS + days * DAY_MS) / 1000, UTC)
        detector.apply_feedback(decided("allowlisted", account_ids=("bad",), expires_at=end))
        for day in (20, 40, 60):
            harvests(detector, FIRST_MS + day * DAY_MS, slots=["pop"])
            detector.observe(bucket("other", FIRST_MS + day * DAY_MS))
            detector.advance(FIRST_MS + day * DAY_MS + BUCKET_MS)
        for number in range(100):
            detector.observe(bucket(f"new{number}", FIRST_MS + 61 * DAY_MS, slots=["pop"], new_slots=["pop"]))
        detector.advance(FIRST_MS + 61 * DAY_MS + BUCKET_MS)

        assert len(harvests(detector, FIRST_MS + 62 * DAY_MS, "bad")) == expected


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


@pytest.mark.parametrize("tenant_id", [None, "t-1", "t\x1f1"])
def test_a_campaign_has_the_tenant_of_its_link(tenant_id: str | None) -> None:
    """Whoever else was active in the same bucket does not show; a tenant's id may be any text."""
    alerts = linked_alerts(tenant_id, "p-1")

    assert alerts
    assert {alert.tenant_id for alert in alerts} == {tenant_id}


def test_no_value_of_a_link_leaves() -> None:
    """An alert names the kind of what is shared, never the thing."""
    text = b"".join(map(encode_alert, linked_alerts(None, "secret-payment-mark")))

    assert b"payment" in text
    assert b"secret-payment-mark" not in text


@pytest.mark.parametrize("budget", [500, 1])
@pytest.mark.parametrize(("untold", "tokens"), [(0, 20), (899, 20), (900, None)])
def test_an_account_of_whose_tokens_nothing_was_told(budget: int, untold: int, tokens: int | None) -> None:
    """Its alert says null, not zero, and so does a roll-up of such accounts."""
    detector = crowded(budget)
    known = 20 if untold < 900 else 0
    named = harvests(detector, FIRST_MS, "bad0", "bad1", output_tokens=known, untold=untold)

    assert {(alert.kind, alert.output_tokens) for alert in named} == {
        ("account", tokens),
        ("account" if budget > 1 else "campaign", tokens),
    }


def test_a_roll_up_shows_the_evidence_on_the_most_suspicious() -> None:
    """Whoever came first or last: it is what an alert of that account's own would show."""
    slots = {"louder": 1_800, "medium": 1_200, "quiet": 900}

    def told(budget: int, *before: str) -> list[Alert]:
        detector = crowded(budget)
        harvests(detector, FIRST_MS, *before)
        for account_id, count in slots.items():
            loud = dict.fromkeys(("events", "fresh", "regular", "refusals"), count)
            fields: dict[str, Any] = {"slots": ["pop"] * count, "active_hours": 24}
            detector.observe(bucket(account_id, FIRST_MS + BUCKET_MS, **loud, **fields))
        return detector.advance(FIRST_MS + 2 * BUCKET_MS)

    own = {alert.account_ids: alert for alert in told(500, "bad")}
    (rollup,) = told(1, "bad")
    most = own["louder",]

    assert most.score == max(alert.score for alert in own.values()) > own["quiet",].score
    assert rollup.account_ids == tuple(slots)
    assert (rollup.score, rollup.evidence) == (most.score, most.evidence)
