"""The chart's papers: one version everywhere, a README that is generated, annotations that a catalogue can read."""

import html
import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from detectors.spec import load_spec
from tests.chart.helm import CHART, REPOSITORY, TOOLS

pytestmark = pytest.mark.deploy

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
CHART_YAML = yaml.safe_load((CHART / "Chart.yaml").read_text())


def test_there_is_one_version() -> None:
    """Package, chart and image have the same version, so that there is nothing to look up."""
    [image] = yaml.safe_load(CHART_YAML["annotations"]["artifacthub.io/images"])

    assert CHART_YAML["version"] == CHART_YAML["appVersion"] == PROJECT["version"]
    assert image["image"] == f"stillwatch:{PROJECT['version']}"


def test_annotations_are_what_artifact_hub_reads() -> None:
    """Licence, category and changes have the forms that it accepts."""
    annotations = CHART_YAML["annotations"]
    changes = yaml.safe_load(annotations["artifacthub.io/changes"])

    assert annotations["artifacthub.io/license"] == PROJECT["license"]
    assert annotations["artifacthub.io/category"] in ("security", "monitoring-logging", "streaming-messaging")
    assert {change["kind"] for change in changes} <= {"added", "changed", "deprecated", "removed", "fixed", "security"}
    assert all(change["description"] for change in changes)


def test_the_readme_lists_every_value() -> None:
    """Each value with a default has a row with a description."""
    rows = re.findall(r"^\| ([\w.]+) \| \w+ \| .+ \| (.*) \|$", (CHART / "README.md").read_text(), re.MULTILINE)
    listed = {name for name, description in rows if description}

    def leaves(values: object, where: str) -> list[str]:
        if where in listed or not isinstance(values, dict) or not values:
            return [where]
        return [leaf for key, value in values.items() for leaf in leaves(value, f"{where}.{key}".lstrip("."))]

    assert set(leaves(yaml.safe_load((CHART / "values.yaml").read_text()), "")) - listed == set()


def test_the_readme_says_what_the_values_say() -> None:
    """Default and description of each row are those of values.yaml; this needs no other program."""
    text = (CHART / "values.yaml").read_text()
    rows = re.findall(r"^\| ([\w.]+) \| \w+ \| `(.+)` \| (.+) \|$", (CHART / "README.md").read_text(), re.MULTILINE)
    assert len(rows) > 100

    values = yaml.safe_load(text)
    for name, default, description in rows:
        value = values
        for key in name.split("."):
            value = value[key]
        assert json.loads(default) == value, name
        assert f"# -- {html.unescape(description)}\n" in text, name


def test_the_rate_of_a_worker_is_one_figure() -> None:
    """What the values say of it is what the sizing says, which is made of the benchmark."""
    told = re.findall(r"handles ([\d,]+ to [\d,]+)", (CHART / "values.yaml").read_text())

    assert len(told) == 2
    assert set(told) == set(
        re.findall(r"about ([\d,]+ to [\d,]+) events from end to end", (REPOSITORY / "docs/operations.md").read_text())
    )


def test_the_readme_is_generated(tmp_path: Path) -> None:
    """README.md is what `make chart-docs` writes, to the byte."""
    own = TOOLS / "helm-docs"
    program = shutil.which("helm-docs") or (str(own) if os.access(own, os.X_OK) else None)
    if program is None:
        pytest.skip("the README is not compared: helm-docs is neither on the path nor among the tools")
    copy = tmp_path / "stillwatch"
    shutil.copytree(CHART, copy)
    (copy / "README.md").unlink()
    subprocess.run([program, "--chart-search-root", str(tmp_path), "--log-level", "warning"], check=True)

    assert (copy / "README.md").read_text() == (CHART / "README.md").read_text()


@pytest.mark.parametrize("is_there", [True, False])
def test_the_readme_is_written_by_a_tool_wherever_it_lies(tmp_path: Path, is_there: bool) -> None:
    """Also below a folder with a space in its name; without the tool one line says how to have it."""
    tool = tmp_path / "my tools/helm-docs"
    tool.parent.mkdir()
    if is_there:
        tool.write_text("#!/bin/sh\necho written")
        tool.chmod(0o755)
    environment = {"PATH": "/usr/bin:/bin", "STILLWATCH_TOOLS": str(tool.parent)}
    done = subprocess.run(
        ["make", "chart-docs"], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )

    assert done.stdout == ("written\n" if is_there else "")
    assert ("needs helm-docs; `tests/deploy/tools.sh chart` builds it" in done.stderr) != is_there


def test_tuning_begins_with_a_specification_that_is_there() -> None:
    """What people are to compare theirs with lies in the repository, and is the packaged one."""
    named = re.findall(r"stillwatch backtest --config (\S+) --config", (REPOSITORY / "docs/operations.md").read_text())

    assert [load_spec(REPOSITORY / path) for path in named] == [load_spec(None)]


def test_the_rates_that_are_shown_were_asked_for_by_the_packaged_specification() -> None:
    """The line of the log that the tuning page shows is one that its readers could see."""
    [line] = re.findall(
        r'^\{.*"alarms\.rate", \.\.\.\}$', (REPOSITORY / "docs/operations.md").read_text(), re.MULTILINE
    )
    shown, asked = json.loads(line.replace(", ...", "")), load_spec(None).false_alarms

    assert shown["account_days_asked_for"] == asked.account_days_per_false_alarm
    assert shown["days_asked_for"] == asked.days_per_false_campaign


def test_every_example_says_what_it_shows() -> None:
    """Each file of example values begins with a comment."""
    for path in (CHART / "ci").glob("*.yaml"):
        assert path.read_text().startswith("# "), path
