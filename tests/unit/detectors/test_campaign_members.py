"""Members of a campaign: who leaves, who stays confirmed, how sure each is."""

import math

import pytest

from detectors.spec import parse_spec
from tests.unit.detectors.desk import Desk
from tests.unit.detectors.samples import HOUR_MS, START_MS

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


@pytest.mark.parametrize(("released", "expected"), [({"a0"}, "updated"), ({"a0", "a1"}, "retracted")])
def test_released_accounts_leave(released: set[str], expected: str) -> None:
    """A campaign goes on without them while it has three members, and ends as retracted below."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2", "a3"])
    (alert,) = desk.book.release(case, released, START_MS + 1)

    assert alert.status == expected
    assert all(desk.book.of_account(account_id) is None for account_id in released)
    assert (desk.book.of_account("a3") is case) is (expected == "updated")
