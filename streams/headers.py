"""The headers of Stillwatch's own messages: what kind a message is, and where it comes from.

The first header of a message tells its kind. A message of the usage topic without one of ours comes from a source
that writes canonical events itself, with whatever headers it likes; so ours have names that nobody else uses.
"""

import struct
from zlib import crc32

from aiokafka.structs import ConsumerRecord

Record = ConsumerRecord[bytes, bytes]
Headers = list[tuple[str, bytes]]

ORIGIN = "stillwatch-origin"
"""On a usage event: where it was read, so that what a restarted ingest repeats is recognised."""
PROGRESS = "stillwatch-progress"
"""On a message that carries event-time progress and nothing else."""
SENDER = "stillwatch-sender"
"""On an account bucket: the usage partition that it was made of."""
FEEDBACK = "stillwatch-feedback"
"""On a reviewer's decision in the links topic: where it was read, with Kafka's timestamp of it."""
AT = "at"
"""On every snapshot in a state topic: the first offset of the source that it does not include."""
JOURNAL = "journal"
"""On the record of a partition: how many journal records belong to it."""
SWEPT = "swept"
"""On the removal of an alert from the state topic: the event time of it (milliseconds since the epoch)."""

ORIGIN_FORMAT = struct.Struct(">QQ")
"""Source, and position: the offset of the message and the number of the event in it."""
_EVENTS_PER_MESSAGE = 2**20
FEEDBACK_FORMAT = struct.Struct(">QQq")
"""Source, offset and Kafka's timestamp."""
SENDER_FORMAT = struct.Struct(">I")
AT_FORMAT = struct.Struct(">Q")
JOURNAL_FORMAT = struct.Struct(">I")
SWEPT_FORMAT = struct.Struct(">q")

PROGRESS_HEADERS: Headers = [(PROGRESS, b"1")]


def source_of(topic: str, partition: int) -> int:
    """Return the number of a partition among those of all topics: offsets of another topic begin anew."""
    return crc32(topic.encode()) << 32 | partition


def partition_of_source(source: int) -> int:
    """Return the partition of a source."""
    return source & 0xFFFF_FFFF


def origin_of(source: int, offset: int, number: int) -> bytes:
    """Return the value of the origin header of the event with this number, from 0, in a message."""
    return ORIGIN_FORMAT.pack(source, offset * _EVENTS_PER_MESSAGE + number)


def kind_of(record: Record) -> tuple[str, bytes]:
    """Return the kind of a message and its header's value; empty for a message without headers."""
    return record.headers[0] if record.headers else ("", b"")


def value_of(record: Record) -> bytes:
    """Return the value of a message; empty where it has none."""
    return record.value or b""
