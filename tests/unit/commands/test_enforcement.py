"""The reference consumer under arbitrary deliveries, and the decisions it tells."""

import random
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alert import Alert, decode_alert
from streams.enforcement import LADDER, Enforcement, Enforcer
from tests.conformance.record import hour, publication

ACCOUNTS = ["acct_a", "acct_b", "acct_c"]


def alert(alert_id: str = "a", version: int = 1, status: str = "open", **changes: Any) -> Alert:
    """Return one publication, decoded."""
    return decode_alert(publication(alert_id, version, status, **changes))


@st.composite
def histories(draw: st.DrawFn) -> list[Alert]:
    """Draw the versions of up to three alerts on up to three accounts, in the order in which they were raised."""
    found = []
    for alert_id in draw(st.sets(st.sampled_from(["campaign_1", "campaign_2", "campaign_3"]), min_size=1)):
        for version in draw(st.sets(st.integers(1, 6), min_size=1, max_size=4)):
            status = draw(st.sampled_from(["open", "updated", "updated", "resolved", "retracted", "expired"]))
            found.append(
                alert(
                    alert_id,
                    version,
                    status,
                    accounts=sorted(draw(st.sets(st.sampled_from(ACCOUNTS), min_size=1))),
                    action=draw(st.sampled_from(LADDER)),
                    shadow=draw(st.booleans()),
                    expires_at=hour(draw(st.integers(0, 20))),
                )
            )
    return sorted(found, key=lambda a: (a.raised_at, a.alert_id))


def by_hand(history: list[Alert], account_id: str, now: datetime) -> str | None:
    """Return the action by the contract's words, from the whole history at once."""
    last = {a.alert_id: a for a in sorted(history, key=lambda a: a.version)}
    actions = [
        a.recommended_action.type
        for a in last.values()
        if account_id in a.account_ids and a.status in ("open", "updated") and a.expires_at > now and not a.shadow
    ]
    return max(actions, key=LADDER.index, default=None)


@settings(max_examples=120)
@given(histories(), st.integers(0, 2**32), st.integers(0, 22))
def test_any_delivery_ends_in_the_same_state(history: list[Alert], seed: int, hours: int) -> None:
    """However often and in whatever order publications arrive, the end is what the contract says of their set."""
    shuffler = random.Random(seed)
    delivered = history + shuffler.choices(history, k=len(history))
    shuffler.shuffle(delivered)
    consumer = Enforcement()
    for delivery in delivered:
        consumer.apply(delivery)

    for account_id in ACCOUNTS:
        ruling = consumer.ruling(account_id, hour(hours))
        assert (ruling and ruling.recommended_action.type) == by_hand(history, account_id, hour(hours))


@settings(max_examples=120)
@given(histories(), st.lists(st.integers(0, 3), min_size=24, max_size=24))
def test_decisions_add_up_to_the_state(history: list[Alert], steps: list[int]) -> None:
    """Whoever only follows the decisions, while time passes, does at every moment what the state says."""
    enforcer, acted, now = Enforcer(), dict[str, str](), 0
    for published, step in zip(history, steps, strict=False):
        now += step
        for decision in enforcer.pass_time(hour(now)) + enforcer.apply(published, hour(now)):
            for account_id in decision.account_ids:
                if decision.verb == "release":
                    del acted[account_id]
                elif decision.verb in ("enforce", "keep"):
                    acted[account_id] = decision.alert.recommended_action.type

        seen = history[: history.index(published) + 1]
        expected = {a: action for a in ACCOUNTS if (action := by_hand(seen, a, hour(now)))}
        assert acted == expected
        assert {a: ruling.recommended_action.type for a, ruling in enforcer.rulings.items()} == expected


def test_a_repeat_is_counted_and_decides_nothing() -> None:
    """Repeats are visible as a number and otherwise silent."""
    enforcer = Enforcer()

    assert [d.verb for d in enforcer.apply(alert(), hour(1))] == ["enforce"]
    assert enforcer.apply(alert(), hour(1)) == []
    assert enforcer.stale == 1


def test_an_update_with_the_same_action_is_kept() -> None:
    """A later version that asks for the same is told as going on, not as a new measure."""
    enforcer = Enforcer()
    enforcer.apply(alert(), hour(1))

    [decision] = enforcer.apply(alert(version=2, status="updated"), hour(2))

    assert (decision.verb, decision.account_ids) == ("keep", ("acct_a",))


def test_releases_name_their_cause() -> None:
    """Whoever is let go can be told why."""
    for last, now, reason in [
        (alert(version=2, status="retracted"), 2, "retracted"),
        (alert(version=2, status="resolved"), 2, "resolved"),
        (alert(version=2, status="superseded", superseded_by="campaign_1"), 2, "superseded by campaign_1"),
        (alert(version=2, status="updated", shadow=True), 2, "now a shadow"),
        (alert(version=2, status="updated", expires_at=hour(1)), 2, "expired"),
    ]:
        enforcer = Enforcer()
        enforcer.apply(alert(), hour(1))
        release = enforcer.apply(last, hour(now))[0]
        assert (release.verb, release.reason) == ("release", reason)


def test_a_member_who_leaves_is_released_and_the_others_kept() -> None:
    """One version of a campaign can begin, go on and end for different accounts."""
    enforcer = Enforcer()
    enforcer.apply(alert("campaign_1", accounts=["acct_a", "acct_b"]), hour(1))

    decisions = enforcer.apply(alert("campaign_1", 2, "updated", accounts=["acct_b", "acct_c"]), hour(2))

    assert {(d.verb, d.account_ids, d.reason == "no longer a member") for d in decisions} == {
        ("release", ("acct_a",), True),
        ("keep", ("acct_b",), False),
        ("enforce", ("acct_c",), False),
    }


def test_expiry_decides_once() -> None:
    """An alert that lapses releases its account at that instant and is not told again."""
    enforcer = Enforcer()
    enforcer.apply(alert(expires_at=hour(5)), hour(1))

    assert enforcer.pass_time(hour(4.9)) == []
    assert [d.verb for d in enforcer.pass_time(hour(5))] == ["release"]
    assert enforcer.pass_time(hour(6)) == []


def test_shadows_and_lapsed_alerts_are_only_watched() -> None:
    """What must not be acted on is still told to whoever looks on."""
    for published in (alert(shadow=True), alert(expires_at=hour(0.5))):
        enforcer = Enforcer()
        assert [d.verb for d in enforcer.apply(published, hour(1))] == ["watch"]
        assert enforcer.rulings == {}
