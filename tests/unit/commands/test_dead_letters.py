"""`stillwatch dead-letters`: the newest, or all, as lines; without a trace in Kafka."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from streams.commands import dead_letters
from streams.settings import Settings


def record(partition: int, offset: int, timestamp: int, value: bytes | None = None) -> Any:
    """A record of Kafka; its value names the offset unless said otherwise."""
    value = json.dumps({"n": timestamp}).encode() if value is None else value
    return SimpleNamespace(partition=partition, offset=offset, timestamp=timestamp, value=value)


class FakeFeed:
    """Records that are there, fetch by fetch, and records that come before somebody interrupts."""

    def __init__(self, there: list[list[Any]], to_come: list[Any]) -> None:
        self.there = list(there)
        self.to_come = to_come
        self.asked: tuple[str, int | None] | None = None

    def __call__(self, _: Settings, topic: str, *, newest: int | None) -> "FakeFeed":
        self.asked = (topic, newest)
        return self

    def __enter__(self) -> "FakeFeed":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def is_caught_up(self) -> bool:
        return not self.there

    def fetch(self) -> Iterator[Any]:
        if not self.there and not self.to_come:
            raise KeyboardInterrupt
        yield from self.there.pop(0) if self.there else [self.to_come.pop(0)]


THERE = [[record(0, 7, 30), record(0, 8, 50)], [record(1, 2, 10), record(1, 3, 40)], [record(1, 4, 45)]]


def run_on(
    monkeypatch: pytest.MonkeyPatch, *options: str, there: list[list[Any]] = THERE, to_come: tuple[Any, ...] = ()
) -> tuple[Any, FakeFeed]:
    """Run the command on a topic with these records."""
    feed = FakeFeed(there, list(to_come))
    monkeypatch.setattr(dead_letters, "TopicFeed", feed)
    done = CliRunner().invoke(dead_letters.command, options, env={"STILLWATCH_TOPIC_PREFIX": "t."})
    return done, feed


def shown(done: Any) -> list[int]:
    """What the lines of the output name."""
    return [json.loads(line)["n"] for line in done.stdout.splitlines()]


def test_the_newest_of_all_partitions_are_shown_in_order_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as asked for, the newest last; of each partition no more is read."""
    done, feed = run_on(monkeypatch, "--limit", "3")

    assert (done.exit_code, shown(done)) == (0, [40, 45, 50])
    assert feed.asked == ("t.stillwatch.dead-letter", 3)


def test_without_options_some_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is a screenful, not two weeks."""
    done, feed = run_on(monkeypatch)

    assert shown(done) == [10, 30, 40, 45, 50]
    assert feed.asked == ("t.stillwatch.dead-letter", dead_letters.NEWEST)


@pytest.mark.parametrize(("options", "expected"), [((), [30, 50, 10, 40, 45]), (("--limit", "3"), [30, 50, 10])])
def test_from_the_beginning_all_or_the_first_are_shown(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], expected: list[int]
) -> None:
    """Every letter that is kept, as it is read, or the first of them."""
    done, feed = run_on(monkeypatch, "--from-beginning", *options)

    assert shown(done) == expected
    assert feed.asked == ("t.stillwatch.dead-letter", None)


def test_what_comes_is_followed_until_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends it in good order."""
    done, _ = run_on(monkeypatch, "--limit", "1", "--follow", to_come=(record(0, 9, 60), record(1, 5, 61)))

    assert (done.exit_code, shown(done)) == (0, [50, 60, 61])


def test_a_letter_is_one_line_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fields that this release does not know stay; what is no JSON is told by its place and passed over."""
    there = [[record(0, 1, 1, b'{"n": 1,\n "new": [1.0]}'), record(0, 2, 2, b"noise"), record(2, 3, 3, b"")]]
    done, _ = run_on(monkeypatch, there=there)

    assert done.stdout == '{"n":1,"new":[1.0]}\n'
    assert [line.partition(": ")[2] for line in done.stderr.splitlines()] == [
        "partition 0, offset 2",
        "partition 2, offset 3",
    ]


def test_what_contradicts_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Following from the middle of what is there would leave a gap."""
    done, _ = run_on(monkeypatch, "--from-beginning", "--limit", "3", "--follow")

    assert done.exit_code == 2
    assert "leave out --limit or --from-beginning" in done.output
