"""Where an event comes from: what ingest repeats is told from what another topic, or another source, sends."""

import json
from types import SimpleNamespace

import pytest

from detectors.fingerprint import Fingerprinter
from detectors.spec import DetectorSpec, parse_spec
from detectors.windows import NEVER_MS
from schemas.account_bucket import decode_account_bucket, encode_account_bucket
from schemas.usage_event import decode_usage_event, encode_usage_event
from streams.accounts import AccountPartition, AccountStage
from streams.admission import Admission
from streams.alert_writer import AlertWriter
from streams.campaigns import CampaignPartition
from streams.dead_letters import DeadLetterLimit, DeadLetters, TooManyDeadLetters
from streams.headers import (
    ORIGIN,
    PROGRESS_HEADERS,
    SENDER,
    SENDER_FORMAT,
    Headers,
    Record,
    kind_of,
    origin_of,
    partition_of_source,
    source_of,
)
from streams.link_writer import LinkWriter
from streams.progress import DIRECT, ProgressMessage, Report, decode_progress, encode_progress
from streams.state_log import Entry
from tests.unit.detectors.samples import DAY_MS, bucket, events_in
from tests.unit.streams.memory import DISORDER_MS, SETTINGS, MemoryKafka, now_ms, record
from tests.unit.streams.test_ingest import NOON_MS, event


def new_partition(
    kafka: MemoryKafka, limit: DeadLetterLimit | None = None, disorder_ms: int = DISORDER_MS
) -> AccountPartition:
    """A usage partition that has seen nothing."""
    limit = limit or DeadLetterLimit(1_000_000, 1.0)
    dead_letters = DeadLetters(kafka, "dead", limit, now_ms)  # type: ignore[arg-type]
    links = LinkWriter(kafka, "links")  # type: ignore[arg-type]
    return AccountPartition(0, DetectorSpec(), Admission(SETTINGS, now_ms), dead_letters, links, disorder_ms)


def admitted(offset: int, topic: str, input_offset: int) -> Record:
    """A message of ingest about an event of account a-0 that it read from partition 3 of an input topic."""
    raw = encode_usage_event(decode_usage_event(event(0, offset, event_id=f"{topic}-{input_offset}")))
    headers: Headers = [(ORIGIN, origin_of(source_of(topic, 3), input_offset, 0))]
    return record("usage", 0, offset, b"a-0", raw, headers)


def progress(offset: int, expected: int, *reports: Report) -> Record:
    """Progress of ingest, or of the sources that write into the usage topic themselves."""
    return record("usage", 0, offset, None, encode_progress(ProgressMessage(expected, list(reports))), PROGRESS_HEADERS)


def reports(kafka: MemoryKafka, topic: str = "links") -> list[Report]:
    """What was told of event time, in order."""
    told = [found for found in kafka.logs[topic, 0] if found.headers[0] == PROGRESS_HEADERS[0]]
    return [report for found in told for report in decode_progress(found.value or b"").reports]


def test_offsets_of_another_input_topic_begin_anew() -> None:
    """What a restarted ingest sends again counts once; a topic under another name is not taken for a repetition."""
    partition = new_partition(MemoryKafka())
    old, new = [("llm.usage", offset) for offset in (0, 1, 2, 1, 2)], [("llm.usage.v2", 0), ("llm.usage.v2", 1)]
    partition.process([admitted(offset, *origin) for offset, origin in enumerate(old + new)])

    assert events_in(partition.detector.snapshot("a-0")) == 5
    assert partition_of_source(source_of("llm.usage", 3)) == partition_of_source(source_of("llm.usage.v2", 3)) == 3


def test_what_was_seen_of_a_source_outlasts_a_restart() -> None:
    """The positions of every input topic are in the state."""
    first = new_partition(MemoryKafka())
    first.process([admitted(0, "llm.usage", 7), admitted(1, "v2", 4)])
    second = new_partition(MemoryKafka())
    second.restore(first.record(), {})
    second.process([admitted(2, "llm.usage", 7), admitted(3, "v2", 4), admitted(4, "v2", 5)])

    assert events_in(second.detector.snapshot("a-0")) == 1


def test_a_source_may_have_headers_of_its_own() -> None:
    """Gateways and tracing add headers with names as common as these; the event counts all the same."""
    kafka = MemoryKafka()
    partition = new_partition(kafka)
    names = ["origin", "progress", "sender", "traceparent"]
    headers: list[Headers] = [[(name, b"eu-west-1")] for name in names]
    partition.process([record("usage", 0, n, None, event(5 * n, n), own) for n, own in enumerate(headers)])

    assert events_in(partition.detector.snapshot("a-0")) == len(names)
    assert kafka.values("dead") == []


def test_what_a_source_sends_from_the_future_is_told_by_when_it_was_stored() -> None:
    """As ingest would: an event ahead of its message is refused whenever it is read."""
    kafka = MemoryKafka()
    partition = new_partition(kafka)
    partition.process([record("usage", 0, n, None, event(5 * n, 600 * n), [], NOON_MS) for n in range(2)])

    assert events_in(partition.detector.snapshot("a-0")) == 1
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


def test_the_prompt_of_a_source_is_read_and_dropped() -> None:
    """Its record is that of an event whose source had sent the fingerprint."""
    prompt = "Name three rivers of Europe and how long each of them is."
    made = Fingerprinter(SETTINGS.fingerprint_key.get_secret_value().encode()).fingerprint(prompt)
    kinds = []
    for fields in ({"prompt": prompt}, {"prompt_fingerprint": made}):
        kafka = MemoryKafka()
        last = event(5, 3_600)
        partition = new_partition(kafka)
        partition.process([record("usage", 0, n, None, raw, []) for n, raw in enumerate((event(0, 0, **fields), last))])
        [first] = [decode_account_bucket(r.value or b"") for r in kafka.logs["links", 0] if kind_of(r)[0] == SENDER]
        kinds.append((first.slots, first.links, first.styles))

    assert kinds[0] == kinds[1]
    assert {link.kind for link in kinds[0][1]} == {"template"}


def test_a_source_sends_one_event_per_message() -> None:
    """Of several none could be left out: the message is a dead letter as a whole."""
    kafka = MemoryKafka()
    partition = new_partition(kafka)
    several = b"[" + event(0, 0) + b"," + event(5, 1) + b"]"
    partition.process([record("usage", 0, 0, None, several, [])])

    assert events_in(partition.detector.snapshot("a-0")) == 0
    assert [json.loads(raw)["reason"] for raw in kafka.values("dead")] == ["invalid"]


def test_how_far_a_source_has_come_is_told_with_its_batch() -> None:
    """And once: whoever compares accounts waits for it."""
    kafka = MemoryKafka()
    partition = new_partition(kafka)
    partition.process([record("usage", 0, 0, None, event(0, 0), [])])
    assert reports(kafka) == [Report(0, NOON_MS - DISORDER_MS)]
    partition.process([record("usage", 0, 1, None, event(5, 0), [])])

    assert len(reports(kafka)) == 1


@pytest.mark.parametrize(("inputs", "idle_until_ms"), [(0, NOON_MS), (1, None)])
def test_a_partition_that_ingest_feeds_is_not_idle_when_a_source_is(inputs: int, idle_until_ms: int | None) -> None:
    """Ingest tells all partitions alike when it has nothing."""
    kafka = MemoryKafka()
    partition = new_partition(kafka)
    partition.process([progress(0, inputs, Report(DIRECT, NOON_MS - 1, NOON_MS), *[Report(0, NOON_MS)] * inputs)])

    assert [report.idle_until_ms for report in reports(kafka)] == [idle_until_ms]


@pytest.mark.parametrize("silent_seconds", [SETTINGS.idle_seconds - 1, SETTINGS.idle_seconds])
@pytest.mark.parametrize("sources", ["none", "known", "expected"])
def test_silent_sources_are_vouched_for_up_to_the_allowed_disorder(
    monkeypatch: pytest.MonkeyPatch, sources: str, silent_seconds: float
) -> None:
    """Wall clock minus the disorder, renewed every third of the idle time, which counts from their latest event."""
    clock, kafka = SimpleNamespace(monotonic=lambda: 0.0), MemoryKafka()
    monkeypatch.setattr("streams.accounts.time", clock)
    partition = new_partition(kafka)
    settings = SETTINGS.model_copy(update={"direct_sources": sources == "expected"})
    stage = AccountStage(settings, None, kafka, lambda _: partition, lambda: None, now_ms)  # type: ignore[arg-type]
    stage.partitions[0] = partition
    clock.monotonic = lambda: 1_000.0
    if sources == "known":
        partition.process([record("usage", 0, 0, None, event(0, 0), [])])
    else:
        partition.direct_active_at = 1_000.0
    clock.monotonic = lambda: 1_000.0 + silent_seconds
    stage.report_silence({0})

    told = reports(kafka, "stillwatch.usage")
    assert len(told) == (sources != "none" and silent_seconds >= SETTINGS.idle_seconds)
    for report in told:
        assert report.idle_until_ms is not None
        behind_ms = now_ms() - DISORDER_MS - report.idle_until_ms
        assert 0 <= behind_ms < SETTINGS.idle_seconds * 1000 / 3


def test_what_was_closed_stays_closed_across_a_restart() -> None:
    """An event of the past is late for the successor too; in a bucket that was judged nobody would look for it."""
    kafka = MemoryKafka()
    first = new_partition(kafka)
    first.process([progress(0, 1, Report(0, NOON_MS + 3_600_000))])
    second = new_partition(kafka)
    second.restore(first.record(), {})
    second.process([admitted(1, "llm.usage", 1)])

    assert [json.loads(raw)["reason"] for raw in kafka.values("dead")] == ["late"]
    assert events_in(second.detector.snapshot("a-0")) == 0


def test_another_allowed_disorder_counts_from_the_next_start_on() -> None:
    """It is a setting, not a state."""
    kafka = MemoryKafka()
    first, second = new_partition(MemoryKafka()), new_partition(kafka, disorder_ms=DISORDER_MS // 2)
    first.process([record("usage", 0, 0, None, event(0, 0), [])])
    second.restore(first.record(), {})
    second.process([record("usage", 0, 1, None, event(5, 60), [])])

    assert [report.watermark_ms for report in reports(kafka)] == [NOON_MS + 60_000 - DISORDER_MS // 2]


def test_a_repeat_is_an_input_and_no_dead_letter() -> None:
    """Of four inputs of which two are repeats, one in four may be unreadable."""
    kafka = MemoryKafka()
    partition = new_partition(kafka, DeadLetterLimit(window=1, max_ratio=0.4))
    repeated = [admitted(offset, "llm.usage", 1) for offset in range(3)]

    partition.process([*repeated, record("usage", 0, 3, None, b"?", [])])

    assert [json.loads(raw)["reason"] for raw in kafka.values("dead")] == ["not_json"]


def test_a_bucket_behind_its_own_report_is_a_repeat_and_one_behind_those_of_others_late() -> None:
    """A bucket that ends where the report stands was closed by it."""
    kafka = MemoryKafka()
    dead_letters = DeadLetters(kafka, "dead", DeadLetterLimit(1_000_000, 1.0), now_ms)  # type: ignore[arg-type]
    partition = CampaignPartition(DetectorSpec(), dead_letters, AlertWriter(kafka, "alerts", now_ms), "feedback")  # type: ignore[arg-type]
    raw = encode_account_bucket(bucket("a"))
    end_ms = bucket("a").end_ms
    idle = encode_progress(ProgressMessage(2, [Report(0, end_ms), Report(1, NEVER_MS, end_ms)]))
    sent = [
        (raw, [(SENDER, SENDER_FORMAT.pack(0))]),
        (idle, PROGRESS_HEADERS),
        (raw, [(SENDER, SENDER_FORMAT.pack(0))]),
    ]
    partition.process([record("links", 0, n, b"a", value, headers) for n, (value, headers) in enumerate(sent)])
    assert kafka.values("dead") == []
    partition.process([record("links", 0, 3, b"a", raw, [(SENDER, SENDER_FORMAT.pack(1))])])

    assert [json.loads(letter)["reason"] for letter in kafka.values("dead")] == ["late"]


def test_what_waited_before_a_restart_is_judged_when_its_time_has_come() -> None:
    """Also when no other bucket comes."""
    kafka, end_ms = MemoryKafka(), bucket("a").end_ms
    dead_letters = DeadLetters(kafka, "dead", DeadLetterLimit(1_000_000, 1.0), now_ms)  # type: ignore[arg-type]
    alerts = AlertWriter(kafka, "alerts", now_ms)  # type: ignore[arg-type]
    first, second = (CampaignPartition(DetectorSpec(), dead_letters, alerts, "feedback") for _ in range(2))
    sender: Headers = [(SENDER, SENDER_FORMAT.pack(0))]
    first.process([record("links", 0, 0, b"a", encode_account_bucket(bucket("a")), sender)])
    kept = {key: raw for key in first.take_changed() if (raw := first.snapshot(key)) is not None}
    second.restore(first.record(), {key: Entry(1, raw) for key, raw in kept.items()})
    told = encode_progress(ProgressMessage(1, [Report(0, end_ms)]))
    second.process([record("links", 0, 1, None, told, PROGRESS_HEADERS)])

    assert second.clock.detector.watermark_ms == end_ms
