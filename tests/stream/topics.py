"""The topics of one test as the broker holds them."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError


class Stored(NamedTuple):
    """One record of a topic as the broker holds it."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, bytes]


@dataclass
class Topics:
    """Topics with a prefix of their own; they are named without it."""

    bootstrap_servers: str
    prefix: str

    def send(
        self,
        topic: str,
        values: Iterable[bytes | None],
        *,
        keys: Iterable[bytes | None] | None = None,
        partition: int | None = None,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> None:
        """Send values as a gateway would, and wait until they are stored."""
        producer = KafkaProducer(bootstrap_servers=self.bootstrap_servers, linger_ms=20, max_request_size=8_000_000)
        try:
            for key, value in zip(keys or repeat(None), values, strict=False):
                producer.send(self.prefix + topic, key=key, value=value, partition=partition, headers=headers)
            producer.flush()
        finally:
            producer.close()

    def send_in_transaction(self, topic: str, values: Iterable[bytes], *, partition: int, is_committed: bool) -> None:
        """Send values in a transaction of their own that is then committed or aborted."""
        producer = KafkaProducer(bootstrap_servers=self.bootstrap_servers, transactional_id=f"{self.prefix}producer")
        try:
            producer.init_transactions()
            producer.begin_transaction()
            for value in values:
                producer.send(self.prefix + topic, value=value, partition=partition)
            producer.flush()
            if is_committed:
                producer.commit_transaction()
            else:
                producer.abort_transaction()
        finally:
            producer.close()

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Offset after the last record, by partition."""
        with self._consumer() as consumer:
            tps = self._partitions(consumer, topic)
            return {tp.partition: offset for tp, offset in consumer.end_offsets(tps).items()}

    def messages(self, topic: str) -> int:
        """How many messages a topic holds."""
        return sum(self.end_offsets(topic).values())

    def committed(self) -> dict[tuple[str, int], int]:
        """Committed offset of the workers' group, by topic (without prefix) and partition."""
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        try:
            group = f"{self.prefix}group"
            found = admin.list_group_offsets([group])[group]
            return {(tp.topic.removeprefix(self.prefix), tp.partition): at.offset for tp, at in found.items()}
        except (CoordinatorNotAvailableError, NotCoordinatorError, CoordinatorLoadInProgressError):
            # A broker that has just started; whoever asks asks again.
            return {}
        finally:
            admin.close()

    def records(self, topic: str, *, begin: int = 0) -> list[Stored]:
        """Every record of a topic from this offset on."""
        found = []
        with self._consumer() as consumer:
            tps = self._partitions(consumer, topic)
            ends = consumer.end_offsets(tps)
            consumer.assign(tps)
            for tp in tps:
                consumer.seek(tp, begin)
            while any(consumer.position(tp) < end for tp, end in ends.items()):
                for tp, batch in consumer.poll(1000).items():
                    found += [Stored(tp.partition, r.offset, r.key, r.value, dict(r.headers)) for r in batch]
        return found

    def alerts(self) -> list[dict[str, Any]]:
        """Every publication on the alert topic, decoded."""
        return [json.loads(record.value or b"") for record in self.records("stillwatch.alerts")]

    def dead_letters(self) -> list[dict[str, Any]]:
        """Every dead letter, decoded."""
        return [json.loads(record.value or b"") for record in self.records("stillwatch.dead-letter")]

    @contextmanager
    def _consumer(self) -> Iterator[KafkaConsumer]:
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap_servers, enable_auto_commit=False)
        try:
            yield consumer
        finally:
            consumer.close()

    def _partitions(self, consumer: KafkaConsumer, topic: str) -> list[TopicPartition]:
        numbers = consumer.partitions_for_topic(self.prefix + topic)
        return [TopicPartition(self.prefix + topic, number) for number in sorted(numbers)]
