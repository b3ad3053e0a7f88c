"""The watch: what waits is noted whatever holds up the worker; silence is acted on only between batches."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from faust.types import TP
from prometheus_client import Gauge

from detectors.spec import load_spec
from streams import metric_defs
from streams.settings import Settings
from streams.watch import Watch
from streams.worker import Worker

PLACE = TP("stillwatch.links", 0)


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker with everything assigned, and gauges that no other test has set."""
    metric_defs.LAG.clear()
    metric_defs.WATERMARK.clear()
    worker = Worker(Settings(), load_spec(None))
    worker.is_ready = True
    yield worker
    metric_defs.LAG.clear()
    metric_defs.WATERMARK.clear()


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


def shown(gauge: Gauge) -> dict[tuple[str, ...], float]:
    """What a scrape sees of a gauge, by its labels."""
    return {tuple(sample.labels.values()): sample.value for metric in gauge.collect() for sample in metric.samples}


def own(worker: Worker, *numbers: int) -> None:
    """Give the worker these usage partitions, as an assignment would."""
    worker.accounts.partitions = {number: worker.accounts._new_partition(number) for number in numbers}


def usage(*numbers: int) -> dict[TP, int]:
    """Usage partitions in each of which five messages wait."""
    return {TP("stillwatch.usage", number): 5 for number in numbers}


def test_a_partition_that_another_worker_has_is_not_measured_any_more(worker: Worker, silences: list[set[int]]) -> None:
    """Its last lag and event time would be added to those of the new owner for ever."""
    own(worker, 0, 1)
    look(worker, usage(0, 1), is_stuck=False)
    assert shown(metric_defs.LAG).keys() == {("stillwatch.usage", "0"), ("stillwatch.usage", "1")}
    assert shown(metric_defs.WATERMARK).keys() == {("accounts", "0"), ("accounts", "1")}
    own(worker, 1)
    look(worker, usage(1), is_stuck=False)

    assert shown(metric_defs.LAG) == {("stillwatch.usage", "1"): 5}
    assert shown(metric_defs.WATERMARK).keys() == {("accounts", "1")}


def test_a_lost_partition_is_not_shown_while_others_are_restored(
    worker: Worker, silences: list[set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore takes minutes, in which nothing is measured; what is kept stays to be seen."""
    own(worker, 0, 1)
    look(worker, usage(0, 1) | {PLACE: 2}, is_stuck=False)

    async def connect() -> None:
        raise ConnectionError("nothing is restored in this test")

    monkeypatch.setattr(worker, "_connect", connect)
    with pytest.raises(ConnectionError):
        asyncio.run(worker.assign({TP("stillwatch.usage", 1), TP("stillwatch.usage", 2)}))

    assert shown(metric_defs.LAG) == {("stillwatch.usage", "1"): 5}
    assert shown(metric_defs.WATERMARK).keys() == {("accounts", "1")}


def test_a_scrape_never_misses_a_partition_that_is_kept(
    worker: Worker, silences: list[set[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is dropped, the value of a partition that goes on is there all the time."""
    look(worker, usage(0, 1), is_stuck=False)
    seen: list[float | None] = []
    remove = Gauge.remove

    def removing(gauge: Gauge, *labels: str) -> None:
        seen.append(shown(metric_defs.LAG).get(("stillwatch.usage", "1")))
        remove(gauge, *labels)

    monkeypatch.setattr(Gauge, "remove", removing)
    look(worker, usage(1), is_stuck=False)

    assert seen == [5]


def test_an_assignment_that_begins_while_a_look_waits_ends_it(worker: Worker, silences: list[set[int]]) -> None:
    """What was read to its end may be somebody else's by now."""

    async def unread() -> Mapping[TP, int]:
        return {TP("llm.usage", 3): 0}

    async def run() -> None:
        await worker.lock.acquire()
        looking = asyncio.create_task(Watch(worker).look(unread))
        await asyncio.sleep(0)
        worker.is_ready = False
        worker.lock.release()
        await looking

    asyncio.run(asyncio.wait_for(run(), 5.0))
    assert silences == []
    assert not worker.lock.locked()
