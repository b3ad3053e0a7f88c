"""The clock of the campaign detector: event time in whole buckets, and each decision of a reviewer at its moment.

How far event time goes at once, and in how many steps, depends on how messages arrive, and must not show in an alert.
So the running service and a replay both lead the detector by this clock.
"""

import heapq
from collections.abc import Callable, Iterator

import msgspec

from detectors.campaigns import CampaignDetector, FeedbackRefused
from detectors.spec import DetectorSpec
from detectors.windows import DAY_MS, HOUR_MS, NEVER_MS
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert
from schemas.feedback import Feedback, decode_feedback
from schemas.times import epoch_ms


class Decision(msgspec.Struct, frozen=True, order=True):
    """A reviewer's decision that waits for the moment at which it takes effect, with all that a dead letter needs.

    Decisions are ordered as they take effect: by the time at which they were given (milliseconds since the epoch), then
    as they were read.
    """

    given_ms: int
    partition: int
    offset: int
    timestamp: int
    topic: str
    key: bytes | None
    value: bytes


def decision_of(
    feedback: Feedback, topic: str, partition: int, offset: int, timestamp: int, key: bytes | None, raw: bytes
) -> Decision:
    """Decision of a feedback that was read at a place of a topic."""
    return Decision(epoch_ms(feedback.given_at), partition, offset, timestamp, topic, key, raw)


class CampaignClock:
    """Leads a campaign detector through event time.

    A decision takes effect at its ``given_at``, or at the present event time if that is later.

    Parameters
    ----------
    on_refused
        Called with a decision that the detector could not match, and why.
    on_applied
        Called with a decision that was carried out, and the number of publications it led to.
    """

    def __init__(
        self,
        spec: DetectorSpec,
        on_refused: Callable[[Decision, FeedbackRefused], None],
        on_applied: Callable[[Decision, int], None],
    ) -> None:
        self._bucket_ms = spec.bucket_seconds * 1000
        self._on_refused = on_refused
        self._on_applied = on_applied
        self.detector = CampaignDetector(spec)
        self._settled_ms = round((2 * spec.lifecycle.alert_days + spec.lifecycle.quiet_days + 1) * DAY_MS)
        """Time after the last bucket and the last decision by which every alert has ended, in whichever way."""
        self._starts: list[int] = []
        """Heap of the starts of buckets that have records and are not behind us yet; ``_known`` holds the same."""
        self._known: set[int] = set()
        self._last_ms = NEVER_MS
        """End of the last bucket with records, or the last decision carried out, whichever is later."""
        self.decisions: list[Decision] = []
        """Heap of the decisions that wait."""
        self.first_ms: int | None = None
        """Start of the earliest bucket ever observed."""
        self.is_restored = False
        """Whether the detector may hold records that were not observed here."""

    def observe(self, bucket: AccountBucket) -> None:
        """Hand a record to the detector, which keeps it until its bucket is complete."""
        if self.first_ms is None or bucket.start_ms < self.first_ms:
            self.first_ms = bucket.start_ms
        if bucket.start_ms not in self._known:
            self._known.add(bucket.start_ms)
            heapq.heappush(self._starts, bucket.start_ms)
        self.detector.observe(bucket)

    def decide(self, decision: Decision) -> None:
        """Keep a decision until the next ``advance`` at or after its moment."""
        heapq.heappush(self.decisions, decision)

    def advance(self, watermark_ms: int) -> list[Alert]:
        """Close every bucket behind the watermark and carry out what was decided by then; returns alerts in order."""
        alerts: list[Alert] = []
        for end_ms in self._bucket_ends(watermark_ms):
            alerts += self._carry_out(end_ms - 1)
            alerts += self.detector.advance(end_ms)
        if watermark_ms > NEVER_MS:
            alerts += self._carry_out(watermark_ms)
        return alerts

    def _bucket_ends(self, watermark_ms: int) -> Iterator[int]:
        """Ends of the buckets between the event time reached and the watermark, empty buckets too.

        A long stretch in which nothing can happen any more is skipped but for its end, since a recording may begin with
        a time of the year 1. In such a stretch the detector would only forget, once an hour, what is old; asked once at
        the end, it forgets the same.
        """
        if self.first_ms is None:
            return
        begin_ms = max(self.detector.watermark_ms, self.first_ms)
        end_ms = begin_ms - begin_ms % self._bucket_ms + self._bucket_ms
        while end_ms <= watermark_ms:
            yield end_ms
            end_ms = max(end_ms + self._bucket_ms, self._end_of_stretch(end_ms, watermark_ms))

    def _end_of_stretch(self, end_ms: int, watermark_ms: int) -> int:
        """End of a bucket to which a quiet stretch can be skipped; ``NEVER_MS`` while something may still happen.

        It is the first one in the hour before the next bucket with records, the next decision, or the watermark.
        """
        while self._starts and self._starts[0] < end_ms:
            start_ms = heapq.heappop(self._starts)
            self._known.remove(start_ms)
            self._last_ms = max(self._last_ms, start_ms + self._bucket_ms)
        if self.is_restored or end_ms - self._last_ms < self._settled_ms:
            return NEVER_MS
        due_ms = min([watermark_ms, *self._starts[:1], *(decision.given_ms for decision in self.decisions[:1])])
        hour_ms = due_ms - due_ms % HOUR_MS - HOUR_MS
        return -(-hour_ms // self._bucket_ms) * self._bucket_ms

    def _carry_out(self, until_ms: int) -> list[Alert]:
        alerts: list[Alert] = []
        while self.decisions and self.decisions[0].given_ms <= until_ms:
            decision = heapq.heappop(self.decisions)
            self._last_ms = max(self._last_ms, until_ms)
            try:
                due = self.detector.apply_feedback(decode_feedback(decision.value))
            except FeedbackRefused as refused:
                self._on_refused(decision, refused)
            else:
                alerts += due
                self._on_applied(decision, len(due))
        return alerts
