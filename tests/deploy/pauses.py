"""How long the work on each partition stood still, read from the times of what was published."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from kafka import KafkaConsumer, TopicPartition

from streams.headers import ORIGIN, ORIGIN_FORMAT, PROGRESS, partition_of_source
from streams.progress import decode_progress

LAST_MS = 2000
Times = dict[int, list[int]]
"""Milliseconds since the epoch at which something was published about a partition."""


def ingest_times(bootstrap_servers: str, usage_topic: str) -> Times:
    """When events of each input partition were passed on."""
    found: Times = defaultdict(list)
    for timestamp, headers, _ in _records(bootstrap_servers, usage_topic):
        if ORIGIN in headers:
            source, _position = ORIGIN_FORMAT.unpack(headers[ORIGIN])
            found[partition_of_source(source)].append(timestamp)
    return found


def account_times(bootstrap_servers: str, links_topic: str) -> Times:
    """When each usage partition told how far event time has come."""
    found: Times = defaultdict(list)
    for timestamp, headers, value in _records(bootstrap_servers, links_topic):
        if PROGRESS in headers:
            for report in decode_progress(value).reports:
                found[report.partition].append(timestamp)
    return found


def longest_pauses(times: Times, began_ms: int, ended_ms: int) -> dict[int, float]:
    """Seconds of the longest silence of each partition that began in a stretch of time."""
    return {
        partition: max((_gaps(sorted(found), began_ms, ended_ms)), default=0.0) / 1000
        for partition, found in sorted(times.items())
    }


def _gaps(times: list[int], began_ms: int, ended_ms: int) -> Iterable[int]:
    # What was published last before a disruption was published a little before it.
    return (after - before for before, after in pairwise(times) if began_ms <= before + LAST_MS < ended_ms)


def _records(bootstrap_servers: str, topic: str) -> Iterable[tuple[int, dict[str, bytes], bytes]]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    try:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        ends = consumer.end_offsets(partitions)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        while any(consumer.position(tp) < end for tp, end in ends.items()):
            for batch in consumer.poll(1000).values():
                for record in batch:
                    yield record.timestamp, dict(record.headers), record.value or b""
    finally:
        consumer.close()
