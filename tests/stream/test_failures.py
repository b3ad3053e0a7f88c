"""What stops a worker, and what it leaves behind: nothing broken is checkpointed, and a restart goes on."""

import json
import time
from pathlib import Path

import pytest

from broker.cluster import Cluster, start_in
from streams.headers import AT, AT_FORMAT, PROGRESS_HEADERS
from tests.stream.live import PARTITIONS, LiveService
from tests.stream.nothing_lost import assert_nothing_lost
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

STOP_SECONDS = 10


def failure(service: LiveService) -> dict[str, str]:
    """What the first worker says it failed of."""
    return next(line for line in service.log_lines(1) if line["event"] == "worker.failed")


def test_sigterm_ends_a_worker_cleanly_within_seconds(service: LiveService) -> None:
    """It exits with 0 and has committed what it did: nothing is repeated by the next."""
    service.create_topics()
    service.start_worker()
    service.send("llm.usage", [event(f"a-{n}") for n in range(100)])
    service.wait_for("usage events", lambda: sum(service.end_offsets("stillwatch.usage").values()) >= 100)
    began = time.monotonic()

    assert service.stop_workers() == [0]
    assert time.monotonic() - began < STOP_SECONDS
    assert sum(at for (topic, _), at in service.committed().items() if topic == "llm.usage") == 100


def test_too_many_dead_letters_stop_the_worker(service: LiveService) -> None:
    """It exits with 1 and an instruction, the reasons are where that sends people, and the input stays where it is."""
    service.settings = {"STILLWATCH_DEAD_LETTER_WINDOW": "20"}
    service.create_topics()
    worker = service.start_worker()
    service.send("llm.usage", [b"garbage"] * 40, partition=0)

    assert service.exit_code(worker, deadline_seconds=60) == 1
    assert "STILLWATCH_DEAD_LETTER_MAX_RATIO" in failure(service)["error"]
    assert {letter["reason"] for letter in service.dead_letters()} == {"not_json"}
    assert service.committed().get(("llm.usage", 0), 0) == 0


def test_an_exception_in_a_stage_stops_the_worker_without_a_checkpoint(service: LiveService) -> None:
    """Nothing of the broken batch is committed or remembered, and without the cause a restart goes on."""
    service.create_topics()
    worker = service.start_worker()
    service.send("llm.usage", [event("a-1")], partition=0)
    service.wait_for_committed(1, topic="llm.usage")
    # No progress at all: only a fault of ours could have written it.
    broken = service.records("stillwatch.usage")[0].partition
    service.send("stillwatch.usage", [b"broken"], partition=broken, headers=PROGRESS_HEADERS)

    assert service.exit_code(worker, deadline_seconds=60) == 1
    assert failure(service)["kind"] == "DecodeError"
    end = service.end_offsets("stillwatch.usage")[broken]
    assert service.committed().get(("stillwatch.usage", broken), 0) < end
    remembered = [AT_FORMAT.unpack(r.headers[AT])[0] for r in service.records("stillwatch.account-state")]
    assert max(remembered, default=0) < end


def test_a_state_that_cannot_be_read_stops_the_worker_with_an_instruction(service: LiveService) -> None:
    """Nothing is guessed, and nothing that a topic holds is run."""
    service.create_topics()
    service.send(
        "stillwatch.account-state",
        [b"\x63unknown"],
        keys=[b"\x00partition"],
        partition=2,
        headers=[(AT, AT_FORMAT.pack(5))],
    )
    worker = service.start_worker()

    assert service.exit_code(worker, deadline_seconds=60) == 1
    assert "run the release that wrote it" in failure(service)["error"]


def test_state_that_is_gone_stops_the_worker(service: LiveService) -> None:
    """A commit without the state that belongs to it would lose events in silence."""
    service.create_topics()
    service.start_worker()
    service.send("llm.usage", [event("a-1")])
    service.wait_for_committed(1, topic="stillwatch.usage")
    assert service.stop_workers() == [0]
    service.delete_topic("stillwatch.account-state")
    service.create_topics()
    worker = service.start_worker()

    assert service.exit_code(worker, deadline_seconds=60) == 1
    lost = next(line for line in service.log_lines(2) if line["event"] == "worker.failed")
    assert "restore the state topic" in lost["error"]


def test_a_topic_that_is_missing_is_not_made_in_passing(service: LiveService) -> None:
    """A broker that makes what is asked for would make it with a policy that deletes state."""
    service.create_topics()
    service.delete_topic("stillwatch.account-state")
    worker = service.start_worker()

    assert service.exit_code(worker, deadline_seconds=60) == 1
    [told] = [line for line in service.log_lines(1) if line["event"] == "topics.missing"]
    assert told["topics"] == [f"{service.prefix}stillwatch.account-state"]
    # Whoever runs none of the stages that need it is not concerned.
    service.start_worker(STILLWATCH_STAGES='["ingest", "alerts"]')
    service.send("llm.usage", [event("a-1")])
    service.wait_for_committed(1, topic="llm.usage")


def test_a_killed_broker_costs_nothing(tmp_path: Path) -> None:
    """Whether the worker survives the outage or is started again, nothing is lost and the alerts are a replay's."""
    cluster = start_in(tmp_path / "broker", 1)
    try:
        service = LiveService(cluster.bootstrap_servers, "outage.", tmp_path)
        _run_through_an_outage(service, cluster)
    finally:
        cluster.destroy()


def _run_through_an_outage(service: LiveService, cluster: Cluster) -> None:
    lines = list(fingerprinted(generate(accounts=30, days=3, campaigns=2, seed=8)))
    half = len(lines) // 2
    service.create_topics()
    service.start_worker()
    try:
        service.send("llm.usage", lines[:half], keys=[str(n).encode() for n in range(half)])
        service.wait_for_committed(half // 2)
        [node] = cluster.nodes
        node.kill()
        cluster.start()
        for ended in [worker for worker in service.workers if worker.poll() is not None]:
            service.workers.remove(ended)
            service.start_worker()
        service.send("llm.usage", lines[half:], keys=[str(n).encode() for n in range(half, len(lines))])
        closing = closing_events(lines, PARTITIONS)
        for number, line in enumerate(closing):
            service.send("llm.usage", [line], partition=number)
        service.keep_running(lambda: service.is_drained(occurred_ms(lines[-1]) - DISORDER_MS), deadline_seconds=150)
        assert 0 in service.stop_workers()
        assert_same_alerts(published(service), replayed(lines + closing))
        assert_nothing_lost(service, lines + closing)
    finally:
        service.kill_all()


def test_a_worker_that_lost_its_partitions_unnoticed_harms_nobody(service: LiveService) -> None:
    """Stopped for longer than its session and then let go on, it repeats nothing that counts and drops nothing."""
    lines = [json.dumps({**json.loads(event(f"a-{n % 7}")), "event_id": str(n)}).encode() for n in range(3_000)]
    service.create_topics()
    sleeper = service.start_worker()
    service.send("llm.usage", lines[:1_000])
    service.wait_for_committed(500)
    service.suspend(sleeper)
    service.start_worker()
    service.send("llm.usage", lines[1_000:2_000])
    service.wait_for_committed(1_900)
    service.resume(sleeper)
    service.send("llm.usage", lines[2_000:])
    service.keep_running(
        lambda: service.is_committed("llm.usage", 3_000) and service.are_all_committed(), deadline_seconds=90
    )
    service.stop_workers()

    assert_nothing_lost(service, lines)
