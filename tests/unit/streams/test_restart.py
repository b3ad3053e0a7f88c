"""Whatever crashes, and wherever: the alerts are those of a replay, and every event is in exactly one account."""

import asyncio
import json
import random
from collections import Counter
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.feedback import Feedback, encode_feedback
from schemas.times import epoch_ms, parse_instant
from streams.alarm_rates import AlarmRates
from streams.campaigns import CampaignPartition
from streams.headers import FEEDBACK, FEEDBACK_FORMAT, ORIGIN, PROGRESS_HEADERS, origin_of, source_of
from streams.progress import InputProgress, ProgressMessage, Report, encode_progress
from streams.publisher import partition_of
from tests.unit.detectors.samples import events_in
from tests.unit.streams.memory import DISORDER_MS, MemoryKafka, MemoryWorker
from tests.unit.streams.traffic_samples import EAGER_SPEC, replayed_alerts, sample

INPUTS = 3
USAGE_PARTITIONS = 2
REPORT_EVERY = 40


def contents(alert: dict[str, Any]) -> dict[str, Any]:
    """An alert without the one field that may differ between publications."""
    return {name: value for name, value in alert.items() if name != "published_at"}


def write_usage(kafka: MemoryKafka, lines: list[bytes], chooser: random.Random) -> None:
    """Put events into the usage topic as ingest would, from several inputs that come on unevenly."""
    inputs: list[list[bytes]] = [[] for _ in range(INPUTS)]
    for line in lines:
        inputs[chooser.randrange(INPUTS)].append(line)
    progress = [InputProgress(DISORDER_MS) for _ in range(INPUTS)]
    read = [0] * INPUTS
    while any(read[n] < len(inputs[n]) for n in range(INPUTS)):
        number = chooser.choice([n for n in range(INPUTS) if read[n] < len(inputs[n])])
        for line in inputs[number][read[number] : read[number] + REPORT_EVERY]:
            event = json.loads(line)
            progress[number].admit(epoch_ms(parse_instant(event["occurred_at"])))
            key = event["account_id"].encode()
            headers = [(ORIGIN, origin_of(source_of("in", number), read[number], 0))]
            kafka.publish("usage", partition_of(key, USAGE_PARTITIONS), key, line, headers)
            read[number] += 1
        if read[number] == len(inputs[number]):
            # The end of the stream: event time is as far everywhere as in a replay.
            progress[number].admit(epoch_ms(parse_instant(json.loads(lines[-1])["occurred_at"])))
        raw = encode_progress(ProgressMessage(INPUTS, [Report(number, progress[number].watermark_ms)]))
        for partition in range(USAGE_PARTITIONS):
            kafka.publish("usage", partition, None, raw, PROGRESS_HEADERS)
    asyncio.run(kafka.stored())


def disturb(worker: MemoryWorker, kafka: MemoryKafka, chooser: random.Random, steps: int) -> None:
    """Let a worker process, checkpoint, crash, break off checkpoints and haunt its successor at random."""
    actions = {"step": 12, "checkpoint": 3, "crash": 1, "break off": 1, "haunt": 1, "compact": 2}
    for _ in range(steps):
        match chooser.choices(list(actions), list(actions.values()))[0]:
            case "step":
                worker.step(chooser.choice(list(worker.partitions)), chooser.randint(1, 300))
            case "checkpoint":
                worker.checkpoint()
            case "crash":
                kafka.crash(chooser)
                worker.restart()
            case "break off":
                worker.checkpoint(breaks_off=chooser)
            case "haunt":
                worker.haunt(3, chooser)
            case _:
                kafka.compact("account-state")
                kafka.compact("campaign-state")


def published(kafka: MemoryKafka) -> dict[tuple[str, int], dict[str, Any]]:
    """Alerts by id and version; repeated publications must not differ."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for raw in kafka.values("alerts"):
        alert = contents(json.loads(raw))
        assert found.setdefault((alert["alert_id"], alert["version"]), alert) == alert
    return found


@cache
def undisturbed_rates() -> AlarmRates:
    """What a worker counts that nothing happens to."""
    kafka = MemoryKafka()
    write_usage(kafka, list(sample()), random.Random(0))
    worker = MemoryWorker(kafka, EAGER_SPEC, USAGE_PARTITIONS)
    worker.run_to_end()
    return rates_of(worker)


def rates_of(worker: MemoryWorker) -> AlarmRates:
    """What the links partition has counted."""
    links = worker.partitions["links", 0]
    assert isinstance(links, CampaignPartition)
    return links.rates


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_a_worker_that_crashes_anywhere_gives_the_alerts_of_a_replay(seed: int) -> None:
    """Ids, versions and contents agree, no event is lost or counted twice, nor is a day or an alert in the rates."""
    chooser = random.Random(seed)
    kafka = MemoryKafka()
    lines = list(sample())
    write_usage(kafka, lines, chooser)
    worker = MemoryWorker(kafka, EAGER_SPEC, USAGE_PARTITIONS)

    disturb(worker, kafka, chooser, steps=60)
    worker.run_to_end()

    expected = {(a["alert_id"], a["version"]): contents(a) for a in replayed_alerts(lines)}
    assert published(kafka) == expected
    assert kafka.values("dead") == []
    accounts = Counter(json.loads(line)["account_id"] for line in lines)
    observed = {
        account_id: sum(
            events_in(p.detector.snapshot(account_id)) for (t, _), p in worker.partitions.items() if t == "usage"
        )
        for account_id in accounts
    }
    assert observed == accounts
    assert rates_of(worker) == undisturbed_rates()
    assert any(day.alerts for day in rates_of(worker).days.values())


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_a_decision_takes_effect_at_the_same_moment_whatever_crashes(seed: int) -> None:
    """A retraction has the same version and contents as in a replay with the same decision."""
    chooser = random.Random(seed)
    kafka = MemoryKafka()
    lines = list(sample())
    opened = next(a for a in replayed_alerts(lines) if a["status"] == "open")
    decision = encode_feedback(
        Feedback(
            feedback_id="decision-1",
            given_at=parse_instant(opened["raised_at"]),
            verdict="benign",
            alert_id=opened["alert_id"],
            author="reviewer",
            reason="a known pipeline",
        )
    )
    expected = {(a["alert_id"], a["version"]): contents(a) for a in replayed_alerts(lines, [decision])}
    assert any(alert["status"] == "retracted" for alert in expected.values())

    write_usage(kafka, lines, chooser)
    kafka.publish("links", 0, None, decision, [(FEEDBACK, FEEDBACK_FORMAT.pack(source_of("feedback", 0), 0, 0))])
    asyncio.run(kafka.stored())
    worker = MemoryWorker(kafka, EAGER_SPEC, USAGE_PARTITIONS)
    disturb(worker, kafka, chooser, steps=60)
    worker.run_to_end()

    assert published(kafka) == expected
