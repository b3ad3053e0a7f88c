"""Fixtures of tests on a Kubernetes; they run only with STILLWATCH_TEST_DEPLOY set, as `make test-deploy` does.

`if-possible` skips what lacks its tools; any other value fails it.
"""

import os
import uuid
from collections.abc import Iterator

import pytest

from tests.deploy import image
from tests.deploy.cluster import tools
from tests.deploy.cluster.client import Client
from tests.deploy.cluster.simulated import simulated_cluster

WANTED = "STILLWATCH_TEST_DEPLOY"


def require(names: tuple[str, ...]) -> None:
    """Skip unless these tests were asked for; fail when they were and a tool is missing."""
    if not (wanted := os.environ.get(WANTED)):
        pytest.skip("runs with `make test-deploy` only: it needs a Kubernetes")
    lacking = tools.missing(names)
    reason = f"missing: {', '.join(lacking)}; `make deploy-tools` makes them" if lacking else None
    if names is tools.REAL:
        reason = reason or tools.unsuitable()
    if reason:
        stop = pytest.skip if wanted == "if-possible" else pytest.fail
        stop(reason)


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
