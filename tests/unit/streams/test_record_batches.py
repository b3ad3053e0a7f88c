"""Record batches: whatever the names of headers are, every message is read."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from hypothesis import given
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatchBuilder

from streams.record_batches import read_any_names

STORED_MS = 1_772_409_721_290
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
Message = tuple[bytes | None, bytes | None, list[tuple[bytes, bytes | None]]]
"""Key, value and headers."""

blobs = st.none() | st.binary(max_size=200)
messages = st.tuples(blobs, blobs, st.lists(st.tuples(st.binary(max_size=100), blobs), max_size=3))
_builder: Any = DefaultRecordBatchBuilder


class Name(str):
    """A name whose bytes are those of its characters."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        """Bytes of the name."""
        return super().encode("latin-1")


def batch(sent: list[Message], codec: str = "none") -> bytes:
    """A batch as a producer sends it and the broker keeps it."""
    builder = _builder(2, CODECS[codec], 0, -1, -1, -1, 1_000_000)
    for offset, (key, value, headers) in enumerate(sent):
        builder.append(offset, STORED_MS + offset, key, value, [(Name(n.decode("latin-1")), v) for n, v in headers])
    return bytes(builder.build())


def fetched(*batches: bytes) -> list[Any]:
    """What a consumer makes of batches that it has fetched."""
    read_any_names()
    raw = fetcher.MemoryRecords(b"".join(batches))
    return list(fetcher.PartitionRecords(TopicPartition("in", 0), raw, [], 0, None, None, True, 1))


@pytest.mark.parametrize("codec", CODECS)
def test_a_name_that_is_no_utf_8_hides_no_message(codec: str) -> None:
    """Its message is read, and so are those before and behind it, however they were compressed."""
    headers: list[tuple[bytes, bytes | None]] = [(b"caf\xe9", b"1"), ("caf\u00e9".encode(), None)]
    read = fetched(batch([(b"k", b"first", []), (None, b"odd", headers), (b"k", b"last", [(b"name", b"2")])], codec))

    assert [(r.offset, r.timestamp, r.key, r.value) for r in read] == [
        (0, STORED_MS, b"k", b"first"),
        (1, STORED_MS + 1, None, b"odd"),
        (2, STORED_MS + 2, b"k", b"last"),
    ]
    assert [r.headers for r in read] == [(), (("caf?", b"1"), ("caf\u00e9", None)), (("name", b"2"),)]


@given(st.lists(messages, min_size=1, max_size=5))
def test_what_is_no_name_is_read_as_it_is(sent: list[Message]) -> None:
    """Keys, values and those of headers are bytes, which no name changes."""
    read = fetched(batch(sent))

    assert [(r.key, r.value, [value for _, value in r.headers]) for r in read] == [
        (key, value, [v for _, v in headers]) for key, value, headers in sent
    ]


def test_what_was_aborted_stays_unread() -> None:
    """A reader of what is committed looks at what a batch says of itself, and at the marker that ends a transaction."""
    read_any_names()
    aborted = _builder(2, 0, 1, 7, 0, 0, 1_000)
    aborted.append(0, STORED_MS, None, b"aborted", [(Name("\xff"), b"")])
    raw = fetcher.MemoryRecords(bytes(aborted.build()))
    read = fetcher.PartitionRecords(TopicPartition("in", 0), raw, [(7, 0)], 0, None, None, True, fetcher.READ_COMMITTED)

    assert list(read) == []
