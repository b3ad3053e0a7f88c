"""Event time across partitions: nobody is late because of who was read first, and silence holds nobody back."""

import json

import pytest

from detectors.windows import NEVER_MS
from tests.stream.live import PARTITIONS, LiveService
from tests.stream.recordings import (
    DISORDER_MS,
    assert_same_alerts,
    closing_events,
    fingerprinted,
    occurred_ms,
    replayed,
)
from tests.stream.test_live_equals_replay import published
from tests.stream.test_poison import event
from traffic.generate import generate

pytestmark = pytest.mark.broker

NOON_MS = 1_777_982_400_000
"""2026-05-05T12:00:00Z, when the events of ``event`` are."""


def test_a_fast_replay_over_several_partitions_makes_nothing_late(service: LiveService) -> None:
    """One partition is read days ahead of the others, and still every event is observed and the alerts agree."""
    lines = list(fingerprinted(generate(accounts=30, days=3, campaigns=2, seed=8)))
    service.create_topics()
    for number in range(PARTITIONS):
        service.send("llm.usage", lines[number::PARTITIONS], partition=number)
        if number == 0:
            service.start_worker()
            # Now three days of one partition are through, and the others have not begun.
            service.wait_for_committed(len(lines[0::PARTITIONS]))
    closing = closing_events(lines, PARTITIONS)
    for number, line in enumerate(closing):
        service.send("llm.usage", [line], partition=number)
    service.wait_until_drained(occurred_ms(lines[-1]) - DISORDER_MS)
    assert service.stop_workers() == [0]

    assert service.dead_letters() == []
    assert_same_alerts(published(service), replayed(lines + closing))


def test_a_silent_partition_holds_nobody_back(service: LiveService) -> None:
    """Event time waits for a partition without traffic until its silence is reported, in band, and then goes on."""
    service.settings = {"STILLWATCH_IDLE_SECONDS": "10"}
    service.create_topics()
    service.start_worker()
    service.send("llm.usage", [event("a-1"), event("a-2", occurred_at="2026-05-05T12:30:00Z")], partition=0)
    service.wait_for_committed(2)
    assert service.event_time_reached() == NEVER_MS

    service.wait_until_drained(NOON_MS + 30 * 60_000 - DISORDER_MS, deadline_seconds=60)

    assert service.stop_workers() == [0]


def test_a_silent_partition_that_speaks_again_counts_again(service: LiveService) -> None:
    """What it then says is observed if it is not behind what was decided without it, else it is a dead letter."""
    service.settings = {"STILLWATCH_IDLE_SECONDS": "3"}
    service.create_topics()
    service.start_worker()
    service.send("llm.usage", [event("a-1", occurred_at="2026-05-05T12:30:00Z")], partition=0)
    service.wait_until_drained(NOON_MS + 30 * 60_000 - DISORDER_MS, deadline_seconds=60)
    service.send(
        "llm.usage",
        [event("behind", occurred_at="2026-05-05T11:00:00Z"), event("ahead", occurred_at="2026-05-05T12:40:00Z")],
        partition=3,
    )
    service.wait_for("the dead letter", service.dead_letters)
    service.wait_for_committed(3)

    assert service.stop_workers() == [0]
    [letter] = service.dead_letters()
    assert (letter["reason"], letter["stage"]) == ("late", "accounts")


def test_sources_may_write_canonical_events_without_ingest(service: LiveService) -> None:
    """Events keyed by account go straight into the usage topic; a usage partition without any holds nobody back."""
    service.settings = {
        "STILLWATCH_DIRECT_SOURCES": "true",
        "STILLWATCH_STAGES": '["accounts","campaigns","alerts"]',
        "STILLWATCH_IDLE_SECONDS": "3",
    }
    service.create_topics()
    service.start_worker()
    times = ["2026-05-05T12:00:00Z", "2026-05-05T12:10:00Z", "2026-05-05T12:30:00Z"]
    for number in range(2):
        events = [event(f"a-{number}", event_id=f"{number}-{at}", occurred_at=at) for at in times]
        service.send("stillwatch.usage", [*events, b"{}"], partition=number)
    service.wait_for(
        "judged buckets", lambda: (service.campaigns_watermark_ms() or 0) >= NOON_MS + 30 * 60_000 - DISORDER_MS
    )

    assert service.stop_workers() == [0]
    buckets = [record for record in service.records("stillwatch.links") if record.key is not None]
    assert len(buckets) == 2 * 2
    assert [(letter["reason"], letter["stage"]) for letter in service.dead_letters()] == [("invalid", "accounts")] * 2


def test_account_ids_of_any_kind_travel_through(service: LiveService) -> None:
    """Keys are bytes and ids are text: what looks strange is one account all the same."""
    service.create_topics()
    service.start_worker()
    names = ["ünïcödé", "with space", "a" * 256, "日本", "\t", "{}"]
    service.send("llm.usage", [json.dumps({**json.loads(event("x")), "account_id": n}).encode() for n in names])
    service.wait_for_committed(len(names))
    service.wait_for("their snapshots", lambda: service.are_all_committed() and len(service.snapshots()) >= len(names))

    assert service.stop_workers() == [0]
    assert sorted(service.snapshots()) == sorted(names)
