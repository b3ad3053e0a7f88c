"""Run a command while a broker serves, and leave no process behind, whoever ends it and how."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
WATCHED = {*FORWARDED, signal.SIGCHLD}
GRACE_SECONDS = 30.0
POLL_SECONDS = 0.5
SIGNALLED = 128


def run(command: list[str], environment: dict[str, str]) -> int:
    """Run a command to its end and return its exit code; a signal becomes 128 plus its number, as in a shell.

    A signal sent to this process goes on to the command; one from the terminal has reached it already. What the
    command leaves running in the background is ended too.
    """
    # Orphans of the command become children of this process, which can then find them.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1)
    before = _children()
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, previous),  # noqa: PLW1509  one thread only
        )
        code = _wait(process)
    finally:
        _end(lambda: _children() - before)
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
    return code if code >= 0 else SIGNALLED - code


def _wait(process: subprocess.Popen[bytes]) -> int:
    deadline: float | None = None
    while (code := process.poll()) is None:
        info = signal.sigtimedwait(WATCHED, POLL_SECONDS)
        if info is not None and info.si_signo in FORWARDED:
            is_from_a_process = info.si_code <= 0
            if is_from_a_process:
                process.send_signal(info.si_signo)
            deadline = deadline or time.monotonic() + GRACE_SECONDS
        if deadline is not None and time.monotonic() > deadline:
            process.kill()
    return code


def _children() -> set[int]:
    """Living child processes of this one, and no zombies."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return {pid for pid in found if _is_alive(pid)}


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _end(remaining: Callable[[], set[int]]) -> None:
    """End processes politely, then by force; each round may bring to light children of those just ended."""
    for number, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + seconds
        signalled: set[int] = set()
        while (pids := remaining()) and time.monotonic() < deadline:
            for pid in pids - signalled:
                _signal(pid, number)
            signalled |= pids
            time.sleep(POLL_SECONDS / 10)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
