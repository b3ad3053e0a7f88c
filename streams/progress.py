"""Event-time progress: how far each upstream partition has come, merged by whoever reads downstream.

A watermark says "no earlier event is expected" (Akidau et al., MillWheel, VLDB 2013). Here every input partition
derives its own from nothing but the event times in its log, so that what is late is a property of the data and
never of who was fast. Progress travels in band, behind the events that made it, and a reader takes the minimum.
"""

import msgspec

from detectors.windows import NEVER_MS

DIRECT = -1
"""Stands for the source that writes usage events into the usage topic itself, among the input partitions."""


class InputProgress(msgspec.Struct):
    """Progress of one input partition.

    Parameters
    ----------
    disorder_ms
        How far behind the newest event of the partition an event may be without being late, milliseconds.
    newest_ms
        Newest event time seen, milliseconds since the epoch.
    """

    disorder_ms: int
    newest_ms: int = NEVER_MS

    @property
    def watermark_ms(self) -> int:
        """Event time behind which an event of the partition is late, milliseconds since the epoch."""
        return self.newest_ms - self.disorder_ms if self.newest_ms > NEVER_MS else NEVER_MS

    def is_late(self, occurred_ms: int) -> bool:
        """Whether the event is behind the watermark that all earlier events of the partition gave."""
        return occurred_ms < self.watermark_ms

    def admit(self, occurred_ms: int) -> None:
        """Count an event that is not late."""
        self.newest_ms = max(self.newest_ms, occurred_ms)


def vouched_ms(now_ms: int, idle_seconds: float, disorder_ms: int) -> int:
    """Event time to which the reader of a silent partition vouches for it, milliseconds since the epoch.

    That is the wall clock minus the allowed disorder. It goes on in steps of a third of ``idle_seconds``, because each
    report of it is a message to every downstream partition.
    """
    step_ms = max(1, round(idle_seconds * 1000 / 3))
    return now_ms // step_ms * step_ms - disorder_ms


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the reader of one upstream partition tells every downstream partition, in band.

    ``idle_until_ms`` is set while the partition is silent: its reader has seen it empty and vouches that nothing
    before this event time is to come. Wall clock minus the allowed disorder, milliseconds since the epoch.
    """

    partition: int
    watermark_ms: int
    idle_until_ms: int | None = None

    @property
    def bound_ms(self) -> int:
        """Event time to which this partition lets the others go, milliseconds since the epoch."""
        return self.watermark_ms if self.idle_until_ms is None else max(self.watermark_ms, self.idle_until_ms)


class ProgressMessage(msgspec.Struct, frozen=True):
    """One message of progress: the reports of the partitions that its sender reads, and how many there are in all."""

    partitions: int
    reports: list[Report]


_progress_decoder = msgspec.json.Decoder(ProgressMessage)
_encoder = msgspec.json.Encoder()


def encode_progress(message: ProgressMessage) -> bytes:
    """Bytes of a message of progress."""
    return _encoder.encode(message)


def decode_progress(raw: bytes) -> ProgressMessage:
    """Message of progress from its bytes; raises ``msgspec.DecodeError`` on anything else."""
    return _progress_decoder.decode(raw)


class MergedProgress(msgspec.Struct):
    """Progress of one downstream partition: the minimum over the upstream partitions.

    An idle partition does not hold back the others as far as its reader vouches for it, so a reader that dies while
    its partition is idle stops event time instead of making late whatever arrives there next. That a partition is
    idle is itself a report in the log: everybody who reads the log agrees. When all are idle, the furthest counts.
    A partition that there is no more, because another input topic has fewer, holds back nobody. The merged watermark
    never goes back.
    """

    watermark_ms: int = NEVER_MS
    expected: int = 0
    reports: dict[int, Report] = {}

    def apply(self, message: ProgressMessage) -> int:
        """Take in a message of progress and return the merged watermark, milliseconds since the epoch."""
        self.expected = message.partitions
        for report in message.reports:
            known = self.reports.get(report.partition)
            if known is None or report.watermark_ms >= known.watermark_ms:
                self.reports[report.partition] = report
            elif report.idle_until_ms is not None:
                # A restarted reader begins behind its predecessor: what it has seen counts once it is ahead again. That
                # there is nothing more to see counts at once, or event time would stop until there is.
                self.reports[report.partition] = Report(report.partition, known.watermark_ms, report.idle_until_ms)
        if self.reports and all(partition in self.reports for partition in range(self.expected)):
            self.watermark_ms = max(self.watermark_ms, self._minimum())
        return self.watermark_ms

    def reported_ms(self, partition: int) -> int:
        """Watermark that one upstream partition has reported, milliseconds since the epoch."""
        report = self.reports.get(partition)
        return NEVER_MS if report is None else report.watermark_ms

    def _minimum(self) -> int:
        reports = [report for partition, report in self.reports.items() if partition < self.expected]
        bound_ms = min(report.bound_ms for report in reports)
        if all(report.idle_until_ms is not None for report in reports):
            return min(max(report.watermark_ms for report in reports), bound_ms)
        return bound_ms
