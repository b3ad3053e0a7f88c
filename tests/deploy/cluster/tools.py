"""The programs that the tests need; tests/deploy/tools.sh makes those that a machine lacks."""

import os
import shutil
from pathlib import Path

FOLDER = Path(
    os.environ.get("STILLWATCH_TOOLS")
    or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "stillwatch/tools"
)
SIMULATED = (
    "helm",
    "kubectl",
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kwok",
    "openssl",
)
"""An API server whose pods become ready without running."""
IMAGE = ("podman", "buildah", "runc", "mmdebstrap")
"""Building and running the image."""
REAL = (
    *SIMULATED[:-2],
    "openssl",
    "kubelet",
    "kube-proxy",
    "coredns",
    "pause",
    "containerd",
    "ctr",
    "runc",
    "buildah",
    "podman",
    "ip",
    "nsenter",
)
"""Nodes with real pods."""


class ToolMissing(Exception):
    """A program is neither in the tools' folder nor on the path."""


def tool(name: str) -> str:
    """The path of a program; ours first, so that versions are the pinned ones. Raises ``ToolMissing``."""
    own = FOLDER / name
    found = str(own) if os.access(own, os.X_OK) else shutil.which(name)
    if found is None:
        raise ToolMissing(f"{name} is not there: tests/deploy/tools.sh makes it")
    return found


def unsuitable() -> str | None:
    """Why this machine cannot be a node, ``None`` when it can."""
    if os.geteuid() != 0:
        return "nodes with real pods need root"
    if not Path("/sys/fs/cgroup/cpuset").is_dir():
        return "nodes with real pods need cgroup version 1, as the kubelet here is told to use it"
    return None


def missing(names: tuple[str, ...]) -> list[str]:
    """Those of the programs that are not there."""
    return [name for name in names if not os.access(FOLDER / name, os.X_OK) and shutil.which(name) is None]
