"""``stillwatch replay`` on files: alerts as lines, a summary for people or programs, and refusals in one line."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.alert import decode_alert
from schemas.feedback import Feedback, encode_feedback
from schemas.times import parse_instant
from streams.cli import main
from tests.stream.recordings import EAGER
from tests.unit.streams.traffic_samples import replayed_alerts, sample


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with recorded events and the specification of the tests."""
    with gzip.open(tmp_path / "events.jsonl.gz", "wb") as file:
        file.write(b"\n".join(sample()) + b"\n")
    (tmp_path / "spec.yaml").write_text(EAGER)
    return tmp_path


def replay(folder: Path, *arguments: str) -> dict[str, object]:
    """Summary of a replay of the recorded events."""
    paths = [str(folder / "events.jsonl.gz"), "--alerts", str(folder / "alerts.jsonl")]
    config = ["--config", str(folder / "spec.yaml"), "--json"]
    done = CliRunner().invoke(main, ["replay", *paths, *config, *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    summary: dict[str, object] = json.loads(done.stdout)
    return summary


def test_alerts_are_written_one_per_line(folder: Path) -> None:
    """In the order in which they became due, by the contract, without a time of publication."""
    summary = replay(folder)

    lines = (folder / "alerts.jsonl").read_bytes().splitlines()
    assert [json.loads(decode_alert(line).model_dump_json()) for line in lines] == replayed_alerts(sample())
    assert {decode_alert(line).published_at for line in lines} == {None}
    assert (summary["inputs"], summary["alerts"]) == (len(sample()), len(lines))


def test_decisions_come_from_a_file(folder: Path) -> None:
    """Those that match are carried out, the others are told."""
    opened = next(alert for alert in replayed_alerts(sample()) if alert["status"] == "open")
    decisions = [
        Feedback(
            feedback_id=alert_id,
            given_at=parse_instant(opened["raised_at"]),
            verdict="benign",
            alert_id=alert_id,
            author="reviewer",
            reason="a known pipeline",
        )
        for alert_id in (opened["alert_id"], "no-such-alert")
    ]
    (folder / "feedback.jsonl").write_bytes(b"\n".join(map(encode_feedback, decisions)))

    summary = replay(folder, "--feedback", str(folder / "feedback.jsonl"))

    assert summary["decisions_applied"] == 1
    assert "no-such-alert" in str(summary["decisions_refused"])


def test_a_refused_decision_is_one_line(folder: Path) -> None:
    """Whatever it names."""
    decision = Feedback(
        feedback_id="f-1",
        given_at=parse_instant(replayed_alerts(sample())[0]["raised_at"]),
        verdict="benign",
        account_ids=("a\n0 decisions carried out",),
        author="reviewer",
        reason="a known pipeline",
    )
    (folder / "feedback.jsonl").write_bytes(encode_feedback(decision))
    paths = [str(folder / "events.jsonl.gz"), "--alerts", str(folder / "alerts.jsonl")]
    config = ["--config", str(folder / "spec.yaml")]
    done = CliRunner().invoke(main, ["replay", *paths, *config, "--feedback", str(folder / "feedback.jsonl")])
    [line] = [line for line in done.stderr.splitlines() if line.startswith("refused: ")]

    assert r"a\n0 decisions carried out" in line


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "give either EVENTS or --from-topic"),
        (["{folder}/events.jsonl.gz", "--from-topic", "t"], "give either EVENTS or --from-topic"),
        (["{folder}/events.jsonl.gz", "--start", "5"], "go with --from-topic"),
        (["--from-topic", "t", "--end", "soon"], "neither an offset nor a time"),
        (["{folder}/events.jsonl.gz", "--feedback", "{folder}/spec.yaml"], "decision 1: "),
        (["{folder}/spec.yaml", "--config", "{folder}/events.jsonl.gz"], "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(folder: Path, arguments: list[str], complaint: str) -> None:
    """With exit code 1 or 2 and without a traceback."""
    given = [argument.format(folder=folder) for argument in arguments]
    done = CliRunner().invoke(main, ["replay", *given, "--alerts", str(folder / "alerts.jsonl")])

    assert done.exit_code in (1, 2)
    assert complaint in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["{folder}/events.jsonl.gz", "--alerts", "{folder}/events.jsonl.gz"], "EVENTS"),
        (["{folder}/events.jsonl.gz", "--alerts", "{folder}/../{folder.name}/events.jsonl.gz"], "EVENTS"),
        (["{folder}/events.jsonl.gz", "--alerts", "{folder}/link"], "EVENTS"),
        (["{folder}/spec.yaml", "{folder}/events.jsonl.gz", "--alerts", "{folder}/link"], "EVENTS"),
        (["{folder}/events.jsonl.gz", "--config", "{folder}/spec.yaml", "--alerts", "{folder}/spec.yaml"], "--config"),
        (["--from-topic", "t", "--feedback", "{folder}/spec.yaml", "--alerts", "{folder}/spec.yaml"], "--feedback"),
    ],
)
def test_no_input_is_overwritten(folder: Path, arguments: list[str], named: str) -> None:
    """A recording given as --alerts by mistake is refused under whatever name, and is as it was."""
    (folder / "link").symlink_to(folder / "events.jsonl.gz")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    given = [argument.format(folder=folder) for argument in arguments]
    done = CliRunner().invoke(main, ["replay", *given])

    assert done.exit_code == 2
    assert f"--alerts {given[-1]} would overwrite {named} {folder}" in done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_specification_of_the_worker_is_not_overwritten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read as well when no option names it."""
    monkeypatch.setenv("STILLWATCH_SPEC_FILE", str(folder / "spec.yaml"))
    events, spec = str(folder / "events.jsonl.gz"), folder / "spec.yaml"
    done = CliRunner().invoke(main, ["replay", events, "--alerts", str(spec)])

    assert f"would overwrite STILLWATCH_SPEC_FILE {spec}" in done.stderr
    assert spec.read_text() == EAGER


def test_a_replay_that_fails_leaves_the_alerts_of_an_earlier_one(folder: Path) -> None:
    """Half a file is never taken for a whole one, and nothing else is left behind."""
    whole = (folder / "events.jsonl.gz").read_bytes()
    (folder / "events.jsonl.gz").write_bytes(whole[: len(whole) * 9 // 10])
    (folder / "alerts.jsonl").write_text("of an earlier replay")
    names = {path.name for path in folder.iterdir()}
    events, alerts, spec = (str(folder / name) for name in ("events.jsonl.gz", "alerts.jsonl", "spec.yaml"))
    done = CliRunner().invoke(main, ["replay", events, "--alerts", alerts, "--config", spec])

    assert done.exit_code == 1
    assert "no complete gzip file" in done.stderr
    assert (folder / "alerts.jsonl").read_text() == "of an earlier replay"
    assert {path.name for path in folder.iterdir()} == names


def test_alerts_go_where_a_link_leads_with_the_rights_that_were_there(folder: Path) -> None:
    """An earlier file keeps its mode, and a link stays one."""
    (folder / "kept.jsonl").write_text("of an earlier replay")
    (folder / "kept.jsonl").chmod(0o640)
    (folder / "alerts.jsonl").symlink_to("kept.jsonl")
    replay(folder)

    assert (folder / "alerts.jsonl").is_symlink()
    assert (folder / "kept.jsonl").stat().st_mode & 0o777 == 0o640
    assert len((folder / "kept.jsonl").read_bytes().splitlines()) == len(replayed_alerts(sample()))


def test_what_is_no_file_is_written_and_stays(folder: Path) -> None:
    """A pipe, or /dev/null, is never replaced by a file."""
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    events, spec = str(folder / "events.jsonl.gz"), str(folder / "spec.yaml")
    done = CliRunner().invoke(main, ["replay", events, "--alerts", str(folder / "pipe"), "--config", spec])
    found = os.read(reader, 1 << 16)
    os.close(reader)

    assert done.exit_code == 0
    assert (folder / "pipe").is_fifo()
    assert found.startswith(b'{"')


def test_a_folder_that_is_not_there_is_named_as_it_was_given(folder: Path) -> None:
    """Not by the name under which the file is written at first."""
    events, alerts = str(folder / "events.jsonl.gz"), str(folder / "none" / "alerts.jsonl")
    done = CliRunner().invoke(main, ["replay", events, "--alerts", alerts])

    assert done.stderr == f"Error: {alerts}: No such file or directory\n"


def test_a_recording_without_any_event_is_an_error(folder: Path) -> None:
    """A compressed file under another name is not replayed to no alerts; the summary is told all the same."""
    (folder / "events.jsonl.gz").rename(folder / "events.jsonl")
    (folder / "alerts.jsonl").write_text("of an earlier replay")
    events, alerts = str(folder / "events.jsonl"), str(folder / "alerts.jsonl")
    done = CliRunner().invoke(main, ["replay", events, "--alerts", alerts, "--json"])
    summary = json.loads(done.stdout)

    assert done.exit_code == 1
    assert summary["observed"] == 0
    assert summary["inputs"] == sum(summary["refused"].values()) > 0
    assert f"Error: no event in {summary['inputs']} messages (" in done.stderr
    assert "a compressed file must end in .gz" in done.stderr
    assert (folder / "alerts.jsonl").read_text() == "of an earlier replay"


def test_an_empty_recording_gives_no_alerts(folder: Path) -> None:
    """Nothing happened: that is no error, and nor is one line among others that cannot be read."""
    (folder / "events.jsonl.gz").write_bytes(gzip.compress(b""))
    assert replay(folder)["inputs"] == 0
    assert (folder / "alerts.jsonl").read_bytes() == b""
    (folder / "events.jsonl.gz").write_bytes(gzip.compress(b"no event\n" + sample()[0]))
    assert replay(folder)["observed"] == 1


def test_a_broker_that_cannot_be_reached_is_one_line(folder: Path) -> None:
    """Without what a client says of itself that was never closed."""
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", "replay", "--from-topic", "t", "--alerts", str(folder / "out.jsonl")],
        env=os.environ | {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert "KAFKA_BOOTSTRAP_SERVERS" in done.stderr
    assert "Unclosed" not in done.stderr
