"""Admission: a message becomes usage events without prompt text, or is refused with a reason.

The same code stands before the worker's account path and before ``stillwatch replay``.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from detectors.fingerprint import Fingerprinter
from detectors.fingerprint_layout import is_fingerprint
from detectors.windows import DAY_MS
from schemas.usage_event import EventRefused, UsageEvent, epoch_ms
from streams import metric_defs
from streams.adapters.adapt import Adapters
from streams.progress import InputProgress
from streams.settings import Settings


def wall_clock_ms() -> int:
    """Return the wall clock, milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


MessageHeaders = Sequence[tuple[str, bytes]]


class Admitted(NamedTuple):
    """What was in one message: events, and why others of its requests could not become one."""

    events: list[UsageEvent]
    refused: list[EventRefused]


class Admission:
    """Decodes or adapts, checks the event time, fingerprints the prompt and drops it.

    Parameters
    ----------
    settings
        Bounds of event time, key of the fingerprints.
    now_ms
        The wall clock, milliseconds since the epoch. Only the bounds against impossible event times use it: nothing was
        stored later, and of some messages nobody knows when they were.
    is_age_bounded
        Whether an event may be too old; a recording may be as old as it is.
    """

    def __init__(self, settings: Settings, now_ms: Callable[[], int], *, is_age_bounded: bool = True) -> None:
        self._fingerprinter = Fingerprinter(settings.fingerprint_key.get_secret_value().encode())
        self._adapters = Adapters(settings.account_paths)
        self._now_ms = now_ms
        self._max_future_ms = round(settings.max_future_seconds * 1000)
        self._max_age_ms = round(settings.max_age_days * DAY_MS)
        self._is_age_bounded = is_age_bounded

    def admit(
        self, raw: bytes | None, headers: MessageHeaders, progress: InputProgress, stored_ms: int | None = None
    ) -> Admitted:
        """Return the events of a message and count them in the progress of its partition; ``drop_prompts`` follows.

        Nearly all messages are one usage event each; a message of another known format may hold several. ``stored_ms``
        is Kafka's timestamp of it (milliseconds since the epoch, -1 for none): an event ahead of that is impossible,
        whenever it is read.
        """
        seen_ms = now_ms = self._now_ms()
        # A producer may set any timestamp; one that is older than events may be says nothing.
        if stored_ms is not None and stored_ms >= max(0, now_ms - self._max_age_ms):
            seen_ms = min(now_ms, stored_ms)
        try:
            found = self._adapters.read(raw or b"", headers)
        except EventRefused as refused:
            return Admitted([], [refused])
        admitted = Admitted([], found.refused)
        for event in found.events:
            occurred_ms = epoch_ms(event.occurred_at)
            try:
                self._check_time(occurred_ms, seen_ms, progress)
            except EventRefused as refused:
                admitted.refused.append(refused)
            else:
                progress.admit(occurred_ms)
                admitted.events.append(event)
        return admitted

    def drop_prompts(self, events: Sequence[UsageEvent]) -> list[UsageEvent]:
        """Return the events, in order, with fingerprints in place of prompts; many at once cost a fifth.

        What is no fingerprint of this version is as good as none: ignored, and counted.
        """
        sound = [_without_unfit_fingerprint(event) for event in events]
        prompts = [e.prompt for e in sound if e.prompt is not None and e.prompt_fingerprint is None]
        fingerprints = self._fingerprinter.fingerprint_many(prompts)
        return [
            e
            if e.prompt is None
            else _replaced(e, prompt=None, prompt_fingerprint=e.prompt_fingerprint or next(fingerprints))
            for e in sound
        ]

    def _check_time(self, occurred_ms: int, seen_ms: int, progress: InputProgress) -> None:
        if occurred_ms > seen_ms + self._max_future_ms:
            raise EventRefused("time_out_of_range", f"occurred_at is {occurred_ms - seen_ms} ms in the future")
        if self._is_age_bounded and occurred_ms < seen_ms - self._max_age_ms:
            raise EventRefused("time_out_of_range", f"occurred_at is {(seen_ms - occurred_ms) // DAY_MS} days ago")
        if progress.is_late(occurred_ms):
            late_by_ms = progress.watermark_ms - occurred_ms
            raise EventRefused("late", f"occurred_at is {late_by_ms} ms behind the watermark of its input partition")


def _without_unfit_fingerprint(event: UsageEvent) -> UsageEvent:
    if event.prompt_fingerprint is None or is_fingerprint(event.prompt_fingerprint):
        return event
    metric_defs.UNKNOWN_FIELDS.inc()
    return _replaced(event, prompt_fingerprint=None)


def _replaced(event: UsageEvent, **fields: str | None) -> UsageEvent:
    # The hot path's event is a msgspec struct that type checkers see as its definition.
    return cast(UsageEvent, msgspec.structs.replace(cast(Any, event), **fields))
