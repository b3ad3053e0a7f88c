"""Plain rules on volume, by counts small enough to check by hand."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.account_bucket import AccountBucket
from tests.unit.tuning.samples import write_corpus
from tuning.corpus import DAY_MS, read_corpus
from tuning.plain_rules import LEARNING_DAYS, REQUESTS, Z_SCORES, judged, main, many_requests, unusual_days

HOUR_MS = DAY_MS // 24


def record(account_id: str, hours: float, events: int) -> AccountBucket:
    """So many requests of an account in five minutes, so many hours after a midnight."""
    start_ms = 20_000 * DAY_MS + round(hours * HOUR_MS)
    empty = dict.fromkeys(AccountBucket.__struct_fields__, 0)
    times = {"account_id": account_id, "start_ms": start_ms, "end_ms": start_ms + 300_000}
    return AccountBucket(**empty | times | {"events": events})  # type: ignore[arg-type]


def test_requests_count_from_midnight() -> None:
    """Named when the tenth of a day is in; nine and nine on two days are not ten of one."""
    records = [
        record("a", 1, 6), record("b", 22, 9), record("a", 23, 4), record("b", 25, 9), record("a", 26, 1),
    ]  # fmt: skip

    assert list(many_requests(10)(records)) == [("a", records[2].end_ms)]


@pytest.mark.parametrize(("last", "is_named"), [(11, False), (400, True)])
def test_a_day_is_unusual_beside_the_accounts_own(last: int, is_named: bool) -> None:
    """Ten a day for a week, then eleven or four hundred: the latter is named at the midnight that ends the day."""
    records = [record("a", 24 * day + 9, 10) for day in range(7)] + [record("a", 24 * 7 + 9, last)]

    assert list(unusual_days(4)(records)) == [("a", (20_000 + 8) * DAY_MS)] * is_named


def test_nobody_is_unusual_before_there_is_a_past() -> None:
    """However much an account sends on its first days; days without requests are part of the past."""
    first = [record("a", 24 * day + 9, 1_000) for day in range(LEARNING_DAYS)]
    silent = [record("a", 9, 10), record("b", 9, 10), record("a", 24 * 6 + 9, 900), record("b", 24 * 6 + 9, 10)]

    assert list(unusual_days(4)(first)) == []
    assert list(unusual_days(4)(silent)) == [("a", (20_000 + 7) * DAY_MS)]


def test_rules_are_scored_as_alerts_are(tmp_path: Path) -> None:
    """A single request names everybody at once; a million nobody."""
    write_corpus(tmp_path)
    corpus = read_corpus(tmp_path)
    everybody, nobody = judged(corpus, many_requests(1)), judged(corpus, many_requests(1_000_000))

    assert (everybody.found_ratio, everybody.false) == (1, len(corpus.truth.honest_days))
    assert everybody.macro < 0.1
    assert (nobody.found_ratio, nobody.false, nobody.macro) == (0, 0, 1)


def test_the_program_prints_a_row_for_each_rule(tmp_path: Path) -> None:
    """A table as in the documentation."""
    write_corpus(tmp_path)
    lines = CliRunner().invoke(main, [str(tmp_path)]).stdout.splitlines()

    assert lines[0].startswith("| plain rule | leaked | no ramp | found |")
    assert len(lines) == 2 + len(REQUESTS) + len(Z_SCORES)
