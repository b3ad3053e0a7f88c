"""Explaining alerts, and scoring them against labels."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.alert import decode_alert, encode_alert
from streams.cli import main
from streams.labels import Labels, LabelsError, load_labels, named_accounts, score
from tests.conformance.record import publication

ALERTS = [
    publication("campaign_1", 1, accounts=["acct_a", "acct_b"]),
    publication("b", 1, accounts=["acct_b"], action="verify"),
    publication("campaign_1", 2, "updated", accounts=["acct_b", "acct_c"]),
    publication("b", 2, "superseded", accounts=["acct_b"], superseded_by="campaign_1"),
]


@pytest.fixture
def alerts_file(tmp_path: Path) -> str:
    """A file of alerts as replay writes it, with a repeat and a line that is no alert."""
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b"\n".join([*ALERTS, ALERTS[0], b"noise"]))
    return str(path)


def explain(*arguments: str) -> Any:
    """Run `stillwatch explain ...` in this process."""
    return CliRunner().invoke(main, ["explain", *arguments])


def test_an_alert_is_explained_by_its_newest_version_and_its_course(alerts_file: str) -> None:
    """A reviewer reads what was observed beside what is usual, what would be harmless, what to do, how it went on."""
    output = explain("campaign_1", "--alerts", alerts_file).stdout

    assert "Campaign alert campaign_1: updated, high, confidence 0.90" in output
    assert "throttle account for 1 d" in output
    assert "acct_b, acct_c" in output
    assert "template: share of one template      0.97    0.2  ratio" in output
    assert "harmless  A batch job of its own." in output
    assert [line.split()[0] for line in output.splitlines() if line.startswith("    v")] == ["v1", "v2"]


def test_an_account_is_explained_by_every_alert_that_names_it(alerts_file: str) -> None:
    """All alerts of an account, the latest first."""
    output = explain("acct_b", "--alerts", alerts_file).stdout

    assert output.index("Campaign alert campaign_1") < output.index("Account alert b: superseded")
    assert "superseded by campaign_1" in output


def test_an_account_that_left_a_campaign_is_told_so(alerts_file: str) -> None:
    """Who is no longer named reads that."""
    assert "acct_a was named earlier and is no longer" in explain("acct_a", "--alerts", alerts_file).stdout
    assert "no longer" not in explain("acct_c", "--alerts", alerts_file).stdout


def test_the_id_of_an_account_writes_no_line_of_its_own(tmp_path: Path) -> None:
    """Neither where it is named, nor in the summary, nor where it is least likely a member, nor where it has left."""
    forged = "a\nharmless\x1b[2J"
    first = decode_alert(publication("campaign_1", 1, accounts=[forged, "b"]))
    path = tmp_path / "alerts.jsonl"
    [reason, *_] = first.evidence
    texts = {"explanation": f"Least likely: {forged} 0.9.", "benign_explanation": f"{forged} is alike."}
    fields = {"summary": f"account {forged} asks", "evidence": (reason.model_copy(update=texts),)}
    versions = [first.model_copy(update=fields), decode_alert(publication("campaign_1", 2, "updated", accounts=["b"]))]
    for count in (1, 2):
        path.write_bytes(b"\n".join(map(encode_alert, versions[:count])))
        told = explain(forged, "--alerts", str(path)).output
        assert r"a\nharmless\x1b[2J" in told
        assert "\nharmless" not in told


def test_what_is_no_alert_is_told(alerts_file: str) -> None:
    """A damaged line does not hide the others and is not hidden itself."""
    assert "1 lines are no alerts" in explain("acct_b", "--alerts", alerts_file).stderr


def test_programs_get_all_versions(alerts_file: str) -> None:
    """JSON has each alert's publications as they were published, repeats left out."""
    found = json.loads(explain("acct_b", "--alerts", alerts_file, "--json").stdout)

    assert [[(a["alert_id"], a["version"]) for a in versions] for versions in found] == [
        [("campaign_1", 1), ("campaign_1", 2)],
        [("b", 1), ("b", 2)],
    ]


def test_an_unknown_subject_is_an_error(alerts_file: str, tmp_path: Path) -> None:
    """Whoever mistypes an id does not read an empty answer as all clear."""
    assert explain("acct_zz", "--alerts", alerts_file).exit_code == 1
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(b"x" * 1000)[:-4])
    assert explain("acct_b", "--alerts", str(cut)).exit_code == 1


# -- scoring ------------------------------------------------------------------------------------------


@pytest.fixture
def labels(tmp_path: Path) -> Labels:
    """Two campaigns of one family and one of another, two honest accounts."""
    accounts = [
        ("acct_a", "campaign"),
        ("acct_b", "campaign"),
        ("acct_c", "campaign"),
        ("honest_1", "benign"),
        ("honest_2", "benign"),
    ]
    tmp_path.joinpath("accounts.jsonl").write_text(
        "".join(json.dumps({"account_id": a, "label": label, "kind": "k", "events": 1}) + "\n" for a, label in accounts)
    )
    campaigns = [("c1", "hydra"), ("c2", "hydra"), ("c3", "solo")]
    tmp_path.joinpath("campaigns.jsonl").write_text(
        "".join(json.dumps({"campaign_id": c, "family": family, "note": "n"}) + "\n" for c, family in campaigns)
    )
    rows = "".join(f"e{n},c{1 + n % 3}\n" for n in range(12))
    tmp_path.joinpath("attack_events.csv.gz").write_bytes(gzip.compress(f"event_id,campaign_id\n{rows}".encode()))
    found = load_labels(tmp_path)
    for n in range(12):
        found.see(event(f"e{n}", f"acct_{'abc'[n % 3]}", n))
    for n in range(50):
        found.see(event(f"h{n}", "honest_1", n))
    found.see(event("h", "honest_2", 0))
    found.see(b"no event")
    return found


def event(event_id: str, account_id: str, hours: int) -> bytes:
    """Return what scoring reads of an event, so many hours after the start."""
    return json.dumps(
        {
            "event_id": event_id,
            "account_id": account_id,
            "occurred_at": f"2026-03-{2 + hours // 24:02}T{hours % 24:02}:00:00Z",
        }
    ).encode()


def test_nothing_named_is_everything_leaked(labels: Labels) -> None:
    """Without alerts all exchanges of all campaigns leaked and nobody was wronged."""
    result = score(labels, [])

    assert (result.leaked, result.found, result.false_per_1000) == (1.0, 0.0, 0.0)


def test_leaked_counts_what_came_before_the_alert(labels: Labels) -> None:
    """c1 is acct_a at hours 0, 3, 6, 9: named at 4 two of four leaked; c2 is never named; c3 is acct_c, named at 1."""
    alerts = [
        decode_alert(publication("x", 4, accounts=["acct_a"])),
        decode_alert(publication("y", 1, accounts=["acct_c"])),
    ]
    result = score(labels, alerts)

    assert result.leaked_by_family == {"hydra": pytest.approx((2 / 4 + 1) / 2), "solo": pytest.approx(0.0)}
    assert result.leaked == pytest.approx((0.75 + 0.0) / 2)
    assert result.found == pytest.approx(2 / 3)


def test_honest_accounts_are_counted_per_active_day(labels: Labels) -> None:
    """honest_1 was active on three days and honest_2 on one: one of them named is 250 per 1,000 account-days."""
    result = score(labels, [decode_alert(publication("x", 1, accounts=["honest_1"]))])

    assert result.false_accounts == ["honest_1"]
    assert result.false_per_1000 == pytest.approx(1000 / 4)


def test_a_retraction_counts_from_its_time_on(labels: Labels) -> None:
    """Exchanges after a retraction leak again, but the account was named."""
    alerts = [
        decode_alert(publication("x", 1, accounts=["acct_a"])),
        decode_alert(publication("x", 7, "retracted", accounts=["acct_a"])),
    ]

    assert score(labels, alerts).leaked_by_family["hydra"] == pytest.approx((2 / 4 + 1) / 2)
    assert named_accounts(alerts) == {"acct_a"}


def test_shadows_name_nobody(labels: Labels) -> None:
    """What is only watched is not counted for or against a specification."""
    alerts = [decode_alert(publication("x", 1, accounts=["acct_a"], shadow=True))]

    assert named_accounts(alerts) == frozenset()
    assert score(labels, alerts).found == 0.0


@pytest.mark.parametrize("missing", ["accounts.jsonl", "campaigns.jsonl", "attack_events.csv.gz"])
def test_a_folder_without_labels_is_an_error(labels: Labels, tmp_path: Path, missing: str) -> None:
    """Every missing or damaged file is told, rather than scored as nothing."""
    tmp_path.joinpath(missing).write_bytes(b"{")
    with pytest.raises(LabelsError, match="no labels"):
        load_labels(tmp_path)
    tmp_path.joinpath(missing).unlink()
    with pytest.raises(LabelsError, match=missing):
        load_labels(tmp_path)
