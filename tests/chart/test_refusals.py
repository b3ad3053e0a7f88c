"""Values that cannot work are refused before anything is changed, in a sentence that says what to do."""

from typing import Any

import pytest

from tests.chart.helm import CHART, RenderFailed, helm, render

pytestmark = pytest.mark.deploy

STRIMZI_TOPICS: dict[str, Any] = {"topics": {"manage": "Strimzi"}, "strimzi": {"cluster": "events"}}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"kafka": {"bootstrapServers": ""}}, "kafka.bootstrapServers is required"),
        ({"kafka": {"inputTopic": "stillwatch.usage"}}, "stillwatch.usage is a topic of the service itself"),
        ({"kafka": {"inputTopic": "stillwatch_dead-letter"}}, "stillwatch.dead-letter is a topic of the service"),
        ({"kafka": {"inputTopic": ".."}}, "neither . nor .. for the name"),
        ({"fingerprint": {"existingSecret": ""}}, "openssl rand -hex 32"),
        (
            {
                "fingerprint": {"existingSecret": ""},
                "settings": {"stages": ["accounts", "campaigns", "alerts"], "directSources": True},
            },
            "openssl rand -hex 32",
        ),
        ({"fingerprint": {"existingSecret": ""}, "settings": {"stages": None}}, "openssl rand -hex 32"),
        ({"extraEnv": [{"name": "STILLWATCH_STAGES", "value": "[]"}]}, "the chart sets STILLWATCH_STAGES itself"),
        ({"extraEnv": [{"name": "KAFKA_BOOTSTRAP_SERVERS", "value": "x:1"}]}, "KAFKA_BOOTSTRAP_SERVERS itself"),
        ({"extraEnv": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}, "extraEnv: A is there twice"),
        ({"autoscaling": {"hpa": {"enabled": True}, "keda": {"enabled": True}}}, "exclude each other"),
        ({"replicas": 13}, "replicas is 13 but topics.partitions is 12"),
        ({"autoscaling": {"maxReplicas": 13, "hpa": {"enabled": True}}}, "autoscaling.maxReplicas is 13"),
        ({"autoscaling": {"maxReplicas": 13, "keda": {"enabled": True}}}, "autoscaling.maxReplicas is 13"),
        ({"autoscaling": {"minReplicas": 7, "keda": {"enabled": True}}}, "minReplicas is above"),
        (
            {"autoscaling": {"keda": {"enabled": True}}, "settings": {"stages": ["campaigns", "alerts"]}},
            "needs ingest or accounts",
        ),
        ({"kafka": {"sasl": {"enabled": True}}}, "kafka.sasl.secretName"),
        ({"kafka": {"tls": {"client": {"secretName": "x"}}}}, "kafka.tls.enabled is not"),
        (
            {
                "kafka": {
                    "tls": {"enabled": True, "client": {"secretName": "a"}},
                    "sasl": {"enabled": True, "secretName": "b"},
                }
            },
            "in one way",
        ),
        ({"topics": {"manage": "Strimzi"}}, "strimzi.cluster is required"),
        ({**STRIMZI_TOPICS, "kafka": {"topicPrefix": "_team."}}, "cannot name a KafkaTopic"),
        ({**STRIMZI_TOPICS, "kafka": {"topicPrefix": "team-."}}, "cannot name a KafkaTopic"),
        ({**STRIMZI_TOPICS, "kafka": {"inputTopic": "events_"}}, "cannot name a KafkaTopic"),
        (
            {"strimzi": {"cluster": "c", "user": {"create": True}}, "kafka": {"sasl": {"enabled": True}}},
            "before the user of this release exists",
        ),
        (
            {"strimzi": {"cluster": "c", "user": {"create": True}}, "topics": {"manage": "None"}},
            "goes with kafka.sasl.enabled",
        ),
        (
            {
                "strimzi": {"cluster": "c", "user": {"create": True, "authentication": "tls"}},
                "topics": {"manage": "None"},
            },
            "tls needs kafka.tls.enabled",
        ),
        ({"detector": {"spec": "a: 1", "existingConfigMap": "x"}}, "choose one"),
        ({"settings": {"maxFutureSeconds": 120}}, "below settings.disorderSeconds"),
        ({"settings": {"disorderSeconds": 0}}, "below settings.disorderSeconds"),
        ({"settings": {"disorderSeconds": 30, "maxFutureSeconds": None}}, "below settings.disorderSeconds"),
        ({"metrics": {"serviceMonitor": {"enabled": True, "interval": "5s"}}}, "scrapeTimeout is 10s but"),
        (
            {"metrics": {"serviceMonitor": {"enabled": True, "interval": "1m", "scrapeTimeout": "1m1ms"}}},
            "no timeout above",
        ),
        ({"http": {"host": "127.0.0.1"}}, "the probes of the kubelet do not reach"),
        ({"http": {"host": "::1"}}, "the probes of the kubelet do not reach"),
        ({"enabled": False}, "no parent chart has it as the condition"),
    ],
)
def test_contradictions_are_refused(values: dict[str, Any], sentence: str) -> None:
    """Each contradiction has its own sentence."""
    with pytest.raises(RenderFailed, match=sentence):
        render(values)


@pytest.mark.parametrize(
    "values",
    [
        {"replica": 3},
        {"kafka": {"bootstrapServer": "kafka:9092"}},
        {"kafka": {"tls": {"ca": {"name": "x"}}}},
        {"settings": {"idleSecond": 3}},
        {"networkPolicy": {"enable": False}},
        {"autoscaling": {"keda": {"lagTreshold": 3}}},
        {"metrics": {"dashboards": {"enabled": True}}},
        {"resources": {"request": {"cpu": "1"}}},
    ],
    ids=str,
)
def test_a_mistyped_key_is_refused(values: dict[str, Any]) -> None:
    """At every depth: a key that would be ignored stops the render."""
    with pytest.raises(RenderFailed, match=r"additional properties|Additional property"):
        render(values)


@pytest.mark.parametrize(
    "values",
    [
        {"nameOverride": "Foo Bar"},
        {"fullnameOverride": "A_B"},
        {"fullnameOverride": "-x"},
        {"fullnameOverride": "a.b"},
        {"replicas": "two"},
        {"kafka": {"bootstrapServers": "kafka"}},
        {"kafka": {"bootstrapServers": "kafka:9092, other:9092"}},
        {"kafka": {"bootstrapServers": "kafka:99999"}},
        {"kafka": {"bootstrapServers": "kafka:9092,other:65536"}},
        {"kafka": {"bootstrapServers": "kafka:0"}},
        {"kafka": {"inputTopic": "llm usage"}},
        {"kafka": {"sasl": {"mechanism": "GSSAPI"}}},
        {"extraEnv": [{"name": "A", "value": 1}]},
        {"extraEnv": [{"name": "A", "value": True}]},
        {"extraEnv": [{"name": "1A", "value": "x"}]},
        {"extraEnv": [{"value": "x"}]},
        {"image": {"digest": "sha256:12"}},
        {"resources": {"limits": {"memory": "1..5Gi"}}},
        {"workload": {"kind": "DaemonSet"}},
        {"topics": {"partitions": 0}},
        {"settings": {"stages": ["ingest", "wizardry"]}},
        {"settings": {"deadLetterMaxRatio": 1.5}},
        {"fingerprint": {"existingSecret": "Not_A_Name"}},
        {"fingerprint": {"existingSecret": "a..b"}},
        {"podLabels": {"a": 1}},
        {"podLabels": {"a b": "c"}},
        {"podLabels": {"a": "b c"}},
        {"podAnnotations": {"a b": "c"}},
        {"commonLabels": {"-/a": "b"}},
        {"commonLabels": {"a": "b" * 64}},
        {"nodeSelector": {"a": "-b"}},
        {"metrics": {"serviceMonitor": {"labels": {"a": "b_"}}}},
        {"autoscaling": {"minReplicas": 0}},
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_is_refused(values: dict[str, Any]) -> None:
    """Types, ranges and forms are checked before anything is sent to a cluster."""
    with pytest.raises(RenderFailed, match=r"values don't meet the specifications|doesn't match|at '/"):
        render(values)


@pytest.mark.parametrize("key", ["commonLabels", "podLabels"])
@pytest.mark.parametrize(
    "label",
    [
        "app.kubernetes.io/name",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/component",
        "app.kubernetes.io/version",
        "app.kubernetes.io/managed-by",
        "helm.sh/chart",
    ],
)
def test_labels_that_the_chart_sets_are_refused(key: str, label: str) -> None:
    """Twice in one object they would be the first to some programs and the second to others, selectors among them."""
    with pytest.raises(RenderFailed, match=f"{key}: the chart sets {label} itself"):
        render({key: {label: "x"}})


@pytest.mark.parametrize("key", ["checksum/spec", "helm.sh/hook"])
def test_annotations_that_the_chart_sets_are_refused(key: str) -> None:
    """A checksum that never changes would keep a changed specification from rolling the pods."""
    with pytest.raises(RenderFailed, match=f"podAnnotations: the chart sets {key} itself"):
        render({"podAnnotations": {key: "x"}})


@pytest.mark.parametrize("release", ["a.b", "1sw", "2026"])
def test_a_release_whose_name_no_service_can_have_is_refused(release: str) -> None:
    """Helm would take it and the API server would not; with a name of its own the release is possible."""
    with pytest.raises(RenderFailed, match=r'-stillwatch", made of the release\'s name, .* Set fullnameOverride'):
        render(release=release)

    objects = render({"fullnameOverride": "watcher"}, release=release)
    assert all(o["metadata"]["labels"]["app.kubernetes.io/instance"] == release for o in objects)


def test_the_defaults_alone_say_what_is_missing() -> None:
    """A first `helm install` without values ends with what to set, not with a stack of template errors."""
    with pytest.raises(RenderFailed, match=r"kafka.bootstrapServers is required, for example"):
        helm("template", "sw", str(CHART))
