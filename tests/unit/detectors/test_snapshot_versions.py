"""Snapshots of other versions: read through written steps, or refused with what to do; never guessed."""

from typing import Any

import msgspec
import pytest

from detectors import snapshot
from detectors.snapshot import SnapshotRefused, decode_snapshot, encode_snapshot, oldest_readable


class Place(msgspec.Struct, array_like=True):
    """A state of a test, of version 3."""

    name: str
    visits: int
    colour: str


DECODER = msgspec.msgpack.Decoder(Place)


def written(version: int, value: Any) -> bytes:
    """A snapshot as the release with that version has written it."""
    return bytes([version]) + msgspec.msgpack.encode(value)


@pytest.fixture
def third_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A release with version 3 that reads 2, and 1 by way of it."""
    monkeypatch.setattr(snapshot, "STATE_VERSION", 3)
    steps = {
        1: lambda kind, value: [*value, 0] if kind == "Place" else value,
        2: lambda kind, value: [*value, "grey"] if kind == "Place" else value,
    }
    monkeypatch.setattr(snapshot, "UPGRADES", steps)


@pytest.mark.usefixtures("third_version")
def test_an_older_snapshot_is_read_step_by_step() -> None:
    """Each older version arrives as the present one, and what is written then is the present version."""
    assert decode_snapshot(written(1, ["inn"]), DECODER, "a place") == Place("inn", 0, "grey")
    assert decode_snapshot(written(2, ["inn", 4]), DECODER, "a place") == Place("inn", 4, "grey")
    assert decode_snapshot(encode_snapshot(Place("inn", 4, "red")), DECODER, "a place") == Place("inn", 4, "red")
    assert encode_snapshot(Place("inn", 4, "red"))[0] == 3


@pytest.mark.usefixtures("third_version")
def test_a_step_is_told_which_state_it_gets() -> None:
    """A type that a version did not change passes through its step."""
    decoder = msgspec.msgpack.Decoder(dict[str, int])

    assert decode_snapshot(written(1, {"a": 1}), decoder, "counts") == {"a": 1}


@pytest.mark.usefixtures("third_version")
@pytest.mark.parametrize("raw", [b"\x01", b"\x01\xc1", written(1, 7), written(2, {"inn": 4}), written(2, [1, 2])])
def test_a_damaged_older_snapshot_is_refused(raw: bytes) -> None:
    """What a step cannot work with is damage, not a crash of another kind."""
    with pytest.raises(SnapshotRefused, match="restore the state topic from a copy"):
        decode_snapshot(raw, DECODER, "a place")


@pytest.mark.usefixtures("third_version")
def test_a_later_version_is_a_downgrade_and_refused() -> None:
    """Also where its layout would pass for ours: an older release would drop what it does not know."""
    with pytest.raises(SnapshotRefused, match=r"version 4, this release reads 1 to 3 and .* or a later one"):
        decode_snapshot(written(4, ["inn", 4, "red"]), DECODER, "a place")


def test_an_older_version_without_a_step_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gap in the steps ends what is read; the message names the way over a release in between."""
    monkeypatch.setattr(snapshot, "STATE_VERSION", 4)
    monkeypatch.setattr(snapshot, "UPGRADES", {1: lambda _, value: value, 3: lambda _, value: value})

    assert oldest_readable() == 3
    with pytest.raises(SnapshotRefused, match=r"version 2, this release reads 3 to 4: .* one that reads both"):
        decode_snapshot(written(2, ["inn", 4, "red"]), DECODER, "a place")
