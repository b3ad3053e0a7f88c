"""How pods reach Kafka: protocol, secrets, and the Strimzi resources that may provide them."""

import re
from typing import Any

import pytest
import yaml

from streams.settings import Settings
from streams.topics import topic_specs
from tests.chart.helm import REPOSITORY, environment, only, pods, render, workload

pytestmark = pytest.mark.deploy

TLS = {"enabled": True, "ca": {"secretName": "events-cluster-ca-cert"}}
SASL = {"enabled": True, "secretName": "watcher"}
STRIMZI_USER = {
    "topics": {"manage": "Strimzi"},
    "strimzi": {"cluster": "events", "user": {"create": True}},
    "kafka": {"tls": {"enabled": True}, "sasl": {"enabled": True}},
}


@pytest.mark.parametrize(
    ("kafka", "protocol"),
    [
        ({}, "PLAINTEXT"),
        ({"tls": TLS}, "SSL"),
        ({"sasl": SASL}, "SASL_PLAINTEXT"),
        ({"tls": TLS, "sasl": SASL}, "SASL_SSL"),
    ],
)
def test_the_protocol_follows_from_the_switches(kafka: dict[str, object], protocol: str) -> None:
    """Encryption and login are two switches, and their four combinations are Kafka's four protocols."""
    env = environment(workload(render({"kafka": kafka}))["spec"]["template"]["spec"])

    assert env["STILLWATCH_SECURITY_PROTOCOL"] == protocol


def test_all_pods_that_talk_to_kafka_connect_alike() -> None:
    """Workers, topics job and tests get the same variables, mounts and volumes for the connection."""
    found = pods(render({"kafka": {"tls": TLS, "sasl": SASL}}))
    reference = environment(found["StatefulSet/sw-stillwatch"])
    shared = {name for name in reference if re.search(r"KAFKA|SASL|SSL|SECURITY|GROUP_ID|TOPIC", name)}
    talking = {name: pod for name, pod in found.items() if "KAFKA_BOOTSTRAP_SERVERS" in environment(pod)}

    assert talking.keys() == {
        "StatefulSet/sw-stillwatch",
        "Job/sw-stillwatch-topics",
        "sw-stillwatch-test-ready",
        "sw-stillwatch-test-topics",
    }
    for name, pod in talking.items():
        assert {key: environment(pod)[key] for key in shared} == {key: reference[key] for key in shared}, name
        assert any(volume["name"] == "kafka-ca" for volume in pod["volumes"]), name


def test_strimzis_secrets_fit_as_they_are() -> None:
    """The default keys are the ones that Strimzi's operators write, and the user's name is its secret's name."""
    pod = workload(render({"kafka": {"tls": TLS, "sasl": SASL}}))["spec"]["template"]["spec"]
    env = environment(pod)

    assert env["STILLWATCH_SASL_PASSWORD"] == {"secretKeyRef": {"name": "watcher", "key": "password"}}
    assert env["STILLWATCH_SASL_USERNAME"] == "watcher"
    assert env["STILLWATCH_SSL_CA_FILE"] == "/etc/stillwatch/kafka-ca/ca.crt"


def test_a_client_certificate_is_mounted_without_the_rest_of_its_secret() -> None:
    """Mutual TLS needs two keys; the PKCS #12 store and its password beside them stay out of the pod."""
    pod = workload(render({"kafka": {"tls": {**TLS, "client": {"secretName": "watcher"}}}}))["spec"]["template"]["spec"]
    env = environment(pod)
    [volume] = [v for v in pod["volumes"] if v["name"] == "kafka-user"]

    assert env["STILLWATCH_SSL_CERT_FILE"] == "/etc/stillwatch/kafka-user/user.crt"
    assert env["STILLWATCH_SSL_KEY_FILE"] == "/etc/stillwatch/kafka-user/user.key"
    assert [item["key"] for item in volume["secret"]["items"]] == ["user.crt", "user.key"]
    assert volume["secret"]["defaultMode"] == 0o440


def test_no_secret_is_ever_rendered() -> None:
    """The chart holds no secret: it names those of others."""
    assert [o for o in render(STRIMZI_USER) if o["kind"] == "Secret"] == []


@pytest.mark.parametrize(("partitions", "replication_factor"), [(12, 3), (2, 1), (40, 2)])
def test_strimzi_topics_are_those_of_the_topics_command(partitions: int, replication_factor: int) -> None:
    """Name, partitions, copies and settings of each KafkaTopic equal what `stillwatch topics` would have made."""
    values = {
        "topics": {"manage": "Strimzi", "partitions": partitions, "replicationFactor": replication_factor},
        "strimzi": {"cluster": "events"},
        "replicas": 1,
    }
    found = {
        o["spec"]["topicName"]: (o["spec"]["partitions"], o["spec"]["replicas"], o["spec"]["config"])
        for o in render(values)
        if o["kind"] == "KafkaTopic"
    }
    expected = {
        spec.name: (spec.partitions, replication_factor, spec.configs)
        for spec in topic_specs(Settings(), partitions, replication_factor).values()
    }

    assert found == expected


def test_uninstalling_keeps_strimzi_topics() -> None:
    """What the service has learned, and other people's events, survive the release."""
    topics = [o for o in render(STRIMZI_USER) if o["kind"] == "KafkaTopic"]

    assert topics
    assert all(o["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for o in topics)
    assert all(o["metadata"]["labels"]["strimzi.io/cluster"] == "events" for o in topics)


def test_a_prefix_with_capitals_makes_valid_resource_names() -> None:
    """Kafka allows more in names than Kubernetes does; the topic keeps its name, the resource gets a valid one."""
    topics = [
        o
        for o in render({**STRIMZI_USER, "kafka": {**STRIMZI_USER["kafka"], "topicPrefix": "Team_A."}})
        if o["kind"] == "KafkaTopic"
    ]

    assert "Team_A.llm.usage" in {o["spec"]["topicName"] for o in topics}
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", o["metadata"]["name"]) for o in topics)


def test_the_input_of_others_may_have_any_name() -> None:
    """Where its owners make it the chart makes no resource for it, so none has to have its name."""
    topics = {**STRIMZI_USER["topics"], "includeInput": False}
    objects = render({**STRIMZI_USER, "topics": topics, "kafka": {**STRIMZI_USER["kafka"], "inputTopic": "events_"}})

    assert environment(workload(objects)["spec"]["template"]["spec"])["STILLWATCH_INPUT_TOPIC"] == "events_"


def test_the_strimzi_user_has_the_rights_it_needs_and_no_more() -> None:
    """It may read the input, read and write its own topics, and use its group; it may not create, delete or alter."""
    [user] = [o for o in render(STRIMZI_USER) if o["kind"] == "KafkaUser"]
    acls = {
        (a["resource"]["type"], a["resource"]["name"], a["resource"]["patternType"]): set(a["operations"])
        for a in user["spec"]["authorization"]["acls"]
    }

    assert acls == {
        ("group", "stillwatch", "literal"): {"Read", "Describe"},
        ("topic", "llm.usage", "literal"): {"Read", "Describe", "DescribeConfigs"},
        ("topic", "stillwatch.", "prefix"): {"Read", "Write", "Describe", "DescribeConfigs"},
    }


def test_the_secrets_of_a_strimzi_user_are_found_without_naming_them() -> None:
    """With user and cluster made by Strimzi, the two secrets have known names."""
    env = environment(workload(render(STRIMZI_USER))["spec"]["template"]["spec"])
    pod = workload(render(STRIMZI_USER))["spec"]["template"]["spec"]

    assert env["STILLWATCH_SASL_PASSWORD"]["secretKeyRef"]["name"] == "sw-stillwatch"
    assert [v["secret"]["secretName"] for v in pod["volumes"] if v["name"] == "kafka-ca"] == ["events-cluster-ca-cert"]


def documented_pod() -> Any:
    """The specification of the pod that docs/operations.md has people copy."""
    text = (REPOSITORY / "docs/operations.md").read_text("utf-8")
    [pod] = [
        yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "kind: Pod" in block
    ]
    return pod["spec"]


def test_the_documented_pod_of_another_user_is_admitted_where_the_jobs_are() -> None:
    """In a namespace with a quota, too, which takes no container that does not say what it needs."""
    [own] = documented_pod()["containers"]
    [job] = only(render(), "Job", "-topics")["spec"]["template"]["spec"]["containers"]

    assert own["resources"] == job["resources"]


def test_the_documented_pod_of_another_user_connects_as_workers_do() -> None:
    """What docs/operations.md has people copy sets the variables that the chart sets, and no others."""
    named = {entry["name"] for entry in documented_pod()["containers"][0]["env"]}
    ours = environment(workload(render(STRIMZI_USER))["spec"]["template"]["spec"])
    of_kafka = re.compile("KAFKA_|STILLWATCH_(GROUP|TOPIC|INPUT|SECURITY|SSL|SASL)_")

    assert named == {name for name in ours if of_kafka.match(name)}
