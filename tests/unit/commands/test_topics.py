"""The topics: names, what each must be like, and what counts as a difference."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from streams.cli import main
from streams.commands import topics
from streams.settings import Settings
from streams.topic_admin import ExistingTopic, TopicAdmin, differences, settle_counts
from streams.topic_names import OWN_NAMES
from streams.topics import ROLES, TopicSpec, topic_name, topic_specs

SETTINGS = Settings(topic_prefix="t.")
SPECS = topic_specs(SETTINGS, 6, 3)


def as_specified(**changed: Any) -> dict[str, ExistingTopic]:
    """Return a cluster whose topics are as specified, some of them replaced; ``None`` leaves one out."""
    topics: dict[str, ExistingTopic | None] = {
        role: ExistingTopic(spec.partitions, 3, dict(spec.configs)) for role, spec in SPECS.items()
    }
    return {SPECS[role].name: topic for role, topic in (topics | changed).items() if topic is not None}


def texts(existing: dict[str, ExistingTopic], asked: int | None = None) -> list[tuple[str, bool]]:
    """Return the differences as text, each with whether it is fatal."""
    return [(str(difference), difference.is_fatal) for difference in differences(SPECS, existing, asked, 3)]


def test_names_are_those_of_the_design() -> None:
    """The documented names, with a prefix before every one of them."""
    assert {role: topic_name(SETTINGS, role) for role in ROLES} == {
        "input": "t.llm.usage",
        "usage": "t.stillwatch.usage",
        "links": "t.stillwatch.links",
        "alerts": "t.stillwatch.alerts",
        "alert_state": "t.stillwatch.alert-state",
        "account_state": "t.stillwatch.account-state",
        "campaign_state": "t.stillwatch.campaign-state",
        "dead_letter": "t.stillwatch.dead-letter",
        "feedback": "t.stillwatch.feedback",
    }


def test_own_names_are_those_of_all_roles_but_the_input() -> None:
    """What settings refuse as the input topic is every topic that the service makes for itself."""
    assert {"input", *OWN_NAMES} == set(ROLES)


def test_an_unknown_role_is_an_error() -> None:
    """A misspelt role does not become a topic."""
    with pytest.raises(KeyError):
        topic_name(SETTINGS, "alertstate")


@pytest.mark.parametrize("partitions", [1, 3, 64])
def test_partition_counts_fit_each_other(partitions: int) -> None:
    """State has the partitions of what it belongs to; the global view has one, whatever the load."""
    count = {role: spec.partitions for role, spec in topic_specs(SETTINGS, partitions, 1).items()}

    assert count["input"] == count["usage"] == count["account_state"] == partitions
    assert count["alerts"] == count["alert_state"] <= partitions
    assert count["links"] == count["campaign_state"] == count["feedback"] == 1


@pytest.mark.parametrize(("copies", "in_sync", "expected"), [
    (3, "2", []),
    (2, "2", [("has 2 copies of a partition, not 3; existing topics are left as they are", False)]),
    (1, "2", [("has 1 copies of a partition, and min.insync.replicas is 2: nothing can be written to it", True)]),
])  # fmt: skip
def test_too_few_copies_are_told(copies: int, in_sync: str, expected: list[tuple[str, bool]]) -> None:
    """Fewer than must agree on a record: every write fails for good, whatever else is as it should be."""
    configs = SPECS["usage"].configs | {"min.insync.replicas": in_sync}
    existing = as_specified(usage=ExistingTopic(6, copies, configs))

    assert texts(existing) == [(f"t.stillwatch.usage: {text}", is_fatal) for text, is_fatal in expected]


def test_how_often_the_input_is_copied_is_its_owners_choice() -> None:
    """The service only reads it."""
    assert texts(as_specified(input=ExistingTopic(6, 1, dict(SPECS["input"].configs)))) == []


def test_the_broker_stamps_the_input() -> None:
    """A gateway with a wrong clock would stamp its messages as wrongly as its events."""
    assert SPECS["input"].configs["message.timestamp.type"] == "LogAppendTime"


def test_state_is_never_deleted_by_age() -> None:
    """Only compaction removes state; what people decided is kept for ever."""
    for role in ("alert_state", "account_state", "campaign_state"):
        assert SPECS[role].configs["cleanup.policy"] == "compact"
    assert SPECS["feedback"].configs["retention.ms"] == "-1"


def test_state_survives_an_older_record_behind_it_for_a_while() -> None:
    """A restore prefers the newer record as long as it is there."""
    lags = {SPECS[role].configs["min.compaction.lag.ms"] for role in ("alert_state", "account_state", "campaign_state")}
    assert lags == {"3600000"}


def test_three_copies_need_two_to_agree() -> None:
    """With three replicas an acknowledged record survives the loss of one; with one there is no choice."""
    assert {s.configs["min.insync.replicas"] for s in SPECS.values()} == {"2"}
    assert {s.configs["min.insync.replicas"] for s in topic_specs(SETTINGS, 6, 1).values()} == {"1"}


def test_nothing_differs_from_itself() -> None:
    """Topics as specified give no difference, asked for the same count or for none."""
    assert texts(as_specified()) == texts(as_specified(), asked=6) == []


def test_a_missing_topic_is_fatal() -> None:
    """The service cannot run without a topic."""
    assert texts(as_specified(links=None)) == [("t.stillwatch.links: does not exist", True)]


def test_another_count_than_asked_for_is_only_told() -> None:
    """Existing topics decide; a wish for another number is answered, not fulfilled."""
    existing = {name: replace(t, partitions=3 if t.partitions > 1 else 1) for name, t in as_specified().items()}

    found = texts(existing, asked=6)
    assert ("t.stillwatch.usage: has 3 partitions, not 6; existing topics are left as they are", False) in found
    assert [is_fatal for _, is_fatal in found if is_fatal] == []
    assert texts(existing) == []


def test_state_with_another_count_than_its_counterpart_is_fatal() -> None:
    """A state partition without its account partition would lose accounts."""
    existing = as_specified(account_state=ExistingTopic(3, 3, SPECS["account_state"].configs))

    [(text, is_fatal)] = texts(existing)
    assert is_fatal
    assert text == "t.stillwatch.account-state: has 3 partitions but needs as many as the topic of usage: 6"


@pytest.mark.parametrize("role", ["links", "campaign_state", "feedback"])
def test_more_than_one_partition_of_the_global_view_is_fatal(role: str) -> None:
    """Two halves of a global view are none."""
    existing = as_specified(**{role: ExistingTopic(2, 3, SPECS[role].configs)})

    assert texts(existing) == [(f"{SPECS[role].name}: has 2 partitions but needs exactly one", True)]


def test_a_new_topic_follows_its_existing_counterpart() -> None:
    """State created later fits the usage topic that is there, whatever number was asked for."""
    existing = as_specified(usage=ExistingTopic(3, 3, SPECS["usage"].configs), account_state=None)

    counts = settle_counts(SPECS, existing)
    assert counts["account_state"] == counts["usage"] == 3
    assert counts["input"] == 6


@pytest.mark.parametrize(
    ("key", "value", "is_fatal"),
    [
        ("cleanup.policy", "delete", True),
        ("min.compaction.lag.ms", "0", False),
        ("max.message.bytes", "1000", False),
        ("min.cleanable.dirty.ratio", "0.5", False),
    ],
)
def test_settings_that_differ_are_told(key: str, value: str, is_fatal: bool) -> None:
    """Deleting state is fatal, the rest is for the operator to judge."""
    spec = SPECS["account_state"]
    existing = as_specified(account_state=ExistingTopic(6, 3, spec.configs | {key: value}))

    assert texts(existing) == [(f"{spec.name}: {key} is {value}, should be {spec.configs[key]}", is_fatal)]


def test_larger_limits_are_fine() -> None:
    """An operator may allow more than is needed."""
    spec = SPECS["account_state"]
    more = {"max.message.bytes": "99999999", "min.compaction.lag.ms": "99999999", "min.insync.replicas": "3"}

    assert texts(as_specified(account_state=ExistingTopic(6, 3, spec.configs | more))) == []


def test_the_settings_of_the_input_topic_are_its_owners() -> None:
    """Other people's topic is not judged."""
    assert texts(as_specified(input=ExistingTopic(99, 1, {"cleanup.policy": "compact"}))) == []


class FakeAdmin:
    """A cluster with these topics, and a note of which were looked into or created."""

    def __init__(self, there: dict[str, ExistingTopic]) -> None:
        self.there = there
        self.looked_into: set[str] = set()
        self.created: list[str] = []
        self.hidden: set[str] = set()

    def __call__(self, _: Settings) -> "FakeAdmin":
        return self

    def __enter__(self) -> "FakeAdmin":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def missing(self, names: Iterable[str]) -> list[str]:
        return sorted(set(names) - self.there.keys())

    def denied(self, missing: Iterable[str]) -> list[str]:
        return sorted(self.hidden.intersection(missing))

    def existing(self, names: Iterable[str]) -> dict[str, ExistingTopic]:
        asked = set(names)
        self.looked_into |= asked
        return {name: topic for name, topic in self.there.items() if name in asked}

    def create(self, specs: Iterable[TopicSpec], replication_factor: int) -> None:
        for spec in specs:
            self.created.append(spec.name)
            self.there[spec.name] = ExistingTopic(spec.partitions, replication_factor, dict(spec.configs))


def run_on(
    there: dict[str, ExistingTopic], monkeypatch: pytest.MonkeyPatch, *options: str, hidden: Iterable[str] = ()
) -> tuple[Any, FakeAdmin]:
    """Run `stillwatch topics` on a cluster with these topics, and others that it may not see."""
    admin = FakeAdmin(there)
    admin.hidden |= set(hidden)
    monkeypatch.setattr(topics, "TopicAdmin", admin)
    arguments = ["topics", "--json", *options]
    return CliRunner().invoke(main, arguments, env={"STILLWATCH_TOPIC_PREFIX": "t."}), admin


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_the_input_topic_of_others_is_not_judged(monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]) -> None:
    """With --no-input neither its partitions nor its settings are looked at: the rights for it may not be there."""
    there = as_specified(input=ExistingTopic(99, 1, {"cleanup.policy": "compact"}))

    done, admin = run_on(there, monkeypatch, "--partitions", "6", "--no-input", *options)
    assert done.exit_code == 0
    assert json.loads(done.stdout)["differences"] == []
    assert "t.llm.usage" not in admin.looked_into

    done, _ = run_on(there, monkeypatch, "--partitions", "6", "--check")
    assert done.exit_code == 1
    assert [d["topic"] for d in json.loads(done.stdout)["differences"]] == ["t.llm.usage"]


@pytest.mark.parametrize("options", [(), ("--check",)])
def test_the_input_topic_of_others_has_to_exist(monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]) -> None:
    """No worker starts without it, so its absence is told and fails; and it is not created in its owners' place."""
    done, admin = run_on(as_specified(input=None), monkeypatch, "--partitions", "6", "--no-input", *options)

    assert done.exit_code == 1
    assert json.loads(done.stdout)["differences"] == [
        {"topic": "t.llm.usage", "text": "does not exist; its owners have to create it", "is_fatal": True}
    ]
    assert admin.created == []


def test_the_input_topic_is_created_where_it_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --no-input it is made like all others."""
    done, admin = run_on(as_specified(input=None), monkeypatch, "--partitions", "6")

    assert done.exit_code == 0
    assert admin.created == ["t.llm.usage"]


def test_a_topic_that_must_not_be_seen_is_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lacks the right is told so, and not to create what may be there."""
    there = as_specified(input=None, alerts=None, feedback=None)
    hidden = {"t.llm.usage", "t.stillwatch.alerts"}

    done, _ = run_on(there, monkeypatch, "--partitions", "6", "--no-input", "--check", hidden=hidden)

    assert done.exit_code == 1
    assert {d["topic"]: d["text"] for d in json.loads(done.stdout)["differences"]} == {
        "t.llm.usage": "there is no right to see it",
        "t.stillwatch.alerts": "there is no right to see it",
        "t.stillwatch.feedback": "does not exist",
    }


def test_missing_topics_are_those_that_the_cluster_does_not_list() -> None:
    """Whether a topic exists is asked without looking into it."""
    admin = TopicAdmin.__new__(TopicAdmin)
    admin._admin = type("Client", (), {"list_topics": lambda _: ["a", "c"]})()

    assert admin.missing(["b", "a"]) == ["b"]
    assert admin.missing([]) == []


def test_denied_topics_are_those_that_the_cluster_says_so_of() -> None:
    """A topic that is not there is asked for by its name, and the answer is no other error than the right's."""
    errors = {"a": 0, "b": 29, "c": 3}
    client = {"describe_topics": lambda _, names: [{"name": name, "error_code": errors[name]} for name in names]}
    admin = TopicAdmin.__new__(TopicAdmin)
    admin._admin = type("Client", (), client)()

    assert admin.denied(["c", "b", "a"]) == ["b"]
    assert admin.denied([]) == []
