"""Bounds: state stays small and finite, and nothing depends on how Python hashes."""

import math
import random
import subprocess
import sys
from typing import Any

from detectors.case import new_case, publication
from detectors.detector import AccountDetector
from detectors.snapshot import encode_snapshot
from detectors.spec import DetectorSpec
from schemas.alert import MAX_ACCOUNTS, encode_alert
from schemas.usage_event import UsageEvent
from streams.topics import Role
from tests.unit.commands.test_topics import SPECS
from tests.unit.detectors.samples import BUCKET_MS, START_MS, event, events_in, fingerprint

DIVERSE = 20_000


def diverse(number: int, chooser: random.Random) -> UsageEvent:
    """An event that has nothing in common with the others but its account."""
    openers = ["".join(chooser.choices("abcdefghijkl", k=3)) for _ in range(16)]
    return event(
        START_MS + number * 17_000,
        event_id=f"e{number}",
        prompt_fingerprint=fingerprint(str(number), openers, head=str(number), end=str(number)),
        end_user_id=f"user-{number}-" + "x" * 200,
        client_ip=f"10.{number // 250}.{number % 250}.1",
        user_agent=f"client-{number}-" + "y" * 200,
        temperature=number % 19 / 10,
        payment_fingerprint=f"p{number}",
        model=f"model-{number}-" + "z" * 200,
    )


def size_of(value: Any, seen: set[int]) -> int:
    """Bytes of a value and of all that it holds, each object once."""
    if id(value) in seen or isinstance(value, type | DetectorSpec):
        return 0
    seen.add(id(value))
    parts: list[Any] = []
    if isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = list(value)
    else:
        names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        names += list(getattr(value, "__struct_fields__", ())) + list(getattr(value, "__dict__", {}))
        parts = [getattr(value, name) for name in names if hasattr(value, name)]
    return sys.getsizeof(value) + sum(size_of(part, seen) for part in parts)


def test_an_account_stays_small_whatever_it_does() -> None:
    """After 20,000 events of which no two are alike, 4 KiB as bytes and 16 KiB in memory; every number is finite."""
    chooser, detector = random.Random(1), AccountDetector(DetectorSpec())
    for number in range(DIVERSE):
        detector.observe(diverse(number, chooser))
        if number % 100 == 99:
            for record in detector.advance(START_MS + number * 17_000):
                assert math.isfinite(record.shift_nats)
                assert len(record.links) <= 64
                assert len(record.models) <= 16
    detector.advance(START_MS + DIVERSE * 17_000 + BUCKET_MS)
    raw = detector.snapshot("a-1")

    assert raw is not None
    assert len(raw) < 4 * 1024
    assert size_of(detector._live["a-1"], set()) < 16 * 1024
    assert events_in(detector.snapshot("a-1")) == DIVERSE


_SCRIPT = """
import hashlib
from detectors.campaigns import CampaignDetector
from schemas.account_bucket import encode_account_bucket
from tests.unit.detectors.sample_run import contents, eventful_spec, feed_records, records, reviewed_steps
said = [encode_account_bucket(r).hex() for r in records()]
said += contents(feed_records(CampaignDetector(eventful_spec()), reviewed_steps()))
print(len(said), hashlib.sha256("".join(said).encode()).hexdigest())
"""


def test_nothing_depends_on_the_seed_of_hashes() -> None:
    """Processes that hash texts differently say the same, byte for byte."""
    said = {
        subprocess.run(
            [sys.executable, "-c", _SCRIPT],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(said) == 1


def test_the_largest_campaign_can_be_stored() -> None:
    """A hundred thousand confirmed accounts, all but two by likeness, with ids of 64 characters: state and alert."""
    accounts = [f"{number:064d}" for number in range(MAX_ACCOUNTS)]
    case = new_case(DetectorSpec(), "campaign", "template::t", START_MS, None)
    case.accounts, case.core = dict.fromkeys(accounts, START_MS), accounts[:2]
    case.likeness, case.confirmed = dict.fromkeys(accounts[2:], 12.345678901234567), accounts
    alert = publication(DetectorSpec(), case, "open", START_MS)

    assert len(alert.account_ids) == MAX_ACCOUNTS
    records: list[tuple[Role, bytes]] = [("campaign_state", encode_snapshot(case)), ("alerts", encode_alert(alert))]
    for role, raw in records:
        assert len(raw) < 0.97 * int(SPECS[role].configs["max.message.bytes"])
