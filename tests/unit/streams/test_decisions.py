"""Decisions of reviewers on their way: what is refused at once, and what waits for its moment."""

import asyncio
import dataclasses
import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest

from detectors.spec import DetectorSpec
from schemas.feedback import Feedback, encode_feedback
from streams.alert_writer import AlertWriter
from streams.campaigns import CampaignPartition
from streams.dead_letters import DeadLetterLimit, DeadLetters
from streams.feedback import MAX_DECISION_BYTES, FeedbackStage
from streams.headers import FEEDBACK, FEEDBACK_FORMAT, PROGRESS_HEADERS, source_of
from streams.progress import ProgressMessage, Report, encode_progress
from streams.state_log import Entry
from tests.unit.commands.test_topics import SPECS
from tests.unit.streams.memory import SETTINGS, MemoryKafka, now_ms, record

MAX_FUTURE_MS = round(SETTINGS.max_future_seconds * 1000)


def decision(given_ms: int, name: str = "decision", accounts: int = 1) -> bytes:
    """A decision about accounts that nobody knows."""
    return encode_feedback(
        Feedback(
            feedback_id=name,
            given_at=datetime.fromtimestamp(given_ms / 1000, UTC),
            verdict="benign",
            account_ids=tuple(f"account-{number}" for number in range(accounts)),
            author="reviewer",
            reason="a known pipeline",
        )
    )


def letters(kafka: MemoryKafka) -> DeadLetters:
    """Dead letters without a limit."""
    return DeadLetters(kafka, "dead", DeadLetterLimit(1_000_000, 1.0), now_ms)  # type: ignore[arg-type]


def new_partition(kafka: MemoryKafka) -> CampaignPartition:
    """A links partition that has seen nothing."""
    alerts = AlertWriter(kafka, "alerts", now_ms)  # type: ignore[arg-type]
    return CampaignPartition(DetectorSpec(), letters(kafka), alerts, "feedback")


@pytest.mark.parametrize(("ahead_ms", "is_refused"), [(MAX_FUTURE_MS, False), (MAX_FUTURE_MS + 1, True)])
def test_a_decision_of_the_future_is_a_dead_letter(ahead_ms: int, is_refused: bool) -> None:
    """It would wait for its moment unseen; clocks that differ a little are no fault."""
    kafka = MemoryKafka()
    stage = FeedbackStage(SETTINGS, kafka, letters(kafka))  # type: ignore[arg-type]
    sent = record("feedback", 0, 0, None, decision(now_ms() + ahead_ms), [])
    stage.process(0, [dataclasses.replace(sent, timestamp=now_ms())])

    assert len(kafka.values("stillwatch.links")) == (not is_refused)
    assert [json.loads(raw)["reason"] for raw in kafka.values("dead")] == ["time_out_of_range"] * is_refused


@pytest.mark.parametrize("timestamp", [-1, 0, now_ms() // 1000])
def test_a_timestamp_from_before_there_was_a_kafka_says_nothing(timestamp: int) -> None:
    """A producer may set any, such as seconds for milliseconds; by it every decision would be one of the future."""
    kafka = MemoryKafka()
    stage = FeedbackStage(SETTINGS, kafka, letters(kafka))  # type: ignore[arg-type]
    sent = record("feedback", 0, 0, None, decision(now_ms()), [])
    stage.process(0, [dataclasses.replace(sent, timestamp=timestamp)])

    assert kafka.values("dead") == []
    assert len(kafka.values("stillwatch.links")) == 1


def test_a_decision_that_later_topics_would_not_take_is_a_dead_letter() -> None:
    """It may have been compressed in the feedback topic; what is passed on is not."""
    kafka = MemoryKafka()
    stage = FeedbackStage(SETTINGS, kafka, letters(kafka))  # type: ignore[arg-type]
    largest = decision(0, accounts=100_000)
    for offset, raw in enumerate((largest, largest + b" " * (MAX_DECISION_BYTES + 1 - len(largest)))):
        stage.process(0, [record("feedback", 0, offset, None, raw, [])])

    assert [json.loads(raw)["reason"] for raw in kafka.values("dead")] == ["too_large"]
    assert kafka.values("stillwatch.links") == [largest]
    for role in ("links", "campaign_state"):
        assert int(SPECS[role].configs["max.message.bytes"]) > 1.5 * MAX_DECISION_BYTES


def test_the_next_decision_to_read_is_the_one_behind_the_last() -> None:
    """Also behind one that was refused."""
    kafka = MemoryKafka()
    stage = FeedbackStage(SETTINGS, kafka, letters(kafka))  # type: ignore[arg-type]
    stage.process(0, [record("feedback", 0, 4, None, decision(0), []), record("feedback", 0, 9, None, b"?", [])])

    assert stage.next_offset(0) == 10


def test_decisions_that_wait_are_records_of_their_own() -> None:
    """Six of 700 KB are no load on the record of the partition, outlast a restart, and are gone once carried out."""
    kafka = MemoryKafka()
    first = new_partition(kafka)
    header = [(FEEDBACK, FEEDBACK_FORMAT.pack(source_of("feedback", 0), number, 0)) for number in range(6)]
    raws = [decision(now_ms() + number, f"decision-{number}", 45_000) for number in range(6)]
    first.process([record("links", 0, n, None, raw, [header[n]]) for n, raw in enumerate(raws)])
    waiting = {key: first.snapshot(key) for key in first.take_changed() if key.startswith(b"d")}
    second = new_partition(kafka)
    second.restore(first.record(), {key: Entry(6, raw) for key, raw in waiting.items() if raw is not None})

    assert len(first.record()) < 10_000
    assert len(waiting) == 6
    assert max(len(raw or b"") for raw in waiting.values()) > 700_000
    second.clock.advance(now_ms() + 2)
    found = [json.loads(raw) for raw in kafka.values("dead")]
    assert [(letter["reason"], letter["origin"]["offset"]) for letter in found] == [("unmatched", n) for n in range(3)]
    assert [second.snapshot(key) for key in second.take_changed() if key.startswith(b"d")] == [None] * 3


def test_the_dead_letter_of_a_decision_has_its_key() -> None:
    """Also when the decision has waited for its moment, and for a restart."""
    kafka = MemoryKafka()
    stage = FeedbackStage(SETTINGS, kafka, letters(kafka))  # type: ignore[arg-type]
    stage.process(0, [record("feedback", 0, 7, b"tenant-1", decision(now_ms()), [])])
    asyncio.run(kafka.stored())
    first, second = new_partition(kafka), new_partition(kafka)
    first.process(kafka.logs["stillwatch.links", 0])
    waiting = {key: Entry(1, first.snapshot(key) or b"") for key in first.take_changed() if key.startswith(b"d")}
    second.restore(first.record(), waiting)
    second.clock.advance(now_ms())

    assert [json.loads(raw)["key_base64"] for raw in kafka.values("dead")] == [b64encode(b"tenant-1").decode()]


def test_a_decision_that_is_passed_on_again_counts_once() -> None:
    """As a restarted worker does with what it had not committed."""
    kafka = MemoryKafka()
    partition = new_partition(kafka)
    header = [(FEEDBACK, FEEDBACK_FORMAT.pack(source_of("feedback", 0), 7, 0))]
    partition.process([record("links", 0, offset, None, decision(now_ms()), header) for offset in range(2)])
    partition.clock.advance(now_ms())

    assert [json.loads(raw)["origin"]["offset"] for raw in kafka.values("dead")] == [7]


def test_a_decision_whose_moment_is_past_is_carried_out_at_once() -> None:
    """No event need come first."""
    kafka = MemoryKafka()
    partition = new_partition(kafka)
    told = encode_progress(ProgressMessage(1, [Report(0, now_ms())]))
    header = [(FEEDBACK, FEEDBACK_FORMAT.pack(source_of("feedback", 0), 7, 0))]
    partition.process([record("links", 0, 0, None, told, PROGRESS_HEADERS)])
    partition.process([record("links", 0, 1, None, decision(now_ms()), header)])

    assert [json.loads(raw)["reason"] for raw in kafka.values("dead")] == ["unmatched"]
