"""Where an event comes from: what ingest repeats is told from what another topic, or another source, sends."""

import json

import pytest

from detectors.spec import DetectorSpec, parse_spec
from schemas.usage_event import decode_usage_event, encode_usage_event
from streams.accounts import AccountPartition
from streams.admission import Admission
from streams.campaigns import AlertWriter, CampaignPartition
from streams.dead_letters import DeadLetterLimit, DeadLetters, TooManyDeadLetters
from streams.headers import ORIGIN, PROGRESS_HEADERS, Headers, Record, origin_of, partition_of_source, source_of
from streams.link_writer import LinkWriter
from streams.progress import ProgressMessage, Report, encode_progress
from tests.unit.detectors.samples import DAY_MS, bucket
from tests.unit.streams.memory import DISORDER_MS, SETTINGS, MemoryKafka, now_ms, record
from tests.unit.streams.test_ingest import NOON_MS, event


def new_partition(kafka: MemoryKafka, limit: DeadLetterLimit | None = None) -> AccountPartition:
    """A usage partition that has seen nothing."""
    limit = limit or DeadLetterLimit(1_000_000, 1.0)
    dead_letters = DeadLetters(kafka, "dead", limit, now_ms)  # type: ignore[arg-type]
    links = LinkWriter(kafka, "links")  # type: ignore[arg-type]
    return AccountPartition(0, DetectorSpec(), Admission(SETTINGS, now_ms), dead_letters, links, DISORDER_MS)


def admitted(offset: int, topic: str, input_offset: int) -> Record:
    """A message of ingest about an event of account a-0 that it read from partition 3 of an input topic."""
    raw = encode_usage_event(decode_usage_event(event(0, offset, event_id=f"{topic}-{input_offset}")))
    headers: Headers = [(ORIGIN, origin_of(source_of(topic, 3), input_offset, 0))]
    return record("usage", 0, offset, b"a-0", raw, headers)


def test_offsets_of_another_input_topic_begin_anew() -> None:
    """What a restarted ingest sends again counts once; a topic under another name is not taken for a repetition."""
    partition = new_partition(MemoryKafka())
    old, new = [("llm.usage", offset) for offset in (0, 1, 2, 1, 2)], [("llm.usage.v2", 0), ("llm.usage.v2", 1)]
    partition.process([admitted(offset, *origin) for offset, origin in enumerate(old + new)])

    assert partition.detector.events_observed("a-0") == 5
    assert partition_of_source(source_of("llm.usage", 3)) == partition_of_source(source_of("llm.usage.v2", 3)) == 3


def test_what_was_seen_of_a_source_outlasts_a_restart() -> None:
    """The positions of every input topic are in the state."""
    first = new_partition(MemoryKafka())
    first.process([admitted(0, "llm.usage", 7), admitted(1, "v2", 4)])
    second = new_partition(MemoryKafka())
    second.restore(first.record(), {})
    second.process([admitted(2, "llm.usage", 7), admitted(3, "v2", 4), admitted(4, "v2", 5)])

    assert second.detector.events_observed("a-0") == 1


def test_a_source_may_have_headers_of_its_own() -> None:
    """Gateways and tracing add headers with names as common as these; the event counts all the same."""
    kafka = MemoryKafka()
    partition = new_partition(kafka)
    names = ["origin", "progress", "sender", "traceparent"]
    headers: list[Headers] = [[(name, b"eu-west-1")] for name in names]
    partition.process([record("usage", 0, n, None, event(5 * n, n), own) for n, own in enumerate(headers)])

    assert partition.detector.events_observed("a-0") == len(names)
    assert kafka.values("dead") == []


def test_what_a_source_sends_from_the_future_is_told_by_when_it_was_stored() -> None:
    """As ingest would: an event ahead of its message is refused whenever it is read."""
    kafka = MemoryKafka()
    partition = new_partition(kafka)
    partition.process([record("usage", 0, n, None, event(5 * n, 600 * n), [], NOON_MS) for n in range(2)])

    assert partition.detector.events_observed("a-0") == 1
    assert [json.loads(raw)["reason"] for raw in kafka.values("dead")] == ["time_out_of_range"]


def test_progress_is_no_input_that_could_be_read() -> None:
    """It stands behind every batch of ingest; were it counted, as many events more could be dead letters."""
    partition = new_partition(MemoryKafka(), DeadLetterLimit(window=2, max_ratio=0.9))
    progress = encode_progress(ProgressMessage(1, [Report(0, NOON_MS)]))
    between = [record("usage", 0, n, None, progress, PROGRESS_HEADERS) for n in range(1, 9)]

    with pytest.raises(TooManyDeadLetters, match="2 of the last 2 inputs of accounts"):
        partition.process([record("usage", 0, 0, None, b"?", []), *between, record("usage", 0, 9, None, b"?", [])])


def test_a_day_ends_when_its_last_bucket_can_come_no_more() -> None:
    """With buckets of seven minutes one of a day reaches into the next."""
    kafka, spec = MemoryKafka(), parse_spec("bucket_seconds: 420", "x")
    dead_letters = DeadLetters(kafka, "dead", DeadLetterLimit(1_000_000, 1.0), now_ms)  # type: ignore[arg-type]
    partition = CampaignPartition(spec, dead_letters, AlertWriter(kafka, "alerts", now_ms), "feedback")  # type: ignore[arg-type]
    day = NOON_MS // DAY_MS
    partition.rates.see(bucket("a", (day + 1) * DAY_MS - 1))

    for place, (past_ms, is_over) in enumerate(((419_999, False), (420_000, True))):
        progress = encode_progress(ProgressMessage(1, [Report(0, (day + 1) * DAY_MS + past_ms)]))
        partition.process([record("links", 0, place, None, progress, PROGRESS_HEADERS)])
        assert (day not in partition.rates.active) is is_over
