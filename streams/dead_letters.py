"""Dead letters: what could not be read, kept with reason and origin, and a limit on how much of it is normal."""

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog

from schemas.dead_letter import DeadLetter, Origin, encode_dead_letter
from schemas.usage_event import EventRefused
from streams import metric_defs
from streams.publisher import Publisher

KEPT_BYTES = 64 * 1024
"""How much of an original value a dead letter carries; its full size is always told."""
KEPT_KEY_BYTES = 4 * 1024

log = structlog.get_logger()


class Input(Protocol):
    """What was refused, and where it lies; a record of Kafka, or something that remembers where it was read."""

    @property
    def topic(self) -> str:
        """Topic that it was read from."""

    @property
    def partition(self) -> int:
        """Partition that it was read from."""

    @property
    def offset(self) -> int:
        """Its offset."""

    @property
    def timestamp(self) -> int:
        """Kafka's timestamp, milliseconds since the epoch."""

    @property
    def key(self) -> bytes | None:
        """Its key."""

    @property
    def value(self) -> bytes | None:
        """Its value."""


class TooManyDeadLetters(RuntimeError):
    """So much is unreadable that the fault is probably ours or a new format: stop rather than reroute everything."""


class DeadLetterLimit:
    """Counts each stage's inputs in windows and refuses to go on when too many of one window were dead letters.

    If bad code or a changed format ships, stopping keeps the input where it is; rerouting all of it does not. A window
    is so many inputs, or one batch if that is larger. With a ``max_ratio`` of 1 nothing is too many. Stages are counted
    apart: what one refuses never reaches the next.
    """

    def __init__(self, window: int, max_ratio: float) -> None:
        self._window = window
        self._max_ratio = max_ratio
        self._counts: dict[str, tuple[int, int]] = {}

    def count(self, stage: str, inputs: int, dead: int) -> None:
        """Count inputs of a stage and the dead letters among them; raises ``TooManyDeadLetters`` at the limit."""
        before = self._counts.get(stage, (0, 0))
        inputs, dead = before[0] + inputs, before[1] + dead
        most = self._max_ratio * max(inputs, self._window)
        if self._max_ratio < 1 and dead >= max(1.0, most):
            raise TooManyDeadLetters(
                f"{dead} of the last {inputs} inputs of {stage} were dead letters (limit {most:.0f} in "
                f"{max(inputs, self._window)}). Read their reasons in the dead-letter topic; if they are right, "
                "raise STILLWATCH_DEAD_LETTER_MAX_RATIO, to 1 for no limit, and start again: nothing of this batch "
                "was committed."
            )
        self._counts[stage] = (0, 0) if inputs >= self._window else (inputs, dead)


class DeadLetters:
    """Publishes dead letters."""

    def __init__(self, publisher: Publisher, topic: str, limit: DeadLetterLimit, now_ms: Callable[[], int]) -> None:
        self._publisher = publisher
        self._topic = topic
        self._limit = limit
        self._now_ms = now_ms
        self.partitions = 1

    def bury(self, stage: str, record: Input, refused: EventRefused) -> None:
        """Publish the record as a dead letter; content goes into the topic, never into the log."""
        letter = self._letter(stage, record, refused)
        partition = (record.partition * 31 + record.offset) % self.partitions
        key = None if record.key is None else record.key[:KEPT_KEY_BYTES]
        self._publisher.publish(self._topic, partition, key, encode_dead_letter(letter))
        metric_defs.DEAD_LETTERS.labels(stage=stage, reason=refused.reason).inc()
        log.warning(
            "dead_letter.published",
            stage=stage,
            reason=refused.reason,
            detail=refused.detail,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )

    def bury_refused(self, stage: str, record: Input, refused: Sequence[EventRefused]) -> None:
        """Publish a message of which some or all requests were refused, as one dead letter with the first reason."""
        first = refused[0]
        more = f" (and {len(refused) - 1} more requests of this message)" if len(refused) > 1 else ""
        self.bury(stage, record, EventRefused(first.reason, first.detail + more))

    def check_limit(self, stage: str, inputs: int, dead: int) -> None:
        """Raise ``TooManyDeadLetters`` when too much of the recent input of a stage was dead."""
        self._limit.count(stage, inputs, dead)

    def _letter(self, stage: str, record: Input, refused: EventRefused) -> DeadLetter:
        value = record.value or b""
        return DeadLetter(
            reason=refused.reason,
            detail=refused.detail,
            stage=stage,
            origin=Origin(
                topic=record.topic, partition=record.partition, offset=record.offset, timestamp_ms=record.timestamp
            ),
            key_base64=None if record.key is None else base64.b64encode(record.key[:KEPT_KEY_BYTES]).decode(),
            value_base64=base64.b64encode(value[:KEPT_BYTES]).decode(),
            value_bytes=len(value),
            is_truncated=len(value) > KEPT_BYTES,
            failed_at=datetime.fromtimestamp(self._now_ms() / 1000, UTC),
        )
