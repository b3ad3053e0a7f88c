"""How much one account takes that has been there for days: as a snapshot, and alive in memory."""

import gc
import statistics
import sys
from collections.abc import Iterable
from itertools import takewhile
from typing import Any

from bench.preload import DAY_MS, simulated
from detectors.detector import AccountDetector
from detectors.spec import load_spec
from schemas.usage_event import UsageEvent, epoch_ms
from tuning.pipeline import fingerprinted

DISORDER_MS = 120_000
SAMPLE_EVERY = 5_000
TIMES_ACCOUNTS = 4
"""So many times the accounts of the other measurements: those that keep most are few."""
DAYS = 14
MATURE_DAYS = 10
"""What an account keeps grows for days: sizes of new ones tell little."""


def measure(accounts: int) -> dict[str, Any]:
    """Measure accounts of a simulation that lasts; how many there are is told, too."""
    _, events = simulated(accounts)
    return {"accounts": accounts, **sizes(lasting(fingerprinted(events)))}


def lasting(events: Iterable[UsageEvent]) -> Iterable[UsageEvent]:
    """Return the events of the first ``DAYS`` days."""
    first_ms: list[int] = []

    def is_early(event: UsageEvent) -> bool:
        at_ms = epoch_ms(event.occurred_at)
        if not first_ms:
            first_ms.append(at_ms)
        return at_ms - first_ms[0] < DAYS * DAY_MS

    return takewhile(is_early, events)


def sizes(events: Iterable[UsageEvent]) -> dict[str, dict[str, float]]:
    """Median, 99th percentile and maximum, bytes, of live accounts that are old enough, at every so many events.

    Empty when there were fewer than two.
    """
    spec = load_spec(None)
    detector = AccountDetector(spec)
    shared = _reachable(detector_internals(detector, "_spec"))
    snapshots: list[int] = []
    live: list[int] = []
    first_ms: dict[str, int] = {}
    due_ms, bucket_ms = 0, spec.bucket_seconds * 1000
    for number, event in enumerate(events, start=1):
        now_ms = epoch_ms(event.occurred_at)
        first_ms.setdefault(event.account_id, now_ms)
        detector.observe(event)
        if now_ms - DISORDER_MS >= due_ms:
            detector.advance(now_ms - DISORDER_MS)
            due_ms = now_ms - now_ms % bucket_ms + bucket_ms
        if number % SAMPLE_EVERY == 0:
            for account_id, account in detector_internals(detector, "_live").items():
                if now_ms - first_ms[account_id] >= MATURE_DAYS * DAY_MS:
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
    if len(values) < 2:  # noqa: PLR2004  (percentiles of one value are none)
        return {}
    return {
        "accounts": len(values),
        "median": statistics.median(values),
        "p99": statistics.quantiles(values, n=100)[98],
        "max": max(values),
    }
