"""`helm test` asks all workers for their readiness, and misses the ones that are not there."""

import runpy
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.chart.helm import CHART, only, render

pytestmark = pytest.mark.deploy

SCRIPT = CHART / "files/check_ready.py"


class Worker(BaseHTTPRequestHandler):
    """Answers as a worker does; the second address is still restoring."""

    def do_GET(self) -> None:
        """Say whether this address is ready."""
        is_ready = self.server.server_address[0] != "127.0.0.2"
        self.send_response(200 if is_ready else 503)
        self.end_headers()
        self.wfile.write(b"ready\n" if is_ready else b"restoring\n")

    def log_message(self, *_: object) -> None:
        """Leave the output to the script."""


@contextmanager
def workers(*addresses: str) -> Iterator[int]:
    """Serve at these addresses; yields the port."""
    servers: list[HTTPServer] = []
    try:
        for address in addresses:
            servers.append(HTTPServer((address, servers[0].server_port if servers else 0), Worker))
            Thread(target=servers[-1].serve_forever, daemon=True).start()
        yield servers[0].server_port
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


@pytest.fixture
def resolves_to(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses behind the service, to be filled; empty it has none, and no name either."""
    addresses: list[str] = []

    def resolve(service: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if service == "sw-stillwatch" and not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = addresses if service == "sw-stillwatch" else [service]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, *_, **__: resolve(host, port))
    return addresses


def ask(port: int, expected: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the script; returns its exit code."""
    monkeypatch.setattr(sys, "argv", ["-c", "sw-stillwatch", str(port), str(expected)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT))
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("addresses", "expected", "code", "said"),
    [
        (["127.0.0.1", "127.0.0.3"], 2, 0, "127.0.0.1: ready\n127.0.0.3: ready\n2 of 2 workers are ready\n"),
        (["127.0.0.1", "127.0.0.3"], 1, 0, "127.0.0.1: ready\n127.0.0.3: ready\n2 of 2 workers are ready\n"),
        (["127.0.0.1", "127.0.0.2"], 2, 1, "127.0.0.1: ready\n127.0.0.2: restoring\n1 of 2 workers are ready\n"),
        (["127.0.0.1", "127.0.0.2"], 1, 1, "127.0.0.1: ready\n127.0.0.2: restoring\n1 of 2 workers are ready\n"),
        (["127.0.0.1"], 2, 1, "127.0.0.1: ready\n1 of 2 workers are ready\n"),
        ([], 0, 1, "0 of 1 workers are ready\n"),
    ],
)
def test_all_workers_have_to_be_ready(
    addresses: list[str],
    expected: int,
    code: int,
    said: str,
    resolves_to: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One that is not, or is not there, fails the test of the release, and each is shown with its answer."""
    with workers("127.0.0.1", "127.0.0.2", "127.0.0.3") as port:
        resolves_to.extend(addresses)

        assert ask(port, expected, monkeypatch) == code
    assert capsys.readouterr().out == said


def test_a_worker_that_does_not_answer_is_not_ready(
    resolves_to: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused connection is told in a line and not in a traceback."""
    with workers("127.0.0.1") as port:
        resolves_to.extend(["127.0.0.1", "127.0.0.9"])

        assert ask(port, 2, monkeypatch) == 1
    assert "127.0.0.9: <urlopen error [Errno 111] Connection refused>\n1 of 2" in capsys.readouterr().out


def test_workers_that_are_not_ready_have_addresses_too() -> None:
    """Without them the service would name only ready workers, and the question would have one answer."""
    assert only(render(), "Service")["spec"]["publishNotReadyAddresses"] is True


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"replicas": 5}, "5"),
        ({"replicas": 5, "autoscaling": {"minReplicas": 3, "hpa": {"enabled": True}}}, "3"),
        ({"replicas": 5, "autoscaling": {"minReplicas": 3, "keda": {"enabled": True}}}, "3"),
    ],
)
def test_the_test_knows_how_many_workers_there_should_be(values: dict[str, object], expected: str) -> None:
    """As many as asked for; where an autoscaler decides, the fewest that it may keep."""
    [container] = only(render(values), "Pod", "-test-ready")["spec"]["containers"]

    assert container["args"] == ["sw-stillwatch", "8080", expected]
