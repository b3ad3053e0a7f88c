"""Reading outside the group: whole partitions up to their present end, and where the group starts to read."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CoordinatorNotAvailableError, KafkaError, NotCoordinatorError, UnknownTopicOrPartitionError
from aiokafka.structs import OffsetAndMetadata

from streams.headers import Record
from streams.settings import Settings

log = structlog.get_logger()

_COORDINATOR_ATTEMPTS = 60
_COORDINATOR_PAUSE_SECONDS = 0.5


async def read_partitions(
    settings: Settings, topic: str, numbers: Iterable[int], on_progress: Callable[[], None]
) -> AsyncIterator[Record]:
    """Yield every keyed record from the beginning of the partitions to their present end, each partition in order.

    ``on_progress`` is called for every fetch, so that a long read is not taken for a standstill.
    """
    tps = [TopicPartition(topic, number) for number in numbers]
    if not tps:
        return
    async with AIOKafkaConsumer(
        **settings.aiokafka_config(), enable_auto_commit=False, auto_offset_reset="earliest"
    ) as consumer:
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        beginnings = await consumer.beginning_offsets(tps)
        unread = {tp for tp in tps if beginnings[tp] < ends[tp]}
        await consumer.seek_to_beginning(*tps)
        while unread:
            fetched = await consumer.getmany(*unread, timeout_ms=1000)
            on_progress()
            for batch in fetched.values():
                for record in batch:
                    if record.key is not None:
                        yield record
            unread = {tp for tp in unread if await consumer.position(tp) < ends[tp]}


async def partition_count(settings: Settings, topic: str) -> int:
    """Return how many partitions a topic has; raises ``UnknownTopicOrPartitionError`` when there is none."""
    admin = AIOKafkaAdminClient(**settings.aiokafka_config())
    await admin.start()
    try:
        # All of them, because a broker may create a topic that it is asked for by its name.
        found = [described for described in await admin.describe_topics() if described["topic"] == topic]
    finally:
        await admin.close()
    if not found or found[0]["error_code"]:
        raise UnknownTopicOrPartitionError(f"there is no topic {topic}, or no right to see it")
    return len(found[0]["partitions"])


async def end_offsets(settings: Settings, topic: str, numbers: Iterable[int]) -> dict[int, int]:
    """Return the offset after the last record of each partition."""
    tps = [TopicPartition(topic, number) for number in numbers]
    if not tps:
        return {}
    async with AIOKafkaConsumer(**settings.aiokafka_config(), enable_auto_commit=False) as consumer:
        return {tp.partition: end for tp, end in (await consumer.end_offsets(tps)).items()}


class Start(NamedTuple):
    """Where the group starts to read a partition, what was committed beside it, and how much is gone before it."""

    offset: int
    metadata: str
    expired: int


async def start_offsets(settings: Settings, topic: str, numbers: Iterable[int]) -> dict[int, Start]:
    """Return where the group starts to read each partition: its commit, or the beginning if there is none."""
    tps = [TopicPartition(topic, number) for number in numbers]
    if not tps:
        return {}
    committed = await _committed_offsets(settings, tps)
    async with AIOKafkaConsumer(**settings.aiokafka_config(), enable_auto_commit=False) as consumer:
        beginnings = await consumer.beginning_offsets(tps)
    starts = {}
    for tp in tps:
        at = committed.get(tp, OffsetAndMetadata(beginnings[tp], ""))
        expired = max(0, beginnings[tp] - at.offset)
        if expired:
            log.error("partition.messages_expired", topic=topic, partition=tp.partition, messages=expired)
        starts[tp.partition] = Start(at.offset + expired, at.metadata, expired)
    return starts


async def _committed_offsets(
    settings: Settings, wanted: list[TopicPartition]
) -> dict[TopicPartition, OffsetAndMetadata]:
    """On a fresh broker the coordinator is not there at once, which is waited for."""
    admin = AIOKafkaAdminClient(**settings.aiokafka_config())
    await admin.start()
    try:
        for _ in range(_COORDINATOR_ATTEMPTS):
            try:
                found = await admin.list_consumer_group_offsets(settings.group_id, partitions=wanted)
            except (CoordinatorNotAvailableError, NotCoordinatorError):
                await asyncio.sleep(_COORDINATOR_PAUSE_SECONDS)
            else:
                return {tp: at for tp, at in found.items() if at.offset >= 0}
        raise KafkaError(f"no coordinator for group {settings.group_id}: is the cluster healthy?")
    finally:
        await admin.close()
