"""A cluster whose one node is played by kwok: what the API server does is real, pods become ready without running."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.cluster.client import Client
from tests.deploy.cluster.control_plane import ControlPlane, free_ports
from tests.deploy.cluster.process import Processes
from tests.deploy.cluster.tools import tool

NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {
        "name": "simulated",
        "labels": {
            "kubernetes.io/hostname": "simulated",
            "kubernetes.io/os": "linux",
            "topology.kubernetes.io/zone": "a",
        },
    },
}


@contextmanager
def simulated_cluster() -> Iterator[Client]:
    """A cluster for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="stillwatch-simulated-") as name:
        folder = Path(name)
        processes = Processes(folder)
        control_plane = ControlPlane(folder, processes, "127.0.0.1", free_ports())
        try:
            control_plane.start()
            client = Client(control_plane.kubeconfig(), folder)
            client.apply(NODE)
            stages = Path(__file__).with_name("simulated_node.yaml")
            kwok = [
                tool("kwok"),
                "--kubeconfig",
                str(control_plane.kubeconfig()),
                "--config",
                str(stages),
                "--manage-all-nodes",
            ]
            processes.start("kwok", kwok)
            processes.wait_for("the simulated node", lambda: _is_ready(client))
            processes.wait_for("service accounts", lambda: client.exists("serviceaccount", "default", "default"))
            yield client
        finally:
            processes.stop_all()


def _is_ready(client: Client) -> bool:
    node = json.loads(client.kubectl("get", "node", "simulated", "-o", "json"))
    return any(c["type"] == "Ready" and c["status"] == "True" for c in node.get("status", {}).get("conditions", []))
