"""Workers on a Kafka that encrypts, asks who they are, and denies what it does not allow."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.helm import CHART
from tests.deploy import image
from tests.deploy.cluster import tools
from tests.deploy.cluster.client import Client, CommandFailed
from tests.deploy.cluster.namespace import GATEWAY, entered
from tests.deploy.cluster.nodes import RealCluster, real_cluster
from tests.deploy.conftest import require
from tests.deploy.secured_broker import SecuredBroker, secured_broker
from tests.stream.live import LiveService
from tests.stream.recordings import EAGER, fingerprinted
from traffic.generate import generate

pytestmark = [pytest.mark.deploy, pytest.mark.broker, pytest.mark.timeout(1200)]

PASSWORD = "a password, with 'quotes' and $signs"
PARTITIONS = 4


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, image_under_test: image.Image
) -> Iterator[tuple[RealCluster, SecuredBroker, image.Image]]:
    """One node, and the broker beside it."""
    require(tools.REAL)
    with ExitStack() as stack:
        found = stack.enter_context(real_cluster([image_under_test.archive], node_count=1))
        stack.enter_context(entered(found.namespace))
        broker = stack.enter_context(secured_broker(GATEWAY, tmp_path_factory.mktemp("broker")))
        yield found, broker, image_under_test


def _base(prefix: str, built: image.Image) -> dict[str, Any]:
    return {
        "image": {"repository": image.NAME, "tag": built.tag},
        "fingerprint": {"existingSecret": "stillwatch-fingerprint"},
        "kafka": {"topicPrefix": prefix, "groupId": f"{prefix}group"},
        "detector": {"spec": EAGER},
        "topics": {"partitions": PARTITIONS, "replicationFactor": 1, "manage": "None"},
        "replicas": 1,
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
    }


def _prepare(client: Client, broker: SecuredBroker, namespace: str, prefix: str) -> None:
    """A namespace with secrets under Strimzi's names and keys, and the topics, made by somebody with the rights."""
    client.namespace(namespace)
    secrets = {
        "stillwatch-fingerprint": ["--from-literal=fingerprint-key=a-key-of-this-test-alone"],
        "events-cluster-ca-cert": [f"--from-file=ca.crt={broker.file('ca.crt')}"],
        "with-password": [f"--from-literal=password={PASSWORD}"],
        "with-certificate": [f"--from-file={key}={broker.file(key)}" for key in ("user.crt", "user.key")],
    }
    for name, arguments in secrets.items():
        client.kubectl("create", "secret", "generic", name, "-n", namespace, *arguments)
    service = LiveService(broker.plain, prefix, broker.folder)
    command = ["topics", "--partitions", str(PARTITIONS), "--replication-factor", "1"]
    subprocess.run([sys.executable, "-m", "streams.cli", *command], env=service.environment, check=True)


def _install(client: Client, namespace: str, values: dict[str, Any], folder: Path) -> None:
    path = folder / f"{namespace}.json"
    path.write_text(json.dumps(values))
    try:
        client.helm("install", "sw", str(CHART), "-n", namespace, "-f", str(path), "--wait", "--timeout", "180s")
    except CommandFailed as failed:
        logs = client.kubectl("logs", "-n", namespace, "-l", "app.kubernetes.io/instance=sw", "--prefix", "--tail=20")
        raise AssertionError(f"{failed}\n{logs}") from failed


def _kafka_user(client: Client, values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The KafkaUser that the chart would make for this release with Strimzi."""
    path = folder / "strimzi.json"
    strimzi = {"strimzi": {"cluster": "events", "user": {"create": True}}, "topics": {"manage": "Strimzi"}}
    secured = {"kafka": {"bootstrapServers": "a:1", "tls": {"enabled": True}, "sasl": {"enabled": True}}}
    path.write_text(json.dumps(strimzi | secured | {"fingerprint": values["fingerprint"]}))
    prefix = f"kafka.topicPrefix={values['kafka']['topicPrefix']},kafka.groupId={values['kafka']['groupId']}"
    rendered = client.helm("template", "sw", str(CHART), "-f", str(path), "--set", prefix)
    [user] = [o for o in yaml.safe_load_all(rendered) if o and o["kind"] == "KafkaUser"]
    found: dict[str, Any] = user
    return found


@pytest.mark.parametrize("way", ["password", "certificate"])
def test_alerts_come_out_with_no_more_rights_than_the_kafka_user_of_the_chart(
    cluster: tuple[RealCluster, SecuredBroker, image.Image], tmp_path: Path, way: str
) -> None:
    """Over TLS, with Strimzi's secrets and exactly the rights of the chart's KafkaUser: events in, alerts out."""
    real, broker, built = cluster
    client, prefix, principal = real.client, f"{way}.", f"with-{way}"
    values = _base(prefix, built)
    values["kafka"] |= {"tls": {"enabled": True, "ca": {"secretName": "events-cluster-ca-cert"}}}
    if way == "password":
        values["kafka"] |= {"bootstrapServers": broker.scram, "sasl": {"enabled": True, "secretName": principal}}
        broker.add_scram_user(principal, PASSWORD)
    else:
        values["kafka"]["bootstrapServers"] = broker.certificate
        values["kafka"]["tls"]["client"] = {"secretName": principal}
    _prepare(client, broker, way, prefix)
    broker.allow(principal, _kafka_user(client, values, tmp_path)["spec"]["authorization"]["acls"])

    _install(client, way, values, tmp_path)
    client.helm("test", "sw", "-n", way)
    service = LiveService(broker.plain, prefix, tmp_path)
    lines = list(fingerprinted(generate(accounts=60, days=5, campaigns=3, seed=11)))
    service.send("llm.usage", lines, keys=[str(i).encode() for i in range(len(lines))])

    service.wait_for("alerts", service.alerts, 120)


def test_a_worker_without_rights_says_so(
    cluster: tuple[RealCluster, SecuredBroker, image.Image], tmp_path: Path
) -> None:
    """The broker of these tests does deny: without rights nothing becomes ready, and the log says why."""
    real, broker, built = cluster
    values = _base("denied.", built)
    values["kafka"] |= {
        "bootstrapServers": broker.scram,
        "tls": {"enabled": True, "ca": {"secretName": "events-cluster-ca-cert"}},
        "sasl": {"enabled": True, "secretName": "with-password", "username": "nobody"},
    }
    _prepare(real.client, broker, "denied", "denied.")
    broker.add_scram_user("nobody", PASSWORD)
    path = tmp_path / "denied.json"
    path.write_text(json.dumps(values))
    real.client.helm("install", "sw", str(CHART), "-n", "denied", "-f", str(path))

    def log() -> str:
        try:
            return real.client.kubectl("logs", "sw-stillwatch-0", "-n", "denied")
        except Exception:  # noqa: BLE001  there is no log before there is a container
            return ""

    deadline = time.monotonic() + 60
    while "topics.denied" not in log():
        assert time.monotonic() < deadline, log()
        time.sleep(1)
    assert "denied.llm.usage" in log()
    assert "topics.missing" not in log()
    assert all(
        not s["ready"] for s in real.client.get("pod", "sw-stillwatch-0", "denied")["status"]["containerStatuses"]
    )
