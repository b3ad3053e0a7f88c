"""Small recorded traffic that leads to alerts, and what a replay makes of it."""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from detectors.spec import DetectorSpec
from streams.replay import Replay
from streams.settings import Settings
from tests.stream.recordings import eager_spec, fingerprinted
from traffic.generate import generate

EAGER_SPEC: DetectorSpec = eager_spec()


@lru_cache
def sample() -> tuple[bytes, ...]:
    """Three days of 30 honest accounts and two campaigns, in time order, that lead to alerts of both kinds."""
    for seed in range(1, 20):
        lines = tuple(fingerprinted(generate(accounts=30, days=3, campaigns=2, seed=seed)))
        if {alert["kind"] for alert in replayed_alerts(lines)} == {"account", "campaign"}:
            return lines
    raise AssertionError("no sample leads to alerts of both kinds: make the specification of the tests more eager")


def replayed_alerts(lines: Iterable[bytes], feedback: Iterable[bytes] = ()) -> list[dict[str, Any]]:
    """Alerts of a replay, in order."""
    replay = Replay(Settings(), EAGER_SPEC, feedback=feedback)
    return [json.loads(alert.model_dump_json()) for alert in replay.alerts(lines)]
