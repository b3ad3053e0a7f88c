"""Fixtures of tests on a real broker, and what holds for all properties."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.stream.live import LiveService

# No test is timed: how long an example takes says more of what else the machine does.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def bootstrap_servers() -> Iterator[str]:
    """The broker named by KAFKA_BOOTSTRAP_SERVERS, or one that lives as long as the tests run."""
    from broker.cluster import temporary_cluster

    if named := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield named
    else:
        with temporary_cluster() as cluster:
            yield cluster.bootstrap_servers


@pytest.fixture
def service(bootstrap_servers: str, tmp_path: Path) -> "Iterator[LiveService]":
    """A service on topics of its own; no worker outlives the test."""
    # Here, because importing the Kafka client takes a second that unit tests need not wait for.
    from tests.stream.live import LiveService

    service = LiveService(bootstrap_servers, prefix=f"test-{uuid.uuid4().hex[:12]}.", folder=tmp_path)
    yield service
    for worker in service.workers:
        worker.kill()
        worker.wait(10)
