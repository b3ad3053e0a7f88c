"""The casebook: how cases begin, go on and end."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from detectors.case import Reason, new_case
from detectors.spec import parse_spec
from detectors.suspicion import Suspicion
from tests.unit.detectors.desk import SPEC, Desk
from tests.unit.detectors.samples import DAY_MS, HOUR_MS, MINUTE_MS, START_MS


def test_versions_count_and_ids_are_deterministic() -> None:
    """Versions of a case are 1, 2, 3; the same case, begun at the same time, has the same id, and no other has."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2"])
    desk.said += desk.book.join(case, ["a3"], START_MS + 1) + desk.book.end(case, "resolved", START_MS + 2)

    assert [alert.version for alert in desk.said] == [1, 2, 3]
    assert len({alert.event_id for alert in desk.said}) == 3
    assert Desk().opened("campaign", "template::t", ["a5"]).alert_id == case.alert_id
    others = [
        new_case(SPEC, "campaign", "template::t", START_MS + 1, None),
        new_case(SPEC, "campaign", "template::u", START_MS, None),
        new_case(SPEC, "account", "template::t", START_MS, None),
        new_case(parse_spec("version: '2'", "x"), "campaign", "template::t", START_MS, None),
    ]
    assert len({case.alert_id, *(other.alert_id for other in others)}) == 5


@pytest.mark.parametrize("account_id", ["rollup:a", "part:a", "template::a", "alike:a"])
def test_an_account_is_one_whatever_its_id(account_id: str) -> None:
    """Others choose the id of an account, and may begin it as subjects of campaigns begin."""
    desk = Desk()
    desk.states[account_id] = Suspicion(START_MS, START_MS, exchanges=20_000)
    case = new_case(SPEC, "account", account_id, START_MS, None)
    case.count(20_000, 0, 0)
    case.score = 20.0
    opened, updated = desk.book.open(case, [account_id], START_MS) + desk.book.publish(case, "updated", START_MS)

    assert opened.alert_id.startswith("acco_")
    assert opened.summary.startswith(f"account {account_id} ")
    assert [(a.severity, a.recommended_action.type) for a in (opened, updated)] == [
        ("critical", "verify"),
        ("critical", "review"),
    ]


def test_an_account_alert_ends_in_the_campaigns() -> None:
    """An account that joins a campaign is in that case only; its own alert ends and names the campaign."""
    desk = Desk()
    own = desk.opened("account", "a0", ["a0"])
    campaign = desk.opened("campaign", "template::t", ["a0", "a1", "a2"], START_MS + 1)

    assert desk.statuses(own) == ["open", "superseded"]
    assert desk.said[1].superseded_by == campaign.alert_id
    assert desk.book.of_account("a0") is campaign
    assert list(desk.book.cases) == [campaign.alert_id]
    assert desk.said[-1].exchanges == 300


def test_versions_go_forward_in_time() -> None:
    """A decision at the end of a bucket may come before the sweep at its beginning; what is over is not updated."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2", "a3", "a4"])
    (fewer,) = desk.book.release(case, {"a4"}, START_MS + 2 * HOUR_MS)
    (ended,) = desk.book.end(case, "resolved", START_MS + HOUR_MS)
    assert fewer.raised_at <= ended.raised_at

    late = desk.opened("campaign", "template::u", ["a0", "a1", "a2", "a3", "a4"], START_MS + HOUR_MS)
    over_ms = START_MS + HOUR_MS + round(SPEC.lifecycle.alert_days * DAY_MS)
    (expired,) = desk.book.release(late, {"a4"}, over_ms)
    assert (expired.status, desk.book.cases) == ("expired", {})


def test_letting_go_makes_nothing_last_longer() -> None:
    """What stays expires when it would have; the next evidence counts anew."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2", "a3", "a4"])
    lasting = timedelta(days=SPEC.lifecycle.alert_days)
    opened_at = desk.said[0].raised_at
    assert desk.said[0].expires_at == opened_at + lasting

    (fewer,) = desk.book.release(case, {"a4"}, START_MS + 2 * DAY_MS)
    assert (fewer.raised_at, fewer.expires_at) == (opened_at + timedelta(days=2), opened_at + lasting)
    (more,) = desk.book.join(case, ["a5"], START_MS + 3 * DAY_MS)
    assert (more.raised_at, more.expires_at) == (opened_at + timedelta(days=3), opened_at + timedelta(days=3) + lasting)


def test_quiet_cases_are_resolved() -> None:
    """Three days after its last account fell silent a case ends, and frees accounts and links."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2"])

    assert desk.book.sweep(START_MS + 3 * DAY_MS - 1) == []
    (last,) = desk.book.sweep(START_MS + 3 * DAY_MS)
    assert (last.alert_id, last.status) == (case.alert_id, "resolved")
    assert (desk.book.cases, desk.book.case_of, desk.book.of_link("template::t")) == ({}, {}, None)


def test_cases_without_new_evidence_expire() -> None:
    """Accounts that go on without further evidence are let go after a week, exactly when consumers do."""
    desk = Desk()
    desk.opened("account", "a0", ["a0"])
    desk.active_until(START_MS + 7 * DAY_MS)

    assert desk.book.sweep(START_MS + 7 * DAY_MS - 1) == []
    assert [alert.status for alert in desk.book.sweep(START_MS + 7 * DAY_MS)] == ["expired"]
    assert desk.said[0].expires_at.timestamp() * 1000 == START_MS + 7 * DAY_MS


def test_evidence_renews_before_consumers_let_go() -> None:
    """A case with evidence every hour never passes the time until which consumers act on it."""
    desk = Desk()
    case = desk.opened("account", "a0", ["a0"])
    for hour in range(1, 30 * 24):
        now_ms = START_MS + hour * HOUR_MS
        assert desk.said[-1].expires_at.timestamp() * 1000 > now_ms
        case.raised_ms = now_ms
        desk.active_until(now_ms)
        desk.said += desk.book.sweep(now_ms)

    assert set(desk.statuses(case)[1:]) == {"updated"}
    assert len(desk.said) < 10


@pytest.mark.parametrize("is_shadow", [True, False])
def test_open_alerts_become_shadows_and_none_when_the_specification_says_so(is_shadow: bool) -> None:
    """Each is told once, at the next look at all, and lasts no longer for it."""
    before = parse_spec(f"lifecycle: {{shadow: {str(not is_shadow).lower()}}}", "x")
    desk = Desk(before)
    case = desk.opened("account", "a0", ["a0"])
    after = Desk(parse_spec(f"lifecycle: {{shadow: {str(is_shadow).lower()}}}", "x"))
    after.book.restore(case)
    [told] = after.book.sweep(START_MS + HOUR_MS)

    assert (desk.said[0].shadow, told.shadow) == (not is_shadow, is_shadow)
    assert (told.status, told.version, told.expires_at) == ("updated", 2, desk.said[0].expires_at)
    assert after.book.changed == {case.alert_id}
    assert after.book.sweep(START_MS + 2 * HOUR_MS) == []


def test_evidence_of_one_moment_renews_once() -> None:
    """A case raised on its third day stands a week from then, and one raised again on its eighth never lapsed."""
    desk = Desk()
    case = desk.opened("account", "a0", ["a0"])
    for day in range(1, 16):
        now_ms = START_MS + day * DAY_MS
        desk.active_until(now_ms)
        if day in {3, 8}:
            case.raised_ms = now_ms
        stands = desk.said[-1].expires_at.timestamp() * 1000 > now_ms
        assert stands is (day < 15)
        desk.said += desk.book.sweep(now_ms)

    assert desk.statuses(case) == ["open", "updated", "updated", "expired"]
    assert [round((a.expires_at.timestamp() * 1000 - START_MS) / DAY_MS) for a in desk.said[:3]] == [7, 10, 15]


def test_tokens_that_nobody_told_are_unknown() -> None:
    """Not zero: of a campaign as soon as whoever leaves has taken along all that was told."""
    desk = Desk()
    for account_id in ("a0", "a1", "a2", "a3", "a5"):
        desk.states[account_id].output_tokens = 0
        desk.states[account_id].untold = 100
    desk.states["a3"].untold = 99
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2", "a5"])
    desk.said += desk.book.join(case, ["a3"], START_MS + 1)
    desk.said += desk.book.join(case, ["a4"], START_MS + 2)
    desk.said += desk.book.release(case, {"a0"}, START_MS + 3)
    desk.said += desk.book.release(case, {"a4"}, START_MS + 4)
    desk.said += desk.book.release(case, {"a3"}, START_MS + 5)

    assert [alert.output_tokens for alert in desk.said] == [None, 0, 7, 7, 0, None]


def test_who_joins_a_campaign_leaves_the_roll_up() -> None:
    """The roll-up goes on with the rest and what they sent; with nobody left it ends in the campaign."""
    desk = Desk()
    rollup = desk.opened("campaign", "rollup:7", ["a0", "a1", "a2", "a3"])
    rollup.exchanges, rollup.output_tokens = 400, 28
    first = desk.opened("campaign", "template::t", ["a0", "a1", "a9"], START_MS + 1)
    rest = desk.said[-2]

    assert (rest.alert_id, rest.status, rest.account_ids) == (rollup.alert_id, "updated", ("a2", "a3"))
    assert (rest.exchanges, rest.output_tokens) == (200, 14)
    assert desk.book.of_account("a0") is first
    desk.said += desk.book.join(first, ["a2", "a3"], START_MS + 2)
    assert desk.statuses(rollup) == ["open", "updated", "superseded"]
    assert desk.said[-2].superseded_by == first.alert_id
    assert desk.book.campaigns() == [first]
    assert first.exchanges == 500


def test_updates_are_rare_and_say_more() -> None:
    """More of the same is published once per hour at most, and only when the evidence grew by a nat."""
    desk = Desk()
    case = desk.opened("account", "a0", ["a0"])
    case.score = 5.0
    assert desk.book.update(case, START_MS + 59 * MINUTE_MS) == []
    assert len(desk.book.update(case, START_MS + 60 * MINUTE_MS)) == 1
    case.score = 5.9
    assert desk.book.update(case, START_MS + 600 * MINUTE_MS) == []
    case.score = 6.0
    assert len(desk.book.update(case, START_MS + 601 * MINUTE_MS)) == 1


@pytest.mark.parametrize(("about", "left"), [("a2", 9.0), ("a0", 0.0)])
def test_a_roll_up_goes_on_with_one(about: str, left: float) -> None:
    """Its accounts have nothing in common: neither a verdict on some nor their evidence says anything of the rest."""
    desk = Desk()
    rollup = desk.opened("campaign", "rollup:7", ["a0", "a1", "a2"])
    rollup.exchanges, rollup.output_tokens = 300, 21
    rollup.score, rollup.core = 9.0, [about]
    rollup.reasons = [Reason("account", "harvest", 9.0, None, "x", 9.0, "x", "x")]
    (alert,) = desk.book.release(rollup, {"a0", "a1"}, START_MS + 1)

    assert (alert.status, alert.account_ids, alert.exchanges) == ("updated", ("a2",), 100)
    assert (alert.score, len(alert.evidence)) == (left, 1 if left else 0)
    assert [a.status for a in desk.book.release(rollup, {"a2"}, START_MS + 2)] == ["retracted"]


@pytest.mark.parametrize(("active", "status"), [(["a1"], None), ([], "resolved")])
def test_one_that_goes_on_keeps_a_campaign(active: list[str], status: str | None) -> None:
    """It is quiet when all its accounts are."""
    desk = Desk()
    desk.opened("campaign", "template::t", ["a0", "a1", "a2"])
    quiet_ms = START_MS + round(SPEC.lifecycle.quiet_days * DAY_MS)
    for account_id in active:
        desk.states[account_id].last_ms = quiet_ms

    assert [alert.status for alert in desk.book.sweep(quiet_ms)] == ([] if status is None else [status])


@pytest.mark.parametrize("why", ["quiet", "old"])
def test_a_roll_up_keeps_nobody_whose_own_alert_would_be_over(why: str) -> None:
    """Silent for three days, or without evidence for seven: the others go on, each for itself."""
    desk = Desk()
    rollup = desk.opened("campaign", "rollup:7", ["a0", "a1", "a2"])
    rollup.exchanges, rollup.output_tokens, lifecycle = 300, 21, SPEC.lifecycle
    over_ms = START_MS + round((lifecycle.quiet_days if why == "quiet" else lifecycle.alert_days) * DAY_MS)
    desk.active_until(over_ms)
    rollup.accounts |= {"a1": over_ms - 1, "a2": over_ms - 1}
    rollup.raised_ms = rollup.published_ms = rollup.told_ms = over_ms - 1
    if why == "quiet":
        desk.states["a0"].last_ms = START_MS

    assert desk.book.sweep(over_ms - 1) == []
    (fewer,) = desk.book.sweep(over_ms)
    assert (fewer.status, fewer.account_ids, fewer.exchanges) == ("updated", ("a1", "a2"), 200)
    assert desk.book.of_account("a0") is None


def test_an_alert_with_new_evidence_is_renewed_before_consumers_let_it_go() -> None:
    """A version that lets an account go tells no evidence and lasts no longer: what came since is told in time."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2", "a3"])
    day, told = round(DAY_MS), []
    desk.active_until(START_MS + 30 * day)
    for hour in range(1, 24 * 12):
        at_ms = START_MS + hour * HOUR_MS
        if hour == 24 * 6:
            told += desk.book.release(case, {"a3"}, at_ms)
        elif hour > 24 * 6:
            told += desk.book.update(case, at_ms)
        told += desk.book.sweep(at_ms)

    assert told[0].account_ids == ("a0", "a1", "a2")
    for before, after in pairwise(told):
        assert before.expires_at is not None
        assert after.raised_at <= before.expires_at
    assert len(told) == 3


def test_a_case_from_before_it_was_noted_what_was_told_is_not_told_again() -> None:
    """Its latest version told its evidence; nothing came since."""
    desk = Desk()
    case = desk.opened("account", "a0", ["a0"])
    case.told_ms = 0
    again = Desk()
    again.book.restore(case)

    assert again.book.sweep(START_MS + HOUR_MS) == []


def test_a_roll_up_lasts_no_longer_than_what_its_accounts_gave() -> None:
    """Evidence on one that has left is none on those that stay: they expire when their own alerts would."""
    desk = Desk()
    rollup = desk.opened("campaign", "rollup:7", ["a0", "a1", "a2"])
    over_ms = START_MS + round(SPEC.lifecycle.alert_days * DAY_MS)
    desk.active_until(over_ms)
    rollup.exchanges, rollup.output_tokens = 300, 21
    rollup.accounts |= {"a2": over_ms - 2}
    rollup.raised_ms = over_ms - 2
    (fewer,) = desk.book.release(rollup, {"a2"}, over_ms - 1)

    assert (fewer.status, fewer.account_ids) == ("updated", ("a0", "a1"))
    assert fewer.expires_at == datetime.fromtimestamp(over_ms / 1000, UTC)
    assert [alert.status for alert in desk.book.sweep(over_ms)] == ["expired"]


@pytest.mark.parametrize(("quiet", "status"), [(("a0", "a1", "a2"), "resolved"), (("a0", "a1"), "expired")])
def test_a_roll_up_ends_when_all_its_accounts_are_over(quiet: tuple[str, ...], status: str) -> None:
    """Some are silent, the others gave no evidence of late: neither alone would end it."""
    desk = Desk()
    rollup = desk.opened("campaign", "rollup:7", ["a0", "a1", "a2"])
    over_ms = START_MS + round(SPEC.lifecycle.alert_days * DAY_MS)
    desk.active_until(over_ms)
    rollup.accounts |= dict.fromkeys(quiet, over_ms - 1)
    rollup.raised_ms = over_ms - 1
    for account_id in quiet:
        desk.states[account_id].last_ms = START_MS

    assert [alert.status for alert in desk.book.sweep(over_ms)] == [status]
    assert desk.book.cases == {}


@pytest.mark.parametrize(
    ("exchanges", "score", "expected"),
    [
        (99, 11.9, ("low", "throttle")), (100, 12.0, ("medium", "review")), (999, 12.0, ("medium", "review")),
        (1_000, 11.9, ("high", "throttle")), (9_999, 12.0, ("high", "review")), (10_000, 12.0, ("critical", "review")),
    ],
)  # fmt: skip
def test_the_ladder_is_that_of_the_documentation(exchanges: int, score: float, expected: tuple[str, str]) -> None:
    """Severity by exchanges, from the second version on the action by how sure it is."""
    desk = Desk()
    case = desk.opened("account", "a0", ["a0"])
    case.exchanges, case.score = exchanges, score
    (alert,) = desk.book.publish(case, "updated", START_MS + 1)

    assert (alert.severity, alert.recommended_action.type) == expected


def test_a_roll_up_asks_for_no_more_than_looking() -> None:
    """What it has of some accounts, and all together, says nothing of the next."""
    desk = Desk()
    rollup = desk.opened("campaign", "rollup:7", ["a0", "a1", "a2"])
    rollup.exchanges, rollup.score = 20_000, 30.0
    (alert,) = desk.book.publish(rollup, "updated", START_MS + 1)

    assert (alert.severity, alert.recommended_action.type) == ("high", "verify")


def test_a_confirmation_keeps_an_account_in_its_roll_up() -> None:
    """As an alert of its own would last a week from then on."""
    desk = Desk()
    rollup = desk.opened("campaign", "rollup:7", ["a0", "a1", "a2"])
    rollup.exchanges, rollup.output_tokens = 300, 21
    week_ms = round(SPEC.lifecycle.alert_days * DAY_MS)
    desk.active_until(START_MS + week_ms)
    desk.book.confirm(rollup, {"a0", "a1"}, START_MS + week_ms - 1)
    (fewer,) = desk.book.sweep(START_MS + week_ms)

    assert (fewer.account_ids, fewer.recommended_action.type) == (("a0", "a1"), "suspend")
