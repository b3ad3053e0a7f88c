"""Files that a command writes: where they cannot be replaced, and under which name failures are told."""

import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.commands.output_file import written_whole


def failing(number: int) -> OSError:
    """The error that renaming a partial file gives."""
    return OSError(number, os.strerror(number), ".stillwatch-1.partial", None, "target")


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EXDEV])
def test_a_mounted_file_gets_the_contents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """A file that is mounted into a container stays the file that it is, and keeps what it had until the end."""

    def replace(_: Path, __: Path) -> Path:
        raise failing(number)

    monkeypatch.setattr(Path, "replace", replace)
    path = tmp_path / "alerts.jsonl"
    path.write_text("of an earlier replay")
    before = path.stat().st_ino
    with written_whole(path) as out:
        out.write(b"new")
        assert path.read_text() == "of an earlier replay"

    assert (path.read_text(), path.stat().st_ino) == ("new", before)
    assert [file.name for file in tmp_path.iterdir()] == ["alerts.jsonl"]


def test_failures_are_told_of_the_path_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not of the name under which the file is written at first, nor of where a link leads."""

    def replace(self: Path, target: Path) -> Path:
        raise OSError(errno.EACCES, "Permission denied", str(self), None, str(target))

    monkeypatch.setattr(Path, "replace", replace)
    path = tmp_path / "link"
    path.symlink_to("alerts.jsonl")
    with pytest.raises(PermissionError) as raised, written_whole(path):
        pass

    assert (raised.value.filename, raised.value.filename2) == (str(path), None)
    assert [file.name for file in tmp_path.iterdir()] == ["link"]


def test_a_full_disk_is_told_of_the_output(tmp_path: Path) -> None:
    """Writing fails without a name."""
    with pytest.raises(OSError, match="No space left") as raised, written_whole(tmp_path / "alerts.jsonl"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert raised.value.filename == str(tmp_path / "alerts.jsonl")


@pytest.mark.parametrize(
    "error", [FileNotFoundError(errno.ENOENT, "gone", "input"), ConnectionResetError(104, "reset")]
)
def test_failures_of_others_stay_theirs(tmp_path: Path, error: OSError) -> None:
    """What is read while the file is written may fail too."""
    with pytest.raises(OSError) as raised, written_whole(tmp_path / "alerts.jsonl"):  # noqa: PT011
        raise error

    assert raised.value is error


@pytest.fixture
def nobody_handles_sigterm() -> Iterator[None]:
    """As in a command's own process; other tests leave handlers behind."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("nobody_handles_sigterm")
def test_a_signal_leaves_no_half_file(tmp_path: Path) -> None:
    """SIGTERM unwinds as Ctrl-C does, and afterwards means what it did."""
    with pytest.raises(SystemExit) as raised, written_whole(tmp_path / "alerts.jsonl"):  # noqa: PT012
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        signal.raise_signal(signal.SIGTERM)

    assert raised.value.code == 128 + signal.SIGTERM
    assert [*tmp_path.iterdir()] == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
