"""What a release can be given beyond what the chart makes: volumes, variables, annotations, labels of alerts."""

from typing import Any

import pytest

from tests.chart.helm import RenderFailed, only, pods, render, workload
from tests.chart.strict_schema import Schemas

pytestmark = pytest.mark.deploy

SCHEMAS = Schemas()
VAULT = {"name": "vault", "csi": {"driver": "secrets-store.csi.k8s.io", "readOnly": True}}
AT = {"name": "vault", "mountPath": "/mnt/vault", "readOnly": True}
ADDED: dict[str, Any] = {
    "extraVolumes": [VAULT],
    "extraVolumeMounts": [AT],
    "extraEnvFrom": [
        {"secretRef": {"name": "proxy"}},
        {"prefix": "A_", "configMapRef": {"name": "a", "optional": True}},
    ],
}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {
            "kafka": {"tls": {"enabled": True, "ca": {"secretName": "ca"}, "client": {"secretName": "user"}}},
            "detector": {"spec": "a: 1"},
        },
    ],
    ids=["no other volumes", "all other volumes"],
)
def test_every_pod_has_what_is_added(values: dict[str, Any]) -> None:
    """Also the jobs before an install: a secret that a driver makes is there only while a pod mounts its volume."""
    objects = render(values, ADDED)
    found = pods(objects)

    assert len(found) == 5
    for name, pod in found.items():
        [container] = pod["containers"]
        assert pod["volumes"][-1] == VAULT, name
        assert container["volumeMounts"][-1] == AT, name
        assert container["envFrom"] == ADDED["extraEnvFrom"], name
    assert {o["kind"]: problems for o in objects if (problems := SCHEMAS.problems(o))} == {}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"extraVolumes": [{"name": "spec", "emptyDir": {}}]}, "the chart has a volume spec itself"),
        ({"extraVolumes": [VAULT, VAULT]}, "extraVolumes: vault is there twice"),
        ({"extraVolumeMounts": [AT]}, "vault is no volume of extraVolumes"),
        ({"extraVolumeMounts": [{"name": "tmp", "mountPath": "/a"}]}, "tmp is no volume of extraVolumes"),
        *(
            ({"extraVolumes": [VAULT], "extraVolumeMounts": [{**AT, "mountPath": path}]}, f"{path} is where the chart")
            for path in ("/tmp", "/etc/stillwatch", "/etc/stillwatch/kafka-ca", "/etc//stillwatch/spec")  # noqa: S108
        ),
    ],
)
def test_volumes_that_would_hide_the_charts_own_are_refused(values: dict[str, Any], sentence: str) -> None:
    """A worker would read another specification or another authority than the values say, or the pods never start."""
    with pytest.raises(RenderFailed, match=sentence):
        render(values)


@pytest.mark.parametrize(
    "values",
    [
        {"extraVolumes": [{"emptyDir": {}}]},
        {"extraVolumeMounts": [{"name": "vault"}]},
        {"extraVolumeMounts": [{"name": "vault", "mountPath": "mnt"}]},
        {"extraVolumeMounts": [{**AT, "readonly": True}]},
        {"extraEnvFrom": [{"secret": {"name": "proxy"}}]},
        {"extraEnvFrom": [{"secretRef": {}}]},
    ],
    ids=str,
)
def test_a_misspelt_addition_is_refused(values: dict[str, Any]) -> None:
    """Before anything is sent to a cluster."""
    with pytest.raises(RenderFailed, match="values don't meet the specifications"):
        render(values)


def test_every_pod_is_placed_and_finds_names_alike() -> None:
    """A job before an install that did not find the brokers would keep the release from ever starting."""
    values: dict[str, Any] = {
        "hostAliases": [{"ip": "10.1.2.3", "hostnames": ["broker-1.example.com"]}],
        "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]},
        "runtimeClassName": "gvisor",
        "schedulerName": "1000",
        "nodeSelector": {"pool": "abuse"},
        "tolerations": [{"key": "abuse", "operator": "Exists"}],
    }
    objects = render(values)

    for name, pod in pods(objects).items():
        assert {key: pod[key] for key in values} == values, name
    assert {o["kind"]: problems for o in objects if (problems := SCHEMAS.problems(o))} == {}


ROUTED: dict[str, Any] = {"enabled": True, "alertLabels": {"team": "abuse", "pager": "1"}}


def test_every_alert_carries_the_labels_that_route_it() -> None:
    """Beside those that say whose alert it is; as texts, as Prometheus wants them."""
    monitored = render({"metrics": {"prometheusRule": ROUTED}})
    [group] = only(monitored, "PrometheusRule")["spec"]["groups"]

    assert group["rules"]
    for rule in group["rules"]:
        assert {"team": "abuse", "pager": "1", "namespace": "watch", "job": "sw-stillwatch"}.items() <= rule[
            "labels"
        ].items()


@pytest.mark.parametrize("key", ["severity", "namespace", "job"])
def test_labels_of_alerts_that_the_chart_sets_are_refused(key: str) -> None:
    """Twice in one rule they would be refused by Prometheus, or mean another release."""
    with pytest.raises(RenderFailed, match=f"alertLabels: the chart sets {key} itself"):
        render({"metrics": {"prometheusRule": {"alertLabels": {key: "x"}}}})


def test_each_rule_can_be_left_out_and_no_other() -> None:
    """A rule that does not fit a site goes by its name; a name that no rule has is refused."""
    everything = {"prometheusRule": {"enabled": True}}
    [group] = only(render({"metrics": everything}), "PrometheusRule")["spec"]["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    for left_out in names:
        values = {"metrics": {"prometheusRule": {"enabled": True, "disabled": [left_out]}}}
        [group] = only(render(values), "PrometheusRule")["spec"]["groups"]
        assert [rule["alert"] for rule in group["rules"]] == [name for name in names if name != left_out]

    with pytest.raises(RenderFailed, match="prometheusRule/disabled"):
        render({"metrics": {"prometheusRule": {"disabled": ["StillwatchDwon"]}}})
    with pytest.raises(RenderFailed, match="disabled leaves no rule"):
        render({"metrics": {"prometheusRule": {"enabled": True, "disabled": names}}})


def test_annotations_and_relabelings_are_where_they_belong() -> None:
    """The workload's are on the workload and not on its pods, which a change of them must not restart."""
    relabeling = {"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"}
    dropped = {"action": "drop", "regex": "python_gc_.*", "sourceLabels": ["__name__"]}
    objects = render(
        {
            "workload": {"annotations": {"reload": "true"}},
            "metrics": {
                "serviceMonitor": {
                    "enabled": True,
                    "annotations": {"a": "monitor"},
                    "relabelings": [relabeling],
                    "metricRelabelings": [dropped],
                },
                "prometheusRule": {"enabled": True, "annotations": {"a": "rule"}},
            },
        }
    )
    [endpoint] = only(objects, "ServiceMonitor")["spec"]["endpoints"]
    template = workload(objects)["spec"]["template"]

    assert workload(objects)["metadata"]["annotations"] == {"reload": "true"}
    assert "reload" not in template["metadata"]["annotations"]
    assert only(objects, "ServiceMonitor")["metadata"]["annotations"] == {"a": "monitor"}
    assert only(objects, "PrometheusRule")["metadata"]["annotations"] == {"a": "rule"}
    assert (endpoint["relabelings"], endpoint["metricRelabelings"]) == ([relabeling], [dropped])
    assert {o["kind"]: problems for o in objects if (problems := SCHEMAS.problems(o))} == {}
