"""`stillwatch traffic` writes labelled traffic that programs for corpora can read."""

import csv
import gzip
import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from streams.cli import main
from streams.commands.traffic import command
from traffic.generate import mixture
from traffic.labels import write_traffic
from traffic.simulate import Simulation

DOCUMENTS = Path(__file__).parents[3] / "docs"
SMALL = ("--accounts", "20", "--days", "3", "--campaigns", "2", "--seed", "3")


def invoked(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(command, arguments)


def labels(path: Path, name: str) -> dict[str, dict]:
    """The records of a file of labels by their id."""
    return {record[name]: record for record in map(json.loads, path.read_text().splitlines())}


def test_files_agree_with_one_another(tmp_path: Path) -> None:
    """Every attack event is an event of an account labelled with its campaign; counts are the true ones."""
    assert invoked(*SMALL, "--out", str(tmp_path)).exit_code == 0

    lines = gzip.decompress((tmp_path / "events.jsonl.gz").read_bytes()).splitlines()
    events = {event["event_id"]: event for event in map(json.loads, lines)}
    accounts = labels(tmp_path / "accounts.jsonl", "account_id")
    campaigns = labels(tmp_path / "campaigns.jsonl", "campaign_id")
    table = gzip.decompress((tmp_path / "attack_events.csv.gz").read_bytes()).decode().splitlines()
    attack = {row["event_id"]: row["campaign_id"] for row in csv.DictReader(table)}

    assert len(campaigns) == 2
    assert {event["account_id"] for event in events.values()} == set(accounts)
    assert sum(account["events"] for account in accounts.values()) == len(events)
    for campaign_id, campaign in campaigns.items():
        own = [events[event_id] for event_id, owner in attack.items() if owner == campaign_id]
        members = {event["account_id"] for event in own}
        assert (campaign["exchanges"], campaign["accounts"]) == (len(own), len(members))
        assert all(accounts[member]["label"] == "campaign" for member in members)
    assert {account["label"] for account in accounts.values()} == {"benign", "campaign"}


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    """Byte by byte, compressed files included."""
    for folder in ("one", "two"):
        assert invoked(*SMALL, "--out", str(tmp_path / folder)).exit_code == 0

    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["accounts.jsonl", "attack_events.csv.gz", "campaigns.jsonl", "events.jsonl.gz"]
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names)


def test_json_tells_what_was_made(tmp_path: Path) -> None:
    """`--json` prints one object with events, accounts and campaigns, and no progress bar among it."""
    result = invoked(*SMALL, "--out", str(tmp_path), "--json")
    told = json.loads(result.stdout)

    assert told["events"] > told["accounts"] > 20
    assert sorted(told["campaigns"]) == ["hydra-1", "no_ramp-1"]


def test_a_scenario_file_decides(tmp_path: Path) -> None:
    """Populations come from the file; seed and duration may be said as well."""
    path = tmp_path / "scenario.yaml"
    path.write_text("days: 2\npopulations: [{kind: monitor, accounts: 2}]\n")
    told = json.loads(invoked("--scenario", str(path), "--days", "4", "--out", str(tmp_path / "out"), "--json").stdout)

    assert told["accounts"] == 2
    assert 500 < told["events"] < 1_400


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--start", "yesterday"), "'yesterday' is no time"),
        (("--start", "9999-12-31T00:00:00Z"), "start is 9999-12-31, should be 2000-01-01 to 2999-01-01"),
        (("--start", "0001-01-01T00:00:00+14:00"), "is no time"),
        (("--days", "nan"), "nan is no finite number"),
        (("--rate", "nan"), "nan is no finite number"),
        (("--days", "inf"), "inf is not in the range"),
        (("--accounts", "0"), "0 is not in the range"),
        (("--scenario", "absent.yaml"), "does not exist"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    """Exit code 2 and one line that says what is wrong."""
    result = invoked(*arguments, "--out", str(tmp_path))

    assert result.exit_code == 2
    assert message in result.output


def test_a_scenario_is_not_mixed_with_options_for_the_mixture(tmp_path: Path) -> None:
    """What the file decides can't be said twice; a broken file is told in one line."""
    path = tmp_path / "scenario.yaml"
    path.write_text("populations: [{kind: nobody}]\n")
    told_twice = invoked("--scenario", str(path), "--accounts", "4", "--out", str(tmp_path))
    broken = invoked("--scenario", str(path), "--out", str(tmp_path))

    assert (told_twice.exit_code, broken.exit_code) == (1, 1)
    assert "no kind of traffic is called 'nobody'" in broken.output
    path.write_text("populations: [{kind: monitor}]\n")
    assert (
        "--scenario decides about accounts" in invoked("--scenario", str(path), "--accounts", "4", "--out", "x").output
    )


@pytest.mark.parametrize("document", ["traffic.md", "operations.md"])
def test_the_documented_run_is_what_the_command_prints(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The documented command gives the very counts printed below it; an account that is named is a campaign's."""
    text = (DOCUMENTS / document).read_text("utf-8")
    [(options, folder, printed)] = re.findall(r"stillwatch traffic (.*--out (\S+))\n(.*?)(?=\$ |```)", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)

    assert invoked(*options.split()[:-1], "sample").stdout == printed.replace(folder, "sample")
    accounts = labels(tmp_path / "sample/accounts.jsonl", "account_id")
    assert {accounts[named]["label"] for named in re.findall(r"\bac-[0-9a-f]{12}\b", text)} <= {"campaign"}


def test_the_documented_run_leads_to_alerts_that_can_be_explained(tmp_path: Path) -> None:
    """As docs/operations.md has newcomers see them; it names none, for which they are is the detectors' matter."""
    text = (DOCUMENTS / "operations.md").read_text("utf-8")
    [options] = re.findall(r"stillwatch traffic (.*) --out", text)
    assert re.findall(r"\bac-[0-9a-f]{12}\b", text) == []
    assert invoked(*options.split(), "--out", str(tmp_path)).exit_code == 0
    path = tmp_path / "alerts.jsonl"
    replayed = CliRunner().invoke(main, ["replay", str(tmp_path / "events.jsonl.gz"), "--alerts", str(path)])
    assert replayed.exit_code == 0

    [account_id, *_] = [alert["account_ids"][0] for alert in map(json.loads, path.read_text("utf-8").splitlines())]
    explained = CliRunner().invoke(main, ["explain", account_id, "--alerts", str(path)])
    assert explained.exit_code == 0
    assert account_id in explained.stdout
    assert "harmless" in explained.stdout


def test_the_scenario_is_not_overwritten(tmp_path: Path) -> None:
    """A scenario under the name of one of the files is refused and stays."""
    path = tmp_path / "accounts.jsonl"
    path.write_text("populations: [{kind: monitor}]\n")
    result = invoked("--scenario", str(path), "--out", str(tmp_path))

    assert result.exit_code == 2
    assert f"--out {path} would overwrite --scenario {path}" in result.output
    assert path.read_text() == "populations: [{kind: monitor}]\n"


def test_who_stops_early_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    """Labels of an earlier run never stand beside the events of another."""
    assert invoked(*SMALL, "--out", str(tmp_path)).exit_code == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    events = write_traffic(Simulation(mixture(20, 1.0, 0, 7)), tmp_path)
    next(events)
    events.close()

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_who_is_terminated_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    """As after Ctrl-C: half a corpus is nobody's to clear up."""
    arguments = ["traffic", "--accounts", "5000", "--days", "365", "--out", str(tmp_path)]
    with subprocess.Popen([sys.executable, "-m", "streams.cli", *arguments], stderr=subprocess.PIPE) as process:
        killer = threading.Timer(60, process.kill)
        killer.start()
        while process.poll() is None and not [*tmp_path.glob(".partial-*/events*")]:
            time.sleep(0.02)
        process.terminate()
        _, complaints = process.communicate()
        killer.cancel()

    assert (process.returncode, complaints) == (128 + signal.SIGTERM, b"")
    assert [*tmp_path.iterdir()] == []
