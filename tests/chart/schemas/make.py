"""Make the schemas beside this file; run by hand when a version below changes.

    python tests/chart/schemas/make.py OPENAPI

OPENAPI is what `kubectl get --raw /openapi/v2` prints: of an API server, so that nothing is anybody's transcription.
The custom resources come from the Go modules of their projects, which hold them as the projects install them; those of
Strimzi, which is not in Go, are written by hand and only read here.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
KINDS = (
    "io.k8s.api.apps.v1.Deployment",
    "io.k8s.api.apps.v1.StatefulSet",
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    "io.k8s.api.batch.v1.Job",
    "io.k8s.api.core.v1.ConfigMap",
    "io.k8s.api.core.v1.Pod",
    "io.k8s.api.core.v1.Service",
    "io.k8s.api.core.v1.ServiceAccount",
    "io.k8s.api.networking.v1.NetworkPolicy",
    "io.k8s.api.policy.v1.PodDisruptionBudget",
)
CUSTOM = {
    (
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        "example/prometheus-operator-crd/monitoring.coreos.com_",
    ): (
        "servicemonitors",
        "prometheusrules",
    ),
    ("github.com/kedacore/keda/v2@v2.21.0", "config/crd/bases/keda.sh_"): ("scaledobjects", "triggerauthentications"),
}
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
LEFT_OUT = ("description", "x-kubernetes-", "format", "default", "example", "title")


def main(openapi: Path) -> None:
    """Write kubernetes.json and a file for every custom resource."""
    document = json.loads(openapi.read_text())
    definitions = document["definitions"]
    reached: dict[str, Any] = {}
    for kind in KINDS:
        _reach(kind, definitions, reached)
    written = {"version": document["info"]["version"], "kinds": KINDS, "definitions": dict(sorted(reached.items()))}
    (FOLDER / "kubernetes.json").write_text(json.dumps(written, indent=1) + "\n")
    for (module, prefix), names in CUSTOM.items():
        [line] = [subprocess.run(["go", "mod", "download", "-json", module], capture_output=True, check=True).stdout]
        for name in names:
            crd = yaml.safe_load((Path(json.loads(line)["Dir"]) / f"{prefix}{name}.yaml").read_text())
            (FOLDER / f"{name}.yaml").write_text(
                f"# From {module}, shortened by make.py\n" + yaml.safe_dump(_shortened(crd))
            )


def _reach(name: str, definitions: dict[str, Any], reached: dict[str, Any]) -> None:
    if name in reached:
        return
    if name == INT_OR_STRING:
        reached[name] = {"type": ["integer", "string"]}
        return
    reached[name] = schema = _plain(definitions[name])
    # A misspelt key would be dropped in silence; none of the objects that matter here allows any.
    if "properties" in schema:
        schema["additionalProperties"] = False
    for reference in _references(schema):
        _reach(reference, definitions, reached)


def _references(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for item in schema for name in _references(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].removeprefix("#/definitions/")] if isinstance(schema.get("$ref"), str) else []
    return own + [name for value in schema.values() for name in _references(value)]


def _plain(schema: Any, *, are_names: bool = False) -> Any:
    """A copy without what only people and clients read; ``are_names``: its keys are names of fields."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _plain(value, are_names=key == "properties" and not are_names)
        for key, value in schema.items()
        if are_names or not key.startswith(LEFT_OUT)
    }


def _shortened(crd: dict[str, Any]) -> dict[str, Any]:
    """The stored version only, without prose, defaults and columns; still a valid definition to install."""
    [version] = [version for version in crd["spec"]["versions"] if version["storage"]]
    return {
        "apiVersion": crd["apiVersion"],
        "kind": crd["kind"],
        "metadata": {"name": crd["metadata"]["name"]},
        "spec": {
            "group": crd["spec"]["group"],
            "names": crd["spec"]["names"],
            "scope": crd["spec"]["scope"],
            "versions": [
                {
                    "name": version["name"],
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": _without_prose(version["schema"]["openAPIV3Schema"])},
                }
            ],
        },
    }


def _without_prose(schema: Any, *, are_names: bool = False) -> Any:
    if isinstance(schema, list):
        return [_without_prose(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")
    return {
        key: _without_prose(value, are_names=key == "properties" and not are_names)
        for key, value in schema.items()
        if are_names or key in kept or not key.startswith(("description", "x-kubernetes-", "default", "format"))
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
