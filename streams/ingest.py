"""Ingest: adapt, validate, fingerprint the prompt and drop it, key by account.

The path of one input: ``IngestStage.process`` -> ``Admission.admit`` -> messages in the usage topic or a dead letter.
"""

import time
from collections.abc import Callable, Mapping

from aiokafka.structs import OffsetAndMetadata

from detectors.windows import NEVER_MS
from schemas.usage_event import UsageEvent, encode_usage_event, has_unknown_fields, unknown_fields
from streams import metric_defs
from streams.admission import Admission
from streams.dead_letters import DeadLetters
from streams.headers import ORIGIN, PROGRESS_HEADERS, origin_of, source_of, value_of
from streams.offsets import Start
from streams.progress import InputProgress, ProgressMessage, Report, encode_progress, vouched_ms
from streams.publisher import Publisher, partition_of
from streams.settings import Settings
from streams.stage import StatelessStage
from streams.topics import Role, topic_name
from streams.transport import Records

REPORT_INTERVAL_SECONDS = 0.2
"""How often progress is published at most: one message per usage partition each time."""


class InputPartition:
    """What ingest remembers of one input partition; all of it fits into the metadata of its committed offset."""

    def __init__(self, disorder_ms: int, next_offset: int, newest_ms: int = NEVER_MS) -> None:
        self.progress = InputProgress(disorder_ms, newest_ms)
        self.next_offset = next_offset
        self.idle_until_ms: int | None = None
        self.last_active = time.monotonic()
        self._newest_by_offset = {next_offset: newest_ms}

    def finish_batch(self, next_offset: int) -> None:
        """Remember how far event time had come at the end of a batch, where an offset may be committed."""
        self.next_offset = next_offset
        self.idle_until_ms = None
        self.last_active = time.monotonic()
        self._newest_by_offset[next_offset] = self.progress.newest_ms

    def newest_ms_at(self, offset: int) -> int | None:
        """Newest event time below the offset of a commit, milliseconds; earlier offsets are forgotten.

        A restart from that offset judges what is late exactly as it was judged the first time.
        """
        for earlier in [o for o in self._newest_by_offset if o < offset]:
            del self._newest_by_offset[earlier]
        return self._newest_by_offset.get(offset)


class IngestStage(StatelessStage):
    """Turns the input topic into the usage topic.

    Parameters
    ----------
    now_ms
        The wall clock, milliseconds since the epoch: until when the reader of a silent partition vouches for it.
    """

    role: Role = "input"

    def __init__(
        self,
        settings: Settings,
        admission: Admission,
        publisher: Publisher,
        dead_letters: DeadLetters,
        now_ms: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._admission = admission
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._now_ms = now_ms
        self._input_topic, self._usage_topic = topic_name(settings, "input"), topic_name(settings, "usage")
        self._disorder_ms = round(settings.disorder_seconds * 1000)
        self._reported: dict[int, Report] = {}
        self._reported_at = 0.0
        self.partitions: dict[int, InputPartition] = {}
        self.input_partitions = 0
        self.usage_partitions = 0

    async def assign(self, starts: Mapping[int, Start]) -> None:
        """Have exactly these partitions, each at its committed offset with the event time committed beside it."""
        self.partitions = {
            number: InputPartition(self._disorder_ms, start.offset, _newest_ms(start.metadata))
            for number, start in starts.items()
        }
        self._reported = {}
        # From now on there is a count, also of nothing: a rule on events that do not come needs one.
        metric_defs.EVENTS.labels("ingest", "admitted")

    def process(self, number: int, records: Records) -> None:
        """Publish every record of a batch as a usage message or as a dead letter."""
        state, source = self.partitions[number], source_of(self._input_topic, number)
        dead = 0
        events: list[UsageEvent] = []
        origins: list[bytes] = []
        for record in records:
            admitted = self._admission.admit(record.value, record.headers, state.progress, record.timestamp)
            if admitted.refused:
                self._dead_letters.bury_refused("ingest", record, admitted.refused)
                dead += 1
            for count, event in enumerate(admitted.events):
                events.append(event)
                origins.append(origin_of(source, record.offset, count))
                if has_unknown_fields(event):
                    metric_defs.UNKNOWN_FIELDS.inc(len(unknown_fields(value_of(record))))
        for event, origin in zip(self._admission.drop_prompts(events), origins, strict=True):
            self._publish(event, origin)
        self._dead_letters.check_limit("ingest", len(records), dead)
        state.finish_batch(records[-1].offset + 1)
        metric_defs.EVENTS.labels("ingest", "admitted").inc(len(events))
        metric_defs.EVENTS.labels("ingest", "dead_letter").inc(dead)
        self.report_progress()

    def _publish(self, event: UsageEvent, origin: bytes) -> None:
        key = event.account_id.encode()
        partition = partition_of(key, self.usage_partitions)
        self._publisher.publish(self._usage_topic, partition, key, encode_usage_event(event), [(ORIGIN, origin)])

    def next_offset(self, number: int) -> int:
        """Return the first offset that was not processed yet."""
        return self.partitions[number].next_offset

    def commit_at(self, number: int, offset: int) -> OffsetAndMetadata | None:
        """Return what to commit: the event time below the offset goes into the metadata."""
        state = self.partitions.get(number)
        newest_ms = None if state is None else state.newest_ms_at(offset)
        return None if newest_ms is None else OffsetAndMetadata(offset, str(newest_ms))

    def mark_idle(self, read_to_end: set[int]) -> None:
        """Mark those of the partitions, read to their end, that were silent for long enough."""
        now = time.monotonic()
        idle_until_ms = vouched_ms(self._now_ms(), self._settings.idle_seconds, self._disorder_ms)
        for number, state in self.partitions.items():
            is_silent = now - state.last_active >= self._settings.idle_seconds
            if is_silent and number in read_to_end:
                state.idle_until_ms = idle_until_ms

    def report_progress(self) -> None:
        """Publish how far each partition has come to every usage partition, if it has changed."""
        if time.monotonic() - self._reported_at < REPORT_INTERVAL_SECONDS:
            return
        reports = {p: Report(p, s.progress.watermark_ms, s.idle_until_ms) for p, s in self.partitions.items()}
        if reports == self._reported:
            return
        self._reported = reports
        self._reported_at = time.monotonic()
        raw = encode_progress(ProgressMessage(self.input_partitions, list(reports.values())))
        for usage_partition in range(self.usage_partitions):
            self._publisher.publish(self._usage_topic, usage_partition, None, raw, PROGRESS_HEADERS)


def _newest_ms(metadata: str) -> int:
    """Newest event time that was committed beside an offset; none where another program moved the offset."""
    try:
        return int(metadata)
    except ValueError:
        return NEVER_MS
