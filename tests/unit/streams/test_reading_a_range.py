"""Reading a range of a topic: from its start to its end, whatever the broker hands over at once."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from streams.topic_range import Bound, TopicRange
from tests.unit.streams.memory import SETTINGS, record

PLACE = TopicPartition("in", 0)


class Consumer:
    """A partition that holds the offsets 10 to 19, stored a second apart from the epoch on."""

    def __init__(self) -> None:
        self.at = 0

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""

    def assign(self, tps: list[TopicPartition]) -> None:
        """Read these partitions."""

    async def beginning_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        """First offset of each."""
        return dict.fromkeys(tps, 10)

    async def end_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Offset after the last of each."""
        return dict.fromkeys(tps, 20)

    async def offsets_for_times(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, Any]:
        """First offset stored at a time or later, if there is one."""
        found = {tp: 10 + -(-ms // 1000) for tp, ms in times.items()}
        return {tp: SimpleNamespace(offset=offset) if offset < 20 else None for tp, offset in found.items()}

    def seek(self, _: TopicPartition, offset: int) -> None:
        """Go there."""
        self.at = offset

    async def position(self, _: TopicPartition) -> int:
        """Where it stands."""
        return self.at

    async def getmany(self, *_: TopicPartition, **__: int) -> dict[TopicPartition, list[Any]]:
        """Fetch four messages at once, whoever wants how many."""
        await asyncio.sleep(0)
        begin, self.at = self.at, min(20, self.at + 4)
        return {PLACE: [record("in", 0, offset, None, b"%d" % offset, []) for offset in range(begin, self.at)]}


@pytest.mark.parametrize(
    ("start", "end", "offsets"),
    [
        (Bound(), Bound(), range(10, 20)),
        (Bound(offset=12), Bound(offset=17), range(12, 17)),
        (Bound(offset=3), Bound(offset=99), range(10, 20)),
        (Bound(stored_ms=2_000), Bound(stored_ms=6_500), range(12, 17)),
        (Bound(stored_ms=99_000), Bound(), range(20, 20)),
        (Bound(), Bound(stored_ms=99_000), range(10, 20)),
        (Bound(offset=17), Bound(offset=12), range(0)),
    ],
)
def test_a_range_begins_at_its_start_and_ends_before_its_end(
    monkeypatch: pytest.MonkeyPatch, start: Bound, end: Bound, offsets: range
) -> None:
    """Within what the topic holds; nothing that is fetched beyond the end is told."""

    async def one(*_: Any) -> int:
        return 1

    async def read() -> tuple[int, list[bytes | None]]:
        async with TopicRange(SETTINGS, "in", start, end) as found:
            told = [value async for _, batch in found.read(lambda: {0}) for value, _, _ in batch or []]
            return found.total, told

    monkeypatch.setattr("streams.topic_range.AIOKafkaConsumer", lambda **_: Consumer())
    monkeypatch.setattr("streams.topic_range.partition_count", one)

    assert asyncio.run(asyncio.wait_for(read(), 5.0)) == (len(offsets), [b"%d" % offset for offset in offsets])
