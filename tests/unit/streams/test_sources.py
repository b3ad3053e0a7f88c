"""Where an event comes from: what ingest repeats is told from what another topic, or another source, sends."""

from detectors.spec import DetectorSpec
from schemas.usage_event import decode_usage_event, encode_usage_event
from streams.accounts import AccountPartition
from streams.admission import Admission
from streams.dead_letters import DeadLetterLimit, DeadLetters
from streams.headers import ORIGIN, Headers, Record, origin_of, partition_of_source, source_of
from streams.link_writer import LinkWriter
from tests.unit.streams.memory import DISORDER_MS, SETTINGS, MemoryKafka, now_ms, record
from tests.unit.streams.test_ingest import event


def new_partition(kafka: MemoryKafka) -> AccountPartition:
    """A usage partition that has seen nothing."""
    dead_letters = DeadLetters(kafka, "dead", DeadLetterLimit(1_000_000, 1.0), now_ms)  # type: ignore[arg-type]
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
