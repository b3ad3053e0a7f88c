"""Following alerts, without a broker: what is printed when."""

import json
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from schemas.alert import decode_alert, encode_alert
from streams.commands.alert_text import names
from streams.commands.consume_alerts import Printer, command, follow
from tests.conformance.record import hour, publication

FAR = hour(24 * 365 * 50)


class Feed:
    """A feed that hands out fetches; the first ``old`` of them were there before the start."""

    def __init__(self, fetches: list[list[bytes]], old: int = 0) -> None:
        self._fetches = fetches
        self._old = old
        self.polls = 0

    @property
    def is_caught_up(self) -> bool:
        """Whether what was there before the start has been read."""
        return self.polls >= self._old

    def poll(self) -> Iterator[bytes]:
        """Hand out the next fetch; each takes a second."""
        self.polls += 1
        yield from self._fetches[self.polls - 1] if self.polls <= len(self._fetches) else []


def followed(
    feed: Feed, capsys: pytest.CaptureFixture[str], *, timeout: float = 3, **options: bool
) -> tuple[list[str], str]:
    """Follow a feed, a second for each poll, until the timeout; return its lines and its summary."""
    printer = Printer(**{"as_json": True, "is_event_time": False, "is_brief": False} | options)
    follow(feed, printer, timeout, lambda: float(feed.polls))
    printer.summarise()
    captured = capsys.readouterr()
    return captured.out.splitlines(), captured.err


def test_it_ends_when_nothing_came_for_long_enough(capsys: pytest.CaptureFixture[str]) -> None:
    """The timeout counts from the last alert, not from the start."""
    feed = Feed([[], [], [publication("a", 1)], [], [publication("b", 1)]])
    followed(feed, capsys)

    assert feed.polls == 8


def test_wall_clock_or_event_time_decides_about_expiry(capsys: pytest.CaptureFixture[str]) -> None:
    """An alert of a recording has expired long ago, unless its own time counts."""
    alerts = [
        [publication("a", 1, expires_at=hour(3)), publication("b", 2, accounts=["acct_b"])],
        [publication("c", 5, accounts=["acct_c"])],
    ]

    now, _ = followed(Feed(alerts), capsys)
    then, summary = followed(Feed(alerts), capsys, is_event_time=True)
    assert [json.loads(line)["decision"] for line in now] == ["watch", "watch", "watch"]
    assert [(d["decision"], *d["account_ids"]) for d in map(json.loads, then)] == [
        ("enforce", "acct_a"),
        ("enforce", "acct_b"),
        ("enforce", "acct_c"),
        ("release", "acct_a"),
    ]
    assert "2 accounts are acted on now" in summary


def test_old_state_is_only_told_as_far_as_it_matters(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the state before the start only what is acted on is printed, of what comes everything."""
    shadow = publication("s", 1, accounts=["acct_s"], shadow=True, expires_at=FAR)
    feed = Feed(
        [
            [shadow, publication("a", 1, expires_at=FAR)],
            [shadow[:-1] + b" }", shadow.replace(b'"version":1', b'"version":2')],
        ],
        old=1,
    )
    lines, summary = followed(feed, capsys, is_brief=True)

    assert [json.loads(line)["decision"] for line in lines] == ["enforce", "watch"]
    assert "4 publications, 1 of them repeats" in summary


def test_what_cannot_be_read_is_told_and_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    """Noise on the topic is counted, its content never printed."""
    lines, errors = followed(Feed([[b"secret noise", publication("a", 1, expires_at=FAR)]]), capsys)

    assert len(lines) == 1
    assert "1 unreadable" in errors
    assert "secret" not in errors


def test_people_read_what_programs_read(capsys: pytest.CaptureFixture[str]) -> None:
    """A line says since when, what, whom, how sure, why, and for how long."""
    feed = Feed(
        [
            [publication("a", 1, expires_at=FAR)],
            [publication("a", 2, "updated", expires_at=FAR)],
            [publication("a", 3, "resolved", expires_at=FAR)],
        ]
    )
    lines, _ = followed(feed, capsys, as_json=False)
    until = f"{FAR:%Y-%m-%d %H:%MZ}"

    assert [click.unstyle(line) for line in lines] == [
        "2026-03-02 01:00Z  throttle            acct_a  high 0.90  One template, worked through without repeats.  "
        f"[account alert a v1, until {until}]",
        "2026-03-02 02:00Z  still throttle      acct_a  high 0.90  One template, worked through without repeats.  "
        f"[account alert a v2, until {until}]",
        "2026-03-02 03:00Z  release             acct_a  high 0.90  resolved  [account alert a v3]",
    ]


def test_the_id_of_an_account_writes_no_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever chooses it could otherwise have anything told of anybody, and steer the terminal of who looks."""
    forged = "a\nrelease\u2028\u202e\x1b[2Jz"
    alert = decode_alert(publication("campaign_1", 1, accounts=[forged, "b"], expires_at=FAR))
    told = alert.model_copy(update={"summary": f"account {forged} asks"})
    [line], _ = followed(Feed([[encode_alert(told)]]), capsys, as_json=False)

    shown = r"a\nrelease\u2028\u202e\x1b[2Jz"
    assert f"  {shown}, b  " in click.unstyle(line)
    assert f"account {shown} asks" in click.unstyle(line)
    assert names(("\u00e9t\u00e9 \u5317", forged)) == f"\u00e9t\u00e9 \u5317, {shown}"


def test_many_accounts_are_counted() -> None:
    """A campaign of thousands is one readable line."""
    assert names(("a", "b", "c")) == "a, b, c"
    assert names(("a", "b", "c", "d")) == "4 accounts (a, b, c, ...)"


def test_a_consumer_is_checked_against_cases_only() -> None:
    """Whoever forgets the cases learns it, instead of following a topic with the consumer of this command."""
    done = CliRunner().invoke(command, ["--consumer", "./mine"])

    assert done.exit_code == 2
    assert "--consumer goes with --conformance" in done.stderr


@pytest.mark.parametrize(
    "other", [["--topic", "t"], ["--from-beginning"], ["--timeout-seconds", "5"], ["--event-time"]]
)
def test_a_check_of_cases_follows_no_topic(other: list[str]) -> None:
    """An option that would do nothing is refused, not passed over."""
    done = CliRunner().invoke(command, ["--conformance", "tests/conformance", *other])

    assert done.exit_code == 2
    assert f"leave out {other[0]}" in done.stderr
