"""``stillwatch replay`` on files: alerts as lines, a summary for people or programs, and refusals in one line."""

import gzip
import json
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
