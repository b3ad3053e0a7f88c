"""The transport: no batch is dropped without being read again, and no commit goes past a batch in flight."""

import asyncio
from collections import defaultdict, deque
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from streams.headers import Record
from streams.transport import Consumer
from tests.unit.streams.memory import record

PLACE = TP("in", 0)


class Fetches:
    """What of a consumer ``getmany`` uses: one fetch, during which something happens."""

    def __init__(self, happens: dict[str, Any]) -> None:
        self.app = SimpleNamespace(consumer_generation_id=1)
        self.flow_active = True
        self.should_stop = False
        self.sought = 0
        self._read_offset: dict[TP, int] = {}
        self._in_flight: dict[TP, deque[int]] = defaultdict(deque)
        self._happens = happens

    def _get_active_partitions(self) -> set[TP]:
        return {PLACE}

    async def _getmany(self, active_partitions: set[TP], timeout: float) -> dict[TP, list[Record]]:  # noqa: ASYNC109
        self.flow_active = self._happens.get("flow_active", True)
        self.app.consumer_generation_id = self._happens.get("generation", 1)
        return {PLACE: [record("in", 0, offset, None, b"{}", []) for offset in (7, 8, 9)]}

    async def perform_seek(self) -> None:
        """Go back to what is committed."""
        self.sought += 1

    _batch_message = Consumer._batch_message
    _is_flowing = Consumer._is_flowing


def delivered(consumer: Fetches) -> list[Any]:
    """What one fetch delivers."""

    async def collect() -> list[Any]:
        return [message async for _, message in Consumer.getmany(consumer, timeout=1.0)]  # type: ignore[arg-type]

    return asyncio.run(collect())


def test_a_fetch_is_one_message_per_partition() -> None:
    """Its value is the list of records, its offset that of the last; it is in flight until it is acked."""
    consumer = Fetches({})
    [message] = delivered(consumer)

    assert [r.offset for r in message.value] == [7, 8, 9]
    assert (message.offset, message.generation_id, list(consumer._in_flight[PLACE])) == (9, 1, [9])


def test_what_was_fetched_while_a_rebalance_went_by_is_read_again() -> None:
    """It may come from before or behind the seek that ended the rebalance; dropping it unread would lose it."""
    consumer = Fetches({"generation": 2})

    assert delivered(consumer) == []
    assert consumer.sought == 1
    assert not consumer._in_flight


def test_what_was_fetched_when_a_rebalance_began_is_left_to_its_seek() -> None:
    """Seeking in the middle of a rebalance would fail."""
    consumer = Fetches({"flow_active": False})

    assert (delivered(consumer), consumer.sought) == ([], 0)


def test_a_seek_goes_to_where_the_stages_have_begun() -> None:
    """Also in a partition of which nothing is committed: there Faust would stay behind what it has dropped."""
    sought: list[dict[TP, int]] = []

    async def seek_all(positions: dict[TP, int]) -> None:
        sought.append(positions)

    consumer = SimpleNamespace(
        app=SimpleNamespace(positions=lambda: {PLACE: 0}),
        _thread=SimpleNamespace(seek_all=seek_all),
        _read_offset={PLACE: 9},
        _committed_offset={PLACE: 5},
    )
    asyncio.run(Consumer.perform_seek(consumer))  # type: ignore[arg-type]

    assert sought == [{PLACE: 0}]
    assert (consumer._read_offset, consumer._committed_offset) == ({PLACE: None}, {PLACE: None})


@pytest.mark.parametrize(
    ("acked", "committable", "left"),
    [([], None, [3, 6, 9]), ([3], 4, [6, 9]), ([6, 9], None, [3, 6, 9]), ([9, 3, 6], 10, []), ([3, 9], 4, [6, 9])],
)
def test_a_commit_ends_before_the_first_batch_that_is_not_acked(
    acked: list[int], committable: int | None, left: list[int]
) -> None:
    """In whatever order the batches up to 3, 6 and 9 were acked."""
    consumer = Fetches({})
    consumer._in_flight[PLACE] = deque([3, 6, 9])
    consumer._acked = {PLACE: list(acked)}  # type: ignore[attr-defined]
    consumer._acked_index = {PLACE: set(acked)}  # type: ignore[attr-defined]

    assert Consumer._new_offset(consumer, PLACE) == committable  # type: ignore[arg-type]
    assert list(consumer._in_flight[PLACE]) == left
