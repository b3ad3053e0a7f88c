"""The alerts of the running service are the alerts of a replay, whoever is killed on the way."""

import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

import detectors
from detectors.spec import load_spec
from streams.event_files import EventFiles
from tests.stream.live import PARTITIONS, LiveService
from tests.stream.nothing_lost import assert_nothing_lost
from tests.stream.recordings import (
    DISORDER_MS,
    AlertKey,
    assert_same_alerts,
    closing_events,
    contents,
    fingerprinted,
    occurred_ms,
    replayed,
)
from traffic.generate import generate

pytestmark = pytest.mark.broker

DEFAULT_SPEC = Path(detectors.__file__).parent / "default.yaml"
CORPUS = os.environ.get("STILLWATCH_CORPUS")


def published(service: LiveService) -> dict[AlertKey, dict[str, Any]]:
    """Alerts on the topic by id and version; repeated publications must not differ."""
    found: dict[AlertKey, dict[str, Any]] = {}
    for alert in service.alerts():
        known = found.setdefault((alert["alert_id"], alert["version"]), contents(alert))
        assert known == contents(alert)
    return found


def run_with_deaths(
    service: LiveService, lines: list[bytes], *, workers: int, deaths: int, how: signal.Signals = signal.SIGKILL
) -> list[bytes]:
    """Feed the lines over the input partitions and drain them while workers die; returns all that was fed."""
    service.create_topics()
    for _ in range(workers):
        service.start_worker()
    chooser = random.Random(deaths)
    size = -(-len(lines) // (deaths + 1))
    for sent in range(0, len(lines), size):
        chunk = lines[sent : sent + size]
        before = service.messages("stillwatch.usage")
        service.send("llm.usage", chunk, keys=[str(sent + i).encode() for i in range(len(chunk))])
        if sent + size < len(lines):
            # In the middle of work: some of this chunk has gone through ingest, the rest has not.
            service.wait_for_messages("stillwatch.usage", before + chooser.randint(1, len(chunk)))
            service.end_worker(chooser.randrange(len(service.workers)), how)
            service.start_worker()
    closing = closing_events(lines, PARTITIONS)
    for number, line in enumerate(closing):
        service.send("llm.usage", [line], partition=number)
    service.wait_until_drained(occurred_ms(lines[-1]) - DISORDER_MS)
    assert service.stop_workers() == [0] * workers
    return lines + closing


@pytest.fixture(scope="module")
def traffic_lines() -> list[bytes]:
    """Some days of honest accounts and two campaigns, in time order."""
    return list(fingerprinted(generate(accounts=60, days=6, campaigns=3, seed=8)))


@pytest.mark.parametrize(
    ("workers", "deaths", "how"), [(1, 0, signal.SIGKILL), (3, 5, signal.SIGKILL), (2, 2, signal.SIGTERM)]
)
def test_live_alerts_equal_replayed_alerts(
    service: LiveService, traffic_lines: list[bytes], workers: int, deaths: int, how: signal.Signals
) -> None:
    """Ids, versions and contents agree: undisturbed, with five of three workers killed, and in a rolling restart."""
    fed = run_with_deaths(service, traffic_lines, workers=workers, deaths=deaths, how=how)

    expected = replayed(fed)
    assert len(expected) > 0
    assert_same_alerts(published(service), expected)
    assert_nothing_lost(service, fed)


def test_stages_in_processes_of_their_own_give_the_same_alerts(
    service: LiveService, traffic_lines: list[bytes]
) -> None:
    """Which process does what, and that they do not all read the same topics, does not show."""
    service.create_topics()
    for stages in ('["ingest"]', '["accounts"]', '["accounts"]', '["campaigns","alerts"]'):
        service.start_worker(STILLWATCH_STAGES=stages)
    service.send("llm.usage", traffic_lines, keys=[str(n).encode() for n in range(len(traffic_lines))])
    closing = closing_events(traffic_lines, PARTITIONS)
    for number, line in enumerate(closing):
        service.send("llm.usage", [line], partition=number)
    service.wait_until_drained(occurred_ms(traffic_lines[-1]) - DISORDER_MS)

    assert service.stop_workers() == [0] * 4
    assert_same_alerts(published(service), replayed(traffic_lines + closing))
    assert_nothing_lost(service, traffic_lines + closing)


@pytest.mark.corpus
@pytest.mark.skipif(CORPUS is None, reason="STILLWATCH_CORPUS names no folder of corpora")
def test_live_alerts_equal_replayed_alerts_on_a_corpus(service: LiveService) -> None:
    """The same on labelled traffic from another source, with its prompts."""
    service.settings = {"STILLWATCH_SPEC_FILE": str(DEFAULT_SPEC)}
    lines = list(EventFiles([Path(str(CORPUS)) / "smoke" / "events.jsonl.gz"]).lines())
    fed = run_with_deaths(service, lines, workers=3, deaths=5)

    assert_same_alerts(published(service), replayed(fed, spec=load_spec(DEFAULT_SPEC)))
    assert_nothing_lost(service, fed)
