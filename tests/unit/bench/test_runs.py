"""Measured processes leave nothing in the checkout."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench import runs

REPOSITORY = Path(__file__).parents[3]


def test_what_a_framework_writes_where_it_runs_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each process has a folder of its own for as long as it runs, and finds the sources all the same."""
    folders = []

    def run(_: list[str], *, env: dict[str, str], cwd: str, **__: Any) -> subprocess.CompletedProcess[str]:
        (Path(cwd) / "state").mkdir()
        folders.append(Path(cwd))
        assert env["PYTHONPATH"] == str(REPOSITORY)
        return subprocess.CompletedProcess([], 0, f'{runs.REPORT_START}: 6, "cpu_seconds": 2}}\n', "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(runs.Repetition, "stored", lambda *_: 6)
    measured = runs.Repetition("a:9092", "b.").measure(runs.ACCOUNT_PATH)

    assert measured["events_per_cpu_second"] == 3
    [folder] = folders
    assert folder != REPOSITORY
    assert not folder.exists()
