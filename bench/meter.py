"""What a consuming process measures of itself: CPU and wall time from its first event to its last."""

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn


@dataclass(frozen=True)
class Task:
    """What a consuming process is to do, from its command line and environment."""

    topic: str
    messages: int
    bootstrap_servers: str
    group: str


def task() -> Task:
    """The task of this process; the group is one that nobody had before."""
    topic, messages = sys.argv[1:3]
    return Task(topic, int(messages), os.environ["KAFKA_BOOTSTRAP_SERVERS"], f"bench-{time.time_ns()}")


class Meter:
    """Counts messages; what came before the first one (imports, joining a group) is not measured.

    ``messages`` tells when all is read. ``events`` leaves out progress of event time, which is nobody's work.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.events = 0
        self._cpu = 0.0
        self._wall = 0.0

    def begin(self) -> None:
        """Begin at the first call; later calls do nothing."""
        if self._wall == 0.0:
            self._cpu, self._wall = time.process_time(), time.monotonic()

    def report(self) -> None:
        """Print what was measured, as one line of JSON."""
        measured = {
            "events": self.events,
            "cpu_seconds": time.process_time() - self._cpu,
            "wall_seconds": time.monotonic() - self._wall,
            "peak_rss_bytes": _peak_rss_bytes(),
        }
        # Past whatever a framework has put in the place of sys.stdout, and on a line of its own.
        sys.stdout.flush()
        os.write(1, f"\n{json.dumps(measured)}\n".encode())

    def report_and_leave(self) -> NoReturn:
        """Print what was measured and end the process at once: leaving a group is nobody's throughput."""
        self.report()
        os._exit(0)


def _peak_rss_bytes() -> int:
    # Not from getrusage, whose peak includes the process that this one was forked from.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmHWM")
