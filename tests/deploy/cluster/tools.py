"""The programs that the tests need; tests/deploy/tools.sh makes those that a machine lacks."""

import os
import shutil
import subprocess
import sys
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


def unsuitable(names: tuple[str, ...]) -> str | None:
    """Why these programs, though they are there, could not do their work on this machine; ``None`` when they could."""
    if names is SIMULATED:
        return None
    if os.geteuid() != 0:
        return "images and nodes need root"
    if names is REAL and not Path("/sys/fs/cgroup/cpuset").is_dir():
        return "nodes need cgroup version 1, as the kubelet here is told to use it"
    probe = ["unshare", "--net", "--mount", "true"]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        return "images and nodes need the right to make namespaces"
    return None


def missing(names: tuple[str, ...]) -> list[str]:
    """Those of the programs that are not there."""
    return [name for name in names if not os.access(FOLDER / name, os.X_OK) and shutil.which(name) is None]


def obstacle(names: tuple[str, ...]) -> str | None:
    """What keeps tests with these programs from running here, ``None`` when nothing does."""
    if lacking := missing(names):
        return f"missing: {', '.join(lacking)}; `make deploy-tools` makes them"
    return unsuitable(names)


def main() -> None:
    """Say in a sentence which kinds of test cannot run here, and why; exit with 1 when none can."""
    kinds = {"the API server": SIMULATED, "the image": IMAGE, "nodes with real pods": REAL}
    reasons = {kind: reason for kind, names in kinds.items() if (reason := obstacle(names))}
    lacking = sorted({name for kind in reasons for name in missing(kinds[kind])})
    if reasons:
        why = (
            f"missing: {', '.join(lacking)}; `make deploy-tools` makes them"
            if lacking
            else ", ".join(set(reasons.values()))
        )
        sys.stdout.write(f"Not tested on this machine: {', '.join(reasons)} ({why}).\n")
    sys.exit(len(reasons) == len(kinds))


if __name__ == "__main__":
    main()
