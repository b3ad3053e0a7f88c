"""Alerts: from the append-only alert topic to the present state of every subject.

The state topic is compacted and keyed by subject, so a new consumer reads the present state from it and nothing
else. A publication counts if its version is above the one known for its alert; repeats are stale and dropped.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog
from aiokafka.structs import OffsetAndMetadata

from schemas.alert import Alert, decode_alert
from schemas.times import epoch_ms
from schemas.usage_event import EventRefused
from streams import metric_defs
from streams.dead_letters import DeadLetters
from streams.headers import Record, value_of
from streams.offsets import Start, read_partitions
from streams.publisher import Publisher
from streams.settings import Settings
from streams.stage import StatelessStage
from streams.topics import Role, topic_name
from streams.transport import Records

log = structlog.get_logger()

_DAY_MS = 86_400_000
_KEPT_MS = 7 * _DAY_MS
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


class AlertPartition:
    """The newest publication about every subject of one partition."""

    def __init__(self, publisher: Publisher, dead_letters: DeadLetters, state_topic: str, number: int) -> None:
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._state_topic = state_topic
        self._number = number
        self._standing: dict[bytes, Standing] = {}
        self._swept_day = -1
        self.next_offset = 0

    def restore(self, subject: bytes, raw: bytes | None) -> None:
        """Take over one record of the state topic."""
        if raw is None:
            self._standing.pop(subject, None)
        else:
            self._standing[subject] = _standing(decode_alert(raw))

    def process(self, records: Records) -> None:
        """Publish what is newer than the state, in log order."""
        dead = 0
        for record in records:
            try:
                self._apply(record)
            except EventRefused as refused:
                self._dead_letters.bury("alerts", record, refused)
                dead += 1
        self._dead_letters.check_limit(len(records), dead)
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
        if now_ms // _DAY_MS <= self._swept_day:
            return
        self._swept_day = now_ms // _DAY_MS
        for subject in [s for s, standing in self._standing.items() if standing.expires_ms + _KEPT_MS < now_ms]:
            del self._standing[subject]
            self._publisher.publish(self._state_topic, self._number, subject, None)
            metric_defs.ALERT_STATES.labels("removed").inc()


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
        """Have exactly these partitions, each as the state topic says."""
        self.partitions = {
            n: AlertPartition(self._publisher, self._dead_letters, self._state_topic, n) for n in sorted(starts)
        }
        for number, start in starts.items():
            self.partitions[number].next_offset = start.offset
        async for record in read_partitions(self._settings, self._state_topic, self.partitions, self._on_progress):
            self.partitions[record.partition].restore(record.key or b"", record.value)

    def process(self, number: int, records: Records) -> None:
        """Process a batch in log order."""
        self.partitions[number].process(records)

    def next_offset(self, number: int) -> int:
        """Return the first offset that was not processed yet."""
        return self.partitions[number].next_offset

    def commit_at(self, number: int, offset: int) -> OffsetAndMetadata | None:
        """Return what to commit; the state is in the state topic."""
        partition = self.partitions.get(number)
        return None if partition is None or offset > partition.next_offset else OffsetAndMetadata(offset, "")


def log_alert(alert: Alert) -> None:
    """Log one line for a published alert; ids and figures, never content."""
    metric_defs.ALERTS.labels(alert.kind, alert.status, alert.severity).inc()
    log.info(
        "alert.published",
        alert_id=alert.alert_id,
        version=alert.version,
        status=alert.status,
        kind=alert.kind,
        accounts=len(alert.account_ids),
        account_id=alert.account_ids[0] if alert.kind == "account" else None,
        severity=alert.severity,
        score=alert.score,
        raised_at=alert.raised_at.isoformat(),
        summary=alert.summary,
    )
