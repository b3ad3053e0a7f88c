"""What gateways and brokers compress can be read, whatever they compress with."""

from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords as WorkerRecords
from kafka.record import MemoryRecords as CommandRecords

VALUES = [b'{"event_id": "%d"}' % number for number in range(20)]
CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


@pytest.mark.parametrize("reader", [WorkerRecords, CommandRecords])
@pytest.mark.parametrize("codec", CODECS)
def test_every_compression_of_kafka_is_read(codec: str, reader: Any) -> None:
    """By the client of the worker and by that of the commands: which one a topic has is up to who writes to it."""
    batch = DefaultRecordBatchBuilder(2, CODECS[codec], 0, -1, -1, -1, 1_000_000)
    for offset, value in enumerate(VALUES):
        batch.append(offset, 1_772_409_721_290, None, value, [])
    records = reader(bytes(batch.build()))

    assert [record.value for record in records.next_batch()] == VALUES
