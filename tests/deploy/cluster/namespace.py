"""A network namespace in which a cluster lives: its addresses and rules are not those of the machine."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.cluster.tools import tool

CLONE_NEWNET = 0x40000000
BRIDGE = "pods0"
GATEWAY = "10.98.0.1"
"""Address of the machine in the namespace: of the API server, of names, of a broker that pods are to reach."""


class Namespace:
    """A namespace by name."""

    def __init__(self, name: str) -> None:
        self.name = name
        # Not `ip netns exec`: that mounts a /sys of its own, without the cgroups a kubelet needs.
        self.prefix = [tool("nsenter"), f"--net=/run/netns/{name}"]

    def run(self, *command: str) -> None:
        """Run a command inside."""
        subprocess.run([*self.prefix, *command], check=True, capture_output=True)

    def add_address(self, address: str) -> None:
        """Give the bridge another address."""
        self.run(tool("ip"), "address", "add", f"{address}/24", "dev", BRIDGE)


@contextmanager
def network_namespace() -> Iterator[Namespace]:
    """A namespace with a bridge for pods, for as long as the block runs."""
    name = f"stillwatch-{os.getpid()}"
    ip = tool("ip")
    subprocess.run([ip, "netns", "add", name], check=True, capture_output=True)
    try:
        namespace = Namespace(name)
        namespace.run(ip, "link", "set", "lo", "up")
        namespace.run(ip, "link", "add", BRIDGE, "type", "bridge")
        namespace.run(ip, "link", "set", BRIDGE, "up")
        namespace.add_address(GATEWAY)
        namespace.run(ip, "route", "add", "default", "via", GATEWAY)
        yield namespace
    finally:
        subprocess.run([ip, "netns", "delete", name], check=False, capture_output=True)


@contextmanager
def entered(namespace: Namespace) -> Iterator[None]:
    """Put this thread, and every thread and process it starts, into the namespace for as long as the block runs."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/self/ns/net").open("rb") as before, Path(f"/run/netns/{namespace.name}").open("rb") as inside:
        _set_namespace(libc, inside.fileno())
        try:
            yield
        finally:
            _set_namespace(libc, before.fileno())


def _set_namespace(libc: ctypes.CDLL, descriptor: int) -> None:
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "this process may not change its network namespace")
