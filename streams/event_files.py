"""Recorded events in files: JSON lines, plain or gzip."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, TextIO, cast

STANDARD_INPUT = Path("-")


class UnreadableFileError(ValueError):
    """A file that is not what its name says, such as a gzip file cut short."""


class EventFiles:
    """The lines of files in the order given, and how far the reading has come.

    Parameters
    ----------
    paths
        Files; the ending ``.gz`` says that one is compressed, ``-`` is standard input.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = list(paths)
        self._finished_bytes = 0
        self._open: BinaryIO | None = None

    @property
    def total_bytes(self) -> int | None:
        """Size of all files on disk (bytes); ``None`` when one is standard input or a pipe."""
        if not all(path.is_file() for path in self._paths):
            return None
        return sum(path.stat().st_size for path in self._paths)

    @property
    def read_bytes(self) -> int:
        """How much of ``total_bytes`` has been read."""
        return self._finished_bytes + (self._open.tell() if self._open is not None and self._open.seekable() else 0)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines without their ends, empty ones left out.

        Raises ``OSError`` for a file that cannot be opened and ``UnreadableFileError`` for a damaged one.
        """
        for path in self._paths:
            with ExitStack() as stack:
                raw = self._open = stack.enter_context(_opened(path))
                file = stack.enter_context(gzip.open(raw)) if path.suffix == ".gz" else raw
                try:
                    for line in cast(Iterable[bytes], file):
                        if stripped := line.rstrip(b"\r\n"):
                            yield stripped
                except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                    raise UnreadableFileError(f"{path} is no complete gzip file: {error}") from error
                self._finished_bytes = self.read_bytes
                self._open = None


def open_stream(stream: TextIO | None, name: str) -> TextIO:
    """Return a standard stream; raises ``OSError`` when whoever started the process has closed it."""
    if stream is None:
        raise OSError(f"{name} is closed")
    return stream


def _opened(path: Path) -> BinaryIO:
    if path != STANDARD_INPUT:
        return path.open("rb")
    # It stays open: it is not ours to close.
    return io.BufferedReader(io.FileIO(open_stream(sys.stdin, "standard input").fileno(), closefd=False))
