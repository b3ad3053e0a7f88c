"""Comparing specifications on recorded events."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.alert import Alert, decode_alert
from streams.commands import backtest
from streams.commands.backtest import command
from streams.replay import ReplaySummary
from tests.conformance.record import publication


class Replay:
    """A replay in which a specification with short buckets names one account more than others do."""

    more = "acct_h"

    def __init__(self, _: object, spec: Any) -> None:
        self._is_sharp = spec.bucket_seconds < 300
        self.summary = ReplaySummary()

    def alerts(self, raws: Any) -> list[Alert]:
        """Read everything and name acct_a, and one more if sharp."""
        self.summary.inputs = self.summary.observed = len(list(raws))
        found = [
            publication("a", 1),
            publication("a", 2, "updated"),
            publication("campaign_1", 3, accounts=["acct_a", "acct_b"]),
        ]
        return [decode_alert(raw) for raw in (*found, *([publication("h", 2, accounts=[self.more])] * self._is_sharp))]


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A labelled recording and two specifications, on a replay that is quick."""
    monkeypatch.setattr(backtest, "Replay", Replay)
    hours = [(f"e{n}", "acct_a", n) for n in range(4)] + [("h1", "acct_h", 0)]
    lines = [{"event_id": e, "account_id": a, "occurred_at": f"2026-03-02T{h:02}:00:00Z"} for e, a, h in hours]
    tmp_path.joinpath("events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    accounts = [{"account_id": "acct_a", "label": "campaign"}, {"account_id": "acct_h", "label": "benign"}]
    tmp_path.joinpath("accounts.jsonl").write_text("".join(json.dumps(a) + "\n" for a in accounts))
    tmp_path.joinpath("campaigns.jsonl").write_text('{"campaign_id":"c","family":"solo"}\n')
    rows = "".join(f"e{n},c\n" for n in range(4))
    tmp_path.joinpath("attack_events.csv.gz").write_bytes(gzip.compress(f"event_id,campaign_id\n{rows}".encode()))
    tmp_path.joinpath("blunt.yaml").write_text("bucket_seconds: 600\n")
    tmp_path.joinpath("sharp.yaml").write_text("bucket_seconds: 60\n")
    return tmp_path


def run(folder: Path, *arguments: str, configs: tuple[str, ...] = ("blunt.yaml", "sharp.yaml")) -> Any:
    """Run the backtest of a folder."""
    options = [word for name in configs for word in ("--config", str(folder / name))]
    return CliRunner().invoke(command, [str(folder / "events.jsonl"), *options, *arguments])


def test_specifications_stand_side_by_side(recording: Path) -> None:
    """The table has a column for each and a row for each figure, then who is named in addition."""
    output = run(recording, "--labels", str(recording)).stdout
    rows = {line[:24].strip(): line[24:].split() for line in output.splitlines()[1:]}

    assert rows["events observed"] == ["5", "5"]
    assert rows["alerts"] == ["2", "3"]
    assert rows["of campaigns"] == ["1", "1"]
    assert rows["publications"] == ["3", "4"]
    assert rows["accounts named"] == ["2", "3"]
    assert rows["leaked"] == ["25.0%", "25.0%"]
    assert rows["campaigns found"] == ["1", "of", "1", "1", "of", "1"]
    assert rows["honest accounts named"] == ["0", "1"]
    assert rows["per 1,000 days"] == ["0.00", "1000.00"]
    assert "also names      1: acct_h" in output
    assert "no longer names nobody" in output


def test_without_labels_there_is_no_score(recording: Path) -> None:
    """What is not known is not shown."""
    assert "leaked" not in run(recording).stdout


def test_the_id_of_an_account_writes_no_line_of_its_own(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others choose it."""
    monkeypatch.setattr(Replay, "more", "h\nno longer names nobody")

    assert r"also names      1: h\nno longer names nobody" in run(recording).stdout


def test_programs_get_every_figure(recording: Path) -> None:
    """JSON has the accounts by name and the scores as numbers."""
    found = json.loads(run(recording, "--labels", str(recording), "--json").stdout)

    assert [outcome["accounts"] for outcome in found["outcomes"]] == [
        ["acct_a", "acct_b"],
        ["acct_a", "acct_b", "acct_h"],
    ]
    assert found["outcomes"][1]["score"]["false_accounts"] == ["acct_h"]
    [difference] = found["differences"]
    assert (difference["added"], difference["removed"]) == (["acct_h"], [])


def test_what_cannot_be_compared_is_an_error(recording: Path) -> None:
    """A wrong specification, a folder without labels and a damaged recording end in one line each."""
    recording.joinpath("wrong.yaml").write_text("bucket_second: 60\n")
    assert "bucket_second: unknown key" in run(recording, configs=("wrong.yaml",)).stderr
    recording.joinpath("campaigns.jsonl").unlink()
    assert "no labels" in run(recording, "--labels", str(recording)).stderr
    recording.joinpath("events.jsonl").rename(recording / "cut.gz")
    damaged = CliRunner().invoke(command, [str(recording / "cut.gz"), "--config", str(recording / "sharp.yaml")])
    assert "no complete gzip file" in damaged.stderr
    assert damaged.exit_code == 1


def test_a_recording_without_any_event_is_an_error(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of zeros is nothing to compare by; an empty recording has nothing wrong with it."""
    monkeypatch.undo()
    recording.joinpath("events.jsonl").write_text("no event\n{}\n")
    done = run(recording)
    recording.joinpath("events.jsonl").write_text("")

    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: no event in 2 messages (1 invalid, 1 not_json)")
    assert run(recording).exit_code == 0


def test_what_lies_too_deep_is_left_to_the_replay(recording: Path) -> None:
    """An event of which a field lies a thousand lists deep is read, so its labels are no reason to end."""
    with (recording / "events.jsonl").open("a") as events:
        events.write('{"x": ' + "[" * 5_000 + "]" * 5_000 + "}\n")
    done = run(recording, "--labels", str(recording))

    assert (done.exit_code, done.exception) == (0, None)


@pytest.mark.parametrize("is_packed_badly", [True, False])
def test_damaged_labels_are_one_line(recording: Path, is_packed_badly: bool) -> None:
    """Also where a compressed stream breaks in the middle, and where a field is longer than any id."""
    path = recording / "attack_events.csv.gz"
    packed = gzip.compress(b"event_id,campaign_id\n" + (b"" if is_packed_badly else b"x" * 200_000 + b",c\n"))
    # The third bit after the header of ten bytes makes it a block of no known kind.
    path.write_bytes(packed[:10] + bytes([packed[10] | 6]) + packed[11:] if is_packed_badly else packed)
    done = run(recording, "--labels", str(recording))

    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "no labels" in done.stderr
