"""Alerts: from the append-only alert topic to the present state of every subject.

The state topic is compacted and keyed by subject, so a new consumer reads the present state from it and nothing
else. A publication counts if its version is above the one known for its alert; repeats are stale and dropped.

The same holds for a restore: a worker that lost its partition without noticing may still write an old version behind
a newer one. Such a subject is written again by the next owner, before compaction can forget the newer version.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog
from aiokafka.structs import OffsetAndMetadata

from detectors.windows import DAY_MS
from schemas.alert import Alert, decode_alert
from schemas.times import epoch_ms
from schemas.usage_event import EventRefused
from streams import metric_defs
from streams.dead_letters import DeadLetters
from streams.headers import SWEPT, SWEPT_FORMAT, Record, value_of
from streams.offsets import Start, end_offsets, read_partitions
from streams.publisher import Publisher
from streams.settings import Settings
from streams.stage import StatelessStage
from streams.state_log import Strangers, check_undisturbed
from streams.topics import Role, topic_name
from streams.transport import Records

log = structlog.get_logger()

_KEPT_MS = 7 * DAY_MS
"""How long the state of an alert stays after its expiry, in event time."""


class Standing(NamedTuple):
    """What is known of the alert that a subject has at present."""

    alert_id: str
    version: int
    raised_ms: int
    expires_ms: int

    def is_newer_than(self, known: "Standing | None") -> bool:
        """Whether this publication replaces what is known of its subject."""
        if known is None:
            return True
        if self.alert_id == known.alert_id:
            return self.version > known.version
        # Another alert of the same subject: a restarted campaigns stage may repeat an earlier one.
        return self.raised_ms >= known.raised_ms

    def is_over(self, now_ms: int) -> bool:
        """Whether it expired so long ago that it leaves the state; event time, milliseconds since the epoch."""
        return self.expires_ms + _KEPT_MS < now_ms


class AlertPartition:
    """The newest publication about every subject of one partition."""

    def __init__(self, publisher: Publisher, dead_letters: DeadLetters, state_topic: str, number: int) -> None:
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._state_topic = state_topic
        self._number = number
        self._standing: dict[bytes, Standing] = {}
        self._restored: dict[bytes, bytes] = {}
        self._overtaken: set[bytes] = set()
        self._strangers = Strangers()
        self._swept_day = -1
        self.next_offset = 0

    def restore(self, record: Record) -> None:
        """Take over one record of the state topic, unless one before it says something newer."""
        subject, raw = record.key or b"", record.value
        known = self._standing.get(subject)
        try:
            standing = None if raw is None else _standing(decode_alert(raw))
        except ValueError:
            self._strangers.take(record.offset, subject, raw)
            return
        was_strange = self._strangers.forget(subject)
        if known is not None and was_strange and raw is None:
            # What is deleted is not the alert, of which compaction would leave nothing.
            self._overtaken.add(subject)
            return
        if known is not None and not _replaces(record, standing, known):
            self._overtaken.add(subject)
            return
        self._overtaken.discard(subject)
        if raw is None or standing is None:
            self._standing.pop(subject, None)
            self._restored.pop(subject, None)
        else:
            self._standing[subject] = standing
            self._restored[subject] = raw

    def finish_restore(self) -> None:
        """Publish again what an older record stands behind.

        Raises ``SnapshotRefused`` when the topic holds what is no alert.
        """
        self._strangers.check_none(f"{self._state_topic}/{self._number}")
        for subject in sorted(self._overtaken):
            self._publisher.publish(self._state_topic, self._number, subject, self._restored[subject])
        if self._overtaken:
            log.warning("alerts.written_again", partition=self._number, subjects=len(self._overtaken))
        self._overtaken = set()
        self._restored = {}

    def process(self, records: Records) -> None:
        """Publish what is newer than the state, in log order."""
        dead = 0
        for record in records:
            try:
                self._apply(record)
            except EventRefused as refused:
                self._dead_letters.bury("alerts", record, refused)
                dead += 1
        self._dead_letters.check_limit("alerts", len(records), dead)
        self.next_offset = records[-1].offset + 1

    def _apply(self, record: Record) -> None:
        try:
            standing = _standing(decode_alert(value_of(record)))
        except ValueError as error:
            raise EventRefused("invalid", f"not an alert: {type(error).__name__}") from error
        if record.key is None:
            raise EventRefused("invalid", "an alert without its subject as key")
        if not standing.is_newer_than(self._standing.get(record.key)):
            metric_defs.ALERT_STATES.labels("stale").inc()
            return
        self._standing[record.key] = standing
        self._publisher.publish(self._state_topic, self._number, record.key, record.value)
        metric_defs.ALERT_STATES.labels("applied").inc()
        self._sweep(standing.raised_ms)

    def _sweep(self, now_ms: int) -> None:
        """Once per day of event time: remove what expired a week ago."""
        if now_ms // DAY_MS <= self._swept_day:
            return
        self._swept_day = now_ms // DAY_MS
        for subject in [s for s, standing in self._standing.items() if standing.is_over(now_ms)]:
            del self._standing[subject]
            swept = (SWEPT, SWEPT_FORMAT.pack(now_ms))
            self._publisher.publish(self._state_topic, self._number, subject, None, [swept])
            metric_defs.ALERT_STATES.labels("removed").inc()


def _replaces(record: Record, standing: Standing | None, known: Standing) -> bool:
    """Whether a record of the state topic counts behind what is known; ``None`` stands for a removal."""
    if standing is not None:
        # The same version again is no older one.
        return standing == known or standing.is_newer_than(known)
    headers = dict(record.headers)
    return SWEPT not in headers or known.is_over(*SWEPT_FORMAT.unpack(headers[SWEPT]))


def _standing(alert: Alert) -> Standing:
    return Standing(alert.alert_id, alert.version, epoch_ms(alert.raised_at), epoch_ms(alert.expires_at))


class AlertStage(StatelessStage):
    """Keeps the state topic of alerts."""

    role: Role = "alerts"

    def __init__(
        self, settings: Settings, publisher: Publisher, dead_letters: DeadLetters, on_progress: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._on_progress = on_progress
        self._state_topic = topic_name(settings, "alert_state")
        self.partitions: dict[int, AlertPartition] = {}

    async def assign(self, starts: Mapping[int, Start]) -> None:
        """Have exactly these partitions, each as the state topic says.

        Raises ``PublishFailed``, ``SnapshotRefused``.
        """
        # What of ours is still on its way would look like somebody else's behind the end of the state.
        await self._publisher.stored()
        self.partitions = {
            n: AlertPartition(self._publisher, self._dead_letters, self._state_topic, n) for n in sorted(starts)
        }
        for number, start in starts.items():
            self.partitions[number].next_offset = start.offset
        ends = await end_offsets(self._settings, self._state_topic, self.partitions)
        async for record in read_partitions(self._settings, self._state_topic, self.partitions, self._on_progress):
            self.partitions[record.partition].restore(record)
        for number, partition in self.partitions.items():
            self._publisher.expect_alone(self._state_topic, number, ends[number])
            partition.finish_restore()

    def process(self, number: int, records: Records) -> None:
        """Process a batch in log order."""
        self.partitions[number].process(records)

    def next_offset(self, number: int) -> int:
        """Return the first offset that was not processed yet."""
        return self.partitions[number].next_offset

    def check_undisturbed(self) -> None:
        """Raise ``StateDisturbed`` when another worker has written to the state of our partitions."""
        check_undisturbed(self._publisher, self._state_topic, self.partitions)

    def commit_at(self, number: int, offset: int) -> OffsetAndMetadata | None:
        """Return what to commit; the state is in the state topic."""
        partition = self.partitions.get(number)
        return None if partition is None or offset > partition.next_offset else OffsetAndMetadata(offset, "")
