"""How much one account takes: as a snapshot, and alive in memory."""

import gc
import statistics
import sys
from collections.abc import Iterable
from typing import Any

from bench.preload import without_prompt
from detectors.detector import AccountDetector
from detectors.spec import load_spec
from schemas.usage_event import decode_usage_event, epoch_ms

DISORDER_MS = 120_000
SAMPLE_EVERY = 20_000


def measure(lines: Iterable[bytes]) -> dict[str, dict[str, float]]:
    """Median, 99th percentile and maximum, bytes, of every live account at every so many events."""
    detector = AccountDetector(load_spec(None))
    shared = _reachable(detector_internals(detector, "_spec"))
    snapshots: list[int] = []
    live: list[int] = []
    for number, line in enumerate(lines, start=1):
        event = decode_usage_event(without_prompt(line))
        detector.observe(event)
        detector.advance(epoch_ms(event.occurred_at) - DISORDER_MS)
        if number % SAMPLE_EVERY == 0:
            for account_id, account in detector_internals(detector, "_live").items():
                snapshots.append(len(detector.snapshot(account_id) or b""))
                live.append(sum(map(sys.getsizeof, _objects(account, shared))))
    return {"snapshot_bytes": _spread(snapshots), "live_bytes": _spread(live)}


def detector_internals(detector: AccountDetector, name: str) -> Any:
    """What the detector keeps for itself; a size has no other way in."""
    return getattr(detector, name)


def _reachable(root: Any) -> set[int]:
    return {id(found) for found in _objects(root, set())}


def _objects(root: Any, known: set[int]) -> list[Any]:
    """Every object that a root keeps alive, types and modules and what is known left out."""
    found, seen, waiting = [], set(known), [root]
    while waiting:
        item = waiting.pop()
        if id(item) in seen or isinstance(item, type(sys) | type) or callable(item):
            continue
        seen.add(id(item))
        found.append(item)
        waiting.extend(gc.get_referents(item))
    return found


def _spread(values: list[int]) -> dict[str, float]:
    return {
        "accounts": len(values),
        "median": statistics.median(values),
        "p99": statistics.quantiles(values, n=100)[98],
        "max": max(values),
    }
