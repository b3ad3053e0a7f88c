"""The workflows: what they call is what everybody calls, with the least rights, from pinned actions."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def workflow(request: pytest.FixtureRequest) -> Path:
    """Each of the workflows."""
    path: Path = request.param
    return path


def jobs(workflow: Path) -> dict[str, dict[str, Any]]:
    """Its jobs by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(workflow.read_text())["jobs"]
    return found


def test_actions_are_pinned(workflow: Path) -> None:
    """Every action is named by a whole commit, with its version beside it for people."""
    used = re.findall(r"uses: (.+)", workflow.read_text())

    assert used
    assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)] == []


def test_rights_are_the_least(workflow: Path) -> None:
    """Nothing for the workflow, reading for each job, and no credentials left in the checkout."""
    assert yaml.safe_load(workflow.read_text())["permissions"] == {}
    for name, job in jobs(workflow).items():
        assert job["permissions"] == {"contents": "read"}, name
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False, name


def test_steps_are_make_targets(workflow: Path) -> None:
    """What CI runs, anybody can run: make targets of this repository, after the packages of a bare machine."""
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    commands = [step["run"] for job in jobs(workflow).values() for step in job["steps"] if "run" in step]

    assert commands
    for command in commands:
        program, _, rest = command.partition(" ")
        assert program == "apt-get" or (program == "make" and rest in targets), command
