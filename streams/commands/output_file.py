"""Files that a command writes: never over what it reads, and whole or not at all."""

import errno
import os
import shutil
import signal
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import current_thread, main_thread
from typing import BinaryIO, cast

import click

from streams.event_files import open_stream

STANDARD_STREAM = Path("-")
_STANDARD_INPUT, _STANDARD_OUTPUT = 0, 1
_MOUNTED = frozenset((errno.EBUSY, errno.EXDEV))
"""Why a file cannot be replaced that was mounted into a container."""
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
"""What only writing can fail with."""


def refuse_inputs(option: str, output: Path, inputs: Iterable[tuple[str, Path | None]]) -> None:
    """Raise ``click.UsageError`` if the output is the same file as an input, whatever the two are called.

    Parameters
    ----------
    option, output
        What the output was given with, such as ``--alerts``, and its path.
    inputs
        What each input was given with, and its path: ``-`` is standard input, ``None`` what was not given.
    """
    target = _regular_file(output, _STANDARD_OUTPUT)
    for said, path in inputs:
        found = _regular_file(path, _STANDARD_INPUT) if path is not None else None
        if target is not None and found is not None and os.path.samestat(target, found):
            raise click.UsageError(f"{option} {output} would overwrite {said} {path}: they are the same file")


@contextmanager
def cleared_up_when_terminated() -> Iterator[None]:
    """Have SIGTERM unwind as Ctrl-C does, so that what is half written is removed, unless somebody else handles it."""
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL or current_thread() is not main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number: int, _: object) -> None:
    # What a shell shows of a process that a signal has ended.
    raise SystemExit(128 + number)


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its name when all is written; until then an earlier one stays as it was.

    What is no file, such as standard output (``-``) or a pipe, is written at once. A file that cannot be replaced,
    because it is mounted, gets the contents when all is written. Whatever fails is told of the path that was given.
    """
    if path == STANDARD_STREAM:
        open_stream(sys.stdout, "standard output")
    if not _can_be_replaced(path):
        with cast(BinaryIO, click.open_file(str(path), "wb")) as out:
            yield out
        return
    # A link stays a link: what it leads to is replaced.
    target = path.resolve()
    partial = target.with_name(f".stillwatch-{os.getpid()}.partial")
    with cleared_up_when_terminated(), _told_of(path, (partial, target)):
        try:
            with partial.open("wb") as out:
                yield out
            if target.exists():
                shutil.copymode(target, partial)
            _put(partial, target)
        finally:
            with suppress(FileNotFoundError):
                partial.unlink()


def _put(partial: Path, target: Path) -> None:
    try:
        partial.replace(target)
    except OSError as error:
        if error.errno not in _MOUNTED:
            raise
        shutil.copyfile(partial, target)


@contextmanager
def _told_of(path: Path, others: Iterable[Path]) -> Iterator[None]:
    """Name the path that was given in errors of writing, instead of others of which nobody has heard."""
    try:
        yield
    except OSError as error:
        is_ours = error.filename in map(str, others) if error.filename else error.errno in _FULL
        if not is_ours:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _can_be_replaced(path: Path) -> bool:
    if path == STANDARD_STREAM:
        return False
    if not path.exists():
        return True
    found = _regular_file(path, _STANDARD_OUTPUT)
    # /dev/stdout may lead to a file, in which more is printed afterwards.
    return found is not None and not os.path.samestat(found, os.fstat(_STANDARD_OUTPUT))


def _regular_file(path: Path, standard: int) -> os.stat_result | None:
    """Identity of a file; ``None`` for what is none, such as a pipe, and for what is not there."""
    try:
        found = os.fstat(standard) if path == STANDARD_STREAM else path.stat()
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None
