"""Record batches whose headers have names that are no UTF-8.

Kafka keeps whatever bytes a producer gives as the name of a header. aiokafka takes them for UTF-8 and raises where they
are none, so one such message would end every reader that comes to it, for as long as its topic keeps it. Nobody needs
such a name; here each of its bytes that is no ASCII is read as a question mark.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

_OVERHEAD = Struct(">qi")
"""What a batch begins with: its first offset, and the number of bytes behind this."""
_FIGURES, _BLOBS = 4, 2
"""A record begins with figures: its size, attributes, time and offset. Behind them stand its key and its value."""
_ASCII = 128

_fetcher: Any = fetcher


class AnyNames:
    """``MemoryRecords`` of aiokafka, as far as its fetcher uses them."""

    def __init__(self, raw: bytes) -> None:
        self._records: Any = MemoryRecords(raw)
        self._raw = raw
        self._at = 0

    def has_next(self) -> bool:
        """Whether another whole batch is there."""
        return bool(self._records.has_next())

    def size_in_bytes(self) -> int:
        """Bytes of all batches."""
        return len(self._raw)

    def next_batch(self) -> "AnyNamesBatch":
        """Return the next batch."""
        batch = self._records.next_batch()
        begin = self._at
        _, size = _OVERHEAD.unpack_from(self._raw, begin)
        self._at = begin + _OVERHEAD.size + size
        return AnyNamesBatch(batch, memoryview(self._raw)[begin : self._at])


class AnyNamesBatch:
    """A batch of aiokafka; where a name in it is no UTF-8 it is read by its slow reader, with that name mended."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                yield record
                read += 1
        except UnicodeDecodeError:
            yield from _read_mended(self._raw)[read:]

    def __next__(self) -> Any:
        return next(self._batch)


def read_any_names() -> None:
    """Let all consumers of this process read batches with any names."""
    _fetcher.MemoryRecords = AnyNames


def _read_mended(raw: memoryview) -> list[Any]:
    batch: Any = _DefaultRecordBatchPy(raw)
    # This is when it uncompresses.
    iter(batch)
    _mend_names(batch._buffer, batch._pos)  # noqa: SLF001
    return list(batch)


def _mend_names(records: bytearray, at: int) -> None:
    """Make each name of a header that is no UTF-8 ASCII, as long as it was."""
    while at < len(records):
        for _ in range(_FIGURES):
            _, at = decode_varint(records, at)
        for _ in range(_BLOBS):
            at = _behind(records, at)
        count, at = decode_varint(records, at)
        for _ in range(count):
            size, begin = decode_varint(records, at)
            at = begin + size
            try:
                records[begin:at].decode()
            except UnicodeDecodeError:
                records[begin:at] = bytes(byte if byte < _ASCII else ord("?") for byte in records[begin:at])
            at = _behind(records, at)


def _behind(records: bytearray, at: int) -> int:
    """Where what stands behind bytes or nothing begins."""
    size, at = decode_varint(records, at)
    return at + max(0, size)
