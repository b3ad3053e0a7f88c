"""A progress bar on standard error, for people only."""

import sys
import time
from collections.abc import Iterator

import click

from streams.event_files import EventFiles

QUIET_SECONDS = 1.0
"""What is done within this time needs no bar."""
_REFRESH_SECONDS = 0.1
_LINES_PER_LOOK = 64


def shown_lines(files: EventFiles, label: str) -> Iterator[bytes]:
    """Yield the lines of files; when a terminal looks on and it takes longer than a second, with a progress bar."""
    total = files.total_bytes
    if total is None or not sys.stderr.isatty():
        yield from files.lines()
        return
    lines = files.lines()
    yield from _until_slow(lines)
    if (line := next(lines, None)) is None:
        return
    yield line
    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        shown_at = 0.0
        for number, line in enumerate(lines):
            yield line
            if number % _LINES_PER_LOOK == 0 and time.monotonic() - shown_at > _REFRESH_SECONDS:
                shown_at = time.monotonic()
                bar.update(files.read_bytes - bar.pos)
        bar.update(total - bar.pos)


def _until_slow(lines: Iterator[bytes]) -> Iterator[bytes]:
    began = time.monotonic()
    for line in lines:
        yield line
        if time.monotonic() - began > QUIET_SECONDS:
            return
