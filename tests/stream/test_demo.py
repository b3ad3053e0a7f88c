"""The demo: alerts with a reason each, and nothing left behind."""

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

pytestmark = pytest.mark.broker


def start(bootstrap_servers: str, folder: Path, mark: str, seconds: int) -> "subprocess.Popen[str]":
    """Start a demo whose processes can be told by a mark in their environment, as a shell starts a job."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "streams.cli", "demo", "--folder", str(folder), "--seconds", str(seconds)],
        env=os.environ | {"KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers, "MARK": mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def left_over(bootstrap_servers: str, pid: int, mark: str) -> list[str]:
    """What a demo has left: topics and groups on the broker, processes here."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        names = [*admin.list_topics(), *(group["group_id"] for group in admin.list_groups())]
    finally:
        admin.close()
    processes = [str(path) for path in Path("/proc").glob("[0-9]*") if _has_mark(path, mark)]
    return [name for name in names if name.startswith(f"demo-{pid}-")] + processes


def _has_mark(process: Path, mark: str) -> bool:
    try:
        return mark.encode() in (process / "environ").read_bytes()
    except OSError:
        return False


def test_the_demo_shows_alerts_and_leaves_nothing(bootstrap_servers: str, tmp_path: Path) -> None:
    """It ends by itself, with the commands for a closer look; no topic, no group and no process of it remains."""
    mark = uuid.uuid4().hex
    with start(bootstrap_servers, tmp_path, mark, seconds=10) as demo:
        output, _ = demo.communicate(timeout=240)

    assert demo.returncode == 0, output
    assert " found: " in output
    assert "recommended: " in output
    assert "stillwatch explain " in output
    assert (tmp_path / "alerts.jsonl").stat().st_size > 0
    assert left_over(bootstrap_servers, demo.pid, mark) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_demo_that_is_ended_leaves_nothing(bootstrap_servers: str, tmp_path: Path, how: signal.Signals) -> None:
    """Neither by SIGTERM, which it alone gets, nor by Ctrl-C, which a terminal sends to all of its processes."""
    mark = uuid.uuid4().hex
    with start(bootstrap_servers, tmp_path, mark, seconds=60) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            # The first alert: by then the worker is in its group.
            if "recommended: " in line:
                break
        if how is signal.SIGTERM:
            demo.terminate()
        else:
            os.killpg(demo.pid, how)
        output, _ = demo.communicate(timeout=120)

    assert demo.returncode == (128 + how if how is signal.SIGTERM else 1), output
    assert left_over(bootstrap_servers, demo.pid, mark) == []
