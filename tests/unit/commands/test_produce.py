"""Reading recorded events and sending them at their pace."""

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from streams.commands import produce, progress_bar
from streams.commands.produce import Pace, Sender
from streams.commands.progress_bar import shown_lines
from streams.event_files import EventFiles, UnreadableFileError
from streams.settings import Settings


def test_lines_of_plain_and_packed_files_are_the_same(tmp_path: Path) -> None:
    """Files are read in the order given, gzip by its ending; empty lines and line ends are not part of an event."""
    plain, packed = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    plain.write_bytes(b'{"a":1}\n\r\n\n{"a":2}\r\n')
    packed.write_bytes(gzip.compress(b'{"a":3}\n{"a":4}'))

    assert list(EventFiles([plain, packed]).lines()) == [b'{"a":1}', b'{"a":2}', b'{"a":3}', b'{"a":4}']


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-20], lambda raw: b"xx" + raw, lambda raw: raw[:30] + b"\0" * 9 + raw[39:]]
)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, damage: Any) -> None:
    """A recording cut short is never taken for a complete one."""
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(damage(gzip.compress(b"".join(b"%d,%d\n" % (n, n * n) for n in range(5000)))))

    with pytest.raises(UnreadableFileError, match=r"cut\.jsonl\.gz"):
        list(EventFiles([path]).lines())


def test_progress_ends_where_the_files_end(tmp_path: Path) -> None:
    """How far the reading has come is told in bytes on disk and ends at their sum."""
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"]
    paths[0].write_bytes(b"x\n" * 1000)
    paths[1].write_bytes(gzip.compress(b"y\n" * 100_000))
    files = EventFiles(paths)
    seen = [files.read_bytes for _ in files.lines()]

    assert seen == sorted(seen)
    assert files.read_bytes == files.total_bytes == sum(path.stat().st_size for path in paths)


def test_standard_input_has_no_size(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A pipe is read like a file, without a progress bar."""
    source = tmp_path / "in"
    source.write_bytes(b"a\nb\n")
    with source.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        files = EventFiles([Path("-")])

        assert files.total_bytes is None
        assert list(shown_lines(files, "reading")) == [b"a", b"b"]


class Terminal(io.StringIO):
    """A standard error that people look at."""

    def isatty(self) -> bool:
        """Say that it is a terminal."""
        return True


@pytest.mark.parametrize(("quiet_seconds", "is_shown"), [(-1.0, True), (60.0, False)])
def test_a_bar_is_shown_for_what_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet_seconds: float, is_shown: bool
) -> None:
    """Slow reading shows how far it is, quick reading stays quiet, and no line is lost or doubled by either."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"".join(b"%d\n" % n for n in range(5000)))
    monkeypatch.setattr(progress_bar, "QUIET_SECONDS", quiet_seconds)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())

    assert list(shown_lines(EventFiles([path]), "reading")) == [b"%d" % n for n in range(5000)]
    assert ("100%" in terminal.getvalue()) is is_shown


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def test_pace_keeps_the_gaps_between_events() -> None:
    """An hour of events at sixty times their speed takes a minute, wherever the first one lies."""
    clock = Clock()
    pace = Pace(60.0, clock, clock.sleep)

    for at in ("2026-03-02T00:00:00Z", "2026-03-02T00:30:00Z", "2026-03-02T01:00:00Z"):
        if pace.must_wait(at):
            pace.wait()

    assert clock.now == pytest.approx(160.0)


def test_pace_keeps_a_gap_of_days() -> None:
    """However long a pause is, nothing is sent before its time."""
    clock = Clock()
    pace = Pace(2.0, clock, clock.sleep)
    pace.must_wait("2026-03-02T00:00:00Z")

    assert pace.must_wait("2026-03-04T00:00:00Z")
    pace.wait()
    assert clock.now == pytest.approx(100.0 + 86_400)


@pytest.mark.parametrize("at", ["2026-03-01T00:00:00Z", "yesterday", ""])
def test_what_is_overdue_or_no_time_is_sent_at_once(at: str) -> None:
    """Neither disorder nor an unreadable time holds up the sending."""
    clock = Clock()
    pace = Pace(1.0, clock, clock.sleep)
    pace.must_wait("2026-03-02T00:00:00Z")

    assert not pace.must_wait(at)


class Stored:
    """The outcome of one send."""

    def __init__(self, value: bytes) -> None:
        self._value = value

    def get(self, timeout: float) -> None:
        """Tell whether it was stored."""
        if b"lost" in self._value:
            raise KafkaTimeoutError("not stored")


class Producer:
    """A producer that keeps what it is given; values with `lost` are not stored, `huge` ones refused."""

    def __init__(self, **_: object) -> None:
        self.sent: list[tuple[bytes, bytes | None]] = []
        self.flushes = 0

    def send(self, topic: str, value: bytes, key: bytes | None) -> Stored:
        """Take one message."""
        if b"huge" in value:
            raise MessageSizeTooLargeError("too large")
        self.sent.append((value, key))
        return Stored(value)

    def flush(self) -> None:
        """Count the flushes."""
        self.flushes += 1

    def close(self, timeout: float) -> None:
        """Stop."""


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Sender:
    """A sender on a producer that keeps what it is given."""
    monkeypatch.setattr(produce, "_producer_client", Producer)
    return Sender(Settings(), "t", is_keyed=True)


def test_keys_are_the_accounts(sender: Sender) -> None:
    """With keys by account each event is keyed, and what names no account goes without."""
    events = [{"account_id": "a\u00e9"}, {"account_id": None}, {"account_id": 7}, {}]
    lines = [json.dumps(event).encode() for event in events] + [b"not json", b"[" * 5000]
    sender.send_all(lines, None)

    assert [key for _, key in sender._producer.sent] == ["a\u00e9".encode(), None, None, None, None, None]
    assert [value for value, _ in sender._producer.sent] == lines
    assert sender.sent == len(lines)


def test_what_could_not_be_sent_is_counted_by_reason(sender: Sender) -> None:
    """A message that is too large or not stored stops nothing and is told."""
    sender.send_all([b"1", b"huge", b"lost", b"2"], None)

    assert sender.sent == 2
    assert sender.failures == {"MessageSizeTooLargeError": 1, "KafkaTimeoutError": 1}


def test_no_more_than_so_many_are_on_their_way(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded, however long the recording."""
    monkeypatch.setattr(produce, "UNCONFIRMED_EVENTS", 10)
    sender.send_all([b"x"] * 35, None)

    assert sender._producer.flushes == 4
    assert sender.sent == 35


def test_a_paced_event_waits_until_those_before_it_are_stored(sender: Sender) -> None:
    """Before a pause everything due is on the broker, not in a buffer."""
    clock = Clock()
    lines = [json.dumps({"occurred_at": f"2026-03-02T00:00:0{n}Z"}).encode() for n in (0, 0, 5)]
    flushed_at: list[tuple[float, int]] = []
    sender._producer.flush = lambda: flushed_at.append((clock.now, len(sender._producer.sent)))
    sender.send_all(lines, Pace(1.0, clock, clock.sleep))

    assert flushed_at == [(100.0, 2), (105.0, 3)]
