"""Helm for the tests: from the path, from the tools' folder, or built once from its Go module."""

import json
import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
CHART = REPOSITORY / "helm/stillwatch"
TOOLS = Path(
    os.environ.get("STILLWATCH_TOOLS")
    or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "stillwatch/tools"
)
MODULE, VERSION = "helm.sh/helm/v3", "v3.22.0"
KUBERNETES = "1.34"
BUILD_SECONDS = 300

MINIMAL: dict[str, Any] = {
    "kafka": {"bootstrapServers": "kafka:9092"},
    "fingerprint": {"existingSecret": "stillwatch-fingerprint"},
}
"""The fewest values that make a release."""


class RenderFailed(Exception):
    """Helm refused; the message is what it said."""


@lru_cache(1)
def program() -> str:
    """The path of helm; skips the test with a sentence when there is no way to get it."""
    own = TOOLS / "helm"
    if found := shutil.which("helm") or (str(own) if own.exists() else None):
        return found
    if shutil.which("go") is None:
        pytest.skip("the chart is not tested: neither helm nor go, to build it with, is on the path")
    TOOLS.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(
            ["nice", "go", "install", "-trimpath", "-ldflags", _flags(), f"{MODULE}/cmd/helm@{VERSION}"],
            env={**os.environ, "GOBIN": str(TOOLS), "CGO_ENABLED": "0"},
            check=True,
            capture_output=True,
            timeout=BUILD_SECONDS,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"the chart is not tested: helm was not built within {BUILD_SECONDS} s ({type(error).__name__})")
    return str(own)


def _flags() -> str:
    # Without these it takes the cluster of `template` and `lint` for Kubernetes 1.20.
    major, minor = KUBERNETES.split(".")
    return "-s -w " + " ".join(
        f"-X {MODULE}/pkg/{package}Major={major} -X {MODULE}/pkg/{package}Minor={minor}"
        for package in ("chartutil.k8sVersion", "lint/rules.k8sVersion")
    )


def helm(*arguments: str) -> str:
    """Run helm. Raises ``RenderFailed`` when it refuses."""
    with tempfile.TemporaryDirectory() as home:
        folders = {f"HELM_{name}_HOME": home for name in ("CACHE", "CONFIG", "DATA")}
        done = subprocess.run(
            [program(), *arguments], capture_output=True, text=True, check=False, env={**os.environ, **folders}
        )
    if done.returncode != 0:
        raise RenderFailed(done.stderr)
    return done.stdout


def render(*changes: dict[str, Any], release: str = "sw", namespace: str = "watch") -> list[dict[str, Any]]:
    """The objects of a release with the minimal values and these changes, hooks and tests included."""
    return _render(json.dumps([MINIMAL, *changes]), release, namespace)


def notes(values: dict[str, Any]) -> str:
    """What people are told after an install with the minimal values and these changes."""
    with tempfile.TemporaryDirectory() as folder:
        # Helm shows notes only where it reaches a cluster.
        chart = Path(folder) / "stillwatch"
        shutil.copytree(CHART, chart)
        (chart / "templates/told.yaml").write_text(
            'told: {{ include (print .Template.BasePath "/NOTES.txt") . | toJson }}'
        )
        objects = _render(json.dumps([MINIMAL, values]), "sw", "watch", chart)
    [told] = [thing["told"] for thing in objects if "told" in thing]
    return str(told)


def render_file(path: Path) -> list[dict[str, Any]]:
    """The objects of a release with the values of a file."""
    return _render(json.dumps([yaml.safe_load(path.read_text())]), "sw", "watch")


class _NoKeyTwice(yaml.SafeLoader):
    """Reads a rendered file and takes a key that stands twice for the mistake that it is."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping of a node. Raises ``AssertionError`` for a key given twice."""
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice at {node.start_mark}: {keys}"
        return super().construct_mapping(node, deep)


@lru_cache(256)
def _render(layers: str, release: str, namespace: str, chart: Path = CHART) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        arguments = []
        for number, layer in enumerate(json.loads(layers)):
            path = Path(folder) / f"{number}.yaml"
            path.write_text(yaml.safe_dump(layer))
            arguments += ["--values", str(path)]
        output = helm(
            "template", release, str(chart), "--namespace", namespace, "--kube-version", KUBERNETES, *arguments
        )
    return [thing for thing in yaml.load_all(output, _NoKeyTwice) if thing]


def only(objects: list[dict[str, Any]], kind: str, ending: str = "") -> dict[str, Any]:
    """The one object of a kind, with a name that ends so."""
    [found] = [o for o in objects if o["kind"] == kind and o["metadata"]["name"].endswith(ending)]
    return found


def workload(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """The StatefulSet or Deployment."""
    [found] = [o for o in objects if o["kind"] in ("StatefulSet", "Deployment")]
    return found


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The specification of every pod that the release makes, by the name of what makes it."""
    found = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "Pod"}
    for kind in ("StatefulSet", "Deployment", "Job"):
        found |= {
            f"{kind}/{o['metadata']['name']}": o["spec"]["template"]["spec"] for o in objects if o["kind"] == kind
        }
    return found


def environment(pod: dict[str, Any]) -> dict[str, Any]:
    """The environment of a pod's one container: values, or where they come from."""
    [container] = pod["containers"]
    names = [entry["name"] for entry in container.get("env", [])]
    assert len(names) == len(set(names)), "a variable is set twice"
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container.get("env", [])}
