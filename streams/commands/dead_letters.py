"""``stillwatch dead-letters``: what could not be read, for those who look for the cause."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from heapq import nlargest
from itertools import islice
from typing import Any

import click
import msgspec

from streams.commands.options import command_settings
from streams.settings import Settings
from streams.topic_feed import TopicFeed
from streams.topics import topic_name

NEWEST = 10


@click.command("dead-letters", context_settings=command_settings())
@click.option(
    "--from-beginning", is_flag=True, help="The oldest of each partition first, instead of the newest of all."
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"At most so many of those that are there.  [default: {NEWEST}; with --from-beginning: all]",
)
@click.option("--follow", is_flag=True, help="Go on with those that come.")
def command(from_beginning: bool, limit: int | None, follow: bool) -> None:
    """Print dead letters, one JSON object a line: what could not be read, why, and where it lies.

    `value_base64` is the beginning of the original, which may carry prompt text. No consumer group is used and nothing
    is committed, so looking changes nothing.
    """
    if follow and from_beginning and limit:
        raise click.UsageError("--follow goes on behind all that is there: leave out --limit or --from-beginning")
    settings = Settings()
    newest = None if from_beginning else limit or NEWEST
    with TopicFeed(settings, topic_name(settings, "dead_letter"), newest=newest) as feed, suppress(KeyboardInterrupt):
        print_letters(_newest(feed, newest) if newest else islice(_present(feed), limit))
        while follow:
            print_letters(feed.fetch())


def print_letters(records: Iterable[Any]) -> None:
    """Print the values as lines; what is no JSON was written by somebody else, and is told and passed over."""
    for record in records:
        try:
            click.echo(msgspec.json.format(record.value or b"", indent=-1))
        except msgspec.DecodeError:
            click.echo(f"no dead letter, passed over: partition {record.partition}, offset {record.offset}", err=True)


def _newest(feed: TopicFeed, count: int) -> list[Any]:
    """Return the newest of all partitions, oldest first."""
    newest = nlargest(count, _present(feed), key=lambda record: (record.timestamp, record.partition, record.offset))
    return newest[::-1]


def _present(feed: TopicFeed) -> Iterator[Any]:
    while not feed.is_caught_up:
        yield from feed.fetch()
