"""Fixtures of tests on a Kubernetes; they run only with STILLWATCH_TEST_DEPLOY set, as `make test-deploy` does.

`if-possible` skips what lacks its tools; any other value fails it.
"""

import os
import signal
import subprocess
import uuid
from collections.abc import Iterator

import pytest

from tests.deploy import image
from tests.deploy.cluster import tools
from tests.deploy.cluster.client import Client
from tests.deploy.cluster.simulated import simulated_cluster

WANTED = "STILLWATCH_TEST_DEPLOY"
IF_POSSIBLE = "if-possible"


def require(names: tuple[str, ...]) -> None:
    """Skip unless these tests were asked for; fail when they were and a tool is missing."""
    if not (wanted := os.environ.get(WANTED)):
        pytest.skip("runs with `make test-deploy` only: it needs a Kubernetes")
    if reason := tools.obstacle(names):
        stop = pytest.skip if wanted == IF_POSSIBLE else pytest.fail
        stop(reason)


@pytest.fixture(scope="session", autouse=True)
def _cleaned_up_when_terminated() -> Iterator[None]:
    """SIGTERM, which would end Python on the spot, lets the fixtures take down what they have set up, once."""

    def stop(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        pytest.exit("terminated", returncode=128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def api() -> Iterator[Client]:
    """An API server whose one node is simulated."""
    require(tools.SIMULATED)
    with simulated_cluster() as client:
        yield client


@pytest.fixture(scope="session")
def image_under_test(tmp_path_factory: pytest.TempPathFactory) -> image.Image:
    """The image of the working tree, built once."""
    require(tools.IMAGE)
    try:
        image.make_bases()
    except subprocess.CalledProcessError as failed:
        if os.environ[WANTED] != IF_POSSIBLE:
            raise
        pytest.skip(f"the image's bases were not made of Debian's packages: {failed.stderr[-300:]}")
    return image.build(tmp_path_factory.mktemp("image"))


@pytest.fixture
def namespace(api: Client) -> Iterator[str]:
    """A namespace of the test's own, at the restricted level, with the secrets that the examples name."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    api.namespace(name)
    for secret, keys in {
        "stillwatch-fingerprint": ["fingerprint-key"],
        "stillwatch": ["password"],
        "stillwatch-user": ["user.crt", "user.key"],
        "events-cluster-ca-cert": ["ca.crt"],
        "kafka-ca": ["ca.crt"],
    }.items():
        api.kubectl("create", "secret", "generic", secret, "-n", name, *(f"--from-literal={key}=x" for key in keys))
    yield name
    api.kubectl("delete", "namespace", name, "--wait=false")
