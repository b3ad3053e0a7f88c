"""Publishing to Kafka: many messages for the price of a few, and nothing counted as sent before it is stored.

One idempotent producer per process. A send per message costs more than all models of an event together, so
messages are packed into record batches of ours and handed over whole. Within one partition messages are stored in
the order in which they were published.
"""

import asyncio
from collections.abc import Iterable
from functools import lru_cache, partial
from types import TracebackType
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata

from streams.headers import Headers
from streams.settings import Settings

BATCH_BYTES = 256 * 1024
REQUEST_BYTES = 25 * 1024 * 1024
"""Largest single message that can be published; topics have their own, smaller limits."""
STORE_SECONDS = 40
"""How long nothing may be stored while something waits for it; then the worker stops."""
STOP_SECONDS = 3.0
"""How long ``stop`` waits for what is not stored yet; the worker has to leave within its grace."""
_LOOK_SECONDS = 1.0

log = structlog.get_logger()

Place = tuple[str, int]


class PublishFailed(RuntimeError):
    """A message could not be stored; the worker stops and starts again from its last checkpoint."""


class Publisher:
    """Publishes messages in record batches and knows which are not stored yet.

    ``publish`` only packs. ``hand_over`` gives full and partial batches to the producer, ``stored`` waits until the
    broker has stored everything handed over so far and raises the first failure: after it nothing may be committed,
    because a message may be missing.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._open: dict[Place, BatchBuilder] = {}
        self._full: list[tuple[Place, BatchBuilder]] = []
        self._unstored: dict[asyncio.Future[RecordMetadata], Place] = {}
        self._failure: BaseException | None = None
        self.end_offsets: dict[Place, int] = {}
        """Offset after the last message of ours, by topic and partition."""
        self.interrupted: set[Place] = set()
        """Where somebody else's messages came between ours."""

    async def start(self) -> None:
        """Connect; does nothing when already connected. Raises ``KafkaError``."""
        if self._producer is not None:
            return
        producer = AIOKafkaProducer(
            **self._settings.aiokafka_config(),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            linger_ms=0,
            request_timeout_ms=STORE_SECONDS * 1000,
        )
        await producer.start()
        self._producer = producer

    async def stop(self) -> None:
        """Disconnect; what was not stored by then is published again after the next start."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await producer.stop()
            except TimeoutError:
                log.warning("publisher.left_unstored", batches=len(self._unstored), seconds=STOP_SECONDS)

    async def look_anew(self) -> None:
        """Ask the cluster for its topics instead of going by what it said minutes ago, when there may have been fewer.

        Raises ``PublishFailed`` when not connected.
        """
        await self._connected.client.force_metadata_update()

    async def partitions(self, topic: str) -> int:
        """Return the number of partitions of a topic; raises ``KafkaError`` when the topic does not exist."""
        return len(await self._connected.partitions_for(topic))

    @property
    def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise PublishFailed("the publisher was used before start() or after stop()")
        return self._producer

    def expect_alone(self, topic: str, partition: int, end_offset: int) -> None:
        """Expect that all that is written to a partition from this offset on is ours."""
        self.interrupted.discard((topic, partition))
        self.end_offsets[topic, partition] = end_offset

    def publish(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers | None = None
    ) -> None:
        """Pack one message; about 1 microsecond."""
        place = (topic, partition)
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = self._connected.create_batch()
        if batch.append(timestamp=None, key=key, value=value, headers=headers or []) is None:
            self._full.append((place, batch))
            batch = self._open[place] = self._connected.create_batch()
            # The first message of a batch is always taken, whatever its size.
            batch.append(timestamp=None, key=key, value=value, headers=headers or [])

    async def hand_over(self) -> None:
        """Give everything packed so far to the producer, in order; waits only when its buffers are full.

        Raises ``PublishFailed`` when they stay full.
        """
        full, self._full = self._full, []
        opened, self._open = self._open, {}
        full.extend(opened.items())
        for place, batch in full:
            batch.close()
            count = batch.record_count()
            try:
                future = await self._connected.send_batch(batch, place[0], partition=place[1])
            except KafkaTimeoutError as error:
                raise _not_stored([place]) from error
            self._unstored[future] = place
            future.add_done_callback(partial(self._on_stored, place, count))

    def _on_stored(self, place: Place, count: int, future: "asyncio.Future[Any]") -> None:
        del self._unstored[future]
        if future.cancelled():
            self._failure = self._failure or asyncio.CancelledError("a batch was dropped before it was stored")
        elif (error := future.exception()) is not None:
            self._failure = self._failure or error
        else:
            base: int = future.result().offset
            if self.end_offsets.get(place, base) != base:
                self.interrupted.add(place)
            self.end_offsets[place] = base + count

    async def stored(self) -> None:
        """Wait until the broker has stored everything published so far.

        Raises ``PublishFailed`` when something was refused, or when nothing was stored for ``STORE_SECONDS``.
        """
        await self.hand_over()
        # An idempotent producer of aiokafka repeats for ever what a broker refuses for the time being. Looks are
        # counted instead of seconds, so that a process that was paused itself does not take that for a failure.
        looks_left = STORE_SECONDS / _LOOK_SECONDS
        while self._unstored and self._failure is None:
            stored, _ = await asyncio.wait(set(self._unstored), timeout=_LOOK_SECONDS)
            looks_left = STORE_SECONDS / _LOOK_SECONDS if stored else looks_left - 1
            if looks_left <= 0:
                raise _not_stored(self._unstored.values())
        if self._failure is not None:
            raise PublishFailed(
                f"publishing failed, so nothing read since the last checkpoint is committed: {self._failure!r}"
            )

    async def __aenter__(self) -> "Publisher":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def _not_stored(waiting: Iterable[Place]) -> PublishFailed:
    places = ", ".join(f"{topic}/{partition}" for topic, partition in sorted(set(waiting)))
    return PublishFailed(
        f"nothing was stored in {places} for {STORE_SECONDS} seconds: check that there is a leader, at least "
        "min.insync.replicas replicas in sync and room on disk; nothing read since the last checkpoint is committed, "
        "and a restart repeats it"
    )


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """Partition of a key as Kafka's default partitioner chooses it."""
    return int((murmur2(key) & 0x7FFF_FFFF) % partitions)
