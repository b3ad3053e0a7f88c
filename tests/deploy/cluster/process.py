"""Processes that make up a cluster: started with a log of their own, watched while waiting, stopped in order."""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

STOP_SECONDS = 15
POLL_SECONDS = 0.2


class ClusterFailed(Exception):
    """A part of the cluster died or did not come up; the message ends with the last lines of its log."""


class Processes:
    """Background processes with their logs in a folder; stopped in reverse order."""

    def __init__(self, folder: Path, prefix: Sequence[str] = ()) -> None:
        self._folder = folder
        self.prefix = list(prefix)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, list[str]] = {}
        self._attempts: dict[str, int] = {}

    def start(self, name: str, command: Sequence[str], *, attempts: int = 1) -> None:
        """Start a process in a session of its own, so that a Ctrl-C reaches the tests and not the cluster.

        It is started again, as an init system would, until so many attempts have failed.
        """
        self._commands[name] = list(command)
        self._attempts[name] = attempts - 1
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                ["nice", "-n", "5", *self.prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def pid(self, name: str) -> int:
        """The process id of a running process."""
        return self._running[name].pid

    def wait_for(self, what: str, is_done: Callable[[], bool], seconds: float = 90) -> None:
        """Wait until something is so. Raises ``ClusterFailed`` when it takes too long or a process dies."""
        deadline = time.monotonic() + seconds
        while not is_done():
            for name, process in list(self._running.items()):
                if process.poll() is not None and self._attempts[name] > 0:
                    self.start(name, self._commands[name], attempts=self._attempts[name])
                elif process.poll() is not None:
                    raise ClusterFailed(
                        f"{name} ended with {process.returncode} while waiting for {what}:\n{self._tail(name)}"
                    )
            if time.monotonic() > deadline:
                tails = "\n".join(f"== {name}\n{self._tail(name)}" for name in self._running)
                raise ClusterFailed(f"{what}: not after {seconds:.0f} s\n{tails}")
            time.sleep(POLL_SECONDS)

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        """Stop one process; by force when it does not follow."""
        process = self._running.pop(name, None)
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop_all(self) -> None:
        """Stop everything that is left, the last started first."""
        for name in reversed(list(self._running)):
            self.stop(name)

    def _tail(self, name: str) -> str:
        return "\n".join((self._folder / f"{name}.log").read_text(errors="replace").splitlines()[-15:])
