"""What a release can be given beyond what the chart makes: volumes, sources of variables."""

from typing import Any

import pytest

from tests.chart.helm import RenderFailed, pods, render
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
