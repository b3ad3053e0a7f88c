"""One or three nodes that form a cluster, remembered in a folder so that another process can find and stop them."""

import base64
import json
import random
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import mkdtemp
from typing import Self

from broker.artifacts import BrokerUnavailable, fetch
from broker.node import Node, NodePlan, is_port_free

PORTS = range(20_000, 32_000)
"""Below what Linux hands out to outgoing connections, so that a node that is down keeps its port."""
START_ATTEMPTS = 3
MEMORY = "cluster.json"
"""What remembers a cluster; written last, so that its presence means that the cluster is complete."""


def new_cluster_id() -> str:
    """A random id in Kafka's spelling, 22 characters of base64; never one that a command line takes for an option.

    Kafka's own ``Uuid.randomUuid`` leaves those with a leading hyphen out for the same reason.
    """
    while (spelled := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return spelled


class Cluster:
    """Nodes of one cluster. Made by :meth:`create` or :meth:`load`."""

    def __init__(self, folder: Path, nodes: list[Node]) -> None:
        self.folder = folder
        self.nodes = nodes

    @classmethod
    def create(cls, folder: Path, node_count: int = 1) -> Self:
        """Plan and format the nodes of a new cluster in a folder; none runs yet. Raises ``BrokerUnavailable``."""
        fetch()
        for left_over in folder.glob("node-*"):
            # Of a start that was interrupted before the cluster was complete.
            shutil.rmtree(left_over)
        cluster_id = new_cluster_id()
        ports = _free_ports(2 * node_count)
        plans = [NodePlan(i + 1, ports[2 * i], ports[2 * i + 1]) for i in range(node_count)]
        cluster = cls(folder, [Node(plan, _node_folder(folder, plan)) for plan in plans])
        for node in cluster.nodes:
            node.format(cluster_id, plans)
        (folder / MEMORY).write_text(json.dumps([asdict(plan) for plan in plans]))
        return cluster

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The cluster in a folder. Raises ``BrokerUnavailable`` when there is none."""
        try:
            plans = [NodePlan(**plan) for plan in json.loads((folder / MEMORY).read_text())]
        except FileNotFoundError as error:
            raise BrokerUnavailable(
                f"{folder} holds no cluster; `broker/kafka start --data {folder}` makes one"
            ) from error
        return cls(folder, [Node(plan, _node_folder(folder, plan)) for plan in plans])

    @property
    def bootstrap_servers(self) -> str:
        """For clients: every node, running or not."""
        return ",".join(node.address for node in self.nodes)

    @property
    def is_running(self) -> bool:
        """Whether all nodes run."""
        return all(node.pid is not None for node in self.nodes)

    def node(self, node_id: int) -> Node:
        """A node by its number, from 1. Raises ``BrokerUnavailable``."""
        for node in self.nodes:
            if node.plan.node_id == node_id:
                return node
        raise BrokerUnavailable(f"there is no node {node_id}, only 1 to {len(self.nodes)}")

    def start(self, *, dies_with_parent: bool = False) -> None:
        """Start the nodes that do not run and wait until all serve."""
        idle = [node for node in self.nodes if node.pid is None]
        for node in idle:
            node.launch(dies_with_parent=dies_with_parent)
        for node in idle:
            node.wait_until_serving()

    def stop(self) -> None:
        """Stop all nodes, keeping their data."""
        for node in self.nodes:
            node.stop()

    def destroy(self) -> None:
        """Kill all nodes and delete their data, and the folder when nothing else is in it."""
        for node in self.nodes:
            node.kill()
            shutil.rmtree(node.folder, ignore_errors=True)
        (self.folder / MEMORY).unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()


def start_in(folder: Path, node_count: int, *, dies_with_parent: bool = False) -> Cluster:
    """Start the cluster of a folder, made anew when there is none. Raises ``BrokerUnavailable``."""
    if (folder / MEMORY).exists():
        cluster = Cluster.load(folder)
        if len(cluster.nodes) != node_count:
            raise BrokerUnavailable(f"{folder} holds {len(cluster.nodes)} nodes, not {node_count}: name another folder")
        cluster.start(dies_with_parent=dies_with_parent)
        return cluster
    for attempt in range(START_ATTEMPTS):
        cluster = Cluster.create(folder, node_count)
        try:
            cluster.start(dies_with_parent=dies_with_parent)
        except BrokerUnavailable:
            taken = "Address already in use"
            lost_a_port = any(
                taken in n.log_path.read_text(errors="replace") for n in cluster.nodes if n.log_path.exists()
            )
            cluster.destroy()
            # Between the choice of a port and the node's use of it somebody else may have taken it.
            if not lost_a_port or attempt == START_ATTEMPTS - 1:
                raise
        except BaseException:
            cluster.destroy()
            raise
        else:
            return cluster
    raise AssertionError("unreachable: the last attempt returned or raised")


@contextmanager
def temporary_cluster(node_count: int = 1) -> Iterator[Cluster]:
    """A cluster for as long as the block runs; it dies with this process, whatever happens to it."""
    folder = Path(mkdtemp(prefix="stillwatch-kafka-"))
    try:
        yield (cluster := start_in(folder, node_count, dies_with_parent=True))
        cluster.destroy()
    finally:
        if (folder / MEMORY).exists():
            Cluster.load(folder).destroy()
        shutil.rmtree(folder, ignore_errors=True)


def _node_folder(folder: Path, plan: NodePlan) -> Path:
    return folder / f"node-{plan.node_id}"


def _free_ports(count: int) -> list[int]:
    chosen: list[int] = []
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        if is_port_free(port):
            chosen.append(port)
        if len(chosen) == count:
            return chosen
    raise BrokerUnavailable(f"no {count} free ports between {PORTS.start} and {PORTS.stop}")
