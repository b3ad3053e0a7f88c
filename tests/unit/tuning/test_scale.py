"""The synthetic day with which the campaigns stage's capacity is measured."""

import random
from collections import Counter

import pytest
from click.testing import CliRunner

from tuning import scale
from tuning.scale import buckets, link_numbers, main, measure


def test_accounts_have_ten_links_of_four_accounts() -> None:
    """Links are a quarter of the memberships, and some are shared by far more accounts than others."""
    numbers = link_numbers(2_000, random.Random(1))

    assert {len(of_account) for of_account in numbers} == {10}
    shared = Counter(number for of_account in numbers for number in of_account)
    assert max(shared) < 5_000
    assert max(shared.values()) > 5 * (20_000 / 5_000)


def test_every_account_sends_its_buckets_in_time_order() -> None:
    """A day has three records of each account, in time order, and members carry their campaign's link."""
    day = list(buckets(1_000, seed=2))
    records = [record for _, present in day for record in present]

    assert len(records) == 3_000
    assert [start for start, _ in day] == sorted(start for start, _ in day)
    carriers = {r.account_id for r in records if any(link.value.startswith("campaign") for link in r.links)}
    assert carriers == {"account-0"}


def test_it_counts_what_it_ran() -> None:
    """The table tells accounts, links and records of the run."""
    row = measure(100)

    assert (row["accounts"], row["links of accounts"], row["records"]) == ("100", "1,000", "300")


def test_memory_is_the_detectors_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the day is drawn from is there before memory is looked at for the first time."""
    order: list[str] = []

    def drawn(accounts: int, rng: random.Random) -> list[list[int]]:
        order.append("links")
        return link_numbers(accounts, rng)

    def looked_at() -> float:
        order.append("memory")
        return 100.0 * len(order)

    monkeypatch.setattr(scale, "link_numbers", drawn)
    monkeypatch.setattr(scale, "_peak_mib", looked_at)

    assert measure(100)["memory, MiB"] == "100"
    assert order == ["links", "memory", "memory"]


def test_it_is_a_command_as_the_others_are() -> None:
    """It explains itself, and refuses what is no number of accounts."""
    assert "[ACCOUNTS]" in CliRunner().invoke(main, ["--help"]).output
    assert CliRunner().invoke(main, ["many"]).exit_code == 2
    assert "| 100 |" in CliRunner().invoke(main, ["100"]).output
