"""The watch: what waits is noted whatever holds up the worker; silence is acted on only between batches."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from faust.types import TP

from detectors.spec import load_spec
from streams import metric_defs
from streams.settings import Settings
from streams.watch import Watch
from streams.worker import Worker

PLACE = TP("stillwatch.links", 0)


@pytest.fixture
def worker() -> Worker:
    """A worker with everything assigned."""
    worker = Worker(Settings(), load_spec(None))
    worker.is_ready = True
    return worker


@pytest.fixture
def silences(monkeypatch: pytest.MonkeyPatch, worker: Worker) -> list[set[int]]:
    """What was found silent, look by look; a look waits for the lock only shortly."""
    monkeypatch.setattr("streams.watch.LOCK_SECONDS", 0.01)
    found: list[set[int]] = []
    monkeypatch.setattr(worker.ingest, "mark_idle", found.append)
    return found


def look(worker: Worker, waiting: Mapping[TP, int], *, is_stuck: bool) -> None:
    """Look once; ``is_stuck``: while a checkpoint holds the lock and does not end."""

    async def unread() -> Mapping[TP, int]:
        return waiting

    async def run() -> None:
        if is_stuck:
            await worker.lock.acquire()
        await Watch(worker).look(unread)

    asyncio.run(asyncio.wait_for(run(), 5.0))


def lag() -> Any:
    """The published lag of the partition."""
    return metric_defs.LAG.labels(PLACE.topic, PLACE.partition)._value.get()


def test_what_waits_behind_a_stuck_checkpoint_is_seen(worker: Worker, silences: list[set[int]]) -> None:
    """Otherwise the worker would stay live and its lag 0 for as long as the checkpoint is stuck."""
    look(worker, {PLACE: 0}, is_stuck=False)
    assert (worker.waiting_since, lag()) == (None, 0)
    look(worker, {PLACE: 7}, is_stuck=True)

    assert worker.waiting_since is not None
    assert lag() == 7


def test_nothing_is_published_in_the_middle_of_a_checkpoint(worker: Worker, silences: list[set[int]]) -> None:
    """The checkpoint would not include it; the next look acts on the silence."""
    silent = {TP("llm.usage", 3): 0, TP("llm.usage", 4): 1}
    look(worker, silent, is_stuck=True)
    assert silences == []
    worker.lock.release()
    look(worker, silent, is_stuck=False)

    assert silences == [{3}]
    assert not worker.lock.locked()


def test_what_was_counted_before_an_assignment_is_not_used(worker: Worker, silences: list[set[int]]) -> None:
    """It may be about partitions that somebody else has now."""

    async def unread() -> Mapping[TP, int]:
        worker.is_ready = False
        return {PLACE: 7, TP("llm.usage", 3): 0}

    asyncio.run(Watch(worker).look(unread))

    assert (worker.waiting_since, silences) == (None, [])
