"""Small recorded traffic that leads to alerts, and what a replay makes of it."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from detectors.spec import DetectorSpec, parse_spec
from streams.replay import Replay
from streams.settings import Settings
from tests.stream.recordings import fingerprinted
from traffic.generate import generate

EAGER_SPEC: DetectorSpec = parse_spec(
    """
    false_alarms: {account_days_per_false_alarm: 10, days_per_false_campaign: 0.1}
    groups: {min_accounts: 3}
    """,
    "the specification of a test",
)
"""Names so easily that little traffic is enough."""


@lru_cache
def sample() -> tuple[bytes, ...]:
    """Three days of 30 honest accounts and two campaigns, in time order."""
    return tuple(fingerprinted(generate(accounts=30, days=3, campaigns=2, seed=8)))


def replayed_alerts(lines: Iterable[bytes], feedback: Iterable[bytes] = ()) -> list[dict[str, Any]]:
    """Alerts of a replay, in order."""
    replay = Replay(Settings(), EAGER_SPEC, feedback=feedback)
    return [json.loads(alert.model_dump_json()) for alert in replay.alerts(lines)]
