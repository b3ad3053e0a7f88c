"""The life of a release, with Helm 3 and, where it is there, with Helm 4."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chart.helm import CHART
from tests.deploy.cluster import tools
from tests.deploy.cluster.client import Client, CommandFailed

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(900)]

VALUES = CHART / "ci/minimal-values.yaml"
SPEC = "name: default\nversion: '2'\n"
WAIT = ("--wait", "--timeout", "60s")


class Release:
    """The release `sw` in a namespace, driven with one version of Helm."""

    def __init__(self, api: Client, namespace: str, program: str) -> None:
        self._api = api
        self._namespace = namespace
        self._program = program

    def helm(self, *arguments: str) -> str:
        """Run helm in the namespace."""
        return self._api.helm(*arguments, "-n", self._namespace, program=self._program)

    def install(self, *arguments: str) -> str:
        """Install with the minimal values and wait."""
        return self.helm("install", "sw", str(CHART), "-f", str(VALUES), *WAIT, *arguments)

    def upgrade(self, *arguments: str) -> str:
        """Upgrade with the minimal values and wait; goes back by itself when it fails."""
        back = "--rollback-on-failure" if self._program == "helm4" else "--atomic"
        return self.helm("upgrade", "sw", str(CHART), "-f", str(VALUES), *WAIT, back, *arguments)

    def revisions(self) -> list[tuple[int, str]]:
        """Number and state of every revision."""
        history: list[dict[str, Any]] = json.loads(self.helm("history", "sw", "-o", "json"))
        return [(entry["revision"], entry["status"]) for entry in history]

    def workers(self) -> list[dict[str, Any]]:
        """The pods of the workers."""
        return self._api.list("pod", self._namespace, "app.kubernetes.io/component=worker")

    def leftovers(self) -> list[str]:
        """Everything with the release's label, of the kinds that it makes."""
        kinds = "all,configmap,networkpolicy,poddisruptionbudget,serviceaccount,job"
        return self._api.kubectl(
            "get", kinds, "-n", self._namespace, "-l", "app.kubernetes.io/instance=sw", "-o", "name"
        ).split()


@pytest.fixture(params=["helm", "helm4"])
def release(request: pytest.FixtureRequest, api: Client, namespace: str) -> Release:
    """A release not installed yet."""
    program: str = request.param
    if program == "helm4" and tools.missing(("helm4",)):
        pytest.skip("helm4 is not among the tools")
    return Release(api, namespace, program)


def test_install_test_and_uninstall(release: Release) -> None:
    """A release becomes ready, its own tests pass, and uninstalling leaves nothing of it."""
    notes = release.install()
    tested = release.helm("test", "sw")
    release.helm("uninstall", "sw", "--wait")

    assert "kubectl -n" in notes
    assert tested.count("Succeeded") >= 2
    assert [left for left in release.leftovers() if not left.startswith("pod/")] == []


def test_a_changed_specification_rolls_the_pods_and_a_rollback_rolls_them_back(
    release: Release, tmp_path: Path
) -> None:
    """An upgrade replaces the pods; the rollback brings the old specification back, and waits for it."""
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC)
    release.install()
    before = {pod["metadata"]["uid"] for pod in release.workers()}

    release.upgrade("--set-file", f"detector.spec={spec}")
    upgraded = release.workers()
    release.helm("rollback", "sw", "1", *WAIT)

    assert before.isdisjoint(pod["metadata"]["uid"] for pod in upgraded)
    assert all("checksum/spec" in pod["metadata"]["annotations"] for pod in upgraded)
    assert all("checksum/spec" not in pod["metadata"].get("annotations", {}) for pod in release.workers())
    assert [state for _, state in release.revisions()][-1] == "deployed"


def test_an_upgrade_that_changes_nothing_touches_no_pod(release: Release) -> None:
    """The same values twice are the same pods: nothing in the template is random or a date."""
    release.install()
    before = [pod["metadata"]["uid"] for pod in release.workers()]

    release.upgrade()

    assert [pod["metadata"]["uid"] for pod in release.workers()] == before


def test_an_upgrade_whose_pods_never_become_ready_goes_back_by_itself(release: Release) -> None:
    """The first broken pod stops the roll-out, and the automatic rollback heals it without anybody's hand."""
    release.install("--set", "replicas=3")

    with pytest.raises(CommandFailed, match=r"timed out|deadline|not ready|rolled back"):
        release.upgrade("--set", "replicas=3", "--set-string", "podLabels.test/stays-pending=yes", "--timeout", "20s")

    workers = release.workers()
    assert len(workers) == 3
    assert all("test/stays-pending" not in pod["metadata"]["labels"] for pod in workers)
    assert all(pod["status"]["phase"] == "Running" for pod in workers)
    assert [state for _, state in release.revisions()] == ["superseded", "failed", "deployed"]


def test_a_refused_specification_stops_the_upgrade_before_any_pod(release: Release, tmp_path: Path) -> None:
    """When the check of the specification fails, the workers keep running, and its job stays for its log."""
    spec = tmp_path / "spec.yaml"
    spec.write_text(SPEC)
    release.install()
    before = [pod["metadata"]["uid"] for pod in release.workers()]

    with pytest.raises(CommandFailed):
        # The pods of the hooks get this label too, and the simulated node fails them.
        release.upgrade(
            "--set-file",
            f"detector.spec={spec}",
            "--set-string",
            "podLabels.test/fails=yes",
            "--set",
            "hooks.backoffLimit=0",
        )

    assert [pod["metadata"]["uid"] for pod in release.workers()] == before
    assert "job.batch/sw-stillwatch-config-check" in release.leftovers()


def test_a_failed_install_can_be_repeated(release: Release) -> None:
    """What the hooks of a failed install leave behind does not stand in the way of the next attempt."""
    with pytest.raises(CommandFailed):
        release.install("--set-string", "podLabels.test/fails=yes", "--set", "hooks.backoffLimit=0")

    release.helm("upgrade", "--install", "sw", str(CHART), "-f", str(VALUES), *WAIT)

    assert len(release.workers()) == 2
