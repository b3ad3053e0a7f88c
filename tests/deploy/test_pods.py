"""The release on two real nodes, with a real Kafka, under load: nothing that happens to its pods changes its alerts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

import broker.node
from broker.cluster import temporary_cluster
from schemas.alert import ACTIVE_STATUSES
from tests.deploy import image
from tests.deploy.cluster import tools
from tests.deploy.cluster.namespace import GATEWAY, entered
from tests.deploy.cluster.nodes import Node, real_cluster
from tests.deploy.conftest import require
from tests.deploy.disruptions import Workers
from tests.deploy.pauses import Times, account_times, ingest_times, longest_pauses
from tests.stream.live import PARTITIONS, LiveService
from tests.stream.nothing_lost import assert_nothing_lost
from tests.stream.recordings import DISORDER_MS, EAGER, closing_events, contents, occurred_ms
from traffic.generate import generate

pytestmark = [pytest.mark.deploy, pytest.mark.broker, pytest.mark.timeout(2400)]

WORKERS = 3
LOAD_SECONDS = 360
KEY = "a-key-of-this-test-alone"
PREFIX = "pods."
MEASUREMENTS = Path(os.environ.get("STILLWATCH_MEASUREMENTS", "build/deployment.json"))


@dataclass
class Run:
    """What there is to be looked at after the run."""

    service: LiveService
    workers: Workers
    fed: list[bytes]
    replayed: dict[tuple[str, int], dict[str, Any]]
    consumed: list[str]
    metrics: dict[str, dict[str, float]]
    ingested: Times
    advanced: Times


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, image_under_test: image.Image) -> Iterator[Run]:
    """Install, feed, and while events flow: upgrade, drain, kill, lose a node; then everything is read to the end."""
    require(tools.REAL)
    folder = tmp_path_factory.mktemp("pods")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("STILLWATCH_FINGERPRINT_KEY", KEY)
        # Pods cannot reach a broker that listens on the loopback of the nodes.
        patch.setattr(broker.node, "HOST", GATEWAY)
        cluster = stack.enter_context(real_cluster([image_under_test.archive]))
        stack.enter_context(entered(cluster.namespace))
        kafka = stack.enter_context(temporary_cluster())
        service = LiveService(kafka.bootstrap_servers, PREFIX, folder)
        cluster.client.namespace("watch")
        cluster.client.kubectl(
            "create",
            "secret",
            "generic",
            "stillwatch-fingerprint",
            f"--from-literal=fingerprint-key={KEY}",
            "-n",
            "watch",
        )
        values = [*image_under_test.values, "--values", str(_values(folder, kafka.bootstrap_servers))]
        workers = Workers(cluster, "watch", "sw", WORKERS, values)
        workers.install()
        lines = _feed(folder, service, workers)
        consumed = _consume(workers)
        yield Run(
            service,
            workers,
            lines,
            _replay(cluster.nodes["node1"], image_under_test, folder / "replay", lines),
            consumed,
            workers.metrics("process_resident_memory_bytes", "stillwatch_accounts", "process_cpu_seconds_total"),
            ingest_times(kafka.bootstrap_servers, f"{PREFIX}stillwatch.usage"),
            account_times(kafka.bootstrap_servers, f"{PREFIX}stillwatch.links"),
        )


def _values(folder: Path, bootstrap_servers: str) -> Path:
    path = folder / "values.json"
    values = {
        "kafka": {"bootstrapServers": bootstrap_servers, "topicPrefix": PREFIX, "groupId": f"{PREFIX}group"},
        "fingerprint": {"existingSecret": "stillwatch-fingerprint"},
        "detector": {"spec": EAGER},
        "topics": {"partitions": PARTITIONS, "replicationFactor": 1},
        "replicas": WORKERS,
        # Time passes a thousand times as fast as in production: half a minute of silence would be half a day.
        "settings": {"idleSeconds": 600},
        "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "512Mi"}},
    }
    path.write_text(json.dumps(values))
    return path


def _feed(folder: Path, service: LiveService, workers: Workers) -> list[bytes]:
    """Feed all events while the disruptions happen, wait until they are read; returns what was fed."""
    lines = [json.dumps(event).encode() for event in generate(accounts=100, days=8, campaigns=3, seed=11)]
    events = folder / "events.jsonl"
    events.write_bytes(b"\n".join(lines) + b"\n")
    speed = (occurred_ms(lines[-1]) - occurred_ms(lines[0])) / 1000 / LOAD_SECONDS
    command = ["produce", str(events), "--topic", f"{PREFIX}llm.usage", "--speed", str(speed)]
    with subprocess.Popen([sys.executable, "-m", "streams.cli", *command], env=service.environment) as producer:
        try:
            service.wait_for_committed(len(lines) // 20)
            workers.drain()
            # After the drain, which leaves everything on one node: the new pods spread again.
            workers.roll()
            workers.kill()
            workers.stop_node("node2")
            assert producer.poll() is None, "the load ended before the disruptions did"
            assert producer.wait(LOAD_SECONDS) == 0
        finally:
            producer.kill()
    closing = closing_events(lines, PARTITIONS)
    for number, line in enumerate(closing):
        service.send("llm.usage", [line], partition=number)
    service.wait_until_drained(occurred_ms(lines[-1]) - DISORDER_MS)
    return lines + closing


def _replay(node: Node, built: image.Image, folder: Path, lines: list[bytes]) -> dict[tuple[str, int], dict[str, Any]]:
    """What `stillwatch replay` of the image under test makes of the same events, without a broker."""
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "events.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    (folder / "spec.yaml").write_text(EAGER)
    command = [
        "stillwatch",
        "replay",
        "/data/events.jsonl",
        "--alerts",
        "/data/alerts.jsonl",
        "--config",
        "/data/spec.yaml",
    ]
    node.run_image(built.name, folder, {"STILLWATCH_FINGERPRINT_KEY": KEY}, *command)
    alerts = [json.loads(line) for line in (folder / "alerts.jsonl").read_text().splitlines()]
    return {(alert["alert_id"], alert["version"]): contents(alert) for alert in alerts}


def _consume(workers: Workers) -> list[str]:
    """What the reference consumer of alerts prints inside the cluster, its summary too."""
    output = workers.exec(
        "stillwatch",
        "consume-alerts",
        "--topic",
        f"{PREFIX}stillwatch.alerts",
        "--from-beginning",
        "--timeout-seconds",
        "10",
        "--json",
    )
    return output.splitlines()


def _published(run: Run) -> dict[tuple[str, int], list[dict[str, Any]]]:
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for alert in run.service.alerts():
        found.setdefault((alert["alert_id"], alert["version"]), []).append(contents(alert))
    return found


def test_alerts_are_those_of_a_replay(run: Run) -> None:
    """After all that happened, ids, versions and contents are what `stillwatch replay` gives on the same events."""
    assert len(run.replayed) > 0
    assert {key: versions[0] for key, versions in _published(run).items()} == run.replayed


def test_no_alert_is_repeated_with_other_contents(run: Run) -> None:
    """A publication may be repeated after a restart, but never changed."""
    for key, versions in _published(run).items():
        assert all(version == versions[0] for version in versions), key


def test_no_event_is_lost(run: Run) -> None:
    """Every event is in exactly one snapshot, none is a dead letter, and no commit is ahead of the snapshots."""
    assert_nothing_lost(run.service, run.fed)


def test_an_enforcement_consumer_in_the_cluster_sees_the_alerts(run: Run) -> None:
    """The reference consumer, run in a worker's pod, reads every publication, and says so of all that stand."""
    alerts = run.service.alerts()
    told = [json.loads(line) for line in run.consumed if line.startswith("{")]

    assert any(line.startswith(f"{len(alerts)} publications, ") for line in run.consumed), run.consumed[-3:]
    # The events are old: nothing was done because of these alerts, so nothing ends with them either.
    standing = {(a["alert_id"], a["version"]) for a in alerts if a["status"] in ACTIVE_STATUSES}
    assert {(alert["alert_id"], alert["version"]) for alert in told} == standing


def test_a_drain_and_an_upgrade_take_one_worker_at_a_time(run: Run) -> None:
    """At most one worker is missing at any moment; in a drain the disruption budget stands in the way of the second."""
    fewest = {d.name: d.fewest_ready for d in run.workers.history}
    refused = {d.name: d.evictions_refused for d in run.workers.history}

    assert fewest["rolling upgrade"] >= WORKERS - 1
    assert fewest["drain"] >= WORKERS - 1
    assert refused["drain"] > 0


def test_pauses_are_short(run: Run) -> None:
    """Replacement and a killed process pause a partition for less than a minute, a lost node for less than two."""
    report = []
    for disruption in run.workers.history:
        stretch = (disruption.began_ms, disruption.ended_ms)
        pauses = {
            "ingest": longest_pauses(run.ingested, *stretch),
            "accounts": longest_pauses(run.advanced, *stretch),
        }
        report.append({**asdict(disruption), "pauses_seconds": pauses})
    MEASUREMENTS.parent.mkdir(exist_ok=True)
    MEASUREMENTS.write_text(
        json.dumps({"events": len(run.fed), "disruptions": report, "workers": run.metrics}, indent=1)
    )

    for entry in report[1:]:
        limit = 120 if entry["name"] == "node lost" else 60
        for stage, pauses in entry["pauses_seconds"].items():
            assert all(pause < limit for pause in pauses.values()), (entry["name"], stage, pauses)
