"""The conformance kit is up to date, the reference consumer passes it, and careless consumers do not."""

import json
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.alert import Alert, decode_alert
from schemas.times import parse_instant
from streams.commands import conformance
from streams.commands.conformance import Checkpoint, differences, read_cases, reference_state
from streams.commands.consume_alerts import command
from streams.enforcement import LADDER
from tests.conformance.record import HERE, recorded_cases

CHECKPOINTS = list(read_cases(HERE))


def test_the_recorded_files_are_what_the_recorder_writes(tmp_path: Path) -> None:
    """Nobody edits the cases by hand, and a change of the alert contract shows here."""
    for case in recorded_cases():
        case.write(tmp_path)

    recorded = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.glob("*/*")}
    kept = {path.relative_to(HERE): path.read_bytes() for path in HERE.glob("*/*.json*")}
    assert kept == recorded


@pytest.mark.parametrize("point", CHECKPOINTS, ids=lambda point: f"{point.case}-{len(point.alerts)}-{point.now}")
def test_the_reference_consumer_conforms(point: Checkpoint) -> None:
    """After every checkpoint of every case the reference consumer does exactly what it must."""
    assert reference_state(point.alerts, parse_instant(point.now)) == point.expected


class Careless:
    """A consumer with one habit less than it needs."""

    def __init__(self, without: str) -> None:
        self.without = without
        self.known: dict[str, Alert] = {}

    def state(self, alerts: Iterable[bytes], now: datetime) -> dict[str, str]:
        """Return the accounts it acts on and how."""
        for raw in alerts:
            try:
                alert = decode_alert(raw)
            except ValueError:
                if self.without == "passing over":
                    break
                continue
            known = self.known.get(alert.alert_id)
            if known is None or alert.version > known.version or self.without == "versions":
                members = set(alert.account_ids) | set(known.account_ids if known else ())
                kept = tuple(members) if self.without == "leaving" and alert.kind == "campaign" else alert.account_ids
                self.known[alert.alert_id] = alert.model_copy(update={"account_ids": kept})
        actions: dict[str, str] = {}
        # Oldest first, so the last of an account's own is its latest.
        own = {a.account_ids[0]: a for a in sorted(self.known.values(), key=_raised) if a.kind == "account"}
        for alert in self.known.values():
            is_followed = alert.kind == "account" and own[alert.account_ids[0]] is not alert
            if is_followed and self.without != "latest":
                continue
            for account_id in alert.account_ids if self._stands(alert, now) else ():
                chosen = [alert.recommended_action.type, actions.get(account_id, "observe")]
                actions[account_id] = chosen[0] if self.without == "strictness" else max(chosen, key=LADDER.index)
        return actions

    def _stands(self, alert: Alert, now: datetime) -> bool:
        ended = {"retracted", "superseded", "resolved", "expired"} - {self.without}
        is_over = now >= alert.expires_at and self.without != "expiry"
        return alert.status not in ended and not is_over and (not alert.shadow or self.without == "shadow")


def _raised(alert: Alert) -> tuple[datetime, bool]:
    return alert.raised_at, alert.is_active


def failures(without: str) -> set[str]:
    """Return the cases in which a careless consumer is found out."""
    return {
        point.case
        for point in CHECKPOINTS
        if differences(point.expected, Careless(without).state(point.alerts, parse_instant(point.now)))
    }


def test_a_careful_consumer_of_other_making_conforms() -> None:
    """The kit asks for nothing but the contract: a second, plain implementation passes as well."""
    assert failures("nothing") == set()


@pytest.mark.parametrize(
    ("without", "found_by"),
    [
        ("versions", "replay-after-a-restart"),
        ("expiry", "expiry-without-a-word"),
        ("shadow", "shadow-is-only-watched"),
        ("retracted", "retraction-releases"),
        ("superseded", "supersession-in-any-order"),
        ("resolved", "open-update-resolve"),
        ("expired", "expired-is-published-too"),
        ("leaving", "members-come-and-go"),
        ("strictness", "the-strictest-counts"),
        ("passing over", "unreadable-is-passed-over"),
        ("latest", "a-gap-hides-an-end"),
    ],
)
def test_a_careless_consumer_is_found_out(without: str, found_by: str) -> None:
    """Every habit that a consumer needs has a case that fails without it."""
    assert found_by in failures(without)


def test_the_kit_runs_from_the_command_line() -> None:
    """The command checks the reference consumer and says ok for every checkpoint."""
    done = CliRunner().invoke(command, ["--conformance", str(HERE), "--json"])

    assert done.exit_code == 0
    outcomes = json.loads(done.stdout)
    assert len(outcomes) == len(CHECKPOINTS)
    assert all(outcome["differences"] == [] for outcome in outcomes)


def test_a_foreign_consumer_is_checked_through_its_command(tmp_path: Path) -> None:
    """A consumer in any language is checked; what it does wrong is told account by account and the exit code is 1."""
    lazy = tmp_path / "lazy.py"
    lazy.write_text(
        "import sys, json\nassert len(sys.stdin.readlines()) == 1\nprint(json.dumps({'acct_x': 'suspend'}))\n"
    )
    case = HERE / "expired-is-published-too"
    folder = tmp_path / "case"
    folder.mkdir()
    folder.joinpath("alerts.jsonl").write_bytes(case.joinpath("alerts.jsonl").read_bytes())
    folder.joinpath("expected.json").write_text(
        json.dumps(
            {
                "meaning": "m",
                "checkpoints": [{"after_lines": 1, "now": "2026-03-02T02:00:00Z", "actions": {"acct_a": "throttle"}}],
            }
        )
    )

    done = CliRunner().invoke(command, ["--conformance", str(folder), "--consumer", f"{sys.executable} {lazy}"])

    assert done.exit_code == 1
    assert "acct_a: nothing instead of throttle" in done.stdout
    assert "acct_x: suspend instead of nothing" in done.stdout


@pytest.mark.parametrize("program", ["import sys; sys.exit(3)", "print('no state')", "print(3)"])
def test_a_consumer_that_fails_is_no_conforming_one(program: str) -> None:
    """A command that fails or prints no state ends the check with an error."""
    done = CliRunner().invoke(command, ["--conformance", str(HERE), "--consumer", f'{sys.executable} -c "{program}"'])

    assert done.exit_code == 1
    assert "Error: " in done.stderr


@pytest.mark.parametrize(
    ("consumer", "complaint"),
    [("", "--consumer is empty"), ("  ", "--consumer is empty"), ('"x', '--consumer "x: No closing quotation')],
)
def test_what_is_no_command_is_refused(consumer: str, complaint: str) -> None:
    """Without a traceback."""
    done = CliRunner().invoke(command, ["--conformance", str(HERE), "--consumer", consumer])

    assert done.exit_code == 2
    assert complaint in done.stderr


def test_a_consumer_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that waits for more than it gets, for example."""
    monkeypatch.setattr(conformance, "CONSUMER_TIMEOUT_SECONDS", 0.2)
    consumer = f'{sys.executable} -c "import time; time.sleep(60)"'
    done = CliRunner().invoke(command, ["--conformance", str(HERE), "--consumer", consumer])

    assert done.exit_code == 1
    assert "did not end within 0.2 s" in done.stderr


def test_a_folder_without_cases_is_an_error(tmp_path: Path) -> None:
    """A mistyped folder does not pass for a clean result."""
    done = CliRunner().invoke(command, ["--conformance", str(tmp_path)])

    assert done.exit_code == 1
    assert "no case" in done.stderr


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ({"after_lines": 4}, "after_lines is 4, of 3 lines"),
        ({"after_lines": -1}, "after_lines is -1, of 3 lines"),
        ({"now": "nonsense"}, "now: should be an RFC 3339 time"),
        ({"actions": []}, "actions is a list"),
        (None, "no checkpoint"),
    ],
)
def test_a_case_that_is_damaged_does_not_pass(tmp_path: Path, damage: dict[str, object] | None, complaint: str) -> None:
    """A truncated copy of the kit proves nothing: it is told in one line, with the name of the case."""
    point = {"after_lines": 3, "now": "2026-03-02T02:00:00Z", "actions": {}}
    checkpoints = [] if damage is None else [point | damage]
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "alerts.jsonl").write_text("{}\n" * 3)
    (tmp_path / "case" / "expected.json").write_text(json.dumps({"meaning": "m", "checkpoints": checkpoints}))
    done = CliRunner().invoke(command, ["--conformance", str(tmp_path)])

    assert done.exit_code == 1
    assert "cannot read the cases: case: " in done.stderr
    assert complaint in done.stderr
