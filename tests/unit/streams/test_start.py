"""A worker that cannot start or read on says why, in the line in which it always does."""

import asyncio
import logging
import socket
from types import SimpleNamespace

import pytest
import structlog
from aiokafka.errors import KafkaConnectionError
from faust.types import TP
from structlog.testing import capture_logs

from detectors.spec import DetectorSpec
from streams import app
from streams.offsets import Start
from streams.settings import Settings
from streams.worker import PartitionsDiffer, Worker


@pytest.fixture(autouse=True)
def _outlive_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that stops ends its process when that takes too long, and here it is that of the tests."""
    monkeypatch.setattr(app, "_leave_in_any_case", lambda: None)


def failure(settings: Settings, kind: type[Exception]) -> str:
    """Start a worker that cannot, and return the error that it logs."""

    async def start() -> None:
        service = app.build_app(Worker(settings, DetectorSpec()))
        try:
            await service.start()
        finally:
            await service.stop()

    with capture_logs() as logs, pytest.raises(kind):
        asyncio.run(start())
    [told] = [line for line in logs if line["event"] == "worker.failed"]
    assert told["where"] == "start"
    return str(told["error"])


def test_a_port_that_is_taken_is_named() -> None:
    """With the variables that choose another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = failure(Settings(http_port=port), OSError)

    assert f"('127.0.0.1', {port})" in told
    assert "STILLWATCH_HTTP_PORT" in told


def test_a_broker_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable that names another."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    told = failure(Settings(http_port=0), KafkaConnectionError)

    assert "'127.0.0.1', 1" in told
    assert "KAFKA_BOOTSTRAP_SERVERS" in told


def test_what_ends_the_reading_is_told_in_the_same_line() -> None:
    """What was processed before is whole, so its checkpoint is still to come: the worker itself has not failed."""
    worker = Worker(Settings(), DetectorSpec())

    async def fail() -> None:
        app.build_app(worker).fetch_failed(KafkaConnectionError("no library"))

    with capture_logs() as logs:
        asyncio.run(fail())

    [told] = [line for line in logs if line["event"] == "worker.failed"]
    assert (told["where"], told["kind"]) == ("fetch", "KafkaConnectionError")
    assert worker.failed is None


def test_a_restore_that_goes_on_is_seen_to_have_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is assigned is logged before what takes minutes, by which the runbook tells that it has not ended."""
    worker = Worker(Settings(), DetectorSpec())

    async def nothing(*_: object) -> dict[int, Start]:
        return {}

    async def restore(_: object) -> None:
        raise ConnectionError("it does not end in this test")

    monkeypatch.setattr(worker, "_connect", nothing)
    monkeypatch.setattr("streams.worker.start_offsets", nothing)
    monkeypatch.setattr(worker.accounts, "assign", restore)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    with capture_logs() as logs, pytest.raises(ConnectionError):
        asyncio.run(worker.assign({TP("stillwatch.usage", 3)}))

    assert {"topic": "stillwatch.usage", "partitions": [3]}.items() <= logs[-1].items()
    assert logs[-1]["event"] == "partitions.assigned"


@pytest.mark.parametrize(
    ("stages", "differing", "is_refused"),
    [
        ({"accounts"}, "stillwatch.usage", True),
        ({"campaigns"}, "stillwatch.links", True),
        ({"alerts"}, "stillwatch.alert-state", True),
        ({"ingest", "campaigns", "alerts"}, "stillwatch.usage", False),
        ({"ingest", "accounts", "campaigns", "alerts"}, "llm.usage", False),
    ],
)
def test_partitions_without_a_place_for_their_state_are_named(
    stages: set[str], differing: str, is_refused: bool
) -> None:
    """Reading a partition that is not there would end after forty seconds, without its name."""

    async def nothing() -> None:
        pass

    async def partitions(topic: str) -> int:
        return 3 if topic == differing else 2

    worker = Worker(Settings(stages=stages), DetectorSpec())
    worker.publisher = SimpleNamespace(start=nothing, look_anew=nothing, partitions=partitions)  # type: ignore[assignment]
    if not is_refused:
        asyncio.run(worker._connect())
        return
    with pytest.raises(PartitionsDiffer, match=f"{differing}.* 3.*both need the same"):
        asyncio.run(worker._connect())


def test_partitions_are_counted_after_a_new_look() -> None:
    """At every assignment: event time has to wait for input partitions that were added since the last one."""
    present = 2

    async def start() -> None:
        pass

    async def look_anew() -> None:
        nonlocal present
        present = 4

    async def partitions(_: str) -> int:
        return present

    worker = Worker(Settings(), DetectorSpec())
    worker.publisher = SimpleNamespace(start=start, look_anew=look_anew, partitions=partitions)  # type: ignore[assignment]
    asyncio.run(worker._connect())

    assert (worker.ingest.input_partitions, worker.ingest.usage_partitions) == (4, 4)
