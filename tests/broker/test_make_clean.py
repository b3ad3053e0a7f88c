"""`make clean` leaves nothing of what the other targets made, running nodes included."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from broker.artifacts import jars_folder
from broker.cluster import Cluster

pytestmark = pytest.mark.broker

REPOSITORY = Path(__file__).parents[2]
MADE = (".pytest_cache/x", "docker/wheels/x.whl", "stillwatch.egg-info/PKG-INFO", "streams/__pycache__/x.pyc")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of its own, with the Kafka that this one has fetched."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    shutil.copytree(REPOSITORY / "broker", tmp_path / "broker", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / jars_folder().name).symlink_to(jars_folder())
    for name in MADE:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def run(checkout: Path, *command: str) -> None:
    """Run a command there, with no broker and no cache from outside."""
    outer = ("KAFKA_BOOTSTRAP_SERVERS", "STILLWATCH_CACHE")
    environment = {name: value for name, value in os.environ.items() if name not in outer}
    environment |= {"STILLWATCH_BROKER_HEAP": "384m"}
    subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True, timeout=120)


def test_a_running_broker_is_stopped_and_everything_made_is_gone(checkout: Path) -> None:
    """No Java goes on without its data; wheels, caches and metadata of the package go too."""
    run(checkout, ".venv/bin/python", "broker/kafka", "start")
    pid = Cluster.load(checkout / ".cache/broker").node(1).pid
    assert pid is not None

    run(checkout, "make", "clean")

    # Without a parent that asks how it ended it may stay as a zombie, which has no command line.
    command = Path(f"/proc/{pid}/cmdline")
    assert not command.exists() or not command.read_bytes()
    assert sorted(path.name for path in checkout.iterdir()) == ["Makefile", "broker", "docker", "streams"]
    assert [name for name in MADE if (checkout / name).exists()] == []
    assert jars_folder().is_dir()


def test_without_a_broker_there_is_nothing_to_stop(checkout: Path) -> None:
    """Also where setup was never run, and where a start was broken off."""
    shutil.rmtree(checkout / ".venv")
    (checkout / ".cache/broker/node-1").mkdir(parents=True)

    run(checkout, "make", "clean")

    assert [name for name in MADE if (checkout / name).exists()] == []
