"""``stillwatch produce``: recorded events into a topic, as a gateway would send them."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import msgspec
from kafka import KafkaProducer
from kafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from schemas.times import epoch_ms, parse_instant
from streams.commands.options import FiniteRange, TopicName, command_settings, json_option
from streams.commands.progress_bar import shown_lines
from streams.event_files import EventFiles, UnreadableFileError
from streams.settings import Settings
from streams.topic_admin import TopicAdmin
from streams.topics import topic_name

UNCONFIRMED_EVENTS = 10_000
"""How many events may be on their way before the first is known to be stored."""
REQUEST_BYTES = 8 * 1024 * 1024
MAX_PAUSE_SECONDS = 3600.0


class Glance(msgspec.Struct):
    """What the command itself needs to know of an event."""

    occurred_at: str | None = None
    account_id: str | None = None


_producer_client: Any = KafkaProducer
"""kafka-python has no annotations to check calls against."""

_glance = msgspec.json.Decoder(Glance).decode


@click.command("produce", context_settings=command_settings())
@click.argument(
    "events", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option("--topic", type=TopicName(), help="Where to send them.  [default: the input topic]")
@click.option(
    "--speed",
    type=FiniteRange(min=0, min_open=True),
    help="So many times as fast as they happened.  [default: at once]",
)
@click.option(
    "--key-by",
    type=click.Choice(["none", "account"]),
    default="none",
    show_default=True,
    help="Kafka key of each event.",
)
@json_option
def command(events: tuple[Path, ...], topic: str | None, speed: float | None, key_by: str, as_json: bool) -> None:
    """Send EVENTS (JSON lines, .gz too, - for standard input) to a topic.

    Lines are sent as they are, whether they are events or not. Exits 1 when something could not be sent.
    """
    settings = Settings()
    name = topic or topic_name(settings, "input")
    with TopicAdmin(settings) as admin:
        missing = admin.missing([name])
        if admin.denied(missing):
            raise TopicAuthorizationFailedError(f"there is no right to see the topic {name}")
        if missing:
            raise UnknownTopicOrPartitionError(
                f"there is no topic {name}: `stillwatch topics` creates the service's own"
            )
    pace = Pace(speed, time.monotonic, time.sleep) if speed else None
    sender = Sender(settings, name, is_keyed=key_by == "account")
    began = time.monotonic()
    try:
        sender.send_all(shown_lines(EventFiles(events), "sending"), pace)
    except UnreadableFileError as error:
        sender.settle()
        raise click.ClickException(f"{error}; {sender.sent} events before it were sent") from error
    finally:
        sender.close()
    seconds = time.monotonic() - began
    if as_json:
        summary = {"topic": name, "sent": sender.sent, "failed": dict(sender.failures), "seconds": round(seconds, 3)}
        click.echo(msgspec.json.encode(summary))
    else:
        click.echo(
            f"{sender.sent} events sent to {name} in {seconds:.1f} s ({sender.sent / max(seconds, 1e-9):,.0f}/s)"
        )
    if sender.failures:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sender.failures.most_common())
        raise click.ClickException(f"not sent: {reasons}")


class Sender:
    """Sends values and knows which were stored. Raises ``KafkaError`` when the cluster or the topic is not there."""

    def __init__(self, settings: Settings, topic: str, *, is_keyed: bool) -> None:
        self._topic = topic
        self._is_keyed = is_keyed
        self._pending: list[Any] = []
        self.sent = 0
        self.failures: Counter[str] = Counter()
        self._producer: Any = _producer_client(
            **settings.kafka_python_config(),
            client_id="stillwatch-produce",
            linger_ms=20,
            batch_size=256 * 1024,
            max_request_size=REQUEST_BYTES,
            max_block_ms=20_000,
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=10_000,
        )

    def send_all(self, lines: Iterable[bytes], pace: "Pace | None") -> None:
        """Send the lines, at their pace if there is one, and wait until it is known what became of each."""
        for line in lines:
            glance = _look_at(line) if pace or self._is_keyed else None
            if pace and glance and glance.occurred_at and pace.must_wait(glance.occurred_at):
                self.settle()
                pace.wait()
            key = glance.account_id.encode() if self._is_keyed and glance and glance.account_id else None
            self._send(line, key)
            if len(self._pending) >= UNCONFIRMED_EVENTS:
                self.settle()
        self.settle()

    def _send(self, line: bytes, key: bytes | None) -> None:
        try:
            self._pending.append(self._producer.send(self._topic, value=line, key=key))
        except MessageSizeTooLargeError as error:
            self.failures[type(error).__name__] += 1

    def settle(self) -> None:
        """Wait until it is known what became of everything sent so far."""
        self._producer.flush()
        for future in self._pending:
            try:
                future.get(timeout=0)
                self.sent += 1
            except KafkaError as error:
                self.failures[type(error).__name__] += 1
        self._pending.clear()

    def close(self) -> None:
        """Disconnect."""
        self._producer.close(timeout=10)


class Pace:
    """Event time against the clock: ``speed`` seconds of events in one second."""

    def __init__(self, speed: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._speed = speed
        self._clock = clock
        self._sleep = sleep
        self._began: tuple[float, int] | None = None
        self._due = 0.0

    def must_wait(self, occurred_at: str) -> bool:
        """Whether an event of this time is not due yet; what is no time is due at once."""
        try:
            occurred_ms = epoch_ms(parse_instant(occurred_at))
        except ValueError:
            return False
        began_at, first_ms = self._began = self._began or (self._clock(), occurred_ms)
        self._due = began_at + (occurred_ms - first_ms) / 1000 / self._speed
        return self._due > self._clock()

    def wait(self) -> None:
        """Sleep until the event is due, for no longer at once than a system can be asked to."""
        while (seconds := self._due - self._clock()) > 0:
            self._sleep(min(MAX_PAUSE_SECONDS, seconds))


def _look_at(line: bytes) -> Glance | None:
    try:
        return _glance(line)
    except (ValueError, RecursionError):
        return None
