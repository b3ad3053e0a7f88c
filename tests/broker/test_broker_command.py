"""``broker/kafka`` starts real brokers and leaves nothing behind, however it is ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient

pytestmark = pytest.mark.broker

KAFKA = [sys.executable, str(Path(__file__).parents[2] / "broker" / "kafka")]
READY = "running"
LEAVES_A_CHILD_BEHIND = f"sleep 600 & echo $! ; echo {READY}; exec sleep 600"


def environment(temporary: Path, bootstrap_servers: str | None = None) -> dict[str, str]:
    """An environment that names a broker only when told to, with temporary files of its own."""
    named = {} if bootstrap_servers is None else {"KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers}
    rest = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
    return {**rest, **named, "TMPDIR": str(temporary), "STILLWATCH_BROKER_HEAP": "384m"}


def kafka(temporary: Path, *arguments: str, bootstrap_servers: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``broker/kafka`` to its end."""
    return subprocess.run(
        [*KAFKA, *arguments],
        env=environment(temporary, bootstrap_servers),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def processes_naming(folder: Path) -> list[str]:
    """Command lines of living processes that mention a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found


def wait_until_none_of(folder: Path, pid: int) -> None:
    """Wait until no process mentions the folder and a process is gone."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (processes_naming(folder) or Path(f"/proc/{pid}").exists()):
        time.sleep(0.1)

    assert processes_naming(folder) == []
    assert not Path(f"/proc/{pid}").exists()


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A folder for a named cluster, which is stopped when the test forgot to."""
    yield tmp_path / "data"
    kafka(tmp_path, "stop", "--delete", "--data", str(tmp_path / "data"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_ends_everything_on_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    """Broker, command and what the command left in the background are gone, and so is the data."""
    with subprocess.Popen(
        # A shell starts what it puts into the background deaf to SIGINT, and these tests perhaps with it.
        ["env", "--default-signal=INT", *KAFKA, "run", "--", "bash", "-c", LEAVES_A_CHILD_BEHIND],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        background = int(running.stdout.readline())
        assert running.stdout.readline().strip() == READY
        running.send_signal(number)
        code = running.wait(60)

    assert code == 128 + number
    wait_until_none_of(tmp_path, background)
    assert list(tmp_path.iterdir()) == []


def test_the_broker_of_run_dies_with_it(tmp_path: Path) -> None:
    """SIGKILL leaves no chance to clean up, and yet no broker."""
    with subprocess.Popen(
        [*KAFKA, "run", "--", "bash", "-c", f"echo $$; echo {READY}; exec sleep 15"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        command = int(running.stdout.readline())
        running.kill()
        running.wait(10)
    os.kill(command, signal.SIGKILL)

    wait_until_none_of(tmp_path, command)


def test_run_passes_on_the_code_and_the_address(tmp_path: Path) -> None:
    """The command gets the broker's address, and its exit code is the one of ``run``."""
    done = kafka(tmp_path, "run", "--", "bash", "-c", "echo at $KAFKA_BOOTSTRAP_SERVERS; exit 7")

    assert done.returncode == 7
    assert done.stdout.startswith("at 127.0.0.1:")
    assert processes_naming(tmp_path) == []


def test_a_named_broker_is_used_and_none_started(tmp_path: Path) -> None:
    """KAFKA_BOOTSTRAP_SERVERS goes through unchanged, at once."""
    done = kafka(
        tmp_path, "run", "--", "bash", "-c", "echo at $KAFKA_BOOTSTRAP_SERVERS", bootstrap_servers="10.0.0.1:9092"
    )

    assert done.stdout == "at 10.0.0.1:9092\n"
    assert done.stderr == ""


def test_a_command_that_does_not_exist_starts_no_broker(tmp_path: Path) -> None:
    """The mistake is told in one line, before anything is started."""
    done = kafka(tmp_path, "run", "--", "no-such-command")

    assert done.returncode == 1
    assert done.stderr == "broker/kafka: no such command to run: no-such-command\n"


def test_stored_records_survive_a_killed_node(tmp_path: Path, data: Path) -> None:
    """A node killed and restarted serves at the same address what it had stored."""
    address = kafka(tmp_path, "start", "--data", str(data)).stdout.strip()
    create_topic(address, replication_factor=1)
    send(address, 100)

    assert kafka(tmp_path, "kill", "1", "--data", str(data)).returncode == 0
    assert kafka(tmp_path, "status", "--data", str(data)).returncode == 1
    assert kafka(tmp_path, "restart", "1", "--data", str(data)).returncode == 0

    assert stored(address) == 100
    assert kafka(tmp_path, "stop", "--delete", "--data", str(data)).returncode == 0
    assert not data.exists()
    assert processes_naming(tmp_path) == []


def test_three_nodes_serve_without_one(tmp_path: Path, data: Path) -> None:
    """A record acknowledged by all in-sync replicas is there when its leader is not."""
    addresses = kafka(tmp_path, "start", "--nodes", "3", "--data", str(data)).stdout.strip()
    create_topic(addresses, replication_factor=3)
    send(addresses, 50)

    assert kafka(tmp_path, "kill", "1", "--data", str(data)).returncode == 0
    send(addresses, 50)

    assert stored(addresses) == 100


def create_topic(bootstrap_servers: str, replication_factor: int) -> None:
    """Create the topic ``t`` with one partition."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        admin.create_topics(
            {"t": {"num_partitions": 1, "replication_factor": replication_factor}}, wait_for_metadata=True
        )
    finally:
        admin.close()


def send(bootstrap_servers: str, count: int) -> None:
    """Send so many records and wait until they are stored."""
    producer = KafkaProducer(bootstrap_servers=bootstrap_servers, acks="all")
    try:
        sent = [producer.send("t", str(i).encode()) for i in range(count)]
        for future in sent:
            future.get(60)
    finally:
        producer.close()


def stored(bootstrap_servers: str) -> int:
    """How many records the topic ``t`` holds."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap_servers)
    try:
        return int(consumer.end_offsets([TopicPartition("t", 0)])[TopicPartition("t", 0)])
    finally:
        consumer.close()
