"""Tests on a Kubernetes leave nothing behind, and say what they cannot do on a machine."""

import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.deploy.cluster import tools
from tests.deploy.image import REPOSITORY

pytestmark = pytest.mark.deploy

CONTAINED = REPOSITORY / "tests/deploy/contained.sh"


def carrying(mark: str) -> list[str]:
    """Processes whose environment has a mark."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


@pytest.mark.skipif(tools.unsuitable(tools.IMAGE) is not None, reason="needs the right to make namespaces")
def test_a_killed_run_leaves_nothing(tmp_path: Path) -> None:
    """Neither a process in a session of its own nor a mount nor the name of a network survives a SIGKILL."""
    mark = uuid.uuid4().hex
    steps = f"mount -t tmpfs {mark} {tmp_path}; touch {tmp_path}/inside; touch /run/netns/{mark}; sleep 600"
    script = f"setsid sleep 600 & {steps}"
    run = subprocess.Popen([str(CONTAINED), "bash", "-c", script], env={**os.environ, "MARK": mark})
    deadline = time.monotonic() + 20
    while len(carrying(mark)) < 4:
        assert time.monotonic() < deadline, carrying(mark)
        time.sleep(0.1)
    run.kill()
    run.wait(10)
    while carrying(mark):
        assert time.monotonic() < deadline, carrying(mark)
        time.sleep(0.1)

    assert mark not in Path("/proc/mounts").read_text()
    assert list(tmp_path.iterdir()) == []
    assert not Path(f"/run/netns/{mark}").exists()


@pytest.mark.parametrize("code", [0, 3])
def test_it_ends_as_its_command_ends(code: int) -> None:
    """A failure of the tests is not lost on the way out."""
    assert subprocess.run([str(CONTAINED), "bash", "-c", f"exit {code}"], check=False).returncode == code


def test_what_is_missing_is_said_in_one_sentence(tmp_path: Path) -> None:
    """On a machine with none of the tools nothing is tried, and the reason stands in one line."""
    environment = {**os.environ, "PATH": str(tmp_path), "STILLWATCH_TOOLS": str(tmp_path)}
    command = [sys.executable, "-m", "tests.deploy.cluster.tools"]
    done = subprocess.run(command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    [line] = done.stdout.splitlines()
    assert line.startswith("Not tested on this machine: the API server, the image, nodes with real pods (missing: ")
    assert "`make deploy-tools` makes them" in line
