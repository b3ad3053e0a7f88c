"""The demo: alerts with a reason each, and nothing left behind."""

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

pytestmark = pytest.mark.broker


def test_the_demo_shows_alerts_and_leaves_nothing(bootstrap_servers: str, tmp_path: Path) -> None:
    """It ends by itself, with the commands for a closer look; no topic and no process of it remains."""
    command = [sys.executable, "-m", "streams.cli", "demo", "--folder", str(tmp_path), "--seconds", "10"]
    mark = uuid.uuid4().hex
    environment = os.environ | {"KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers} | {"MARK": mark}

    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        output, _ = demo.communicate(timeout=240)

    assert demo.returncode == 0, output
    assert " found: " in output
    assert "recommended: " in output
    assert "stillwatch explain " in output
    assert (tmp_path / "alerts.jsonl").stat().st_size > 0
    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        assert [topic for topic in admin.list_topics() if topic.startswith(f"demo-{demo.pid}-")] == []
    finally:
        admin.close()
    assert [path for path in Path("/proc").glob("[0-9]*") if _has_mark(path, mark)] == []


def _has_mark(process: Path, mark: str) -> bool:
    try:
        return mark.encode() in (process / "environ").read_bytes()
    except OSError:
        return False
