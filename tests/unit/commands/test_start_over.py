"""`stillwatch start-over` deletes what is made again, once it is sure that nobody works on it."""

from collections.abc import Iterable
from typing import Any

import pytest
from click.testing import CliRunner

from streams import topic_admin
from streams.cli import main
from streams.commands import start_over
from streams.settings import Settings
from streams.topic_admin import TopicAdmin, TopicDeletionError

TOPICS = [f"t.stillwatch.{name}" for name in ("usage", "links", "account-state", "campaign-state")]


class FakeCluster:
    """A cluster with a group of so many members; both of the command's clients in one, and a note of what they do."""

    def __init__(self, members: int | None, *, is_refusing: bool = False, hidden: frozenset[str] = frozenset()) -> None:
        self._members = members
        self._is_refusing = is_refusing
        self._hidden = hidden
        self.gone: list[str] = []

    def __call__(self, _: Settings) -> "FakeCluster":
        return self

    def __enter__(self) -> "FakeCluster":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def members(self) -> int | None:
        return self._members

    def missing(self, names: Iterable[str]) -> list[str]:
        return sorted(self._hidden & set(names))

    def delete(self, names: Iterable[str] = ("group",)) -> None:
        if self._is_refusing:
            raise TopicDeletionError("t.stillwatch.links: Topic authorization failed.")
        self.gone += names


def run_on(monkeypatch: pytest.MonkeyPatch, cluster: FakeCluster, *options: str) -> Any:
    """Run the command on a cluster."""
    monkeypatch.setattr(start_over, "GroupAdmin", cluster)
    monkeypatch.setattr(start_over, "TopicAdmin", cluster)
    environment = {"STILLWATCH_TOPIC_PREFIX": "t.", "STILLWATCH_GROUP_ID": "g"}
    return CliRunner().invoke(main, ["start-over", *options], env=environment)


def test_without_yes_what_would_go_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its full names, and stays."""
    done = run_on(monkeypatch, cluster := FakeCluster(0))

    assert done.exit_code == 1
    assert done.stdout.splitlines() == ["group g", *(f"topic {name}" for name in TOPICS)]
    assert "nothing was deleted: --yes" in done.stderr
    assert cluster.gone == []


def test_with_yes_topics_and_group_are_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The group last, so that a run that was cut short is found out by the next; input and alerts stay."""
    done = run_on(monkeypatch, cluster := FakeCluster(0), "--yes")

    assert done.exit_code == 0
    assert cluster.gone == [*TOPICS, "group"]


@pytest.mark.parametrize(("members", "reason"), [(2, "the group g has members (2)"), (None, "there is no group g")])
def test_nothing_goes_from_under_running_workers(
    monkeypatch: pytest.MonkeyPatch, members: int | None, reason: str
) -> None:
    """A group with members is at work; one that is not there may be a slip of the name while another is."""
    done = run_on(monkeypatch, cluster := FakeCluster(members), "--yes")

    assert done.exit_code == 1
    assert f"nothing was deleted: {reason}" in done.stderr
    assert cluster.gone == []


def test_a_group_that_kafka_has_forgotten_is_no_hindrance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever knows that it is gone says so."""
    done = run_on(monkeypatch, cluster := FakeCluster(None), "--yes", "--group-is-gone")

    assert done.exit_code == 0
    assert cluster.gone == TOPICS


def test_a_topic_that_cannot_be_seen_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is gone already, or somebody lacks a right: only a person can tell."""
    done = run_on(monkeypatch, cluster := FakeCluster(0, hidden=frozenset({TOPICS[1]})), "--yes")

    assert f"topic {TOPICS[1]} is not there, or there is no right to see it" in done.stdout
    assert cluster.gone == [TOPICS[0], *TOPICS[2:], "group"]


def test_a_refusal_is_told_in_one_line_and_leaves_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the next attempt begins where this one ended."""
    done = run_on(monkeypatch, cluster := FakeCluster(0, is_refusing=True), "--yes")

    assert done.exit_code == 1
    assert done.stderr == (
        "Error: t.stillwatch.links: Topic authorization failed.; once that is settled, run this again\n"
    )
    assert cluster.gone == []


class FakeClient:
    """kafka-python's admin: answers with these errors, and forgets a topic at the second look."""

    def __init__(self, codes: dict[str, int]) -> None:
        self._codes = codes
        self._looks = 0

    def delete_topics(self, names: list[str], **_: object) -> dict[str, Any]:
        return {"topics": [{"name": n, "error_code": self._codes[n], "error_message": None} for n in names]}

    def list_topics(self) -> list[str]:
        self._looks += 1
        return ["a"] if self._looks == 1 else []


def deleting(codes: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete topics on a cluster that answers so."""
    monkeypatch.setattr(topic_admin, "_GONE_PAUSE_SECONDS", 0)
    admin = TopicAdmin.__new__(TopicAdmin)
    admin._admin = FakeClient(codes)
    admin.delete(codes)


def test_deletion_is_over_when_the_names_are_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is gone already is gone; a topic that is only marked is waited for, or making it again would fail."""
    deleting({"a": 0, "b": 3}, monkeypatch)


def test_a_topic_that_is_not_deleted_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what the cluster says of it."""
    with pytest.raises(TopicDeletionError, match="b: error 29"):
        deleting({"a": 0, "b": 29}, monkeypatch)
