"""Liveness is progress: a worker without work is live, one that does none though it waits is not."""

import pytest

from detectors.spec import load_spec
from streams.settings import Settings
from streams.worker import Worker


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A worker with everything assigned, whose clock is ``clock``."""
    worker = Worker(Settings(), load_spec(None))
    worker.is_ready = True
    return worker


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of the worker, set by its last entry."""
    times = [1_000.0]
    monkeypatch.setattr("streams.worker.time.monotonic", lambda: times[-1])
    return times


def test_without_work_nothing_stands_still(clock: list[float], worker: Worker) -> None:
    """However long nothing came."""
    worker.make_progress()
    worker.note_waiting(0)
    clock.append(100_000.0)

    assert worker.still_seconds() == 0


def test_work_that_waits_counts_from_when_it_was_first_seen(clock: list[float], worker: Worker) -> None:
    """Not from the last work before it, which may be long ago."""
    worker.make_progress()
    clock.append(5_000.0)
    worker.note_waiting(7)
    clock.append(5_090.0)
    worker.note_waiting(9)

    assert worker.still_seconds() == 90


def test_progress_counts_though_more_waits(clock: list[float], worker: Worker) -> None:
    """A worker with a long backlog is live as long as it works it off."""
    worker.note_waiting(1_000_000)
    clock.append(1_500.0)
    worker.make_progress()
    clock.append(1_510.0)

    assert worker.still_seconds() == 10


def test_an_assignment_that_does_not_end_is_a_standstill(clock: list[float], worker: Worker) -> None:
    """Also when nobody knows yet whether anything waits."""
    worker.make_progress()
    worker.is_ready = False
    clock.append(1_300.0)

    assert worker.still_seconds() == 300
