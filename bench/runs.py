"""The measured processes: how each is started, what it reads, and how many messages it gets."""

import json
import os
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from broker.artifacts import cache_folder

PARTITIONS = 4
RUN_SECONDS = 900
REPORT_START = '{"events"'
ROOT = Path(__file__).resolve().parent.parent
PEERS_PYTHON = cache_folder() / "peers" / "bin" / "python"


@dataclass(frozen=True)
class Contestant:
    """One measured path.

    Parameters
    ----------
    letter, title
        How the report calls it.
    module
        The consuming process, under ``bench.consumers``.
    topic
        What it reads, without prefix.
    stage
        The stage of the service that it runs, empty for others.
    most_messages
        A slow path gets fewer.
    """

    letter: str
    title: str
    module: str
    topic: str = "stillwatch.usage"
    stage: str = ""
    most_messages: int = sys.maxsize
    is_peer: bool = False


INGEST = Contestant("f", "ingest with prompt text: admit, fingerprint, publish", "service", "llm.usage", "ingest")
ACCOUNT_PATH = Contestant("c", "**the account path of the service**", "service", stage="accounts")
CAMPAIGNS = Contestant("g", "the campaigns stage, account buckets", "service", "stillwatch.links", "campaigns")
OTHERS = (
    Contestant("a", "a naive Faust agent that decodes and counts", "naive_faust", most_messages=60_000),
    Contestant("b", "aiokafka `getmany`, decoding", "getmany"),
    Contestant("t", "the same detectors on the transport of the service, nothing else", "transport"),
    Contestant("d", "the same detectors inside Quix Streams 3.28.1", "quix", is_peer=True),
    Contestant("e", "the same detectors inside Bytewax 0.21.1", "bytewax_flow", is_peer=True),
)
EVERYBODY = (*OTHERS[:2], ACCOUNT_PATH, *OTHERS[2:], INGEST, CAMPAIGNS)


@dataclass(frozen=True)
class Repetition:
    """Topics of their own, filled by the service itself as the repetition goes on."""

    bootstrap_servers: str
    prefix: str

    @classmethod
    def begin(cls, bootstrap_servers: str) -> "Repetition":
        """Create the topics."""
        repetition = cls(bootstrap_servers, f"bench-{uuid.uuid4().hex[:8]}.")
        command = ["topics", "--partitions", str(PARTITIONS), "--replication-factor", "1"]
        subprocess.run(
            [sys.executable, "-m", "streams.cli", *command],
            env=repetition.environment(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return repetition

    def environment(self, stage: str = "") -> dict[str, str]:
        """The settings of a measured process."""
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "STILLWATCH_TOPIC_PREFIX": self.prefix,
            "STILLWATCH_GROUP_ID": f"{self.prefix}{stage}",
            **({"STILLWATCH_STAGES": json.dumps([stage])} if stage else {}),
            "STILLWATCH_HTTP_PORT": "0",
        }

    def stored(self, topic: str) -> int:
        """How many messages a topic holds."""
        consumer = KafkaConsumer(bootstrap_servers=self.bootstrap_servers)
        try:
            numbers = consumer.partitions_for_topic(self.prefix + topic) or set()
            ends = consumer.end_offsets([TopicPartition(self.prefix + topic, number) for number in numbers])
            return int(sum(ends.values()))
        finally:
            consumer.close()

    def measure(self, contestant: Contestant) -> dict[str, Any]:
        """Run one measured process to its end and return what it measured of itself."""
        expected = min(self.stored(contestant.topic), contestant.most_messages)
        python = PEERS_PYTHON if contestant.is_peer else Path(sys.executable)
        # Faust and Quix Streams make folders for tables where they run, also without any.
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [
                    str(python),
                    "-m",
                    f"bench.consumers.{contestant.module}",
                    self.prefix + contestant.topic,
                    str(expected),
                ],
                env=self.environment(contestant.stage),
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
                timeout=RUN_SECONDS,
            )
        reports = [line for line in done.stdout.splitlines() if line.startswith(REPORT_START)]
        if done.returncode != 0 or len(reports) != 1:
            said = f"{done.stdout[-500:]}\n{done.stderr[-2500:]}"
            raise RuntimeError(f"{contestant.module} reported nothing, exit code {done.returncode}:\n{said}")
        measured: dict[str, Any] = json.loads(reports[0])
        return measured | {"events_per_cpu_second": measured["events"] / measured["cpu_seconds"]}
