"""Snapshots: state as msgpack behind a version, refused when it cannot be read, never unpickled.

Whoever can write to a state topic must not be able to run code, and a state that is not understood must not be
guessed.
"""

from typing import Any, TypeVar

import msgspec

STATE_VERSION = 1
"""Raised whenever older snapshots can no longer be read as they are."""

State = TypeVar("State")
_encode = msgspec.msgpack.Encoder().encode


class SnapshotRefused(ValueError):
    """A snapshot that this version cannot read; the message says what to do."""


def encode_snapshot(state: Any) -> bytes:
    """Bytes of a state: one byte of version, then msgpack."""
    return bytes((STATE_VERSION,)) + _encode(state)


def decode_snapshot(raw: bytes, decoder: "msgspec.msgpack.Decoder[State]", what: str) -> State:
    """State from its bytes; raises ``SnapshotRefused``."""
    version = raw[0] if raw else None
    if version != STATE_VERSION:
        raise SnapshotRefused(
            f"the snapshot of {what} has version {version}, this release reads {STATE_VERSION}: run the release that "
            "wrote it, or follow the upgrade notes in docs/operations.md to start with empty state"
        )
    try:
        return decoder.decode(raw[1:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotRefused(
            f"the snapshot of {what} is damaged ({error}): restore the state topic from a copy"
        ) from error
