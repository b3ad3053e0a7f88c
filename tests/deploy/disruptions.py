"""What happens to pods in the life of a cluster, done on purpose; each returns when the release has recovered."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.chart.helm import CHART
from tests.deploy.cluster.nodes import RealCluster, is_ready
from tests.deploy.cluster.tools import tool

SELECTOR = "app.kubernetes.io/component=worker"
LOOK_SECONDS = 0.5
BOTH = ("sh", "-c", 'exec "$@" 2>&1', "both")
"""Runs a command with both of its outputs in one."""


@dataclass
class Disruption:
    """One disruption, when it began and when all workers were ready again (milliseconds since the epoch)."""

    name: str
    began_ms: int
    ended_ms: int = 0
    fewest_ready: int = 0
    seconds_to_ready: dict[str, float] = field(default_factory=dict)
    """From the start of a container to its pod's readiness, by pod."""
    evictions_refused: int = 0
    """How often the disruption budget stood in the way."""


class Workers:
    """The workers of a release on a cluster."""

    def __init__(self, cluster: RealCluster, namespace: str, release: str, count: int, values: list[str]) -> None:
        self._cluster = cluster
        self._client = cluster.client
        self.namespace = namespace
        self._release = release
        self.count = count
        self._values = values
        self.history: list[Disruption] = []

    def install(self) -> None:
        """Install the release and wait until it is ready."""
        self._disrupt("install", lambda: self._helm("install"))

    def roll(self) -> None:
        """Upgrade the release so that every pod is replaced."""
        self._disrupt("rolling upgrade", lambda: self._helm("upgrade", "--set-string", "podAnnotations.revision=next"))

    def drain(self) -> None:
        """Drain the node with most workers, as for its maintenance, and give it back."""
        nodes = [pod["spec"]["nodeName"] for pod in self.pods()]
        node = max(nodes, key=nodes.count)
        assert nodes.count(node) > 1, f"no node has two workers, so no budget is needed: {nodes}"
        self._disrupt("drain", lambda: self._drain(node))

    def kill(self) -> None:
        """SIGKILL the process of one worker."""
        pod = self.pods()[0]
        node = self._cluster.nodes[pod["spec"]["nodeName"]]
        before = pod["status"]["containerStatuses"][0]["restartCount"]

        def kill() -> None:
            node.kill_container(pod["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://"))
            self._wait("the restart", lambda: self.pods()[0]["status"]["containerStatuses"][0]["restartCount"] > before)

        self._disrupt("worker killed", kill)

    def stop_node(self, name: str) -> None:
        """Stop a node for good; its object is deleted when it counts as lost, as a cloud's controller would."""
        assert any(pod["spec"]["nodeName"] == name for pod in self.pods()), f"no worker runs on {name}"

        def stop() -> None:
            self._cluster.nodes[name].fail()
            self._wait(f"{name} counts as lost", lambda: not is_ready(self._client, name))
            self._client.kubectl("delete", "node", name)
            self._wait("its pods elsewhere", lambda: all(p["spec"].get("nodeName") != name for p in self.pods()))

        self._disrupt("node lost", stop)

    def pods(self) -> list[dict[str, Any]]:
        """The pods, by name."""
        return self._client.list("pod", self.namespace, f"app.kubernetes.io/instance={self._release},{SELECTOR}")

    def ready(self) -> int:
        """How many pods are ready."""
        return sum(_transition(pod, "Ready") is not None for pod in self.pods())

    def _helm(self, action: str, *arguments: str) -> None:
        self._client.helm(
            action,
            self._release,
            str(CHART),
            "-n",
            self.namespace,
            *self._values,
            *arguments,
            "--wait",
            "--timeout",
            "300s",
        )

    def _drain(self, node: str) -> None:
        # Refused evictions, which are tried again, are on the other output.
        said = self._client.run([*BOTH, tool("kubectl"), "drain", node, "--delete-emptydir-data", "--timeout=240s"])
        self.history[-1].evictions_refused = said.count("disruption budget")
        self._wait("pods elsewhere", lambda: self.ready() == self.count)
        self._client.kubectl("uncordon", node)

    def _disrupt(self, name: str, act: Callable[[], None]) -> None:
        found = Disruption(name, began_ms=time.time_ns() // 1_000_000)
        self.history.append(found)
        with self._watched() as seen:
            act()
            self._wait("all workers ready", lambda: self.ready() == self.count)
        found.fewest_ready = min(seen)
        found.ended_ms = time.time_ns() // 1_000_000
        found.seconds_to_ready = {pod["metadata"]["name"]: _seconds_to_ready(pod) for pod in self.pods()}

    @contextmanager
    def _watched(self) -> Iterator[list[int]]:
        """How many workers were ready, looked at again and again while the block runs."""
        seen: list[int] = []
        is_over = threading.Event()

        def look() -> None:
            while not is_over.wait(LOOK_SECONDS):
                seen.append(self.ready())

        watcher = threading.Thread(target=look)
        watcher.start()
        try:
            yield seen
        finally:
            is_over.set()
            watcher.join()
            seen.append(self.ready())

    def metrics(self, *names: str) -> dict[str, dict[str, float]]:
        """Sums of some metrics of every worker, by pod and metric."""
        fetch = "from urllib.request import urlopen; print(urlopen('http://127.0.0.1:8080/metrics').read().decode())"
        found = {}
        for pod in self.pods():
            name = pod["metadata"]["name"]
            text = self._client.kubectl("exec", "-n", self.namespace, name, "--", "python3", "-c", fetch)
            samples = [line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
            found[name] = {
                metric: sum(float(value) for key, value in samples if key.split("{")[0] == metric) for metric in names
            }
        return found

    def exec(self, *command: str) -> str:
        """Run a command in the first worker's pod and return both of its outputs."""
        pod = self.pods()[0]["metadata"]["name"]
        return self._client.run([*BOTH, tool("kubectl"), "exec", "-n", self.namespace, pod, "--", *command])

    def _wait(self, what: str, is_so: Callable[[], bool], seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                state = self._client.kubectl("get", "pods,nodes", "-n", self.namespace, "-o", "wide")
                raise AssertionError(f"{what}: not after {seconds:.0f} s\n{state}\n{self.logs()}")
            time.sleep(LOOK_SECONDS)

    def logs(self) -> str:
        """The last lines of every worker."""
        return self._client.kubectl("logs", "-n", self.namespace, "-l", SELECTOR, "--tail=20", "--prefix")


def _transition(pod: dict[str, Any], condition: str) -> datetime | None:
    for found in pod["status"].get("conditions", []):
        if found["type"] == condition and found["status"] == "True":
            return datetime.fromisoformat(found["lastTransitionTime"])
    return None


def _seconds_to_ready(pod: dict[str, Any]) -> float:
    started = datetime.fromisoformat(pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"])
    ready = _transition(pod, "Ready")
    assert ready is not None
    return (ready - started).total_seconds()
