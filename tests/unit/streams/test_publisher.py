"""Publishing: what the broker does not store stops the worker within a known time, and never holds up its end."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError, TopicAuthorizationFailedError
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.publisher import BATCH_BYTES, Publisher, PublishFailed, partition_of
from streams.settings import Settings

PATIENCE_SECONDS = 5.0
"""Of the tests themselves: a wait that does not end fails them."""


class Producer:
    """What of aiokafka's producer is used; the test decides what becomes of each batch."""

    def __init__(self) -> None:
        self.sent: list[asyncio.Future[Any]] = []
        self.is_full = False

    def create_batch(self) -> BatchBuilder:
        """Return an empty batch."""
        return BatchBuilder(BATCH_BYTES, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> "asyncio.Future[Any]":
        """Take a batch that nothing becomes of by itself."""
        if self.is_full:
            raise KafkaTimeoutError
        self.sent.append(asyncio.get_running_loop().create_future())
        return self.sent[-1]

    async def stop(self) -> None:
        """Wait for all batches, as the real one does."""
        await asyncio.wait(self.sent)


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> Producer:
    """The producer of ``publisher``; the times are shortened."""
    monkeypatch.setattr("streams.publisher._LOOK_SECONDS", 0.01)
    monkeypatch.setattr("streams.publisher.STORE_SECONDS", 0.1)
    monkeypatch.setattr("streams.publisher.STOP_SECONDS", 0.05)
    return Producer()


@pytest.fixture
def publisher(producer: Producer) -> Publisher:
    """A connected publisher."""
    publisher = Publisher(Settings())
    publisher._producer = producer  # type: ignore[assignment]
    return publisher


def run(test: Any) -> None:
    """Run a coroutine that must end."""
    asyncio.run(asyncio.wait_for(test, PATIENCE_SECONDS))


def publish(publisher: Publisher, *partitions: int) -> None:
    """Publish one message to each of these partitions."""
    for number in partitions:
        publisher.publish("state", number, b"key", b"value")


def test_what_is_never_stored_ends_the_wait(publisher: Publisher, producer: Producer) -> None:
    """With too few replicas in sync aiokafka asks for ever; the failure names the partition and what to look at."""

    async def test() -> None:
        publish(publisher, 3, 4)
        await publisher.hand_over()
        producer.sent[1].set_result(SimpleNamespace(offset=0))
        with pytest.raises(PublishFailed, match=r"nothing was stored in state/3 for .* min\.insync\.replicas"):
            await publisher.stored()

    run(test())


def test_a_long_wait_in_which_messages_are_stored_goes_on(publisher: Publisher, producer: Producer) -> None:
    """A checkpoint may take longer than a single message."""

    async def test() -> None:
        publish(publisher, *range(6))
        await publisher.hand_over()
        storing = asyncio.create_task(publisher.stored())
        for sent in producer.sent:
            await asyncio.sleep(0.05)
            sent.set_result(SimpleNamespace(offset=0))
        await storing

    run(test())
    assert publisher.end_offsets == {("state", number): 1 for number in range(6)}


def test_a_refusal_is_told_at_once(publisher: Publisher, producer: Producer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else is still waiting."""
    monkeypatch.setattr("streams.publisher.STORE_SECONDS", 1_000.0)

    async def test() -> None:
        publish(publisher, 0, 1)
        await publisher.hand_over()
        producer.sent[0].set_exception(TopicAuthorizationFailedError("state"))
        with pytest.raises(PublishFailed, match="TopicAuthorizationFailedError"):
            await publisher.stored()

    run(test())


def test_full_buffers_are_the_same_failure(publisher: Publisher, producer: Producer) -> None:
    """A busy worker meets them before its next checkpoint."""
    producer.is_full = True

    async def test() -> None:
        publish(publisher, 7)
        with pytest.raises(PublishFailed, match="state/7"):
            await publisher.hand_over()

    run(test())


def test_what_is_not_stored_does_not_hold_up_the_end(publisher: Publisher, producer: Producer) -> None:
    """The producer would wait for it for ever."""

    async def test() -> None:
        publish(publisher, 0)
        await publisher.hand_over()
        await publisher.stop()

    run(test())


def test_messages_that_fill_more_than_a_batch_are_all_sent(publisher: Publisher, producer: Producer) -> None:
    """Two of the three fit in one; in the log all are one behind the other."""
    publisher.expect_alone("state", 0, 40)

    async def test() -> None:
        for _ in range(3):
            publisher.publish("state", 0, b"key", b"v" * (BATCH_BYTES * 2 // 5))
        await publisher.hand_over()
        for sent, offset in zip(producer.sent, (40, 42), strict=True):
            sent.set_result(SimpleNamespace(offset=offset))
        await publisher.stored()

    run(test())
    assert publisher.end_offsets == {("state", 0): 43}
    assert publisher.interrupted == set()


def test_what_came_between_is_noticed_until_the_place_is_taken_over_anew(
    publisher: Publisher, producer: Producer
) -> None:
    """A message of ours is stored one further on than where it should be."""
    publisher.expect_alone("state", 0, 40)

    async def test() -> None:
        publish(publisher, 0)
        await publisher.hand_over()
        producer.sent[0].set_result(SimpleNamespace(offset=41))
        await publisher.stored()

    run(test())
    assert publisher.interrupted == {("state", 0)}
    publisher.expect_alone("state", 0, 42)
    assert publisher.interrupted == set()


def test_a_batch_that_was_dropped_is_a_failure(publisher: Publisher, producer: Producer) -> None:
    """Nothing may be committed that it stands for."""

    async def test() -> None:
        publish(publisher, 0, 1)
        await publisher.hand_over()
        producer.sent[0].cancel()
        producer.sent[1].set_result(SimpleNamespace(offset=0))
        with pytest.raises(PublishFailed, match="dropped before it was stored"):
            await publisher.stored()

    run(test())


def test_keys_go_where_kafka_would_put_them() -> None:
    """Expected values are those of the Java client (murmur2 of the key, without its sign, modulo partitions)."""
    assert [partition_of(key, 1000) for key in (b"21", b"foobar", b"a-little-bit-long-string")] == [
        (-973932308 & 0x7FFFFFFF) % 1000,
        (-790332482 & 0x7FFFFFFF) % 1000,
        (-985981536 & 0x7FFFFFFF) % 1000,
    ]


def test_partitions_that_came_while_connected_are_counted_after_a_new_look(publisher: Publisher) -> None:
    """A client goes by what the cluster said minutes ago, and event time has to wait for all input partitions."""
    known, present = {"llm.usage": {0, 1}}, {"llm.usage": {0, 1, 2, 3}}

    async def force_metadata_update() -> None:
        known.update(present)

    async def partitions_for(topic: str) -> set[int]:
        return known[topic]

    publisher._producer = SimpleNamespace(  # type: ignore[assignment]
        client=SimpleNamespace(force_metadata_update=force_metadata_update), partitions_for=partitions_for
    )

    async def count() -> list[int]:
        before = await publisher.partitions("llm.usage")
        await publisher.look_anew()
        return [before, await publisher.partitions("llm.usage")]

    assert asyncio.run(count()) == [2, 4]
