"""One Kafka node: a Java process that is broker and controller at once, with its data in a folder."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from broker.artifacts import BrokerUnavailable, jars_folder, java

HOST = "127.0.0.1"
START_SECONDS = 60
STOP_SECONDS = 30
POLL_SECONDS = 0.1
PR_SET_PDEATHSIG = 1
STARTED = "Kafka Server started"


@dataclass(frozen=True)
class NodePlan:
    """What is decided about a node before it starts, and stays so when it starts again."""

    node_id: int
    port: int
    controller_port: int


class Node:
    """A node with its folder. Every method may be called again; a dead process is noticed, not assumed alive."""

    def __init__(self, plan: NodePlan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_path(self) -> Path:
        """What the node writes."""
        return self.folder / "node.log"

    @property
    def address(self) -> str:
        """Host and port for clients."""
        return f"{HOST}:{self.plan.port}"

    @property
    def pid(self) -> int | None:
        """The process of this node, ``None`` when it does not run."""
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        try:
            pid = int((self.folder / "pid").read_text())
            # The number may belong to a stranger by now; the node names its own properties file.
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if str(self.folder / "server.properties").encode() in command else None

    def format(self, cluster_id: str, voters: list[NodePlan]) -> None:
        """Write the properties and an empty log. Raises ``BrokerUnavailable``."""
        self.folder.mkdir(parents=True)
        (self.folder / "server.properties").write_text(properties(self.plan, self.folder, voters))
        command = [*_java("-Xmx256m"), "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", self._properties]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BrokerUnavailable(
                f"the storage of node {self.plan.node_id} was not formatted:\n{done.stdout}{done.stderr}"
            )

    @property
    def _properties(self) -> str:
        return str(self.folder / "server.properties")

    def launch(self, *, dies_with_parent: bool) -> None:
        """Start the process; :meth:`wait_until_serving` tells when it serves."""
        heap = os.environ.get("STILLWATCH_BROKER_HEAP", "1g")
        with self.log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [*_java(f"-Xmx{heap}", "-Xms128m"), "kafka.Kafka", self._properties],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C in the terminal is for the caller, who then stops the node
                preexec_fn=_die_with_parent if dies_with_parent else None,  # noqa: PLW1509  the caller has one thread here
            )
        (self.folder / "pid").write_text(str(self._process.pid))

    def wait_until_serving(self) -> None:
        """Wait until the node serves. Raises ``BrokerUnavailable`` with the end of its log when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if STARTED in self.log_path.read_text(errors="replace"):
                return
            if self.pid is None and (self._process is None or self._process.poll() is not None):
                break
            time.sleep(POLL_SECONDS)
        raise BrokerUnavailable(
            f"node {self.plan.node_id} does not serve; the end of {self.log_path}:\n{self._last_lines()}"
        )

    def _last_lines(self) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-15:])

    def stop(self) -> None:
        """End the process as an operator would, and by force when that takes too long."""
        self._signal(signal.SIGTERM)
        if not self._wait_until_gone(STOP_SECONDS):
            self.kill()

    def kill(self) -> None:
        """SIGKILL: the node gets no chance to finish anything."""
        self._signal(signal.SIGKILL)
        if not self._wait_until_gone(STOP_SECONDS):
            raise BrokerUnavailable(f"process {self.pid} of node {self.plan.node_id} survives SIGKILL")

    def _signal(self, number: int) -> None:
        if (pid := self.pid) is not None:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return

    def _wait_until_gone(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid is not None and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if self.pid is not None:
            return False
        if self._process is not None:
            # A process of ours stays a zombie until somebody asks how it ended.
            self._process.wait()
            self._process = None
        return True


def _java(*options: str) -> list[str]:
    # The star is for Java, which expands it itself.
    return [java(), *options, "-Dorg.slf4j.simpleLogger.showDateTime=true", "-cp", f"{jars_folder()}/*"]


def _die_with_parent() -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def is_port_free(port: int) -> bool:
    """Whether nobody listens there at this moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def properties(plan: NodePlan, folder: Path, voters: list[NodePlan]) -> str:
    """The properties of a node among its voters: as durable as so many nodes allow, quick to form groups."""
    replicas = min(3, len(voters))
    in_sync = max(1, replicas - 1)
    settings = {
        "process.roles": "broker,controller",
        "node.id": plan.node_id,
        "controller.quorum.voters": ",".join(f"{v.node_id}@{HOST}:{v.controller_port}" for v in voters),
        "listeners": f"PLAINTEXT://{HOST}:{plan.port},CONTROLLER://{HOST}:{plan.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{plan.port}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": 2,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": 2,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1_000,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
