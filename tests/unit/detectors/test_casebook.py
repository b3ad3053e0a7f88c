"""The casebook: how cases begin, grow, merge, split and end."""

import math
from datetime import timedelta

import pytest

from detectors.case import Case, Reason, new_case
from detectors.casebook import Casebook
from detectors.kin import Kinship
from detectors.spec import DetectorSpec, parse_spec
from detectors.split import Part
from detectors.suspicion import Suspicion
from schemas.alert import Alert
from tests.unit.detectors.samples import DAY_MS, HOUR_MS, MINUTE_MS, START_MS

SPEC = DetectorSpec()


class Desk:
    """A casebook over accounts a0 to a9, each of 100 exchanges, that are active until told otherwise."""

    def __init__(self, spec: DetectorSpec = SPEC) -> None:
        self.spec = spec
        self.states = {f"a{n}": Suspicion(START_MS, START_MS, exchanges=100, output_tokens=7) for n in range(10)}
        self.book = Casebook(spec, self.states)
        self.said: list[Alert] = []

    def opened(self, kind: str, subject: str, accounts: list[str], at_ms: int = START_MS) -> Case:
        """A new case."""
        case = new_case(self.spec, "account" if kind == "account" else "campaign", subject, at_ms, None)
        if kind == "campaign":
            self.book.own_link(case, subject)
        self.said += self.book.open(case, accounts, at_ms)
        return case

    def active_until(self, at_ms: int) -> None:
        """All accounts go on until then."""
        for state in self.states.values():
            state.last_ms = at_ms

    def statuses(self, case: Case) -> list[str]:
        """What was said of a case."""
        return [alert.status for alert in self.said if alert.alert_id == case.alert_id]


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


LEAVING = parse_spec("kin: {leave_checks: 3}", "x")


def test_who_is_likelier_none_for_long_leaves() -> None:
    """At the third check on end; checks at which it was silent neither count nor clear."""
    desk = Desk(LEAVING)
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2", "a3", "a4"])
    checks = [{"a3": -0.1, "a4": -3.0}, {"a3": -9.0, "a4": 0.0}, {"a4": -1.0}, {"a4": -1.0}, {"a3": -0.1}]
    for number, nats in enumerate(checks, 1):
        assert "a3" in case.accounts
        desk.said += desk.book.compare_kin(case, nats, START_MS + number * HOUR_MS)

    assert desk.statuses(case) == ["open", "updated"]
    assert desk.said[-1].account_ids == ("a0", "a1", "a2", "a4")
    assert desk.book.of_account("a3") is None
    assert (case.doubts, case.likeness) == ({"a4": 2}, {"a4": -1.0})


def test_the_confirmed_do_not_leave() -> None:
    """What a reviewer has confirmed no resemblance takes back; how large it is is told all the same."""
    desk = Desk(LEAVING)
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2", "a3", "a4"])
    case.confirmed = ["a3"]
    for number in range(1, 9):
        assert desk.book.compare_kin(case, {"a3": -5.0}, START_MS + number * HOUR_MS) == []

    assert (case.doubts, case.likeness) == ({}, {"a3": -5.0})


def test_doubt_ends_no_campaign() -> None:
    """While fewer than three would be left, all stay: that a campaign was none is for a reviewer to say."""
    desk = Desk(parse_spec("kin: {leave_checks: 1}", "x"))
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2", "a3"])

    assert desk.book.compare_kin(case, {"a2": -1.0, "a3": -1.0}, START_MS + 1) == []
    assert desk.book.of_account("a3") is case
    (alert,) = desk.book.compare_kin(case, {"a3": -1.0}, START_MS + 2)
    assert (alert.status, alert.account_ids) == ("updated", ("a0", "a1", "a2"))


def test_members_carry_their_own_confidence() -> None:
    """The least sure are told first, by 1 / (1 + 1000 exp(-nats)); who leaves, or becomes surer, changes that."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2"])
    case.core = ["a0", "a1", "a2"]
    (alert,) = desk.book.join_kin(case, ["a3", "a4"], {"a3": 13.0, "a4": 12.0}, START_MS + 1)

    def told() -> list[tuple[str, float]]:
        said = [reason for reason in case.reasons if reason.feature == "least sure member"]
        return [(reason.explanation.partition(": ")[2], round(reason.observed, 4)) for reason in said]

    assert alert.account_ids == ("a0", "a1", "a2", "a3", "a4")
    joined = {evidence.feature: evidence.observed for evidence in alert.evidence}
    assert joined == {"likeness to the members": 2, "least sure member": round(1 / (1 + 1000 * math.exp(-12)), 4)}
    assert told() == [("a4 0.9939, a3 0.9977.", 0.9939)]
    desk.book.compare_kin(case, {"a3": 2.0}, START_MS + HOUR_MS)
    assert told() == [("a3 0.0073, a4 0.9939.", 0.0073)]
    desk.book.release(case, {"a3"}, START_MS + HOUR_MS + 1)
    assert told() == [("a4 0.9939.", 0.9939)]
    desk.book.release(case, {"a4"}, START_MS + HOUR_MS + 2)
    assert case.reasons == []


def test_the_confirmed_and_the_core_are_told_no_more() -> None:
    """Whom a reviewer has looked at needs no look, and whoever others are compared with is not compared."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2"])
    case.core = ["a0", "a1", "a2"]
    desk.book.join_kin(case, ["a3", "a4", "a5"], {"a3": 13.0, "a4": 12.0, "a5": 14.0}, START_MS + 1)
    (alert,) = desk.book.confirm(case, {"a4", "a9"}, START_MS + 2)

    assert case.confirmed == ["a4"]
    (least,) = [evidence for evidence in alert.evidence if evidence.feature == "least sure member"]
    assert least.explanation.endswith(": a3 0.9977, a5 0.9992.")
    case.core = ["a0", "a1", "a2", "a3"]
    desk.book.compare_kin(case, {}, START_MS + 3)
    assert case.likeness == {"a4": 12.0, "a5": 14.0}


def test_a_merge_takes_over_how_sure_members_are() -> None:
    """Whoever came into the other campaign by resemblance is told as such in the one it goes into, at once."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2"])
    other = desk.opened("campaign", "template::u", ["a3", "a4", "a5"])
    case.core, other.core = ["a0", "a1", "a2"], ["a3", "a4", "a5"]
    desk.book.join_kin(other, ["a6"], {"a6": 12.5}, START_MS + 1)
    alerts = desk.book.merge_kin(case, ["a3", "a4", "a5"], 0.3, START_MS + 2)

    assert [alert.status for alert in alerts] == ["superseded", "updated"]
    assert alerts[1].account_ids == ("a0", "a1", "a2", "a3", "a4", "a5", "a6")
    assert case.likeness == {"a6": 12.5}
    assert "least sure member" in {evidence.feature for evidence in alerts[1].evidence}


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


def test_who_comes_back_is_counted_once_and_confirmed_no_more() -> None:
    """An account that leaves takes its exchanges along, and what a reviewer said of it as a member."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2", "a3"])
    case.confirmed = ["a0", "a1", "a2", "a3"]
    for at_ms in range(START_MS + 1, START_MS + 4):
        (left,) = desk.book.release(case, {"a3"}, at_ms)
        assert (left.exchanges, left.recommended_action.type) == (300, "suspend")
        (back,) = desk.book.join(case, ["a3"], at_ms)
        assert (back.exchanges, back.output_tokens) == (400, 28)
        assert back.recommended_action.type != "suspend"
        case.confirmed = ["a0", "a1", "a2", "a3"]


def test_campaigns_merge_into_one() -> None:
    """A campaign of which enough is kin goes into the other with accounts and links; it goes on under its own id."""
    desk = Desk()
    large = desk.opened("campaign", "template::t", ["a0", "a1", "a2"])
    small = desk.opened("campaign", "template::u", ["a3", "a4", "a5"])
    desk.said += desk.book.merge_kin(large, ["a3", "a4", "a5"], 0.3, START_MS + 1)

    assert desk.statuses(small) == ["open", "superseded"]
    assert set(large.accounts) == {f"a{n}" for n in range(6)}
    assert desk.book.of_link("template::u") is desk.book.of_link("template::t") is large
    assert {desk.book.of_account(f"a{n}") for n in range(6) if desk.book.of_account(f"a{n}") is not large} == set()
    assert [a.superseded_by for a in desk.said if a.alert_id == small.alert_id] == [None, large.alert_id]


def test_a_campaign_splits_into_two() -> None:
    """It ends in the larger part; both begin with its evidence, their own links, confirmations and likeness."""
    desk = Desk()
    whole = desk.opened("campaign", "template::t", [f"a{n}" for n in range(7)])
    desk.book.own_link(whole, "payment::p")
    whole.score, whole.confirmed = 9.0, ["a0", "a6"]
    whole.explain([Reason("group", "even load", 0.4, 1.25, "x", 9.0, "why", "else")])
    whole.core, whole.likeness = ["a0", "a1", "a2", "a4", "a5"], {"a3": 13.0, "a6": 14.0}
    parts = [
        Part(["a0", "a1", "a2", "a3"], ["a0", "a1", "a2"], ["template::t"], Kinship(1)),
        Part(["a4", "a5", "a6"], ["a4", "a5"], ["payment::p"], Kinship(1)),
    ]
    alerts, successors = desk.book.split(whole, parts, START_MS + HOUR_MS)

    assert [(alert.status, alert.alert_id) for alert in alerts] == [
        ("superseded", whole.alert_id),
        *[("open", successor.alert_id) for successor in successors],
    ]
    assert alerts[0].superseded_by == successors[0].alert_id
    assert [alert.account_ids for alert in alerts[1:]] == [tuple(part.accounts) for part in parts]
    assert [alert.exchanges for alert in alerts[1:]] == [400, 300]
    for alert, successor, part, confirmed in zip(alerts[1:], successors, parts, (["a0"], ["a6"]), strict=True):
        assert (successor.core, successor.links, successor.confirmed) == (part.core, part.links, confirmed)
        assert successor.likeness == {a: nats for a, nats in whole.likeness.items() if a in part.accounts}
        # Of the second part the one that came by likeness is confirmed.
        assert ("least sure member" in {e.feature for e in alert.evidence}) == (part is parts[0])
        assert {desk.book.of_account(a) for a in part.accounts if desk.book.of_account(a) is not successor} == set()
        assert desk.book.of_link(part.links[0]) is successor
        assert (alert.score, alert.recommended_action.type) == (9.0, "throttle")
        assert alert.expires_at == desk.said[0].expires_at
        split = next(evidence for evidence in alert.evidence if evidence.detector == "split")
        assert (split.observed, split.baseline) == (len(part.accounts), 7)
        assert whole.alert_id in split.explanation
        assert "even load" in {evidence.feature for evidence in alert.evidence}
    assert set(desk.book.cases) == {successor.alert_id for successor in successors}


def test_a_confirmation_goes_along() -> None:
    """Whoever is confirmed stays so in the campaign it joins, and that campaign's confirmed in the one it goes into."""
    desk = Desk()
    own = desk.opened("account", "a0", ["a0"])
    own.confirmed = ["a0"]
    small = desk.opened("campaign", "template::t", ["a0", "a1", "a2"])
    assert (own.is_confirmed, small.confirmed, small.is_confirmed) == (True, ["a0"], False)

    small.confirmed = ["a0", "a1", "a2"]
    large = desk.opened("campaign", "template::u", ["a3", "a4", "a5"])
    assert small.is_confirmed
    desk.book.merge_kin(large, ["a0", "a1", "a2"], 0.3, START_MS + 1)
    assert set(large.confirmed) == {"a0", "a1", "a2"}
    assert not large.is_confirmed


def test_too_little_kin_merges_nothing() -> None:
    """Two accounts in common are no reason to make two campaigns one."""
    desk = Desk()
    large = desk.opened("campaign", "template::t", ["a0", "a1", "a2"])
    desk.opened("campaign", "template::u", ["a3", "a4", "a5"])

    assert desk.book.merge_kin(large, ["a3", "a4"], 0.3, START_MS + 1) == []
    assert len(desk.book.cases) == 2


@pytest.mark.parametrize(("kin", "is_merged"), [(4, False), (5, True)])
def test_of_a_large_campaign_a_sample_decides(kin: int, is_merged: bool) -> None:
    """Sixteen of forty accounts are compared; three tenths of these decide for all."""
    desk = Desk()
    accounts = [f"b{number:02d}" for number in range(40)]
    desk.states.update({account_id: Suspicion(START_MS, START_MS) for account_id in accounts})
    first = desk.opened("campaign", "template::t", ["a0", "a1", "a2"])
    desk.opened("campaign", "template::u", accounts)
    desk.said += desk.book.merge_kin(first, accounts[:kin], 0.3, START_MS + 1)

    assert (set(accounts) <= set(first.accounts)) is is_merged
    assert len(desk.book.cases) == (1 if is_merged else 2)


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


@pytest.mark.parametrize(("released", "expected"), [({"a0"}, "updated"), ({"a0", "a1"}, "retracted")])
def test_released_accounts_leave(released: set[str], expected: str) -> None:
    """A campaign goes on without them while it has three members, and ends as retracted below."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2", "a3"])
    (alert,) = desk.book.release(case, released, START_MS + 1)

    assert alert.status == expected
    assert all(desk.book.of_account(account_id) is None for account_id in released)
    assert (desk.book.of_account("a3") is case) is (expected == "updated")
