"""Simulated events through the account detector, without Kafka, settings or a clock."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from detectors.detector import AccountDetector
from detectors.fingerprint import Fingerprinter
from detectors.spec import DetectorSpec
from schemas.account_bucket import AccountBucket
from schemas.usage_event import UsageEvent, decode_usage_event, epoch_ms

_BATCH = 1_024
_KEY = b"key-of-simulations"


def fingerprinted(events: Iterable[dict[str, Any]]) -> Iterator[UsageEvent]:
    """Decode events in time order, with their prompts' fingerprints in place of the prompts."""
    fingerprinter = Fingerprinter(_KEY)
    encode = msgspec.json.Encoder().encode
    remaining = iter(events)
    while batch := list(islice(remaining, _BATCH)):
        prompts = [event.pop("prompt") for event in batch]
        for event, fingerprint in zip(batch, fingerprinter.fingerprint_many(prompts), strict=True):
            event["prompt_fingerprint"] = fingerprint
            yield decode_usage_event(encode(event))


def account_buckets(events: Iterable[UsageEvent], spec: DetectorSpec) -> Iterator[tuple[int, list[AccountBucket]]]:
    """Yield the watermark (milliseconds) and the records that it closed, whenever it passes a bucket's end."""
    detector = AccountDetector(spec)
    bucket_ms = spec.bucket_seconds * 1000
    next_end_ms = 0
    for event in events:
        at_ms = epoch_ms(event.occurred_at)
        detector.observe(event)
        if at_ms >= next_end_ms:
            next_end_ms = at_ms - at_ms % bucket_ms + bucket_ms
            yield at_ms, detector.advance(at_ms)
