"""``stillwatch lag``: how far the workers have read."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from kafka import TopicPartition
from kafka.errors import KafkaError

from detectors.windows import NEVER_MS
from streams.commands.alert_text import moment
from streams.commands.options import command_settings, json_option
from streams.group_admin import GroupAdmin, PartitionLag
from streams.lookahead import without_messages
from streams.settings import Settings
from streams.topics import READ_BY_GROUP, topic_name

_COLUMNS = ("topic", "partition", "committed", "end", "lag", "newest event")


@click.command("lag", context_settings=command_settings())
@json_option
def command(as_json: bool) -> None:
    """Show how far the workers have read every partition, and how much is still to be read.

    The offsets are those of the last checkpoint. For the input topic it also shows the newest event time below them.
    Where transactions are used, their markers and what was aborted take offsets; a lag of nothing else is none.
    """
    settings = Settings()
    with GroupAdmin(settings) as admin:
        found = admin.lag(topic_name(settings, role) for role in READ_BY_GROUP)
    found = _without_markers(settings, found)
    dated = [(lag, newest_event(lag) if lag.topic == topic_name(settings, "input") else None) for lag in found]
    if as_json:
        click.echo(msgspec.json.encode({"group": settings.group_id, "partitions": [_json(*entry) for entry in dated]}))
        return
    click.echo(_table([_COLUMNS, *(_cells(*entry) for entry in dated)]))
    click.echo(f"{sum(lag.lag for lag in found)} messages are still to be read by the group {settings.group_id}")


def _without_markers(settings: Settings, lags: list[PartitionLag]) -> list[PartitionLag]:
    """The same with no lag where nothing follows that could be read; as they are where that cannot be looked at."""
    spans = {TopicPartition(lag.topic, lag.partition): (lag.first_unread, lag.end) for lag in lags if lag.lag}
    try:
        empty = without_messages(settings, spans)
    except KafkaError as error:
        click.echo(f"what is still to be read was not looked at, it may be markers of transactions: {error}", err=True)
        return lags
    return [replace(lag, is_read=True) if (lag.topic, lag.partition) in empty else lag for lag in lags]


def newest_event(lag: PartitionLag) -> datetime | None:
    """Return the newest event time of what was read of an input partition.

    ``None`` before the first event, and where another program committed: its metadata may be anything.
    """
    try:
        newest_ms = int(lag.metadata or NEVER_MS)
        return None if newest_ms == NEVER_MS else datetime.fromtimestamp(newest_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _json(lag: PartitionLag, newest: datetime | None) -> dict[str, Any]:
    told = asdict(lag)
    del told["metadata"], told["is_read"]
    return told | {"lag": lag.lag, "newest_event_at": newest}


def _cells(lag: PartitionLag, newest: datetime | None) -> tuple[str, ...]:
    committed = "-" if lag.committed is None else str(lag.committed)
    when = "" if newest is None else moment(newest)
    return lag.topic, str(lag.partition), committed, str(lag.end), str(lag.lag), when


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    # Names and times to the left, figures to the right.
    lines = (
        "  ".join(
            cell.ljust(width) if at in (0, 5) else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines)
