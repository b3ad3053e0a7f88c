"""Network policies, disruption budget, autoscaling, hooks."""

import re

import pytest

from tests.chart.helm import REPOSITORY, environment, notes, only, render, workload

pytestmark = pytest.mark.deploy


def test_workers_reach_names_and_brokers_only() -> None:
    """Egress is port 53 and the ports of the bootstrap servers, nothing else."""
    policy = only(render({"kafka": {"bootstrapServers": "a:9092,b:9093,c:9092"}}), "NetworkPolicy", "sw-stillwatch")[
        "spec"
    ]
    ports = [sorted({port["port"] for port in rule["ports"]}) for rule in policy["egress"]]

    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert ports == [[53], [9092, 9093]]


def test_every_pod_may_resolve_names_where_the_cluster_does_so_elsewhere() -> None:
    """A policy sees the port of the pod behind the service, and on OpenShift that is 5353."""
    objects = render({"networkPolicy": {"dnsPorts": [5353]}})
    policies = [o["spec"] for o in objects if o["kind"] == "NetworkPolicy"]
    told = [[(port["port"], port["protocol"]) for port in policy["egress"][0]["ports"]] for policy in policies]

    assert told == [[(5353, "UDP"), (5353, "TCP")]] * 3


def test_nobody_reaches_workers_but_tests_and_those_allowed() -> None:
    """Ingress is the metrics port, from the release's test pods and from `metricsFrom`."""
    monitoring = {"namespaceSelector": {"matchLabels": {"team": "monitoring"}}}
    policy = only(render({"networkPolicy": {"metricsFrom": [monitoring]}}), "NetworkPolicy", "sw-stillwatch")["spec"]
    [rule] = policy["ingress"]

    assert rule["ports"] == [{"port": "http"}]
    assert len(rule["from"]) == 2
    assert rule["from"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/component"] == "test"
    assert rule["from"][1] == monitoring


def test_the_topics_job_may_reach_kafka_before_the_release_exists() -> None:
    """Where everything is denied by default, its policy is made before it runs and goes with it."""
    objects = render()
    policy, job = only(objects, "NetworkPolicy", "-topics"), only(objects, "Job", "-topics")
    weights = [int(o["metadata"]["annotations"]["helm.sh/hook-weight"]) for o in (policy, job)]

    assert weights[0] < weights[1]
    assert policy["spec"]["podSelector"]["matchLabels"].items() <= job["spec"]["template"]["metadata"]["labels"].items()


def test_a_drain_takes_one_worker_at_a_time_and_broken_ones_at_once() -> None:
    """The budget allows one, and does not protect pods that are not ready anyway."""
    budget = only(render(), "PodDisruptionBudget")["spec"]

    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_the_specification_is_checked_before_anything_else() -> None:
    """A hook runs `stillwatch config check` on the very text that the workers would read, before the topics job."""
    objects = render({"detector": {"spec": "name: x\n"}})
    check, topics = only(objects, "Job", "-config-check"), only(objects, "Job", "-topics")
    annotations = check["metadata"]["annotations"]

    assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert int(annotations["helm.sh/hook-weight"]) < int(topics["metadata"]["annotations"]["helm.sh/hook-weight"])
    assert check["spec"]["template"]["spec"]["containers"][0]["args"] == [
        "config",
        "check",
        "--config",
        "/etc/stillwatch/spec/spec.yaml",
    ]
    assert "STILLWATCH_DISORDER_SECONDS" in environment(check["spec"]["template"]["spec"])
    assert "KAFKA_BOOTSTRAP_SERVERS" not in environment(check["spec"]["template"]["spec"])


def test_an_existing_specification_is_checked_too() -> None:
    """A ConfigMap that somebody else made is mounted by the check and by the workers; none is made."""
    objects = render({"detector": {"existingConfigMap": "reviewed", "key": "a.yaml"}})
    mounted = [
        volume["configMap"]["name"]
        for o in (only(objects, "Job", "-config-check"), workload(objects))
        for volume in o["spec"]["template"]["spec"]["volumes"]
        if volume["name"] == "spec"
    ]

    assert mounted == ["reviewed", "reviewed"]
    assert [o for o in objects if o["kind"] == "ConfigMap"] == []


def test_settings_are_checked_with_the_packaged_specification_too() -> None:
    """A fingerprint key that is too short, say, is refused by the hook and not by a crashing worker."""
    check = only(render(), "Job", "-config-check")["spec"]["template"]["spec"]

    assert check["containers"][0]["args"] == ["config", "check"]
    assert "STILLWATCH_FINGERPRINT_KEY" in environment(check)
    assert [v["name"] for v in check["volumes"]] == ["tmp"]


def test_the_topics_job_makes_what_was_asked_for() -> None:
    """Partitions, copies, and whether the input topic is ours, reach the command."""
    values = {"topics": {"partitions": 6, "replicationFactor": 2, "includeInput": False}}
    [container] = only(render(values), "Job", "-topics")["spec"]["template"]["spec"]["containers"]

    assert container["args"] == ["topics", "--partitions", "6", "--replication-factor", "2", "--no-input"]


@pytest.mark.parametrize("include_input", [True, False])
def test_helm_test_asks_for_the_topics_that_the_job_makes(include_input: bool) -> None:
    """A topic that the job leaves to its owners must not fail the test of the release either."""
    objects = render({"topics": {"partitions": 6, "replicationFactor": 2, "includeInput": include_input}})
    [job] = only(objects, "Job", "-topics")["spec"]["template"]["spec"]["containers"]
    [test] = only(objects, "Pod", "-test-topics")["spec"]["containers"]

    assert test["args"] == ["topics", "--check", *job["args"][1:]]
    assert ("--no-input" in test["args"]) == (not include_input)


@pytest.mark.parametrize("include_input", [True, False])
def test_who_makes_the_topics_is_told_to_check_what_the_test_checks(include_input: bool) -> None:
    """The command in the notes is that of `helm test`."""
    values = {"topics": {"manage": "None", "partitions": 6, "includeInput": include_input}}
    [test] = only(render(values), "Pod", "-test-topics")["spec"]["containers"]

    assert f"-- stillwatch {' '.join(test['args'])}\n" in notes(values)


def test_the_runbook_checks_topics_with_the_options_of_the_job() -> None:
    """With one left out, what differs would be hidden among what was never asked for."""
    text = (REPOSITORY / "docs/operations.md").read_text("utf-8")
    [told] = re.findall(r"^### StillwatchAccountsUnwatched\n(.*?)^### ", text, re.MULTILINE | re.DOTALL)
    job = only(render({"topics": {"includeInput": False}}), "Job", "-topics")
    [container] = job["spec"]["template"]["spec"]["containers"]

    assert set(re.findall(r"--[a-z-]+", told)) == {"--check", *(a for a in container["args"] if a.startswith("--"))}


@pytest.mark.parametrize("manage", ["None", "Strimzi"])
def test_no_topics_job_when_topics_are_made_otherwise(manage: str) -> None:
    """The job is there only when it is the one who makes the topics."""
    objects = render({"topics": {"manage": manage}, "strimzi": {"cluster": "events"}})

    assert [o["metadata"]["name"] for o in objects if o["kind"] == "Job"] == ["sw-stillwatch-config-check"]


@pytest.mark.parametrize(("scaler", "kind"), [("hpa", "HorizontalPodAutoscaler"), ("keda", "ScaledObject")])
def test_an_autoscaler_owns_the_number_of_workers(scaler: str, kind: str) -> None:
    """With autoscaling the workload names no number, so that an upgrade does not reset it; scaling down is slow."""
    objects = render({"autoscaling": {scaler: {"enabled": True}}})
    spec = only(objects, kind)["spec"]
    behavior = spec["behavior"] if scaler == "hpa" else spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]

    assert "replicas" not in workload(objects)["spec"]
    assert spec["scaleTargetRef"]["kind"] == "StatefulSet"
    assert spec["scaleTargetRef"]["name"] == workload(objects)["metadata"]["name"]
    assert behavior["scaleDown"]["stabilizationWindowSeconds"] >= 1800
    assert behavior["scaleDown"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 600}]


@pytest.mark.parametrize("scaler", ["hpa", "keda"])
def test_starting_over_stops_the_workers_whatever_scales_them(scaler: str) -> None:
    """As docs/operations.md has people do it: by values alone, so that the next upgrade brings the workers back."""
    text = (REPOSITORY / "docs/operations.md").read_text("utf-8")
    [begin] = re.findall(r"^To start over,.*?```console\n(.*?)\n", text, re.MULTILINE | re.DOTALL)
    assert f"`--set autoscaling.{scaler}.enabled=false`" in text
    assert "--set replicas=0 " in begin

    stopped = {"autoscaling": {scaler: {"enabled": False}}, "replicas": 0}
    objects = render({"autoscaling": {scaler: {"enabled": True}}}, stopped)
    assert workload(objects)["spec"]["replicas"] == 0
    assert not {"HorizontalPodAutoscaler", "ScaledObject"} & {o["kind"] for o in objects}


def test_keda_watches_both_hops_and_never_scales_to_nothing() -> None:
    """Lag of the input and of the usage topic count; at least one worker stays, to move event time on."""
    values = {"kafka": {"topicPrefix": "eu."}, "autoscaling": {"keda": {"enabled": True, "lagThreshold": 2_500_000}}}
    spec = only(render(values), "ScaledObject")["spec"]

    assert [t["metadata"]["topic"] for t in spec["triggers"]] == ["eu.llm.usage", "eu.stillwatch.usage"]
    assert {t["metadata"]["consumerGroup"] for t in spec["triggers"]} == {"stillwatch"}
    assert {t["metadata"]["lagThreshold"] for t in spec["triggers"]} == {"2500000"}
    assert spec["minReplicaCount"] >= 1


@pytest.mark.parametrize(
    ("stages", "topics"),
    [
        (None, ["llm.usage", "stillwatch.usage"]),
        (["ingest", "alerts"], ["llm.usage"]),
        (["accounts", "campaigns"], ["stillwatch.usage"]),
    ],
)
def test_keda_looks_at_what_these_workers_read(stages: list[str] | None, topics: list[str]) -> None:
    """Of several releases that are one service none grows because another is behind."""
    values = {"settings": {"stages": stages}, "autoscaling": {"keda": {"enabled": True}}}
    triggers = only(render(values), "ScaledObject")["spec"]["triggers"]

    assert [trigger["metadata"]["topic"] for trigger in triggers] == topics


def test_keda_needs_no_secret_where_the_system_knows_the_authority() -> None:
    """TLS alone names none, and an authentication that refers to nothing is no valid object."""
    objects = render({"kafka": {"tls": {"enabled": True}}, "autoscaling": {"keda": {"enabled": True}}})
    triggers = only(objects, "ScaledObject")["spec"]["triggers"]

    assert [trigger["metadata"]["tls"] for trigger in triggers] == ["enable"] * 2
    assert not any("authenticationRef" in trigger for trigger in triggers)
    assert "TriggerAuthentication" not in {o["kind"] for o in objects}


@pytest.mark.parametrize(
    ("mechanism", "expected"),
    [("PLAIN", "plaintext"), ("SCRAM-SHA-256", "scram_sha256"), ("SCRAM-SHA-512", "scram_sha512")],
)
def test_keda_logs_in_like_the_workers(mechanism: str, expected: str) -> None:
    """It gets the same secret, the user from the worker's own environment, and its own word for the mechanism."""
    values = {
        "kafka": {
            "tls": {"enabled": True, "ca": {"secretName": "ca"}},
            "sasl": {"enabled": True, "mechanism": mechanism, "secretName": "user"},
        },
        "autoscaling": {"keda": {"enabled": True}},
    }
    objects = render(values)
    authentication = only(objects, "TriggerAuthentication")

    for trigger in only(objects, "ScaledObject")["spec"]["triggers"]:
        assert trigger["metadata"]["sasl"] == expected
        assert trigger["metadata"]["tls"] == "enable"
        assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
    assert authentication["spec"]["env"] == [
        {"parameter": "username", "name": "STILLWATCH_SASL_USERNAME", "containerName": "worker"}
    ]
    assert {t["parameter"]: (t["name"], t["key"]) for t in authentication["spec"]["secretTargetRef"]} == {
        "password": ("user", "password"),
        "ca": ("ca", "ca.crt"),
    }
