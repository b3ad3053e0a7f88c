"""A range of a topic: its bounds are offsets and times and nothing else, and nothing is left behind where it ends."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import UnknownTopicOrPartitionError

from streams import offsets
from streams.settings import Settings
from streams.topic_range import Bound, parse_bound


def test_digits_are_an_offset() -> None:
    """Of every partition."""
    assert parse_bound("1200") == Bound(offset=1200)


def test_anything_else_is_a_time_of_storage() -> None:
    """With an offset from UTC, as everywhere."""
    assert parse_bound("1970-01-01T01:00:00.5+00:00") == Bound(stored_ms=3_600_500)


def test_no_message_was_stored_before_1970() -> None:
    """Whoever gives an earlier time means all that follows; Kafka takes none."""
    assert parse_bound("1969-12-31T23:59:59Z") == parse_bound("0001-01-01T00:00:00Z") == Bound(stored_ms=0)


@pytest.mark.parametrize("text", ["", "-1", "yesterday", "2026-01-05T00:00:00", "1.5"])
def test_what_is_neither_is_refused(text: str) -> None:
    """Rather than read as the beginning."""
    with pytest.raises(ValueError, match="RFC 3339"):
        parse_bound(text)


class FakeAdmin:
    """aiokafka's admin of a broker that creates every topic that it is asked for by its name."""

    topics = {"llm.usage": 3}  # noqa: RUF012

    def __init__(self, **_: object) -> None:
        pass

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def describe_topics(self, names: list[str] | None = None) -> list[dict[str, Any]]:
        self.topics |= dict.fromkeys(names or (), 1)
        return [
            {"topic": name, "error_code": 0, "partitions": [{}] * count}
            for name, count in self.topics.items()
            if names is None or name in names
        ]


def test_a_topic_that_is_not_there_is_not_created(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that was misspelt makes no topic on a broker that creates what it is asked for."""
    monkeypatch.setattr(offsets, "AIOKafkaAdminClient", FakeAdmin)

    with pytest.raises(UnknownTopicOrPartitionError, match=r"no topic llm\.usgae"):
        asyncio.run(offsets.partition_count(Settings(), "llm.usgae"))
    assert asyncio.run(offsets.partition_count(Settings(), "llm.usage")) == 3
    assert list(FakeAdmin.topics) == ["llm.usage"]
