"""Whether there is a message behind an offset.

The distance of two offsets does not tell: markers of transactions take offsets, and so do messages that were aborted.
"""

import time
from collections.abc import Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from streams.settings import Settings

LOOK_SECONDS = 10.0
"""How long to look before a partition counts as one with messages: in an open transaction nothing is ever read."""
_POLL_MS = 200

_consumer_client: Any = KafkaConsumer
"""kafka-python has no annotations to check calls against."""


def without_messages(settings: Settings, spans: Mapping[TopicPartition, tuple[int, int]]) -> set[TopicPartition]:
    """Return the partitions in which no message lies from the first offset up to the second.

    Only the first message of each is looked for. Raises ``kafka.errors.KafkaError``.
    """
    if not spans:
        return set()
    consumer = _consumer_client(
        **settings.kafka_python_config(),
        client_id="stillwatch-lookahead",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        bootstrap_timeout_ms=10_000,
    )
    try:
        consumer.assign(list(spans))
        for tp, (begin, _) in spans.items():
            consumer.seek(tp, begin)
        empty: set[TopicPartition] = set()
        unknown, deadline = set(spans), time.monotonic() + LOOK_SECONDS
        while unknown and time.monotonic() < deadline:
            found = set(consumer.poll(_POLL_MS))
            empty |= {tp for tp in unknown - found if consumer.position(tp) >= spans[tp][1]}
            if settled := unknown & (found | empty):
                unknown -= settled
                consumer.pause(*settled)
        return empty
    finally:
        consumer.close()
