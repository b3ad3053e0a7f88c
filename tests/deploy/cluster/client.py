"""kubectl and helm against one cluster."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.cluster.tools import tool


class CommandFailed(Exception):
    """A command exited with another code than 0; the message is the command and what it said."""


class Client:
    """Commands with the administrator's rights.

    Parameters
    ----------
    prefix
        A command that runs another one where the cluster can be reached.
    """

    def __init__(self, kubeconfig: Path, folder: Path, prefix: Sequence[str] = ()) -> None:
        self._prefix = list(prefix)
        self._env = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "HELM_CACHE_HOME": str(folder / "helm/cache"),
            "HELM_CONFIG_HOME": str(folder / "helm/config"),
            "HELM_DATA_HOME": str(folder / "helm/data"),
        }

    def run(
        self,
        command: Sequence[str],
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 600,
    ) -> str:
        """Run a command where the cluster can be reached, return what it prints. Raises ``CommandFailed``."""
        done = subprocess.run(
            [*self._prefix, *command],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            env={**self._env, **(env or {})},
        )
        if done.returncode != 0:
            raise CommandFailed(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl."""
        return self.run([tool("kubectl"), *arguments], stdin)

    def helm(self, *arguments: str, program: str = "helm") -> str:
        """Run helm."""
        return self.run([tool(program), *arguments])

    def apply(self, *objects: Mapping[str, Any], namespace: str = "default") -> None:
        """Create or change objects; unknown fields are refused."""
        self.kubectl("apply", "--validate=strict", "-n", namespace, "-f", "-", stdin=yaml.safe_dump_all(objects))

    def get(self, kind: str, name: str, namespace: str) -> dict[str, Any]:
        """One object. Raises ``CommandFailed`` when it is not there."""
        found: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "-n", namespace, "-o", "json"))
        return found

    def list(self, kind: str, namespace: str, selector: str = "") -> list[dict[str, Any]]:
        """The objects of a kind, by name."""
        arguments = ["get", kind, "-n", namespace, "-o", "json", *(["-l", selector] if selector else [])]
        found: list[dict[str, Any]] = json.loads(self.kubectl(*arguments))["items"]
        return sorted(found, key=lambda item: str(item["metadata"]["name"]))

    def exists(self, kind: str, name: str, namespace: str) -> bool:
        """Whether an object is there."""
        return bool(self.kubectl("get", kind, name, "-n", namespace, "--ignore-not-found", "-o", "name"))

    def namespace(self, name: str, level: str = "restricted") -> str:
        """Make a namespace that enforces a level of Pod Security."""
        labels = {"pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/warn": level}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        return name
