"""The image: what is in it, how little it needs, and its worker on a real broker."""

import json
import socket
import subprocess
import tomllib
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import image
from tests.deploy.cluster.tools import tool
from tests.stream.live import PARTITIONS, LiveService
from tests.stream.recordings import closing_events, contents, fingerprinted, occurred_ms
from traffic.generate import generate

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(900)]

VERSION = tomllib.loads((image.REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
BARE = (
    "--read-only",
    "--read-only-tmpfs=false",
    "--tmpfs=/tmp:rw,size=16m,mode=1777",
    "--user=10001",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
    "--memory=512m",
)
"""As little as a pod of the chart has."""


def podman(*arguments: str, is_checked: bool = True) -> subprocess.CompletedProcess[str]:
    """Run podman, with what works on hosts with either version of cgroups."""
    command = [tool("podman"), "--runtime", "runc", "--cgroup-manager", "cgroupfs", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or not is_checked, done.stdout + done.stderr
    return done


def run(name: str, *arguments: str, options: tuple[str, ...] = ()) -> str:
    """Run a command of the image to its end, return what it prints."""
    limits = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")
    return podman("run", "--rm", *limits, *BARE, *options, name, *arguments).stdout


def python(name: str, code: str) -> str:
    """Run Python code in the image."""
    return run(name, "-c", code, options=("--entrypoint", "python3", "--network", "none"))


@pytest.fixture(scope="module")
def built(image_under_test: image.Image) -> str:
    """The name of the image under test, in podman's store."""
    podman("pull", "--quiet", f"oci-archive:{image_under_test.archive}")
    return image_under_test.name


def test_it_needs_no_root_no_shell_and_no_writable_file_system(built: str) -> None:
    """With nothing but a read-only root file system and a number for a user, commands run."""
    assert run(built, "--version", options=("--network", "none")) == f"stillwatch {VERSION}\n"
    assert "fits" in run(built, "config", "check", options=("--network", "none"))


def test_it_has_no_shell_and_no_package_manager(built: str) -> None:
    """Whoever breaks in finds Python and nothing else to run."""
    code = "import os; print(*(f for d in os.environ['PATH'].split(':') if os.path.isdir(d) for f in os.listdir(d)))"
    programs = python(built, code).split()

    assert {p for p in programs if not p.startswith("python3")} == {"stillwatch"}


def test_its_papers_are_in_order(built: str) -> None:
    """User, command, labels and size are what docs/operations.md says."""
    [found] = json.loads(podman("image", "inspect", built).stdout)
    labels = found["Config"]["Labels"]

    assert found["Config"]["User"] == "10001:10001"
    assert found["Config"]["Entrypoint"] == ["/usr/local/bin/stillwatch"]
    assert labels["org.opencontainers.image.version"] == VERSION
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert len(labels["org.opencontainers.image.revision"].removesuffix("-dirty")) == 40
    assert found["Size"] < 290_000_000


def test_its_bill_of_materials_is_complete(built: str) -> None:
    """Every package that is installed in the image is listed with its version, and nothing else is."""
    listed = json.loads(python(built, "print(open('/usr/share/stillwatch/sbom.cdx.json').read())"))
    installed = python(
        built, "from importlib.metadata import distributions as d; print(*(f'{x.name}=={x.version}' for x in d()))"
    )

    names = {f"{c['name']}=={c['version']}".lower().replace("_", "-") for c in listed["components"]}
    assert names == {name.lower().replace("_", "-") for name in installed.split()} - {f"stillwatch=={VERSION}"}


def test_nothing_is_compiled_at_a_start(built: str) -> None:
    """Every module that a worker imports has its bytecode in the image; a read-only file system could not keep it."""
    code = (
        "import os, sys, streams.app, streams.worker; "
        "kept = {n: getattr(m, '__cached__', None) for n, m in sys.modules.items()}; "
        "print([n for n, path in kept.items() if path and not os.path.exists(path)])"
    )

    assert python(built, code) == "[]\n"


@pytest.fixture
def worker(built: str, service: LiveService) -> Iterator[str]:
    """A worker of the image on the broker, ready."""
    port = _free_port()
    kept = ("STILLWATCH_", "KAFKA_")
    settings = {name: value for name, value in service.environment.items() if name.startswith(kept)}
    settings |= {"STILLWATCH_HTTP_PORT": str(port)}
    options = [option for name, value in settings.items() for option in ("--env", f"{name}={value}")]
    limits = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")
    service.create_topics()
    container = f"stillwatch-test-{uuid.uuid4().hex[:8]}"
    # The file alone: its folder is nobody else's to look into.
    spec = f"--volume={settings['STILLWATCH_SPEC_FILE']}:/etc/spec.yaml:ro"
    options += [spec, "--env", "STILLWATCH_SPEC_FILE=/etc/spec.yaml"]
    podman("run", "--detach", "--name", container, "--network=host", *limits, *BARE, *options, built)
    try:
        service.wait_for("readiness", lambda: _is_ready(port) or _has_ended(container))
        yield container
    finally:
        podman("rm", "--force", "--time", "0", container, is_checked=False)


@pytest.mark.broker
def test_its_worker_finds_what_a_replay_finds_and_stops_when_told(
    built: str, worker: str, service: LiveService
) -> None:
    """Events in, alerts out, and SIGTERM to the first process ends it with 0 and everything committed."""
    lines = list(fingerprinted(generate(accounts=60, days=5, campaigns=3, seed=11)))
    service.send("llm.usage", lines, keys=[str(i).encode() for i in range(len(lines))])
    closing = closing_events(lines, PARTITIONS)
    for number, line in enumerate(closing):
        service.send("llm.usage", [line], partition=number)
    service.wait_until_drained(occurred_ms(lines[-1]) - 120_000)
    podman("stop", "--time", "30", worker)

    published = {(a["alert_id"], a["version"]): contents(a) for a in service.alerts()}
    assert podman("inspect", "--format", "{{.State.ExitCode}}", worker).stdout == "0\n"
    assert published == _replayed(built, service, lines + closing)
    assert published


def _replayed(built: str, service: LiveService, lines: list[bytes]) -> dict[tuple[str, int], dict[str, Any]]:
    """What `replay` of the same image makes of the same events, without a broker."""
    events = service.folder / "events.jsonl"
    events.write_bytes(b"\n".join(lines) + b"\n")
    volumes = (f"--volume={events}:/etc/events.jsonl:ro", f"--volume={service.folder / 'spec.yaml'}:/etc/spec.yaml:ro")
    arguments = ("replay", "/etc/events.jsonl", "--config", "/etc/spec.yaml", "--alerts", "-")
    output = run(built, *arguments, options=("--network=none", *volumes))
    alerts = [json.loads(line) for line in output.splitlines()]
    return {(alert["alert_id"], alert["version"]): contents(alert) for alert in alerts}


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _has_ended(container: str) -> bool:
    state = podman("inspect", "--format", "{{.State.Status}}", container).stdout.strip()
    assert state != "exited", podman("logs", container).stderr
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_readme_of_operations_names_the_size(built: str) -> None:
    """The size in docs/operations.md is that of this image, to a tenth."""
    [found] = json.loads(podman("image", "inspect", built).stdout)
    text = (Path(image.REPOSITORY) / "docs/operations.md").read_text()
    [said] = [int(word) for word in text.split("The image is ")[1].split()[:1]]

    assert abs(found["Size"] / 1e6 - said) < said / 10
