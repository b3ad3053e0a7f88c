"""Snapshots: state as msgpack behind a version, refused when it cannot be read, never unpickled.

Whoever can write to a state topic must not be able to run code, and a state that is not understood must not be
guessed.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

STATE_VERSION = 1
"""Raised with every change of what a snapshot holds, also one that older releases would read without complaint: they
would drop what they do not know."""

UPGRADES: dict[int, Callable[[str, Any], Any]] = {}
"""For each older version that is still read, the step to the version after it.

A step gets the name of a state's type and its value as plain msgpack types, and returns the value of the next version.
It stays for as long as the version is read: a key that does not change keeps its old snapshot. A version from which
the steps do not lead to the present one is refused.
"""

State = TypeVar("State")
_encode = msgspec.msgpack.Encoder().encode


class SnapshotRefused(ValueError):
    """A snapshot that this version cannot read; the message says what to do."""


def encode_snapshot(state: Any) -> bytes:
    """Bytes of a state: one byte of version, then msgpack."""
    return bytes((STATE_VERSION,)) + _encode(state)


def oldest_readable() -> int:
    """The oldest version that this release reads."""
    version = STATE_VERSION
    while version - 1 in UPGRADES:
        version -= 1
    return version


def decode_snapshot(raw: bytes, decoder: "msgspec.msgpack.Decoder[State]", what: str) -> State:
    """State from its bytes; raises ``SnapshotRefused``."""
    version = raw[0] if raw else None
    try:
        if version == STATE_VERSION:
            return decoder.decode(raw[1:])
        if version is not None and oldest_readable() <= version < STATE_VERSION:
            return decoder.decode(_upgraded(raw, getattr(decoder.type, "__name__", str(decoder.type))))
    except (msgspec.DecodeError, LookupError, TypeError, ValueError) as error:
        raise SnapshotRefused(
            f"the snapshot of {what} is damaged ({error}): restore the state topic from a copy"
        ) from error
    raise SnapshotRefused(f"the snapshot of {what} has version {version}, {_instruction(version)}")


def _upgraded(raw: bytes, kind: str) -> bytes:
    value = msgspec.msgpack.decode(raw[1:])
    for version in range(raw[0], STATE_VERSION):
        value = UPGRADES[version](kind, value)
    return _encode(value)


def _instruction(version: int | None) -> str:
    """What is read here, and what to do about a version that is not."""
    oldest = oldest_readable()
    reads = f"this release reads {oldest}" + (f" to {STATE_VERSION}" if oldest < STATE_VERSION else "")
    way = "run the release that wrote it"
    if version is not None and version > STATE_VERSION:
        reads, way = f"{reads} and does not guess what a later one wrote", f"{way}, or a later one"
    elif version is not None:
        way += ", or upgrade over one that reads both (heading State in CHANGELOG.md)"
    return f"{reads}: {way}, or follow the upgrade notes in docs/operations.md to start with empty state"
