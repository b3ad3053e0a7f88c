"""The workers: membership, settings, probes, placement."""

import json
import re
from typing import Any

import pytest
import yaml

from streams.app import LAST_CHECKPOINT_SECONDS, LEAVE_SECONDS
from streams.settings import Settings
from tests.chart.helm import CHART, REPOSITORY, environment, only, pods, render, workload

pytestmark = pytest.mark.deploy

PREFIX = "STILLWATCH_"


def test_a_stateful_set_gives_static_membership() -> None:
    """Each pod joins the group under its own name, which survives its restart; none waits for another."""
    found = workload(render())

    assert found["kind"] == "StatefulSet"
    assert found["spec"]["podManagementPolicy"] == "Parallel"
    member = environment(found["spec"]["template"]["spec"])["STILLWATCH_INSTANCE_ID"]
    assert member == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_a_deployment_has_dynamic_membership_and_no_surge() -> None:
    """The names of a Deployment's pods never come back, so they must not be static members; one pod goes at a time."""
    found = workload(render({"workload": {"kind": "Deployment"}}))

    assert found["kind"] == "Deployment"
    assert "STILLWATCH_INSTANCE_ID" not in environment(found["spec"]["template"]["spec"])
    assert found["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_every_variable_is_a_setting_of_the_worker() -> None:
    """No variable is passed that the program would ignore: a renamed setting fails here and not in production."""
    objects = render(
        {
            "kafka": {
                "tls": {"enabled": True, "ca": {"secretName": "ca"}},
                "sasl": {"enabled": True, "secretName": "user"},
            },
            "detector": {"spec": "name: x"},
        }
    )
    names = environment(workload(objects)["spec"]["template"]["spec"]).keys() - {"KAFKA_BOOTSTRAP_SERVERS"}
    known = {PREFIX + field.upper() for field in Settings.model_fields}

    assert names - known == set()


def test_every_setting_can_be_set_or_is_the_charts_business() -> None:
    """A setting added to the program gets a value in the chart, or a reason here why it has none."""
    objects = render(
        {
            "kafka": {
                "tls": {"enabled": True, "ca": {"secretName": "ca"}, "client": {"secretName": "user"}},
            },
            "detector": {"spec": "name: x"},
        }
    )
    set_by_chart = environment(workload(objects)["spec"]["template"]["spec"]).keys()
    known = {PREFIX + field.upper() for field in Settings.model_fields} - {"STILLWATCH_BOOTSTRAP_SERVERS"}
    only_with_sasl = {"STILLWATCH_SASL_MECHANISM", "STILLWATCH_SASL_USERNAME", "STILLWATCH_SASL_PASSWORD"}

    assert known - set_by_chart - only_with_sasl == set()


def test_default_settings_are_accepted_by_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The values of the chart are valid settings, and mean in the program what they say in the chart."""
    env = environment(workload(render())["spec"]["template"]["spec"])
    for name, value in env.items():
        monkeypatch.setenv(name, value if isinstance(value, str) else "from-the-cluster")

    settings = Settings()

    assert settings.bootstrap_servers == "kafka:9092"
    assert settings.instance_id == "from-the-cluster"
    assert settings.http_host == "0.0.0.0"  # noqa: S104  in a pod, the kubelet must reach it
    assert settings.stages == set(json.loads(env["STILLWATCH_STAGES"]))
    assert settings.log_format == "json"


def test_large_numbers_reach_the_program_as_they_were_written() -> None:
    """Helm holds numbers as floats; none may arrive as 1e+06."""
    objects = render({"settings": {"deadLetterWindow": 10_000_000, "disorderSeconds": 86400, "maxAgeDays": 0.25}})
    env = environment(workload(objects)["spec"]["template"]["spec"])

    assert env["STILLWATCH_DEAD_LETTER_WINDOW"] == "10000000"
    assert env["STILLWATCH_DISORDER_SECONDS"] == "86400"
    assert env["STILLWATCH_MAX_AGE_DAYS"] == "0.25"


@pytest.mark.parametrize("name", ["idleSeconds", "disorderSeconds", "maxFutureSeconds"])
def test_a_setting_can_be_left_to_the_program(name: str) -> None:
    """A null removes a value of the chart, and the program's own default applies; also to what the chart compares."""
    default = yaml.safe_load((CHART / "values.yaml").read_text())["settings"][name]
    env = environment(workload(render({"settings": {name: None}}))["spec"]["template"]["spec"])
    variable = re.sub(r"([A-Z])", r"_\1", name)

    assert f"STILLWATCH_{variable.upper()}" not in env
    assert Settings.model_fields[variable.lower()].default == default


def test_other_variables_reach_every_pod() -> None:
    """Also one that names a setting which the chart leaves to the program."""
    extra = [
        {"name": "STILLWATCH_IDLE_SECONDS", "value": "7"},
        {"name": "ZONE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
    ]
    for name, pod in pods(render({"settings": {"idleSeconds": None}, "extraEnv": extra})).items():
        env = environment(pod)
        assert env["STILLWATCH_IDLE_SECONDS"] == "7", name
        assert env["ZONE"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}, name


def test_every_pod_runs_as_the_account_that_is_there() -> None:
    """One that others made may be the only one with rights to the image or to a user id; ours comes after the jobs."""
    theirs = pods(render({"serviceAccount": {"create": False, "name": "theirs"}}))
    ours = {name: pod.get("serviceAccountName") for name, pod in pods(render()).items()}

    assert {pod.get("serviceAccountName") for pod in theirs.values()} == {"theirs"}
    assert {name for name, account in ours.items() if account is None} == {name for name in ours if "Job/" in name}
    assert set(ours.values()) == {None, "sw-stillwatch"}


def test_what_pods_are_to_carry_every_pod_carries() -> None:
    """Also those of jobs and tests: what keeps a sidecar out, what a policy asks of all pods. Common labels yield."""
    values = {"podLabels": {"inject": "false"}, "podAnnotations": {"team": "abuse"}, "commonLabels": {"inject": "true"}}
    for thing in render(values):
        if thing["kind"] in ("StatefulSet", "Job", "Pod"):
            metadata = (thing if thing["kind"] == "Pod" else thing["spec"]["template"])["metadata"]
            assert metadata["labels"]["inject"] == "false", thing["metadata"]["name"]
            assert metadata["annotations"]["team"] == "abuse", thing["metadata"]["name"]


def test_the_fingerprint_key_comes_from_the_secret() -> None:
    """Workers read it from the named secret and key, and so does the check of settings; nobody else does."""
    objects = render({"fingerprint": {"existingSecret": "keys", "key": "hmac"}, "detector": {"spec": "name: x"}})

    holders = {"StatefulSet/sw-stillwatch", "Job/sw-stillwatch-config-check"}
    for name, pod in pods(objects).items():
        found = environment(pod).get("STILLWATCH_FINGERPRINT_KEY")
        expected = {"secretKeyRef": {"name": "keys", "key": "hmac"}} if name in holders else None
        assert found == expected, name


@pytest.mark.parametrize(
    "settings",
    [
        {"stages": ["accounts", "campaigns", "alerts"], "directSources": False},
        {"stages": ["campaigns", "alerts"], "directSources": True},
    ],
    ids=str,
)
def test_no_key_is_asked_for_where_no_prompts_are_read(settings: dict[str, Any]) -> None:
    """A release behind the ingest of another one needs no secret."""
    env = environment(
        workload(render({"fingerprint": {"existingSecret": ""}, "settings": settings}))["spec"]["template"]["spec"]
    )

    assert "STILLWATCH_FINGERPRINT_KEY" not in env


def test_accounts_that_read_prompts_get_the_key() -> None:
    """Without ingest, sources that write past it have their prompts fingerprinted among accounts, with the same key."""
    settings = {"stages": ["accounts", "campaigns", "alerts"], "directSources": True}
    env = environment(workload(render({"settings": settings}))["spec"]["template"]["spec"])

    assert env["STILLWATCH_FINGERPRINT_KEY"] == {
        "secretKeyRef": {"name": "stillwatch-fingerprint", "key": "fingerprint-key"}
    }


def test_probes_ask_what_they_should() -> None:
    """Liveness asks for progress, readiness for restored partitions, and a start may take two minutes."""
    [container] = workload(render())["spec"]["template"]["spec"]["containers"]

    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    startup = container["startupProbe"]
    assert startup["httpGet"]["path"] == "/livez"
    assert startup["periodSeconds"] * startup["failureThreshold"] == 120


def test_pods_get_the_time_that_a_worker_takes_to_leave() -> None:
    """SIGKILL comes after the worker has left by itself; and what the values say of its limits is so."""
    pod = workload(render())["spec"]["template"]["spec"]
    told = (
        f"gives up its last checkpoint after {LAST_CHECKPOINT_SECONDS:.0f} seconds and leaves after {LEAVE_SECONDS:.0f}"
    )

    assert pod["terminationGracePeriodSeconds"] > LEAVE_SECONDS
    assert told in (CHART / "values.yaml").read_text()
    assert told in (REPOSITORY / "docs/operations.md").read_text()


def test_the_specification_is_mounted_and_rolls_the_pods() -> None:
    """An inline specification reaches the worker, and changing a byte of it changes the pod template."""
    first, second = (workload(render({"detector": {"spec": text}})) for text in ("name: a\n", "name: b\n"))

    [container] = first["spec"]["template"]["spec"]["containers"]
    assert environment(first["spec"]["template"]["spec"])["STILLWATCH_SPEC_FILE"] == "/etc/stillwatch/spec/spec.yaml"
    assert {"name": "spec", "mountPath": "/etc/stillwatch/spec", "readOnly": True} in container["volumeMounts"]
    checksums = [w["spec"]["template"]["metadata"]["annotations"]["checksum/spec"] for w in (first, second)]
    assert checksums[0] != checksums[1]


@pytest.mark.parametrize(
    "text",
    [
        "# why\nname: a\nnested:\n  - {limit: 1000000}\n  - |\n    two\n    lines\n",
        "\nname: a\n\n\n",
        "name: a  # no end of line, trailing blanks  ",
        "  - indented\n- '{{ .Values.notATemplate }}'\n\ttab\n",
    ],
)
def test_the_specification_arrives_byte_for_byte(text: str) -> None:
    """Comments, indentation, blank lines and numbers of the file are not touched on the way."""
    objects = render({"detector": {"spec": text}})

    assert only(objects, "ConfigMap", "-spec")["data"]["spec.yaml"] == text
    assert only(objects, "ConfigMap", "-config-check")["data"]["spec.yaml"] == text


def test_a_new_chart_version_alone_does_not_restart_pods() -> None:
    """Labels with versions stay off the pods and off selectors, which may never change."""
    template = workload(render())["spec"]["template"]

    assert not {"helm.sh/chart", "app.kubernetes.io/version"} & template["metadata"]["labels"].keys()


def test_pods_are_spread_and_deployments_count_only_their_revision() -> None:
    """Workers prefer different nodes and zones; in a Deployment's roll-out the old pods do not distort that."""
    stateful, deployed = (workload(render({"workload": {"kind": kind}})) for kind in ("StatefulSet", "Deployment"))
    spreads = [w["spec"]["template"]["spec"]["topologySpreadConstraints"] for w in (stateful, deployed)]

    assert [s["topologyKey"] for s in spreads[0]] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
    assert all("matchLabelKeys" not in s for s in spreads[0])
    assert all(s["matchLabelKeys"] == ["pod-template-hash"] for s in spreads[1])


def test_an_image_is_named_by_digest_when_there_is_one() -> None:
    """A digest wins over the tag, and without either the tag is the version of the application."""
    digest = "sha256:" + "ab" * 32
    images = [
        workload(render({"image": image}))["spec"]["template"]["spec"]["containers"][0]["image"]
        for image in ({}, {"tag": "1.2.3"}, {"tag": "1.2.3", "digest": digest})
    ]

    assert images[0].startswith("stillwatch:0.")
    assert images[1:] == ["stillwatch:1.2.3", f"stillwatch@{digest}"]


@pytest.mark.parametrize(
    ("release", "values", "expected"),
    [
        ("sw", {}, "sw-stillwatch"),
        ("stillwatch", {}, "stillwatch"),
        ("my-stillwatch-eu", {}, "my-stillwatch-eu"),
        ("sw", {"nameOverride": "watcher"}, "sw-watcher"),
        ("sw", {"fullnameOverride": "watcher"}, "watcher"),
        ("a" * 53, {}, "a" * 46),
        ("a" * 44 + "--b", {}, "a" * 44),
    ],
)
def test_names_follow_helms_custom(release: str, values: dict[str, str], expected: str) -> None:
    """The release's name is not doubled, overrides apply, and long names are cut."""
    assert workload(render(values, release=release))["metadata"]["name"] == expected
