"""The running service as tests drive it: real worker processes on a real broker, killed when a test says so."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from kafka.admin import KafkaAdminClient

from detectors.windows import NEVER_MS
from streams.headers import PROGRESS
from streams.progress import decode_progress
from tests.stream.recordings import EAGER
from tests.stream.topics import Topics

READ_TOPICS = ("llm.usage", "stillwatch.usage", "stillwatch.links", "stillwatch.feedback", "stillwatch.alerts")
PARTITIONS = 4
_LOOK_SECONDS = 0.4
_pause = threading.Event()

Found = TypeVar("Found")


@dataclass
class LiveService(Topics):
    """Topics of their own for one test and the worker processes on them."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    started: int = 0
    _links_read: int = 0
    _reached: dict[int, int] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Environment of every process of the service."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("STILLWATCH_")},
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "STILLWATCH_TOPIC_PREFIX": self.prefix,
            "STILLWATCH_GROUP_ID": f"{self.prefix}group",
            "STILLWATCH_IDLE_SECONDS": "600",
            "STILLWATCH_CHECKPOINT_INTERVAL_SECONDS": "1",
            "STILLWATCH_SESSION_TIMEOUT_SECONDS": "4",
            "STILLWATCH_HTTP_PORT": "0",
            "STILLWATCH_LOG_FORMAT": "json",
            "STILLWATCH_MAX_POLL_RECORDS": "200",
            "STILLWATCH_SPEC_FILE": str(self._eager_spec),
            **self.settings,
        }

    @property
    def _eager_spec(self) -> Path:
        path = self.folder / "spec.yaml"
        path.write_text(EAGER)
        return path

    def create_topics(self, partitions: int = PARTITIONS) -> None:
        """Create all topics with so many partitions, through the command that users have."""
        self.stillwatch("topics", "--partitions", str(partitions), "--replication-factor", "1")

    def stillwatch(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the product; a failure fails the test with its output."""
        done = subprocess.run(
            [sys.executable, "-m", "streams.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    # -- workers ----------------------------------------------------------------------------------

    def start_worker(self, **settings: str) -> subprocess.Popen[bytes]:
        """Start one more worker process."""
        self.started += 1
        with (self.folder / f"worker-{self.started}.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "streams.cli", "worker"],
                env=self.environment | settings,
                stdout=log,
                stderr=log,
            )
        self.workers.append(worker)
        return worker

    def kill_worker(self, index: int) -> None:
        """SIGKILL a worker: it gets no chance to finish anything."""
        self.end_worker(index, signal.SIGKILL)

    def end_worker(self, index: int, how: signal.Signals) -> None:
        """End a worker by a signal; by SIGTERM in good order."""
        worker = self.workers.pop(index)
        assert worker.poll() is None, f"ended by itself before it was told to\n{self.logs()}"
        worker.send_signal(how)
        assert worker.wait(40) == (0 if how is signal.SIGTERM else -how)

    def suspend(self, worker: subprocess.Popen[bytes]) -> None:
        """Stop a worker where it stands, as a machine without time for it does."""
        worker.send_signal(signal.SIGSTOP)

    def resume(self, worker: subprocess.Popen[bytes]) -> None:
        """Let a suspended worker go on."""
        worker.send_signal(signal.SIGCONT)

    def kill_all(self) -> None:
        """SIGKILL whatever still runs."""
        for worker in self.workers:
            worker.kill()
            worker.wait(10)
        self.workers.clear()

    def keep_running(self, is_done: Callable[[], bool], deadline_seconds: float) -> None:
        """Wait, and start a worker again whenever one has ended, as an orchestrator does."""

        def look() -> bool:
            for ended in [worker for worker in self.workers if worker.poll() is not None]:
                self.workers.remove(ended)
                self.start_worker()
            return is_done()

        self.wait_for("end of the work", look, deadline_seconds)

    def stop_workers(self) -> list[int]:
        """SIGTERM all workers and return their exit codes."""
        for worker in self.workers:
            worker.terminate()
        codes = [worker.wait(40) for worker in self.workers]
        self.workers.clear()
        return codes

    def exit_code(self, worker: subprocess.Popen[bytes], deadline_seconds: float) -> int:
        """Wait for a worker to end by itself."""
        self.workers.remove(worker)
        try:
            return worker.wait(deadline_seconds)
        except subprocess.TimeoutExpired:
            worker.kill()
            raise AssertionError(f"still running after {deadline_seconds} s\n{self.logs()}") from None

    def log_lines(self, number: int | None = None) -> list[dict[str, Any]]:
        """What the workers, or the one with this number from 1, have logged."""
        paths = sorted(self.folder.glob("worker-*.log" if number is None else f"worker-{number}.log"))
        lines = [line for path in paths for line in path.read_text(errors="replace").splitlines()]
        return [json.loads(line) for line in lines if line.endswith("}")]

    def logs(self) -> str:
        """The end of every log, for the message of a failing test."""
        return "\n".join(f"{p.name}: {p.read_text()[-3000:]}" for p in sorted(self.folder.glob("worker-*.log")))

    def get(self, number: int, path: str) -> tuple[int, str]:
        """Status and body of a page of the worker with this number, from 1."""
        port = self.wait_for(
            "the health port",
            lambda: next((e["port"] for e in self.log_lines(number) if e["event"] == "health.listening"), None),
        )
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def delete_topic(self, topic: str) -> None:
        """Delete a topic with all that it holds."""
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        try:
            admin.delete_topics([self.prefix + topic])
            self.wait_for("end of the topic", lambda: self.prefix + topic not in admin.list_topics())
        finally:
            admin.close()

    # -- waiting ----------------------------------------------------------------------------------

    def wait_for(self, what: str, look: Callable[[], Found | None], deadline_seconds: float = 60) -> Found:
        """Look again and again until there is something to be seen."""
        deadline = time.monotonic() + deadline_seconds
        while time.monotonic() < deadline:
            if found := look():
                return found
            _pause.wait(_LOOK_SECONDS)
        raise AssertionError(f"no {what} after {deadline_seconds} s\n{self.logs()}")

    def event_time_reached(self) -> int:
        """How far all usage partitions have come, as the campaigns stage is told; milliseconds since the epoch."""
        for record in self.records("stillwatch.links", begin=self._links_read):
            self._links_read = record.offset + 1
            if PROGRESS in record.headers:
                for report in decode_progress(record.value or b"").reports:
                    known = self._reached.get(report.partition, NEVER_MS)
                    self._reached[report.partition] = max(known, report.watermark_ms)
        return min(self._reached.get(number, NEVER_MS) for number in range(PARTITIONS))

    def campaigns_watermark_ms(self) -> int | None:
        """How far the campaigns stage has come, as the metrics of the first worker tell."""
        _, metrics = self.get(1, "/metrics")
        name = 'stillwatch_watermark_seconds{partition="0",stage="campaigns"} '
        found = [float(line.removeprefix(name)) for line in metrics.splitlines() if line.startswith(name)]
        return round(found[0] * 1000) if found else None

    def snapshots(self) -> list[str]:
        """Accounts that have a snapshot."""
        keys = {record.key or b"" for record in self.records("stillwatch.account-state")}
        return [key.decode() for key in keys if not key.startswith(b"\x00")]

    def are_all_committed(self) -> bool:
        """Whether all that is stored is read and committed."""
        ends = {(topic, p): end for topic in READ_TOPICS for p, end in self.end_offsets(topic).items()}
        committed = self.committed()
        return all(committed.get(place, 0) == end for place, end in ends.items())

    def is_drained(self, event_time_ms: int) -> bool:
        """Whether event time has come so far and all that is stored is read and committed."""
        return self.event_time_reached() >= event_time_ms and self.are_all_committed()

    def wait_until_drained(self, event_time_ms: int, deadline_seconds: float = 150) -> None:
        """Wait until event time has come so far and all that is stored is read and committed."""
        self.wait_for(
            f"end of the work (event time {event_time_ms})", lambda: self.is_drained(event_time_ms), deadline_seconds
        )

    def is_committed(self, topic: str, at_least: int) -> bool:
        """Whether the workers have committed so many messages of a topic in all."""
        return sum(offset for (name, _), offset in self.committed().items() if name == topic) >= at_least

    def wait_for_messages(self, topic: str, at_least: int, deadline_seconds: float = 90) -> None:
        """Wait until a topic holds so many messages."""
        self.wait_for(f"{at_least} messages", lambda: self.messages(topic) >= at_least, deadline_seconds)

    def wait_for_committed(self, at_least: int, deadline_seconds: float = 90, topic: str = "llm.usage") -> None:
        """Wait until the workers have committed so many messages of a topic in all."""
        self.wait_for(f"commit of {at_least} messages", lambda: self.is_committed(topic, at_least), deadline_seconds)
