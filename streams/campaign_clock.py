"""The clock of the campaign detector: event time in whole buckets, and each decision of a reviewer at its moment.

The same between the running service and a replay: how far event time goes at once, and in how many steps, depends on
how messages arrive, and must not show in an alert.
"""

import heapq
from collections.abc import Callable

import msgspec

from detectors.campaigns import CampaignDetector, FeedbackRefused
from detectors.spec import DetectorSpec
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert
from schemas.feedback import Feedback, decode_feedback
from schemas.times import epoch_ms
from streams.progress import NEVER_MS


class Decision(msgspec.Struct, frozen=True, order=True):
    """A reviewer's decision on its way to the moment at which it takes effect; with all that a dead letter needs.

    The order is that of effect: by the time it was given, then as it was read.
    """

    given_ms: int
    partition: int
    offset: int
    timestamp: int
    topic: str
    key: bytes | None
    value: bytes


def decision_of(feedback: Feedback, topic: str, partition: int, offset: int, timestamp: int, raw: bytes) -> Decision:
    """Decision of a feedback that was read at a place of a topic."""
    return Decision(epoch_ms(feedback.given_at), partition, offset, timestamp, topic, None, raw)


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
        self.decisions: list[Decision] = []
        self.first_ms: int | None = None

    def observe(self, bucket: AccountBucket) -> None:
        """Hand a record to the detector, which keeps it until its bucket is complete."""
        if self.first_ms is None or bucket.start_ms < self.first_ms:
            self.first_ms = bucket.start_ms
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

    def _bucket_ends(self, watermark_ms: int) -> range:
        """Ends of the buckets between the event time reached and the watermark, empty buckets too."""
        if self.first_ms is None:
            return range(0)
        begin_ms = max(self.detector.watermark_ms, self.first_ms)
        return range(begin_ms - begin_ms % self._bucket_ms + self._bucket_ms, watermark_ms + 1, self._bucket_ms)

    def _carry_out(self, until_ms: int) -> list[Alert]:
        alerts: list[Alert] = []
        while self.decisions and self.decisions[0].given_ms <= until_ms:
            decision = heapq.heappop(self.decisions)
            try:
                due = self.detector.apply_feedback(decode_feedback(decision.value))
            except FeedbackRefused as refused:
                self._on_refused(decision, refused)
            else:
                alerts += due
                self._on_applied(decision, len(due))
        return alerts
