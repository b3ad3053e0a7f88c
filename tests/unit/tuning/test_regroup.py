"""Other honest accounts beside the same campaigns: what is theirs goes with them, and no campaign changes."""

from collections import Counter
from pathlib import Path
from typing import Any

from tests.unit.tuning.samples import write_corpus
from tuning.corpus import read_corpus
from tuning.regroup import by_halves, on_other_days, together, write_regrouped

KINDS = {"h1": "chat", "h2": "bot", "h3": "chat", "h4": "bot", "h5": "chat"}


def event(number: int, account_id: str, **fields: Any) -> dict[str, Any]:
    """An event with a prompt of its own, ``number`` hours after the start; its payment is its account's."""
    at = f"2026-03-{2 + number // 24:02d}T{number % 24:02d}:00:00Z"
    paid = {"payment_fingerprint": f"pay-{account_id}"} if account_id != "h1" else {}
    return (
        {"event_id": f"e{number}", "account_id": account_id, "occurred_at": at, "prompt": f"p{number}"} | paid | fields
    )


def events() -> list[dict[str, Any]]:
    """Ten days, an event an hour, in turn of five honest accounts and one of a campaign."""
    return [event(number, ["h1", "h2", "x", "h3", "h4", "h5"][number % 6]) for number in range(240)]


def test_accounts_of_one_kind_are_put_together() -> None:
    """Two chats are one account with what belongs to it and two bots another; the third chat and the campaign stay."""
    found = together(2, of_one_kind=True)(events(), KINDS)
    before = {its["event_id"]: its for its in events()}

    assert [its["event_id"] for its in found] == list(before)
    loads = Counter(its["account_id"] for its in found)
    assert sorted(loads.values()) == [40, 40, 80, 80]
    assert loads["x"] == 40
    for its in found:
        old = before[its["event_id"]]
        assert KINDS.get(its["account_id"]) == KINDS.get(old["account_id"])
        assert (its["prompt"], its["occurred_at"]) == (old["prompt"], old["occurred_at"])
        # The first account has no payment, so neither has who goes on in its place.
        assert its.get("payment_fingerprint") == (None if its["account_id"] == "h1" else f"pay-{its['account_id']}")


def test_accounts_of_any_kind_are_put_together() -> None:
    """Three of five are one account; two, fewer than that, stay as they are."""
    loads = Counter(its["account_id"] for its in together(3)(events(), KINDS))

    assert sorted(loads.values()) == [40, 40, 40, 120]


def test_honest_accounts_live_on_other_days() -> None:
    """At the same hour, each by whole days of its own, within the time of all; the campaign as it was."""
    before = {its["event_id"]: its for its in events()}
    found = on_other_days(events(), KINDS)
    days_of: dict[str, set[int]] = {}
    for its in found:
        old, new = before[its["event_id"]]["occurred_at"], its["occurred_at"]
        assert old[10:19] == new[10:19]
        assert "2026-03-02" <= new[:10] <= "2026-03-11"
        days_of.setdefault(its["account_id"], set()).add((int(new[8:10]) - int(old[8:10])) % 10)

    assert [its["occurred_at"][:19] for its in found] == sorted(its["occurred_at"][:19] for its in found)
    assert days_of.pop("x") == {0}
    assert all(len(days) == 1 and days <= set(range(7)) for days in days_of.values())
    assert len(set.union(*days_of.values())) > 1


def test_every_second_request_of_honest_accounts_is_left_out() -> None:
    """About half of them, in their order; all of the campaign."""
    found = by_halves(events(), KINDS)

    assert sum(its["account_id"] == "x" for its in found) == 40
    assert 70 <= sum(its["account_id"] != "x" for its in found) <= 130


def test_a_regrouped_corpus_has_the_same_campaigns(tmp_path: Path) -> None:
    """Half of the honest accounts are left, with all that was sent; campaigns and their exchanges are the same."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "other").mkdir()
    write_corpus(tmp_path / "plain")
    write_regrouped(tmp_path / "plain", together(2), tmp_path / "other")
    plain, other = (read_corpus(tmp_path / name) for name in ("plain", "other"))

    assert other.truth.exchanges == plain.truth.exchanges
    assert other.truth.campaigns == plain.truth.campaigns
    assert len(other.truth.kinds) < 0.6 * len(plain.truth.kinds)
    assert sum(its.events for its in other.buckets) == sum(its.events for its in plain.buckets)
