"""What must be so for whatever values: each example in helm/stillwatch/ci is rendered and looked at."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.helm import CHART, KUBERNETES, MINIMAL, helm, pods, render, render_file
from tests.chart.strict_schema import Schemas

pytestmark = pytest.mark.deploy

EXAMPLES = sorted((CHART / "ci").glob("*.yaml"))
SCHEMAS = Schemas()


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.stem)
def example(request: pytest.FixtureRequest) -> Path:
    """Each of the examples."""
    path: Path = request.param
    return path


@pytest.fixture
def objects(example: Path) -> list[dict[str, Any]]:
    """What the example renders to."""
    return render_file(example)


def test_lint_finds_nothing(example: Path) -> None:
    """Helm's own checks pass, warnings included."""
    helm("lint", "--strict", str(CHART), "--values", str(example))


def test_objects_fit_their_schemas(objects: list[dict[str, Any]]) -> None:
    """Every object has only fields that its kind has, of the right type."""
    problems = {f"{o['kind']} {o['metadata']['name']}": SCHEMAS.problems(o) for o in objects}

    assert {name: found for name, found in problems.items() if found} == {}


def test_a_misspelt_field_would_be_found(objects: list[dict[str, Any]]) -> None:
    """The check above is not vacuous: each object with one key too many is refused."""
    for thing in objects:
        inner = "data" if thing["kind"] == "ConfigMap" else "spec" if "spec" in thing else "metadata"
        if thing["kind"] in ("ConfigMap", "KafkaTopic", "KafkaUser"):
            broken = {**thing, "misspelt": 1}
        else:
            broken = {**thing, inner: {**thing.get(inner, {}), "misspelt": 1}}

        assert any("misspelt is unknown" in problem for problem in SCHEMAS.problems(broken)), thing["kind"]


def test_names_are_unique_and_short_enough(objects: list[dict[str, Any]]) -> None:
    """No object overwrites another, and what Kubernetes appends to names still fits."""
    names = [(o["kind"], o["metadata"]["name"]) for o in objects]

    assert len(names) == len(set(names))
    assert all(len(name) <= 63 for kind, name in names if kind != "KafkaTopic")


@pytest.mark.parametrize("is_enabled", [True, False])
def test_a_parent_chart_may_switch_it_on_and_off(tmp_path: Path, is_enabled: bool) -> None:
    """As a dependency with the usual condition, whose value reaches the chart among its own."""
    dependency = {"name": "stillwatch", "version": "0.1.0", "condition": "stillwatch.enabled"}
    parent = {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": [dependency]}
    shutil.copytree(CHART, tmp_path / "charts/stillwatch")
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(parent))
    (tmp_path / "values.yaml").write_text(yaml.safe_dump({"stillwatch": {"enabled": is_enabled, **MINIMAL}}))

    assert ("kind: StatefulSet" in helm("template", "sw", str(tmp_path), "--kube-version", KUBERNETES)) == is_enabled


def test_large_numbers_stay_whole() -> None:
    """Helm holds numbers as floats; in no object may a million become 1e+06, which is no integer to all programs."""
    million = 1_000_000
    probe = {"periodSeconds": million, "failureThreshold": million, "timeoutSeconds": million}
    objects = render(
        {
            "terminationGracePeriodSeconds": million,
            "workload": {"revisionHistoryLimit": million, "minReadySeconds": million},
            "hooks": {"activeDeadlineSeconds": million, "backoffLimit": million},
            "probes": {"startup": probe, "liveness": probe, "readiness": probe},
            "topologySpread": {"maxSkew": million},
            "podDisruptionBudget": {"maxUnavailable": million},
            "podSecurityContext": {"runAsUser": 1_000_680_000},
            "autoscaling": {
                "keda": {"enabled": True, "pollingIntervalSeconds": million},
                "behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": million, "periodSeconds": 60}]}},
            },
        }
    )

    assert {thing["kind"]: found for thing in objects if (found := SCHEMAS.problems(thing))} == {}


_N = "1000"
_TLS = {"enabled": True, "ca": {"secretName": _N, "key": _N}}


@pytest.mark.parametrize(
    "values",
    [
        {
            "kafka": {
                "tls": _TLS,
                "sasl": {"enabled": True, "secretName": _N, "passwordKey": _N, "username": _N},
            },
            "detector": {"existingConfigMap": _N, "key": _N},
            "serviceAccount": {"name": _N},
            "priorityClassName": _N,
        },
        {
            "kafka": {"tls": {**_TLS, "client": {"secretName": _N, "certificateKey": _N, "privateKeyKey": _N}}},
            "detector": {"spec": "a: 1", "key": _N},
        },
        {
            "kafka": {"groupId": _N, "inputTopic": _N, "tls": {"enabled": True}, "sasl": {"enabled": True}},
            "topics": {"manage": "Strimzi"},
            "strimzi": {"cluster": _N, "namespace": _N, "user": {"create": True, "name": _N}},
        },
    ],
    ids=["password", "certificate", "strimzi"],
)
def test_names_of_digits_stay_texts(values: dict[str, Any]) -> None:
    """As a namespace that is a customer's number; to YAML they are numbers, and to the API server no names."""
    more: dict[str, Any] = {
        "fingerprint": {"existingSecret": _N, "key": _N},
        "metrics": {name: {"enabled": True} for name in ("serviceMonitor", "prometheusRule", "dashboard")},
        "autoscaling": {"keda": {"enabled": True}},
    }
    objects = render(values, more, namespace=_N)

    assert {thing["kind"]: found for thing in objects if (found := SCHEMAS.problems(thing))} == {}


def test_every_object_says_whose_it_is(objects: list[dict[str, Any]]) -> None:
    """The recommended labels are on everything, so that one selector finds a release."""
    for thing in objects:
        labels = thing["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "sw"
        assert labels["app.kubernetes.io/name"] == "stillwatch"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"


def test_pods_are_restricted(objects: list[dict[str, Any]]) -> None:
    """Every pod meets the restricted level of Pod Security, and has no token and no writable root besides."""
    for name, pod in pods(objects).items():
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] >= 10_000, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), name
        assert {next(iter(v.keys() - {"name"})) for v in pod["volumes"]} <= {"emptyDir", "configMap", "secret"}, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name


def test_pods_say_what_they_need(objects: list[dict[str, Any]]) -> None:
    """Every container requests CPU and memory and limits its memory; none is throttled."""
    for pod in pods(objects).values():
        for container in pod["containers"]:
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
            assert container["resources"]["limits"].keys() == {"memory"}


def test_selectors_match_their_pods_and_no_others(objects: list[dict[str, Any]]) -> None:
    """Service, budget and policy of the workers select workers; jobs and tests are selected by their own policies."""
    components = {"worker": 0}
    for thing in objects:
        spec = thing.get("spec", {})
        selector = spec.get("podSelector") or spec.get("selector")
        if thing["kind"] in ("Service", "PodDisruptionBudget", "NetworkPolicy", "StatefulSet", "Deployment"):
            labels = selector.get("matchLabels", selector)
            components.setdefault(labels["app.kubernetes.io/component"], 0)
            components[labels["app.kubernetes.io/component"]] += 1

    assert components.keys() <= {"worker", "topics", "test"}
    assert components["worker"] >= 2
