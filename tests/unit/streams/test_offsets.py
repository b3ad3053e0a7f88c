"""Where the group starts to read, and what is read of a compacted topic."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from streams.headers import Record
from streams.offsets import Start, read_partitions, start_offsets
from tests.unit.streams.memory import SETTINGS, record

PLACE = TopicPartition("in", 3)


class Broker:
    """What of aiokafka's clients is used; the partition holds the offsets 10 to 12, the middle one without a key."""

    def __init__(self, committed: OffsetAndMetadata) -> None:
        self.committed = committed
        self.at = 0

    async def __aenter__(self) -> "Broker":
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""

    async def start(self) -> None:
        """Connect."""

    async def close(self) -> None:
        """Disconnect."""

    def assign(self, tps: list[TopicPartition]) -> None:
        """Read these partitions."""

    async def beginning_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        """First offset of each."""
        return dict.fromkeys(tps, 10)

    async def end_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Offset after the last of each."""
        return dict.fromkeys(tps, 13)

    async def seek_to_beginning(self, *_: TopicPartition) -> None:
        """Go there."""
        self.at = 10

    async def position(self, _: TopicPartition) -> int:
        """Where it stands."""
        return self.at

    async def getmany(self, *_: TopicPartition, **__: int) -> dict[TopicPartition, list[Record]]:
        """Fetch one message."""
        self.at += 1
        key = None if self.at == 12 else b"k"
        return {PLACE: [record("in", 3, self.at - 1, key, b"v", [])]}

    async def list_consumer_group_offsets(self, *_: str, **__: Any) -> dict[TopicPartition, OffsetAndMetadata]:
        """What the group has committed; -1 for nothing, as the broker says it."""
        return {PLACE: self.committed}


def connect(monkeypatch: pytest.MonkeyPatch, committed: OffsetAndMetadata) -> None:
    """Let all clients be those of a broker with this commit."""
    broker = Broker(committed)
    for name in ("AIOKafkaConsumer", "AIOKafkaAdminClient"):
        monkeypatch.setattr(f"streams.offsets.{name}", lambda **_: broker)


@pytest.mark.parametrize(
    ("committed", "start"),
    [
        (OffsetAndMetadata(12, "m"), Start(12, "m", 0)),
        (OffsetAndMetadata(10, "m"), Start(10, "m", 0)),
        (OffsetAndMetadata(4, "m"), Start(10, "m", 6)),
        (OffsetAndMetadata(-1, ""), Start(10, "", 0)),
    ],
)
def test_a_group_starts_where_it_has_committed(
    monkeypatch: pytest.MonkeyPatch, committed: OffsetAndMetadata, start: Start
) -> None:
    """At the beginning without a commit; what has expired before it was read is told."""
    connect(monkeypatch, committed)

    assert asyncio.run(start_offsets(SETTINGS, "in", [3])) == {3: start}


def test_a_compacted_topic_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no key is no state; every fetch is progress."""
    connect(monkeypatch, OffsetAndMetadata(-1, ""))
    fetches = SimpleNamespace(count=0)

    def count() -> None:
        fetches.count += 1

    async def read() -> list[int]:
        return [found.offset async for found in read_partitions(SETTINGS, "in", [3], count)]

    assert asyncio.run(read()) == [10, 12]
    assert fetches.count == 3
