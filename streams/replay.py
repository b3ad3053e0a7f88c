"""Replay: recorded events through the very same admission and detectors, without Kafka and without timers."""

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from detectors.campaigns import FeedbackRefused
from detectors.detector import AccountDetector
from detectors.spec import DetectorSpec
from detectors.windows import NEVER_MS
from schemas.alert import Alert
from schemas.feedback import decode_feedback
from schemas.usage_event import UsageEvent
from streams.admission import Admission, MessageHeaders, wall_clock_ms
from streams.campaign_clock import CampaignClock, Decision, decision_of
from streams.progress import InputProgress
from streams.settings import Settings

BATCH_EVENTS = 512
"""Events that are read at once; fingerprints of many cost less."""

Message = tuple[bytes | None, MessageHeaders, int | None]
"""Value and headers of a message, and Kafka's timestamp of it (milliseconds since the epoch), where there is one."""


class ReplaySummary(msgspec.Struct):
    """What became of a recording: how many messages were read, and how many events of them observed.

    A message of a known format may hold several events, or none; one of which any was refused counts by its reason.
    """

    inputs: int = 0
    observed: int = 0
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    account_buckets: int = 0
    alerts: int = 0
    decisions_applied: int = 0
    decisions_refused: list[str] = msgspec.field(default_factory=list)

    @property
    def complaint(self) -> str | None:
        """Say that no message gave an event, and why; ``None`` when one did, or there was no message."""
        if self.observed or not self.inputs:
            return None
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(self.refused.items())) or "none refused"
        hint = "; a compressed file must end in .gz" if "not_json" in self.refused else ""
        return f"no event in {self.inputs} messages ({reasons}){hint}"


class Replay:
    """One pass over recorded events; ``summary`` counts what became of them.

    Parameters
    ----------
    partitions
        Input partitions that the recording consists of. Event time goes as far as the last of them that has not
        ended, exactly as it does in the running service.
    feedback
        Decisions of reviewers, as JSON; each takes effect at its ``given_at``. Raises ``ValueError`` for others.
    """

    def __init__(
        self, settings: Settings, spec: DetectorSpec, *, partitions: int = 1, feedback: Iterable[bytes] = ()
    ) -> None:
        self._admission = Admission(settings, wall_clock_ms, is_age_bounded=False)
        disorder_ms = round(settings.disorder_seconds * 1000)
        self._progress = {number: InputProgress(disorder_ms) for number in range(partitions)}
        self._reached = dict.fromkeys(self._progress, NEVER_MS)
        self._running = set(self._progress)
        self._accounts = AccountDetector(spec)
        self._campaigns = CampaignClock(spec, self._on_refused, self._on_applied)
        self._bucket_ms = spec.bucket_seconds * 1000
        self._due_ms = NEVER_MS
        self.summary = ReplaySummary()
        for number, raw in enumerate(feedback):
            self._campaigns.decide(decision_of(decode_feedback(raw), "feedback", 0, number, 0, None, raw))

    def alerts(self, raws: Iterable[bytes]) -> Iterator[Alert]:
        """Yield the alerts of a recording with one partition as they become due."""
        remaining = iter(raws)
        while batch := list(islice(remaining, BATCH_EVENTS)):
            yield from self.feed(0, [(raw, (), None) for raw in batch])
        yield from self.finish(0)

    def feed(self, partition: int, messages: Iterable[Message]) -> list[Alert]:
        """Take in the next messages of a partition; returns the alerts that became due, in order."""
        progress = self._progress[partition]
        admitted: list[tuple[UsageEvent, int]] = []
        for raw, headers, stored_ms in messages:
            self.summary.inputs += 1
            found = self._admission.admit(raw, headers, progress, stored_ms)
            for refused in found.refused[:1]:
                self.summary.refused[refused.reason] = self.summary.refused.get(refused.reason, 0) + 1
            admitted += [(event, progress.watermark_ms) for event in found.events]
        self.summary.observed += len(admitted)
        events = self._admission.drop_prompts([event for event, _ in admitted])
        due: list[Alert] = []
        for event, (_, watermark_ms) in zip(events, admitted, strict=True):
            self._accounts.observe(event)
            self._reached[partition] = watermark_ms
            # Nothing happens within a bucket: most events need no look at the other partitions.
            if watermark_ms >= self._due_ms:
                due += self._advance()
        return due

    def finish(self, partition: int) -> list[Alert]:
        """End a partition: it no longer holds back event time; returns the alerts that became due.

        Nothing is forced out at the end: what the last buckets hold is not judged before event time has passed
        them, so the alerts of a prefix are a prefix of the alerts.
        """
        self._running.discard(partition)
        return self._advance()

    @property
    def watermark_ms(self) -> int:
        """Event time reached, milliseconds since the epoch."""
        running = [self._reached[number] for number in self._running]
        return min(running) if running else max(self._reached.values())

    def behind(self, ahead_ms: int) -> set[int]:
        """Return the running partitions that are at most so far ahead of the last one."""
        last_ms = self.watermark_ms
        return {number for number in self._running if self._reached[number] <= last_ms + ahead_ms}

    def _advance(self) -> list[Alert]:
        watermark_ms = self.watermark_ms
        if watermark_ms == NEVER_MS:
            return []
        self._due_ms = watermark_ms - watermark_ms % self._bucket_ms + self._bucket_ms
        for bucket in self._accounts.advance(watermark_ms):
            self.summary.account_buckets += 1
            self._campaigns.observe(bucket)
        due = self._campaigns.advance(watermark_ms)
        self.summary.alerts += len(due)
        return due

    def _on_refused(self, decision: Decision, refused: FeedbackRefused) -> None:
        self.summary.decisions_refused.append(f"decision {decision.offset + 1}: {refused}")

    def _on_applied(self, _: Decision, __: int) -> None:
        self.summary.decisions_applied += 1
