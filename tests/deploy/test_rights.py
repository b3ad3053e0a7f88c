"""The rights that docs/operations.md names are enough for each command, and no more than it needs."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError
from kafka.structs import OffsetAndMetadata

from tests.chart.helm import render
from tests.deploy.conftest import require
from tests.deploy.secured_broker import SecuredBroker, secured_broker
from tests.stream.live import LiveService

pytestmark = [pytest.mark.deploy, pytest.mark.broker]

PASSWORD = "a password of this test alone"
PREFIX, OLD = "t.", "old."
"""Of a service to look at, and of one to start over; the group is called so too."""
DENIED = "authoriz"


def rule(kind: str, name: str, *operations: str) -> dict[str, Any]:
    """A rule in the form of a KafkaUser."""
    return {"resource": {"type": kind, "name": name, "patternType": "literal"}, "operations": operations}


OLD_TOPICS = [f"{OLD}stillwatch.{name}" for name in ("usage", "links", "account-state", "campaign-state")]
RIGHTS = {
    "gateway": [rule("topic", f"{PREFIX}llm.usage", "Write")],
    "enforcer": [rule("topic", f"{PREFIX}stillwatch.alert-state", "Read")],
    "reviewer": [rule("topic", f"{PREFIX}stillwatch.feedback", "Write")],
    "stranger": [],
    "admin": [rule("group", OLD, "Describe", "Delete"), *(rule("topic", t, "Describe", "Delete") for t in OLD_TOPICS)],
}


def rights_of_the_chart() -> list[dict[str, Any]]:
    """The rules of the KafkaUser that the chart makes for this prefix and group."""
    secured = {"tls": {"enabled": True}, "sasl": {"enabled": True}}
    values = {
        "kafka": {"bootstrapServers": "kafka:9093", "topicPrefix": PREFIX, "groupId": PREFIX, **secured},
        "strimzi": {"cluster": "events", "user": {"create": True}},
        "topics": {"manage": "Strimzi"},
    }
    [user] = [o for o in render(values) if o["kind"] == "KafkaUser"]
    rules: list[dict[str, Any]] = user["spec"]["authorization"]["acls"]
    return rules


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredBroker]:
    """A broker that denies by default, with two services that have committed something, and their users."""
    require(("helm", "openssl"))
    with secured_broker("127.0.0.1", tmp_path_factory.mktemp("broker")) as found:
        for prefix in (PREFIX, OLD):
            service = LiveService(found.plain, prefix, found.folder)
            service.create_topics(partitions=2)
            commit(found, prefix)
            service.send("stillwatch.dead-letter", [b"{}"])
        for user, rules in {"workers": rights_of_the_chart(), **RIGHTS}.items():
            found.add_scram_user(user, PASSWORD)
            found.allow(user, rules)
        yield found


def commit(broker: SecuredBroker, prefix: str) -> None:
    """Make the group of a service, as if a worker had been there."""
    admin = KafkaAdminClient(bootstrap_servers=broker.plain)
    try:
        offsets = {TopicPartition(f"{prefix}llm.usage", 0): OffsetAndMetadata(0, "", -1)}
        while True:
            try:
                admin.alter_group_offsets(prefix, offsets)
            except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
                time.sleep(0.5)
            else:
                return
    finally:
        admin.close()


def run_as(
    user: str, broker: SecuredBroker, *arguments: str, text: str = "", prefix: str = PREFIX
) -> subprocess.CompletedProcess[str]:
    """Run a command with a user's login, as the chart sets it up."""
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": broker.scram,
        "STILLWATCH_TOPIC_PREFIX": prefix,
        "STILLWATCH_GROUP_ID": prefix,
        "STILLWATCH_SECURITY_PROTOCOL": "SASL_SSL",
        "STILLWATCH_SASL_USERNAME": user,
        "STILLWATCH_SASL_PASSWORD": PASSWORD,
        "STILLWATCH_SSL_CA_FILE": broker.file("ca.crt"),
    }
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env=os.environ | settings, input=text, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        ["topics", "--check", "--replication-factor", "1"],
        ["lag"],
        ["dead-letters"],
        ["consume-alerts", "--timeout-seconds", "1"],
        ["consume-alerts", "--topic", f"{PREFIX}stillwatch.alerts", "--from-beginning", "--timeout-seconds", "1"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_the_user_of_the_chart_may_look(broker: SecuredBroker, command: list[str]) -> None:
    """Every command that the walkthrough and the runbook run in a worker's pod works with the worker's user."""
    done = run_as("workers", broker, *command)

    assert done.returncode == 0, done.stderr


def test_the_user_of_the_chart_finds_no_alert_where_there_is_none(broker: SecuredBroker) -> None:
    """`explain` reads the whole topic and is not denied."""
    done = run_as("workers", broker, "explain", "ac-1")

    assert done.stderr == "Error: no alert has the id or names the account ac-1\n"


@pytest.mark.parametrize("command", [["produce", "-"], ["start-over", "--yes"]], ids=lambda words: words[0])
def test_the_user_of_the_chart_may_neither_send_events_nor_delete(broker: SecuredBroker, command: list[str]) -> None:
    """Workers only read the input, and make an end of nothing."""
    done = run_as("workers", broker, *command, text="{}\n")

    assert done.returncode == 1
    assert DENIED in done.stderr.lower()


@pytest.mark.parametrize("command", [["worker"], ["topics", "--check"], ["produce", "-"]], ids=lambda words: words[0])
def test_who_lacks_a_right_does_not_read_that_a_topic_is_missing(broker: SecuredBroker, command: list[str]) -> None:
    """Topics that are there and must not be seen are called so, since nobody can make them."""
    done = run_as("stranger", broker, *command, text="{}\n")

    assert done.returncode == 1
    assert f"{PREFIX}llm.usage" in done.stderr
    assert "there is no right to see" in done.stderr
    for wrong in ("topics.missing", "does not exist", "there is no topic"):
        assert wrong not in done.stderr


def test_write_on_the_input_is_all_that_sending_needs(broker: SecuredBroker) -> None:
    """The right that gateways have."""
    done = run_as("gateway", broker, "produce", "-", text="{}\n")

    assert done.returncode == 0, done.stderr
    assert "1 events sent" in done.stdout


def test_read_on_the_state_is_all_that_enforcement_needs(broker: SecuredBroker) -> None:
    """No group, and of the service's topics no other."""
    done = run_as("enforcer", broker, "consume-alerts", "--timeout-seconds", "1")
    history = run_as("enforcer", broker, "consume-alerts", "--topic", f"{PREFIX}stillwatch.alerts")

    assert done.returncode == 0, done.stderr
    assert history.returncode == 1


def test_write_on_the_feedback_is_all_that_reviewers_need(broker: SecuredBroker) -> None:
    """Whatever carries their decisions to the topic."""
    topic = f"{PREFIX}stillwatch.feedback"

    assert run_as("reviewer", broker, "produce", "-", "--topic", topic, text="{}\n").returncode == 0
    assert run_as("gateway", broker, "produce", "-", "--topic", topic, text="{}\n").returncode == 1


def test_describe_and_delete_are_all_that_starting_over_needs(broker: SecuredBroker) -> None:
    """On the group and on what is made again."""
    done = run_as("admin", broker, "start-over", "--yes", prefix=OLD)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"group {OLD}", *(f"topic {name}" for name in OLD_TOPICS), "deleted"]
