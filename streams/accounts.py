"""Accounts: from the usage topic through the account detector to the links topic.

The path of one usage event: ``AccountPartition.process`` -> ``AccountDetector.observe``; when event time moves on,
``AccountDetector.advance`` closes the buckets behind it, and one record per account and bucket goes to the links.
"""

import time
from collections.abc import Callable, Iterable, Mapping

import msgspec

from detectors.detector import AccountDetector
from detectors.snapshot import decode_snapshot, encode_snapshot
from detectors.spec import DetectorSpec
from schemas.usage_event import EventRefused, UsageEvent, decode_admitted_event
from streams import metric_defs
from streams.admission import Admission
from streams.dead_letters import DeadLetters
from streams.headers import ORIGIN, ORIGIN_FORMAT, PROGRESS, PROGRESS_HEADERS, Record, kind_of, value_of
from streams.link_writer import LinkWriter
from streams.progress import (
    DIRECT,
    InputProgress,
    MergedProgress,
    ProgressMessage,
    Report,
    decode_progress,
    encode_progress,
    vouched_ms,
)
from streams.publisher import Publisher
from streams.settings import Settings
from streams.stage import StatefulStage, is_next
from streams.state_log import Entry, StateLog
from streams.topics import topic_name
from streams.transport import Records


class UsageRecord(msgspec.Struct, frozen=True):
    """What a usage partition needs besides its accounts: where it stands, in offsets and in event time."""

    next_offset: int
    merged: MergedProgress
    direct: InputProgress
    origins: dict[int, int]


_record_decoder = msgspec.msgpack.Decoder(UsageRecord)


class AccountPartition:
    """All accounts of one usage partition and how far they have come."""

    def __init__(
        self,
        number: int,
        spec: DetectorSpec,
        admission: Admission,
        dead_letters: DeadLetters,
        links: LinkWriter,
        disorder_ms: int,
        *,
        is_gapless: bool = True,
    ) -> None:
        self._number = number
        self._admission = admission
        self._dead_letters = dead_letters
        self._links = links
        self._is_gapless = is_gapless
        self._direct = InputProgress(disorder_ms)
        self._origins: dict[int, int] = {}
        """By input partition (``source_of``), the last position in it of which an event was seen."""
        self._ahead: dict[str, int] = {}
        """By account whose snapshot was stored by a checkpoint that was broken off, the first offset not included."""
        self._reported: Report | None = None
        self.merged = MergedProgress()
        self.detector = AccountDetector(spec)
        self.next_offset = 0
        self.direct_active_at = time.monotonic()
        """When an event without origin came last, by the monotonic clock (seconds)."""

    def process(self, records: Records) -> None:
        """Observe the events of a batch in log order and publish what became due, in order."""
        dead = repeated = observed = 0
        for record in records:
            if not is_next(record, self.next_offset, self._is_gapless):
                continue
            self.next_offset = record.offset + 1
            kind, value = kind_of(record)
            if kind == PROGRESS:
                self._advance(decode_progress(value_of(record)))
            elif kind == ORIGIN and self._is_repeated(value):
                repeated += 1
            else:
                try:
                    self._observe(record, is_admitted=kind == ORIGIN)
                    observed += 1
                except EventRefused as refused:
                    self._dead_letters.bury("accounts", record, refused)
                    dead += 1
        self._dead_letters.check_limit("accounts", observed + repeated + dead, dead)
        self._advance_direct()
        self._report()
        for outcome, count in (("observed", observed), ("repeated", repeated), ("dead_letter", dead)):
            metric_defs.EVENTS.labels("accounts", outcome).inc(count)

    def _is_repeated(self, origin: bytes) -> bool:
        """Whether ingest has published this input before: it repeats what it had not committed when it stopped."""
        source, position = ORIGIN_FORMAT.unpack(origin)
        if position <= self._origins.get(source, -1):
            return True
        self._origins[source] = position
        return False

    def _observe(self, record: Record, *, is_admitted: bool) -> None:
        event: UsageEvent = decode_admitted_event(value_of(record)) if is_admitted else self._admit_direct(record)
        if self._ahead and record.offset < self._ahead.get(event.account_id, 0):
            return
        if behind_ms := self.detector.observe(event):
            raise EventRefused("late", f"its input partition was idle and event time went on by {behind_ms} ms")

    def _admit_direct(self, record: Record) -> UsageEvent:
        """Admit what a source has written into the usage topic itself: one canonical event per message."""
        self.direct_active_at = time.monotonic()
        admitted = self._admission.admit(record.value, record.headers, self._direct, record.timestamp)
        if admitted.refused:
            raise admitted.refused[0]
        if len(admitted.events) != 1:
            raise EventRefused("invalid", "not one usage event: only the input topic takes messages of other formats")
        return self._admission.drop_prompts(admitted.events)[0]

    # -- event time -------------------------------------------------------------------------------

    def _advance(self, message: ProgressMessage) -> None:
        self._links.publish(self._number, self.detector.advance(self.merged.apply(message)))

    def _advance_direct(self) -> None:
        if self._direct.watermark_ms > self.merged.reported_ms(DIRECT):
            report = Report(DIRECT, self._direct.watermark_ms)
            self._advance(ProgressMessage(self.merged.expected, [report]))

    def _report(self) -> None:
        """Tell the campaigns stage how far this partition has come, behind the buckets that this closes.

        A partition that is fed by ingest is never idle: when all of ingest is, every partition is told so alike.
        """
        direct = self.merged.reports.get(DIRECT)
        idle_until_ms = direct.idle_until_ms if direct is not None and self.merged.expected == 0 else None
        report = Report(self._number, self.merged.watermark_ms, idle_until_ms)
        if report != self._reported:
            self._reported = report
            self._links.report(report)

    def direct_report(self, idle_until_ms: int) -> Report | None:
        """Report that sources which write here themselves are silent, ``None`` when that is known."""
        report = Report(DIRECT, self._direct.watermark_ms, idle_until_ms)
        return None if report == self.merged.reports.get(DIRECT) else report

    # -- state ----------------------------------------------------------------------------------

    def take_changed(self) -> Iterable[bytes]:
        """Return the accounts that changed since the last call."""
        return [account_id.encode() for account_id in self.detector.take_changed()]

    def snapshot(self, key: bytes) -> bytes | None:
        """Return the snapshot of an account, ``None`` when it is forgotten."""
        return self.detector.snapshot(key.decode())

    def record(self) -> bytes:
        """Return what the partition needs besides its accounts."""
        return encode_snapshot(UsageRecord(self.next_offset, self.merged, self._direct, self._origins))

    def restore(self, record: bytes, entries: Mapping[bytes, Entry]) -> None:
        """Take over the state that a checkpoint left; raises ``SnapshotRefused`` when it cannot be read."""
        state = decode_snapshot(record, _record_decoder, f"usage partition {self._number}")
        self.next_offset = state.next_offset
        self.merged = state.merged
        self._direct = msgspec.structs.replace(state.direct, disorder_ms=self._direct.disorder_ms)
        self._origins = state.origins
        for key, entry in entries.items():
            account_id = key.decode()
            self.detector.restore(account_id, entry.snapshot)
            if entry.next_offset > self.next_offset:
                # Written by a checkpoint that did not get as far as its partition record.
                self._ahead[account_id] = entry.next_offset
        # Whatever this closes was closed before the checkpoint: nothing.
        self.detector.advance(self.merged.watermark_ms)


class AccountStage(StatefulStage[AccountPartition]):
    """All usage partitions of this process."""

    def __init__(
        self,
        settings: Settings,
        state: StateLog,
        publisher: Publisher,
        new_partition: Callable[[int], AccountPartition],
        on_progress: Callable[[], None],
        now_ms: Callable[[], int],
    ) -> None:
        super().__init__("usage", settings, state, new_partition, on_progress)
        self._publisher = publisher
        self._now_ms = now_ms
        self._usage_topic = topic_name(settings, "usage")
        self._disorder_ms = round(settings.disorder_seconds * 1000)

    def report_silence(self, read_to_end: set[int]) -> None:
        """Tell partitions, in band, that sources which write into them themselves have fallen silent."""
        idle_until_ms = vouched_ms(self._now_ms(), self._settings.idle_seconds, self._disorder_ms)
        for number in read_to_end & self.partitions.keys():
            partition = self.partitions[number]
            is_fed_directly = self._settings.direct_sources or DIRECT in partition.merged.reports
            silent_seconds = time.monotonic() - partition.direct_active_at
            if not is_fed_directly or silent_seconds < self._settings.idle_seconds:
                continue
            if (report := partition.direct_report(idle_until_ms)) is not None:
                raw = encode_progress(ProgressMessage(partition.merged.expected, [report]))
                self._publisher.publish(self._usage_topic, number, None, raw, PROGRESS_HEADERS)
