"""What the benchmark measures with: traffic in which campaigns go on, accounts that are old, a report that says so."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from bench import report, state_size
from bench.preload import ACCOUNTS, CAMPAIGNS, START, made, span_days, traffic
from schemas.usage_event import UsageEvent, decode_usage_event

EVENTS = 200_000
"""As many as ``make bench`` takes."""


def test_the_traffic_spans_days_and_holds_campaigns() -> None:
    """Ten days and more in which every campaign collects all along; accounts of the first day are there on the last."""
    lines, campaigns = made(EVENTS, ACCOUNTS)
    first, last = (
        {msgspec.json.decode(line)["account_id"] for line in part} for part in (lines[:9_000], lines[-9_000:])
    )

    assert len(lines) == EVENTS
    assert span_days(lines) >= 10
    assert len(campaigns) == CAMPAIGNS
    assert min(campaigns.values()) >= 500
    assert campaigns.total() >= 20_000
    assert len(first & last) > ACCOUNTS / 4


def test_the_description_names_span_and_exchanges(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader sees how long the traffic is and how much of it campaigns are."""
    monkeypatch.delenv("STILLWATCH_BENCH_EVENTS", raising=False)
    lines, description = traffic(3_000, 40)
    _, campaigns = made(3_000, 40)

    assert f"{span_days(lines):.1f} days of 40 honest accounts and 6 campaigns" in description
    assert f"which sent {campaigns.total():,} of them" in description


def events(days: float) -> Iterator[UsageEvent]:
    """Two accounts that ask every ten minutes, one of them from the last day on."""
    for number in range(round(days * 144)):
        at = (START + timedelta(minutes=10 * number)).isoformat()
        account_id = "new" if number % 2 and number > (days - 1) * 144 else "old"
        yield decode_usage_event(
            msgspec.json.encode(
                {
                    "schema_version": "1", "event_id": f"e{number}", "occurred_at": at, "account_id": account_id,
                    "model": "m", "input_tokens": 5, "output_tokens": 9,
                }
            )
        )  # fmt: skip


def test_sizes_are_those_of_accounts_that_have_been_there_for_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twelve days the samples after the tenth count, and no account that is new; before there is nothing to tell."""
    monkeypatch.setattr(state_size, "SAMPLE_EVERY", 144)

    assert state_size.sizes(events(9)) == {"snapshot_bytes": {}, "live_bytes": {}}
    found = state_size.sizes(events(12))
    assert [spread["accounts"] for spread in found.values()] == [2, 2]
    assert 0 < found["snapshot_bytes"]["median"] < found["live_bytes"]["median"]


def test_sizes_are_measured_for_two_weeks() -> None:
    """The days in which accounts are old enough are within them, and no later ones."""
    assert len(list(state_size.lasting(events(20)))) == state_size.DAYS * 144
    assert state_size.MATURE_DAYS + 3 <= state_size.DAYS


def test_the_report_says_whether_a_budget_is_met() -> None:
    """By the largest account; where none was old enough, that is said instead."""
    found = {"accounts": 2, "median": 900.0, "p99": 3_000.0, "max": 4_097}

    assert report._size("snapshot", found, 4_096) == "| snapshot | 900 | 3,000 | 4,097 | 4,096: **not met** |"
    assert report._size("snapshot", found | {"max": 4_096}, 4_096).endswith("| 4,096: met |")
    assert "no account was so old" in report._size("snapshot", {}, 4_096)
