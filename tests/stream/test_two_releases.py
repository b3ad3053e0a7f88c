"""Two releases on one broker: the next goes on from the state of this one, and none guesses what it cannot read."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from detectors.snapshot import STATE_VERSION
from streams.state_log import PARTITION_KEY
from tests.stream import next_release
from tests.stream.live import PARTITIONS, LiveService
from tests.stream.next_release import REPOSITORY, make_next_release
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

STATE_TOPICS = ("stillwatch.account-state", "stillwatch.campaign-state")
WORKERS = 2
NOTHING_LOST = """
import sys
from pathlib import Path
from tests.stream.live import LiveService
from tests.stream.nothing_lost import assert_nothing_lost

servers, prefix, folder = sys.argv[1:]
assert_nothing_lost(LiveService(servers, prefix, Path(folder)), (Path(folder) / "fed.jsonl").read_bytes().splitlines())
"""


def start(service: LiveService, number: int, release: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the worker that has this number in a StatefulSet, with a name that the group remembers."""
    return service.start_worker(STILLWATCH_INSTANCE_ID=f"worker-{number}", **release)


def is_ready(service: LiveService, number: int) -> bool:
    """Whether the worker started as this one, from 1, has its partitions."""
    return service.get(number, "/readyz")[0] == 200


def state_versions(service: LiveService) -> dict[str, set[int]]:
    """Versions of the newest partition records, by state topic."""
    found: dict[str, dict[int, int]] = {topic: {} for topic in STATE_TOPICS}
    for topic, newest in found.items():
        for record in service.records(topic):
            if record.key == PARTITION_KEY:
                newest[record.partition] = (record.value or b"\0")[0]
    return {topic: set(newest.values()) for topic, newest in found.items()}


def logged(service: LiveService, number: int, name: str) -> list[dict[str, Any]]:
    """Lines of one kind in the log of the worker started as this one, from 1."""
    return [line for line in service.log_lines(number) if line["event"] == name]


def send(service: LiveService, lines: list[bytes]) -> None:
    """Send events over all input partitions."""
    service.send("llm.usage", lines, keys=[str(number).encode() for number in range(len(lines))])


def restart_each(service: LiveService, release: dict[str, str], lines: list[bytes]) -> None:
    """Drain one worker after the other in the middle of its work and start its successor, as a rolling upgrade does."""
    size = -(-len(lines) // WORKERS)
    for number in range(WORKERS):
        before = service.messages("stillwatch.usage")
        send(service, lines[number * size : (number + 1) * size])
        service.wait_for_messages("stillwatch.usage", before + 1)
        worker = service.workers.pop(0)
        worker.terminate()
        assert worker.wait(30) == 0, service.logs()
        start(service, number, release)
        started = service.started
        service.wait_for("the successor", lambda started=started: is_ready(service, started))  # type: ignore[misc]


def finish(service: LiveService, lines: list[bytes]) -> list[bytes]:
    """Send the rest, wait until all is read, and stop; returns the events that close it."""
    closing = closing_events(lines, PARTITIONS)
    for number, line in enumerate(closing):
        service.send("llm.usage", [line], partition=number)
    service.wait_until_drained(occurred_ms(lines[-1]) - DISORDER_MS)
    assert service.stop_workers() == [0] * WORKERS
    return closing


def test_an_upgrade_goes_on_from_the_state_of_the_release_before(service: LiveService, tmp_path: Path) -> None:
    """Under load: drained within the grace, nothing lost, nobody paged twice, and the alerts are those of a replay."""
    # As long as in production, beside the time that a worker takes to come back: partitions stay where they are.
    service.settings = {"STILLWATCH_SESSION_TIMEOUT_SECONDS": "45"}
    lines = list(fingerprinted(generate(accounts=60, days=6, campaigns=3, seed=8)))
    half, most = len(lines) // 2, len(lines) * 3 // 4
    service.create_topics()
    for number in range(WORKERS):
        start(service, number, {})
    send(service, lines[:half])
    service.wait_for("an alert", service.alerts)
    service.wait_for("state", lambda: all(state_versions(service).values()))
    before = state_versions(service)

    restart_each(service, make_next_release(tmp_path / "next", reads_previous=True), lines[half:most])
    send(service, lines[most:])
    fed = lines + finish(service, lines)

    assert before == {topic: {STATE_VERSION} for topic in STATE_TOPICS}
    assert state_versions(service) == {topic: {next_release.STATE_VERSION} for topic in STATE_TOPICS}
    _assert_state_was_taken_over(service)
    expected = replayed(fed)
    assert_same_alerts(published(service), expected)
    assert len(service.alerts()) == len(expected)
    assert_nothing_lost_in(service, tmp_path / "next", fed)


def _assert_state_was_taken_over(service: LiveService) -> None:
    for number in range(WORKERS + 1, 2 * WORKERS + 1):
        assert logged(service, number, "worker.starting")[0]["release"] == next_release.VERSION
        restored = logged(service, number, "partition.restored")
        assert restored
        assert not any(line["is_new"] for line in restored)


def assert_nothing_lost_in(service: LiveService, sources: Path, fed: list[bytes]) -> None:
    """Every input is in exactly one snapshot, as the release in a folder reads them."""
    (service.folder / "fed.jsonl").write_bytes(b"\n".join(fed))
    arguments = [service.bootstrap_servers, service.prefix, str(service.folder)]
    environment = service.environment | {"PYTHONPATH": f"{sources}:{REPOSITORY}", "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", NOTHING_LOST, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def some_traffic(service: LiveService, release: dict[str, str]) -> None:
    """Let one worker of a release see some events, write its state and stop."""
    service.start_worker(**release)
    before = service.messages("llm.usage")
    service.send("llm.usage", [event(f"a-{n}") for n in range(60)])
    service.wait_for_committed(before + 60)
    service.wait_for("an end of all work", service.are_all_committed)
    assert service.stop_workers() == [0]


def refusal(service: LiveService, release: dict[str, str]) -> str:
    """What a worker says that must not start; it changes neither state nor commits."""
    before = {topic: service.end_offsets(topic) for topic in STATE_TOPICS}
    committed = service.committed()
    assert service.exit_code(service.start_worker(**release), deadline_seconds=60) == 1
    assert {topic: service.end_offsets(topic) for topic in STATE_TOPICS} == before
    assert service.committed() == committed
    return str(logged(service, service.started, "worker.failed")[0]["error"])


def test_a_downgrade_is_refused_and_harms_nothing(service: LiveService, tmp_path: Path) -> None:
    """Before the first event, with topic, version and way out; the later release then goes on."""
    following = make_next_release(tmp_path / "next", reads_previous=True)
    service.create_topics()
    some_traffic(service, {})
    some_traffic(service, following)

    error = refusal(service, {})

    assert error.startswith(f"{service.prefix}stillwatch.account-state/")
    assert f"has version {next_release.STATE_VERSION}, this release reads {STATE_VERSION}" in error
    assert "run the release that wrote it, or a later one" in error
    assert "docs/operations.md" in error
    some_traffic(service, following)
    assert service.dead_letters() == []


def test_an_upgrade_that_cannot_read_the_state_is_refused_and_harms_nothing(
    service: LiveService, tmp_path: Path
) -> None:
    """A later release without a step from our state stops likewise; the one before then goes on."""
    service.create_topics()
    some_traffic(service, {})

    error = refusal(service, make_next_release(tmp_path / "next", reads_previous=False))

    assert error.startswith(f"{service.prefix}stillwatch.account-state/")
    assert f"has version {STATE_VERSION}, this release reads {next_release.STATE_VERSION}" in error
    assert "upgrade over one that reads both (heading State in CHANGELOG.md)" in error
    some_traffic(service, {})
    assert service.dead_letters() == []
