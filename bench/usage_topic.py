"""What lies in the usage topic: canonical events, and between them progress of event time."""

from typing import TypeGuard

from detectors.detector import AccountDetector
from detectors.spec import load_spec
from schemas.account_bucket import encode_account_bucket
from schemas.usage_event import decode_admitted_event
from streams.progress import MergedProgress, decode_progress

_PROGRESS_START = b'{"partitions"'


def is_event(value: bytes | None) -> TypeGuard[bytes]:
    """Whether a message is an event; told by its first bytes because not every peer shows headers."""
    return value is not None and not value.startswith(_PROGRESS_START)


class Core:
    """The detectors of one usage partition with as little around them as can be.

    Observes every event, closes buckets as event time goes on and encodes them. Publishes nothing, writes no state,
    recognises no repetition: less than the service does, in favour of whoever uses it.
    """

    def __init__(self) -> None:
        self._detector = AccountDetector(load_spec(None))
        self._progress = MergedProgress()

    def take(self, value: bytes) -> bool:
        """Take in one message; returns whether it was an event."""
        if is_event(value):
            self._detector.observe(decode_admitted_event(value))
            return True
        for bucket in self._detector.advance(self._progress.apply(decode_progress(value))):
            encode_account_bucket(bucket)
        return False
