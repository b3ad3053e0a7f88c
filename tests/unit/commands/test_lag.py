"""`stillwatch lag`: what the group has read against what is there."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from kafka.errors import CoordinatorNotAvailableError, TopicAuthorizationFailedError, UnknownTopicOrPartitionError
from kafka.structs import OffsetAndMetadata, TopicPartition

from detectors.windows import NEVER_MS
from streams import group_admin, kafka_admin, lookahead
from streams.commands import lag
from streams.group_admin import PartitionLag
from streams.settings import Settings
from streams.topics import READ_BY_GROUP, topic_name


class FakeClient:
    """kafka-python's admin of a cluster with two partitions of everything; only `llm.usage` was read."""

    def __init__(self, **_: object) -> None:
        self.attempts = 0

    def describe_topics(self, names: list[str]) -> list[dict[str, Any]]:
        return [
            {"error_code": 3 * (name == "gone"), "partitions": [{"partition_index": number} for number in (1, 0)]}
            for name in names
        ]

    def list_group_offsets(self, groups: list[str]) -> dict[str, dict[TopicPartition, OffsetAndMetadata]]:
        self.attempts += 1
        if self.attempts == 1:
            raise CoordinatorNotAvailableError
        at = {
            TopicPartition("llm.usage", 0): OffsetAndMetadata(90, "1767225600000", -1),
            TopicPartition("llm.usage", 1): OffsetAndMetadata(10, str(NEVER_MS), -1),
            TopicPartition("stillwatch.usage", 0): OffsetAndMetadata(100, "checkpointed", -1),
            TopicPartition("stillwatch.usage", 1): OffsetAndMetadata(-1, "", -1),
        }
        return dict.fromkeys(groups, at)

    def list_partition_offsets(self, specs: dict[TopicPartition, Any]) -> dict[TopicPartition, OffsetAndMetadata]:
        offset = {-2: 40, -1: 100}
        return {tp: OffsetAndMetadata(offset[int(spec.value)], "", -1) for tp, spec in specs.items()}

    def close(self) -> None:
        pass


class FakeConsumer:
    """kafka-python's consumer of that cluster, in which nothing but markers follows in one partition."""

    def __init__(self, **_: object) -> None:
        self.positions: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()

    def assign(self, _: object) -> None:
        pass

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.positions[tp] = offset

    def poll(self, _: int) -> dict[TopicPartition, list[Any]]:
        self.positions[MARKED] = 100
        return {tp: [object()] for tp in self.positions.keys() - self.paused if tp != MARKED}

    def position(self, tp: TopicPartition) -> int:
        return self.positions[tp]

    def pause(self, *partitions: TopicPartition) -> None:
        self.paused |= set(partitions)

    def close(self) -> None:
        pass


MARKED = TopicPartition("stillwatch.links", 0)


@pytest.fixture(autouse=True)
def _cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookahead, "_consumer_client", FakeConsumer)
    monkeypatch.setattr(kafka_admin, "_admin_client", FakeClient)
    monkeypatch.setattr(group_admin, "_COORDINATOR_PAUSE_SECONDS", 0)


def test_what_is_left_to_read_is_counted_of_what_is_kept() -> None:
    """From the committed offset or the beginning, whichever is later; never less than nothing, as in a new topic."""
    lags = [
        PartitionLag("t", 0, committed, metadata="", beginning=40, end=100).lag
        for committed in (None, 10, 90, 100, 500)
    ]

    assert lags == [60, 60, 10, 0, 0]


@pytest.mark.parametrize(
    "metadata", ["moved by hand", "\u00b2", "1" * 5_000, "9" * 19, "-1e3", "", str(NEVER_MS), None]
)
def test_metadata_of_another_program_tells_no_time(metadata: Any) -> None:
    """Offsets may have been committed with other tools, which put there what they like."""
    assert lag.newest_event(PartitionLag("t", 0, 5, metadata, beginning=0, end=9)) is None


def test_every_partition_that_the_workers_read_has_a_line() -> None:
    """In order, with its offsets, its lag, and for the input the newest event time."""
    done = CliRunner().invoke(lag.command)
    heading, *rows, last = done.stdout.splitlines()

    assert heading.split() == ["topic", "partition", "committed", "end", "lag", "newest", "event"]
    assert [row.split() for row in rows[:4]] == [
        ["llm.usage", "0", "90", "100", "10", "2026-01-01", "00:00Z"],
        ["llm.usage", "1", "10", "100", "60"],
        ["stillwatch.usage", "0", "100", "100", "0"],
        ["stillwatch.usage", "1", "-", "100", "60"],
    ]
    assert len(rows) == 2 * len(READ_BY_GROUP)
    assert last == f"{10 + 60 + 0 + 60 + 5 * 60} messages are still to be read by the group stillwatch"


def test_what_holds_no_message_is_no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """Markers of transactions take offsets; where nobody may look behind them, they count."""
    done = CliRunner().invoke(lag.command)
    assert ["stillwatch.links", "0", "-", "100", "0"] in [line.split() for line in done.stdout.splitlines()]

    def refuse(self: object, *_: object) -> None:
        raise TopicAuthorizationFailedError

    monkeypatch.setattr(FakeConsumer, "poll", refuse)
    done = CliRunner().invoke(lag.command)
    assert done.exit_code == 0
    assert "TopicAuthorizationFailed" in done.stderr
    assert ["stillwatch.links", "0", "-", "100", "60"] in [line.split() for line in done.stdout.splitlines()]


def test_programs_read_the_same() -> None:
    """JSON with instants in RFC 3339 and `null` for what is not known."""
    told = json.loads(CliRunner().invoke(lag.command, "--json").stdout)

    assert told["group"] == "stillwatch"
    assert told["partitions"][0] == {
        "topic": "llm.usage", "partition": 0, "committed": 90, "beginning": 40, "end": 100, "lag": 10,
        "newest_event_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    assert (told["partitions"][3]["committed"], told["partitions"][3]["newest_event_at"]) == (None, None)


def test_a_topic_that_is_not_there_is_named() -> None:
    """Rather than left out, as if there were nothing to read."""
    with group_admin.GroupAdmin(Settings()) as admin, pytest.raises(UnknownTopicOrPartitionError, match="topic gone"):
        admin.lag(["gone"])


def test_the_topics_are_those_that_a_worker_reads_in_the_group() -> None:
    """No stage reads a topic that the command leaves out, and none of those that it shows is read by no stage."""
    from detectors.spec import DetectorSpec
    from streams.worker import Worker

    settings = Settings()

    assert {topic_name(settings, role) for role in READ_BY_GROUP} == set(Worker(settings, DetectorSpec()).stages)
