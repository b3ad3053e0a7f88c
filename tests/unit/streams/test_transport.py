"""The transport: no batch is dropped without being read again, and no commit goes past a batch in flight."""

import asyncio
from collections import defaultdict, deque
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import CommitFailedError, KafkaError
from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from streams.headers import Record
from streams.transport import Consumer, ConsumerThread
from tests.unit.streams.memory import record

PLACE, LOST = TP("in", 0), TP("in", 1)


class Fetches:
    """What of a consumer ``getmany`` uses: one fetch, during which something happens."""

    def __init__(self, happens: dict[str, Any]) -> None:
        self.told: list[Exception] = []
        self.app = SimpleNamespace(consumer_generation_id=1, should_stop=False, fetch_failed=self.told.append)
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
        if (error := self._happens.get("error")) is not None:
            raise error
        besides: dict[TP, list[Record]] = self._happens.get("besides", {})
        return {PLACE: [record("in", 0, offset, None, b"{}", []) for offset in (7, 8, 9)]} | besides

    async def perform_seek(self) -> None:
        """Go back to what is committed."""
        self.sought += 1

    _batch_message = Consumer._batch_message
    _fetched = Consumer._fetched
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


@pytest.mark.parametrize("is_stopping", [False, True])
def test_a_fetch_that_fails_is_told(is_stopping: bool) -> None:
    """Faust ends the worker for it, and says so in words of its own; at the end of one it is nothing to tell."""
    error = KafkaError("no library")
    consumer = Fetches({"error": error})
    consumer.app.should_stop = is_stopping

    with pytest.raises(KafkaError):
        delivered(consumer)
    assert consumer.told == ([] if is_stopping else [error])


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


def test_a_rebalance_in_the_middle_of_a_fetch_leaves_the_rest_to_its_seek() -> None:
    """What was not delivered is not in flight, so no ack is waited for."""
    consumer = Fetches({"besides": {LOST: [record("in", 1, 4, None, b"{}", [])]}})

    async def collect() -> list[TP]:
        places = []
        async for place, _ in Consumer.getmany(consumer, timeout=1.0):  # type: ignore[arg-type]
            places.append(place)
            consumer.app.consumer_generation_id = 2
        return places

    assert asyncio.run(collect()) == [PLACE]
    assert list(consumer._in_flight) == [PLACE]


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


class Client:
    """What of the thread of a consumer ``_commit`` uses; the broker answers with an error, or not."""

    def __init__(self, error: Exception | None = None) -> None:
        self.consumer = SimpleNamespace(commit_metadata={PLACE: "m"})
        self.tp_last_committed_at: dict[TP, float] = {}
        self.log = SimpleNamespace(warning=lambda _: None)
        self.committed: list[Any] = []
        self.crashed: list[BaseException] = []
        self._error = error

    def assignment(self) -> set[TP]:
        """One partition is left."""
        return {PLACE}

    def _ensure_consumer(self) -> "Client":
        return self

    async def commit(self, offsets: dict[Any, OffsetAndMetadata]) -> None:
        """Commit, or fail."""
        self.committed.append({TP(*place): at for place, at in offsets.items()})
        if self._error is not None:
            raise self._error

    async def crash(self, error: BaseException) -> None:
        """The worker stops."""
        self.crashed.append(error)


@pytest.mark.parametrize(
    ("error", "is_committed", "crashes"), [(None, True, 0), (CommitFailedError(), False, 0), (KafkaError(), False, 1)]
)
def test_a_commit_is_about_assigned_partitions_and_stops_the_worker_when_it_fails(
    error: Exception | None, is_committed: bool, crashes: int
) -> None:
    """Those of others are theirs; when the group has moved on, whoever has the partition goes on from before."""
    client = Client(error)

    assert asyncio.run(ConsumerThread._commit(client, {PLACE: 5, LOST: 9})) is is_committed  # type: ignore[arg-type]
    assert client.committed == [{PLACE: OffsetAndMetadata(5, "m")}]
    assert len(client.crashed) == crashes


@pytest.mark.parametrize(("acked", "waiting"), [((), 1), ((3,), 1), ((3, 6), 0)])
def test_what_is_fetched_and_not_processed_still_waits(acked: tuple[int, ...], waiting: int) -> None:
    """A batch counts as one message, as long as any of those in flight is not acked; of what was lost nothing is."""

    async def unread() -> dict[TP, int]:
        return {PLACE: 0}

    consumer = SimpleNamespace(
        _thread=SimpleNamespace(unread=unread),
        _in_flight={PLACE: deque([3, 6]), LOST: deque([9])},
        _acked_index=defaultdict(set, {PLACE: set(acked)}),
    )

    assert asyncio.run(Consumer.unread(consumer)) == {PLACE: waiting}  # type: ignore[arg-type]


def test_a_new_assignment_knows_nothing_of_earlier_acks() -> None:
    """An offset that is read again would be committed before it is processed."""
    consumer: Any = SimpleNamespace(
        _in_flight={PLACE: deque([3])}, _acked={PLACE: [3]}, _acked_index={PLACE: {3}}, commit_metadata={PLACE: "m"}
    )
    Consumer.forget_acks(consumer)

    assert not any((consumer._in_flight, consumer._acked, consumer._acked_index, consumer.commit_metadata))
