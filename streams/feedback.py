"""Feedback: decisions of reviewers, checked and passed into the links topic.

There they stand between account buckets and progress, so that a restarted campaigns stage meets them exactly where
its predecessor did.
"""

from collections.abc import Mapping

from aiokafka.structs import OffsetAndMetadata
from pydantic import ValidationError

from schemas.feedback import Feedback, decode_feedback
from schemas.refusal import EventRefused, describe_errors
from schemas.times import epoch_ms
from streams import metric_defs
from streams.dead_letters import DeadLetters
from streams.headers import FEEDBACK, FEEDBACK_FORMAT, Record, source_of, value_of
from streams.link_writer import LINKS_PARTITION
from streams.offsets import Start
from streams.publisher import Publisher
from streams.settings import Settings
from streams.stage import StatelessStage
from streams.topics import Role, topic_name
from streams.transport import Records

MAX_DECISION_BYTES = 8 * 1024 * 1024
"""Well below what the links topic and the state take: in the feedback topic it may have been compressed."""

FIRST_TIMESTAMP_MS = 1_293_840_000_000
"""The year 2011, in which Kafka came out."""


class FeedbackStage(StatelessStage):
    """Passes valid decisions on, in their order; what is invalid becomes a dead letter."""

    role: Role = "feedback"

    def __init__(self, settings: Settings, publisher: Publisher, dead_letters: DeadLetters) -> None:
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._max_future_ms = round(settings.max_future_seconds * 1000)
        self._topic, self._links_topic = topic_name(settings, "feedback"), topic_name(settings, "links")
        self.partitions: dict[int, int] = {}

    async def assign(self, starts: Mapping[int, Start]) -> None:
        """Have exactly these partitions; nothing is remembered of them but the offset."""
        self.partitions = {number: start.offset for number, start in starts.items()}

    def process(self, number: int, records: Records) -> None:
        """Check every decision and pass it on with its origin."""
        dead = 0
        for record in records:
            try:
                self._check_time(_decoded(record), record)
            except EventRefused as refused:
                self._dead_letters.bury("feedback", record, refused)
                dead += 1
                continue
            origin = FEEDBACK_FORMAT.pack(source_of(self._topic, number), record.offset, record.timestamp)
            self._publisher.publish(self._links_topic, LINKS_PARTITION, record.key, record.value, [(FEEDBACK, origin)])
        self.partitions[number] = records[-1].offset + 1
        metric_defs.EVENTS.labels("feedback", "admitted").inc(len(records) - dead)
        metric_defs.EVENTS.labels("feedback", "dead_letter").inc(dead)

    def _check_time(self, feedback: Feedback, record: Record) -> None:
        """Refuse a decision of the future, which would wait for its moment unseen.

        By Kafka's time of it: whoever reads it again must come to the same. One from before there was a Kafka, as a
        producer may set it, says nothing.
        """
        if record.timestamp < FIRST_TIMESTAMP_MS:
            return
        ahead_ms = epoch_ms(feedback.given_at) - record.timestamp
        if ahead_ms > self._max_future_ms:
            raise EventRefused("time_out_of_range", f"given_at is {ahead_ms} ms after it was sent")

    def next_offset(self, number: int) -> int:
        """Return the first offset that was not processed yet."""
        return self.partitions[number]

    def commit_at(self, number: int, offset: int) -> OffsetAndMetadata | None:
        """Return what to commit; the decisions themselves are in the links topic."""
        return OffsetAndMetadata(offset, "") if offset <= self.partitions.get(number, 0) else None


def _decoded(record: Record) -> Feedback:
    if not value_of(record):
        raise EventRefused("empty", "the value is empty")
    if (size := len(value_of(record)) + len(record.key or b"")) > MAX_DECISION_BYTES:
        raise EventRefused("too_large", f"{size} bytes, more than {MAX_DECISION_BYTES}: name fewer accounts at a time")
    try:
        return decode_feedback(value_of(record))
    except ValidationError as error:
        raise EventRefused("invalid", f"not a decision: {describe_errors(error)}") from error
