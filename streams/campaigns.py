"""Campaigns: from the links topic through the campaign detector to alerts.

The path of one account bucket: ``CampaignPartition.process`` -> ``CampaignDetector.observe`` keeps it; when the event
time of all usage partitions has passed it, ``CampaignDetector.advance`` judges accounts and groups, and alerts follow.
"""

from collections.abc import Iterable, Mapping

import msgspec
import structlog

from detectors.campaigns import FeedbackRefused
from detectors.snapshot import decode_snapshot, encode_snapshot
from detectors.spec import DetectorSpec
from schemas.account_bucket import decode_account_bucket
from schemas.feedback import decode_feedback
from schemas.usage_event import EventRefused
from streams import metric_defs
from streams.alarm_rates import AlarmRates, log_rates
from streams.alert_writer import AlertWriter
from streams.campaign_clock import CampaignClock, Decision, decision_of
from streams.dead_letters import DeadLetters
from streams.headers import (
    FEEDBACK,
    FEEDBACK_FORMAT,
    PROGRESS,
    SENDER,
    SENDER_FORMAT,
    Record,
    kind_of,
    partition_of_source,
    value_of,
)
from streams.progress import MergedProgress, decode_progress
from streams.stage import is_next
from streams.state_log import Entry
from streams.transport import Records

log = structlog.get_logger()


_DECISION = b"d"
"""First byte of the keys of decisions that wait for their moment; the detector's keys begin otherwise."""


class LinksRecord(msgspec.Struct, frozen=True):
    """What the links partition needs besides the detector's keys and the decisions that wait.

    ``decided`` has for each feedback partition (``source_of``) the last offset that was read, ``first_ms`` is that of
    the clock.
    """

    next_offset: int
    merged: MergedProgress
    decided: dict[int, int]
    first_ms: int | None
    rates: AlarmRates


_record_decoder = msgspec.msgpack.Decoder(LinksRecord)
_decision_decoder = msgspec.msgpack.Decoder(Decision)


class CampaignPartition:
    """The one partition of the links topic: everything that is known about accounts together."""

    def __init__(self, spec: DetectorSpec, dead_letters: DeadLetters, alerts: AlertWriter, feedback_topic: str) -> None:
        self._dead_letters = dead_letters
        self._alerts = alerts
        self._feedback_topic = feedback_topic
        self._spec = spec
        self._decided: dict[int, int] = {}
        self._waiting: dict[bytes, Decision] = {}
        self._changed_decisions: set[bytes] = set()
        self.merged = MergedProgress()
        self.clock = CampaignClock(spec, self._bury_decision, self._note_applied)
        self.next_offset = 0
        self.rates = AlarmRates()

    def process(self, records: Records) -> None:
        """Take in a batch in log order and publish the alerts that became due, in order."""
        observed = repeated = dead = 0
        for record in records:
            if not is_next(record, self.next_offset, is_gapless=True):
                continue
            self.next_offset = record.offset + 1
            kind, value = kind_of(record)
            if kind == PROGRESS:
                self._advance(self.merged.apply(decode_progress(value_of(record))))
                continue
            if kind == FEEDBACK:
                self._decide(record, value)
                continue
            try:
                is_new = self._observe(record, kind, value)
                observed, repeated = observed + is_new, repeated + (not is_new)
            except EventRefused as refused:
                self._dead_letters.bury("campaigns", record, refused)
                dead += 1
        self._dead_letters.check_limit("campaigns", observed + repeated + dead, dead)
        for outcome, count in (("observed", observed), ("repeated", repeated), ("dead_letter", dead)):
            metric_defs.EVENTS.labels("campaigns", outcome).inc(count)

    def _observe(self, record: Record, kind: str, sender: bytes) -> bool:
        """Take in an account bucket; ``False`` for the repeat of one that was judged already."""
        if kind != SENDER:
            raise EventRefused("invalid", "not a message of the accounts stage: nobody else may write to this topic")
        try:
            bucket = decode_account_bucket(value_of(record))
        except (msgspec.DecodeError, ValueError) as error:
            raise EventRefused("invalid", f"not an account bucket of this release: {type(error).__name__}") from error
        [usage_partition] = SENDER_FORMAT.unpack(sender)
        if bucket.end_ms <= self.merged.reported_ms(usage_partition):
            # Behind its own partition's report stands every bucket that the report closed: a restarted accounts
            # stage repeats what it had not committed.
            return False
        if bucket.end_ms <= self.clock.detector.watermark_ms:
            behind_ms = self.clock.detector.watermark_ms - bucket.end_ms
            raise EventRefused("late", f"its usage partition was idle and event time went on by {behind_ms} ms")
        self.clock.observe(bucket)
        self.rates.see(bucket)
        return True

    def _advance(self, watermark_ms: int) -> None:
        for alert in self.clock.advance(watermark_ms):
            self._alerts.publish(alert)
            self.rates.count(alert)
        if self.rates.close(watermark_ms, self._spec.bucket_seconds * 1000):
            log_rates(self.rates, self._spec)

    def _decide(self, record: Record, origin: bytes) -> None:
        source, offset, timestamp = FEEDBACK_FORMAT.unpack(origin)
        if offset <= self._decided.get(source, -1):
            return
        self._decided[source] = offset
        raw, partition = value_of(record), partition_of_source(source)
        place = self._feedback_topic, partition, offset, timestamp
        decision = decision_of(decode_feedback(raw), *place, record.key, raw)
        self._changed_decisions.add(_key_of(decision))
        self._wait_for(decision)
        self._advance(self.merged.watermark_ms)

    def _wait_for(self, decision: Decision) -> None:
        self._waiting[_key_of(decision)] = decision
        self.clock.decide(decision)

    def _done_with(self, decision: Decision) -> None:
        del self._waiting[_key_of(decision)]
        self._changed_decisions.add(_key_of(decision))

    def _bury_decision(self, decision: Decision, refused: FeedbackRefused) -> None:
        self._done_with(decision)
        self._dead_letters.bury("campaigns", decision, EventRefused("unmatched", str(refused)))

    def _note_applied(self, decision: Decision, publications: int) -> None:
        self._done_with(decision)
        metric_defs.EVENTS.labels("feedback", "applied").inc()
        log.info("feedback.applied", partition=decision.partition, offset=decision.offset, publications=publications)

    # -- state ----------------------------------------------------------------------------------

    def take_changed(self) -> Iterable[bytes]:
        """Return the detector's keys, and those of decisions, that changed since the last call."""
        decisions, self._changed_decisions = sorted(self._changed_decisions), set()
        return [*self.clock.detector.take_changed(), *decisions]

    def snapshot(self, key: bytes) -> bytes | None:
        """Return the record of a key, ``None`` when it is gone, and of a decision when it waits no longer."""
        if not key.startswith(_DECISION):
            return self.clock.detector.snapshot(key)
        decision = self._waiting.get(key)
        return None if decision is None else encode_snapshot(decision)

    def record(self) -> bytes:
        """Return what the partition needs besides what has keys of its own."""
        return encode_snapshot(
            LinksRecord(self.next_offset, self.merged, self._decided, self.clock.first_ms, self.rates)
        )

    def restore(self, record: bytes, entries: Mapping[bytes, Entry]) -> None:
        """Take over the state that a checkpoint left; raises ``SnapshotRefused`` when it cannot be read."""
        state = decode_snapshot(record, _record_decoder, "the links partition")
        self.next_offset = state.next_offset
        self.merged = state.merged
        self._decided = state.decided
        self.clock.first_ms = state.first_ms
        self.clock.is_restored = True
        self.rates = state.rates
        for key in sorted(entries):
            if key.startswith(_DECISION):
                self._wait_for(decode_snapshot(entries[key].snapshot, _decision_decoder, "a decision"))
            else:
                self.clock.detector.restore(key, entries[key].snapshot)


def _key_of(decision: Decision) -> bytes:
    return b"%s%d:%d" % (_DECISION, decision.partition, decision.offset)
