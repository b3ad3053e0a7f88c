"""The casebook: how campaigns become one, and one becomes two."""

import pytest

from detectors.case import Reason
from detectors.split import Part
from detectors.suspicion import Suspicion
from tests.unit.detectors.desk import Desk
from tests.unit.detectors.samples import HOUR_MS, START_MS


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


def evidence(feature: str, nats: float) -> Reason:
    """One piece of evidence."""
    return Reason("group", feature, nats, None, "x", nats, "why", "else")


@pytest.mark.parametrize("stronger", ["goes in", "stays"])
def test_a_merge_keeps_the_stronger_evidence(stronger: str) -> None:
    """Whichever id stays: score and evidence are the larger ones, and what only one of them had is there."""
    desk = Desk()
    case = desk.opened("campaign", "template::t", ["a0", "a1", "a2"])
    other = desk.opened("campaign", "template::u", ["a3", "a4", "a5"])
    strong, weak = (other, case) if stronger == "goes in" else (case, other)
    strong.score, weak.score, other.core = 30.0, 6.0, ["a3", "a4"]
    strong.reasons = [evidence("even load", 30.0)]
    weak.reasons = [evidence("even load", 6.0), evidence("a gap", 5.0)]
    alert = desk.book.merge_kin(case, ["a3", "a4", "a5"], 0.3, START_MS + 1)[-1]

    assert (alert.alert_id, alert.score, alert.recommended_action.type) == (case.alert_id, 30.0, "review")
    assert {found.feature: found.weight for found in alert.evidence} == {"even load": 30.0, "a gap": 5.0}
    assert case.core == ["a3", "a4"]


def test_a_campaign_splits_into_two() -> None:
    """It ends in the larger part; both begin with its evidence, their own links, confirmations and likeness."""
    desk = Desk()
    whole = desk.opened("campaign", "template::t", [f"a{n}" for n in range(7)])
    desk.book.own_link(whole, "payment::p")
    whole.score, whole.confirmed = 9.0, ["a0", "a6"]
    whole.explain([Reason("group", "even load", 0.4, 1.25, "x", 9.0, "why", "else")])
    whole.core, whole.likeness = ["a0", "a1", "a2", "a4", "a5"], {"a3": 13.0, "a6": 14.0}
    parts = [
        Part(["a0", "a1", "a2", "a3"], ["a0", "a1", "a2"], ["template::t"]),
        Part(["a4", "a5", "a6"], ["a4", "a5"], ["payment::p"]),
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
