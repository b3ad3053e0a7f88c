"""The commands that talk to Kafka, on a real broker."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from streams.topics import ROLES
from tests.conformance.record import publication
from tests.stream.live import LiveService
from tests.stream.test_poison import event

pytestmark = pytest.mark.broker


def attempt(service: LiveService, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that may fail."""
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env=service.environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_topics_are_created_once_and_then_found_as_they_should_be(service: LiveService) -> None:
    """Before, everything is missing; after, nothing; a second run changes nothing; other wishes are answered."""
    missing = attempt(service, "topics", "--check", "--replication-factor", "1", "--json")
    assert missing.returncode == 1
    assert len(json.loads(missing.stdout)["differences"]) == len(ROLES)

    created = service.stillwatch("topics", "--partitions", "3", "--replication-factor", "1", "--json")
    assert len(json.loads(created.stdout)["created"]) == len(ROLES)

    again = service.stillwatch("topics", "--partitions", "3", "--replication-factor", "1", "--json")
    assert json.loads(again.stdout) == {"created": [], "differences": []}
    assert (
        json.loads(service.stillwatch("topics", "--check", "--replication-factor", "1", "--json").stdout)["differences"]
        == []
    )

    other = service.stillwatch("topics", "--partitions", "5", "--replication-factor", "1")
    assert "has 3 partitions, not 5" in other.stderr


def test_more_copies_than_brokers_is_told_in_one_line(service: LiveService) -> None:
    """What the cluster cannot do is said in its own words, without a traceback."""
    done = attempt(service, "topics", "--replication-factor", "9", "--no-input")

    assert done.returncode == 1
    assert "replication factor" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_what_is_produced_is_what_was_recorded(service: LiveService, tmp_path: Path) -> None:
    """Every line arrives as it is, once, keyed as asked, those of one account in one partition and in order."""
    service.create_topics(partitions=3)
    lines = [json.dumps({"account_id": f"acct_{n % 7}", "n": n}).encode() for n in range(500)] + [b"not json"]
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(lines))
    topic = f"{service.prefix}llm.usage"

    keyed = service.stillwatch("produce", str(path), "--topic", topic, "--key-by", "account", "--json")
    assert json.loads(keyed.stdout)["sent"] == len(lines)

    records = service.records("llm.usage")
    assert sorted(value for *_, value, _ in records) == sorted(lines)
    for account in range(7):
        mine = [(p, json.loads(value)["n"]) for p, _, key, value, _ in records if key == f"acct_{account}".encode()]
        assert len({partition for partition, _ in mine}) == 1
        assert [n for _, n in mine] == sorted(n for _, n in mine)


def test_a_topic_that_is_not_there_is_told(service: LiveService, tmp_path: Path) -> None:
    """Neither sending nor following invents a topic."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"{}\n")

    for arguments in (("produce", str(path), "--topic", "nowhere"), ("consume-alerts", "--topic", "nowhere")):
        done = attempt(service, *arguments)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "there is no topic nowhere" in done.stderr


def test_an_event_that_kafka_refuses_is_counted_and_the_exit_code_is_one(service: LiveService, tmp_path: Path) -> None:
    """The rest is sent; what could not be is told by reason."""
    service.create_topics(partitions=1)
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"{}\n" + b"x" * 9_000_000 + b"\n{}\n")

    done = attempt(service, "produce", str(path))
    assert done.returncode == 1
    assert "2 events sent" in done.stdout
    assert "1 MessageSizeTooLargeError" in done.stderr


@pytest.fixture
def published(service: LiveService) -> LiveService:
    """A service with alerts in its alert topic, and the newest of each subject in its state topic."""
    service.create_topics(partitions=2)
    far = {"expires_at": "2100-01-01T00:00:00Z"}
    alerts = [
        publication("a", 1),
        publication("campaign_1", 1, accounts=["acct_b", "acct_c"]),
        publication("campaign_1", 2, "updated", accounts=["acct_b", "acct_d"]),
        publication("a", 2, "retracted"),
    ]
    standing = [json.dumps(json.loads(alert) | far).encode() for alert in alerts]
    subjects = [b"acct_a", b"campaign_1", b"campaign_1", b"acct_a"]
    service.send("stillwatch.alerts", standing, keys=subjects)
    service.send("stillwatch.alert-state", [standing[2], standing[3], b"noise"], keys=[b"campaign_1", b"acct_a", b"x"])
    return service


def decisions(done: subprocess.CompletedProcess[str]) -> list[tuple[str, list[str]]]:
    """Return the decisions of a run of the consumer."""
    return [(d["decision"], d["account_ids"]) for d in map(json.loads, done.stdout.splitlines())]


def test_a_new_consumer_gets_the_present_state(published: LiveService) -> None:
    """From the state topic alone it knows who to act on, and passes over what it cannot read."""
    done = published.stillwatch("consume-alerts", "--timeout-seconds", "2", "--json")

    assert decisions(done) == [("enforce", ["acct_b", "acct_d"])]
    assert "1 unreadable" in done.stderr
    assert "2 accounts are acted on now" in done.stderr


def test_a_consumer_of_the_history_ends_in_the_same_state(published: LiveService) -> None:
    """Read from the beginning, the alert topic leads to where the state topic stands."""
    topic = f"{published.prefix}stillwatch.alerts"
    done = published.stillwatch(
        "consume-alerts", "--topic", topic, "--from-beginning", "--timeout-seconds", "2", "--json"
    )

    assert ("release", ["acct_a"]) in decisions(done)
    assert "2 accounts are acted on now" in done.stderr


def test_people_read_a_line_for_every_decision(published: LiveService) -> None:
    """Each line says whom, what, how sure, why and until when."""
    topic = f"{published.prefix}stillwatch.alerts"
    done = published.stillwatch("consume-alerts", "--topic", topic, "--from-beginning", "--timeout-seconds", "2")

    [line] = [line for line in done.stdout.splitlines() if "throttle" in line and "acct_a" in line]
    assert "high 0.90" in line
    assert "One template, worked through without repeats." in line
    assert "alert a v1, until 2100-01-01 00:00Z" in line


def test_an_alert_is_explained_from_the_topic(published: LiveService) -> None:
    """Without a file the alert topic is read, whole and to its end."""
    explained = json.loads(published.stillwatch("explain", "acct_b", "--json").stdout)

    assert [[alert["version"] for alert in versions] for versions in explained] == [[1, 2]]


def test_dead_letters_are_read_without_a_group(service: LiveService) -> None:
    """The newest of all partitions, or all; nothing is committed, so the next look shows the same."""
    service.create_topics(partitions=2)
    for number in range(6):
        service.send("stillwatch.dead-letter", [f'{{"n": {number}}}'.encode()], partition=number % 2)

    for _ in range(2):
        newest = service.stillwatch("dead-letters", "--limit", "3").stdout
        assert newest == '{"n":3}\n{"n":4}\n{"n":5}\n'
    everything = service.stillwatch("dead-letters", "--from-beginning").stdout.splitlines()
    assert sorted(everything) == [f'{{"n":{number}}}' for number in range(6)]
    assert service.committed() == {}


def test_lag_and_the_way_to_start_over(service: LiveService) -> None:
    """What was sent is to be read, then was read; starting over waits for the worker to end, then all is to be read."""
    service.create_topics(partitions=2)
    service.send("llm.usage", [event(f"a-{n}") for n in range(50)])
    assert input_lag(service) == (50, None)

    service.start_worker()
    service.wait_for("the end of the input", lambda: input_lag(service)[0] == 0)
    assert input_lag(service)[1] is not None
    hindered = attempt(service, "start-over", "--yes")
    assert hindered.returncode == 1
    assert "has members (1)" in hindered.stderr
    assert service.stop_workers() == [0]

    service.stillwatch("start-over", "--yes")
    assert "no topic" in attempt(service, "lag").stderr
    service.create_topics(partitions=3)
    assert input_lag(service) == (50, None)
    assert len(service.end_offsets("stillwatch.usage")) == 3


def input_lag(service: LiveService) -> tuple[int, str | None]:
    """Messages of the input that are still to be read, and the newest event time of those that were."""
    partitions = json.loads(service.stillwatch("lag", "--json").stdout)["partitions"]
    found = [partition for partition in partitions if partition["topic"] == f"{service.prefix}llm.usage"]
    times = [partition["newest_event_at"] for partition in found if partition["newest_event_at"]]
    return sum(partition["lag"] for partition in found), max(times, default=None)
