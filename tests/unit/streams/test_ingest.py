"""Ingest: what is late is a property of the partition's own log, also across a restart anywhere."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from detectors.fingerprint_layout import is_fingerprint
from detectors.windows import NEVER_MS
from schemas.times import epoch_ms
from streams import metric_defs
from streams.admission import Admission
from streams.dead_letters import DeadLetterLimit, DeadLetters
from streams.headers import ORIGIN, PROGRESS, Record
from streams.ingest import IngestStage, InputPartition
from streams.offsets import Start
from streams.progress import decode_progress
from tests.unit.detectors.samples import fingerprint
from tests.unit.streams.memory import DISORDER_MS, SETTINGS, MemoryKafka, now_ms, record

NOON_MS = 1_767_614_400_000
"""2026-01-05T12:00:00Z."""


def event(number: int, offset_seconds: int, **fields: Any) -> bytes:
    """A usage event so many seconds after noon."""
    minute, second = divmod(offset_seconds, 60)
    hour, minute = divmod(minute, 60)
    required = {
        "event_id": f"e-{number}",
        "occurred_at": f"2026-01-05T{12 + hour:02}:{minute:02}:{second:02}Z",
        "account_id": f"a-{number % 5}",
        "model": "m-1",
        "input_tokens": 10,
        "output_tokens": 20,
    }
    return json.dumps(required | fields).encode()


def new_stage(kafka: MemoryKafka, now_ms: Callable[[], int] = now_ms) -> IngestStage:
    """An ingest stage that publishes into memory."""
    dead_letters = DeadLetters(kafka, "dead", DeadLetterLimit(1_000_000, 1.0), now_ms)  # type: ignore[arg-type]
    stage = IngestStage(SETTINGS, Admission(SETTINGS, now_ms), kafka, dead_letters, now_ms)  # type: ignore[arg-type]
    stage.input_partitions, stage.usage_partitions = 1, 2
    return stage


def records_of(values: list[bytes]) -> list[Record]:
    """The records of one input partition."""
    return [record("in", 0, offset, None, value, []) for offset, value in enumerate(values)]


def outcomes(kafka: MemoryKafka) -> tuple[set[bytes], set[int]]:
    """Origins of what was admitted and offsets of what was refused."""
    usage = [r for place, log in kafka.logs.items() if place[0] == "stillwatch.usage" for r in log]
    admitted = {dict(r.headers)[ORIGIN] for r in usage if ORIGIN in dict(r.headers)}
    return admitted, {json.loads(raw)["origin"]["offset"] for raw in kafka.values("dead")}


@given(
    seconds=st.lists(st.integers(0, 600), min_size=1, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=4),
    repeated=st.integers(0, 3),
)
def test_a_restart_judges_as_the_first_time(seconds: list[int], cuts: list[int], repeated: int) -> None:
    """Whatever was committed when, and however much is read again: each event has one outcome."""
    values = [event(number, at) for number, at in enumerate(seconds)]
    expected = MemoryKafka()
    whole = new_stage(expected)
    whole.partitions[0] = InputPartition(DISORDER_MS, 0)
    whole.process(0, records_of(values))

    kafka = MemoryKafka()
    begin, newest_ms = 0, NEVER_MS
    for cut in [*sorted(min(cut, len(values)) for cut in cuts), len(values)]:
        stage = new_stage(kafka)
        stage.partitions[0] = InputPartition(DISORDER_MS, begin, newest_ms)
        if cut > begin:
            stage.process(0, records_of(values)[begin:cut])
            commit = stage.commit_at(0, cut)
            assert commit is not None
            # What is done after the last commit is done again by the next owner.
            if undone := records_of(values)[cut : cut + repeated]:
                stage.process(0, undone)
            begin, newest_ms = commit.offset, int(commit.metadata)

    assert outcomes(kafka) == outcomes(expected)


@pytest.mark.parametrize("read_later_ms", [0, 3_600_000])
def test_what_comes_from_the_future_is_judged_by_when_it_was_stored(read_later_ms: int) -> None:
    """An event ahead of its own message is refused, though the clock has passed it when a backlog is read."""
    stored_ms = NOON_MS
    kafka = MemoryKafka()
    stage = new_stage(kafka, now_ms=lambda: stored_ms + read_later_ms)
    stage.partitions[0] = InputPartition(DISORDER_MS, 0)
    seconds = [0, round(SETTINGS.max_future_seconds) + 1, round(SETTINGS.max_future_seconds), 0]
    stage.process(0, [record("in", 0, n, None, event(n, at), [], stored_ms) for n, at in enumerate(seconds)])

    admitted, refused = outcomes(kafka)
    assert refused == {1}
    assert len(admitted) == 3
    [letter] = kafka.values("dead")
    assert json.loads(letter)["reason"] == "time_out_of_range"
    assert f"{1_000 * seconds[1]} ms in the future" in json.loads(letter)["detail"]


@pytest.mark.parametrize(("seconds", "is_refused"), [(-1, True), (0, False)])
def test_an_event_may_be_as_old_as_is_set(seconds: int, is_refused: bool) -> None:
    """Of two with a second between them the older one is too old."""
    kafka = MemoryKafka()
    now_ms = NOON_MS + 3_600_000 + round(SETTINGS.max_age_days * 86_400_000)
    stage = new_stage(kafka, now_ms=lambda: now_ms)
    stage.partitions[0] = InputPartition(DISORDER_MS, 0)
    stage.process(0, records_of([event(0, 3_600 + seconds)]))

    assert len(outcomes(kafka)[1]) == is_refused


@pytest.mark.parametrize("stored_ms", [-1, 0, NOON_MS // 1000])
def test_a_timestamp_from_before_all_events_says_nothing(stored_ms: int) -> None:
    """A producer may send none, zero, or seconds: the clock judges."""
    kafka = MemoryKafka()
    stage = new_stage(kafka, now_ms=lambda: NOON_MS)
    stage.partitions[0] = InputPartition(DISORDER_MS, 0)
    stage.process(0, [record("in", 0, n, None, event(n, at), [], stored_ms) for n, at in enumerate([0, 600])])

    assert outcomes(kafka)[1] == {1}


def test_a_message_stored_in_the_future_is_judged_by_the_clock() -> None:
    """Who sends it may stamp it, and be as wrong about that as about the event."""
    kafka = MemoryKafka()
    stage = new_stage(kafka, now_ms=lambda: NOON_MS)
    stage.partitions[0] = InputPartition(DISORDER_MS, 0)
    stage.process(0, [record("in", 0, 0, None, event(0, 600), [], NOON_MS + 600_000)])

    assert outcomes(kafka) == (set(), {0})


def test_the_text_of_a_prompt_goes_no_further() -> None:
    """In the usage topic stands its fingerprint."""
    kafka = MemoryKafka()
    stage = new_stage(kafka)
    stage.partitions[0] = InputPartition(DISORDER_MS, 0)
    stage.process(0, records_of([event(1, 0, prompt="the secret of the house")]))

    [usage] = [raw for raw in kafka.values("stillwatch.usage") if b"e-1" in raw]
    assert b"secret" not in usage
    assert json.loads(usage)["prompt_fingerprint"]


def test_a_fingerprint_of_the_gateway_is_kept() -> None:
    """It was made with the same key, and the gateway may have kept the text to itself."""
    kafka = MemoryKafka()
    stage = new_stage(kafka)
    stage.partitions[0] = InputPartition(DISORDER_MS, 0)
    made = fingerprint("made at the gateway")
    stage.process(0, records_of([event(1, 0, prompt="text", prompt_fingerprint=made)]))

    [usage] = [json.loads(raw) for raw in kafka.values("stillwatch.usage") if b"e-1" in raw]
    assert usage["prompt_fingerprint"] == made
    assert "prompt" not in usage


@pytest.mark.parametrize(
    "unfit",
    ["", " ", "n/a", "v2.something", "2" + fingerprint()[1:], fingerprint()[:-1] + "\x1f", "é" * 208, 5, "a" * 5_000],
)
def test_what_is_no_fingerprint_does_not_cost_the_prompt(unfit: object) -> None:
    """The prompt is fingerprinted all the same, and without one nothing is known; both are counted as ignored."""
    kafka = MemoryKafka()
    stage = new_stage(kafka)
    stage.partitions[0] = InputPartition(DISORDER_MS, 0)
    before = REGISTRY.get_sample_value("stillwatch_unknown_fields_total") or 0
    prompts = [{"prompt": "text"}, {"prompt": "text", "prompt_fingerprint": unfit}, {"prompt_fingerprint": unfit}]
    stage.process(0, records_of([event(1, 0, **fields) for fields in prompts]))

    usage = [
        json.loads(raw) for _, log in sorted(kafka.logs.items()) for raw in (r.value for r in log) if b"e-1" in raw
    ]
    made = [one.get("prompt_fingerprint") for one in usage]
    assert made[0] == made[1]
    assert is_fingerprint(made[0])
    assert made[2] is None
    assert REGISTRY.get_sample_value("stillwatch_unknown_fields_total") == before + 2


def test_several_events_in_a_message_have_origins_of_their_own() -> None:
    """Otherwise the second would be taken for a repeat of the first."""
    kafka = MemoryKafka()
    stage = new_stage(kafka)
    stage.partitions[0] = InputPartition(DISORDER_MS, 0)
    stage.process(0, records_of([b"[" + event(1, 0) + b"," + event(2, 1) + b"]"]))

    admitted, refused = outcomes(kafka)
    assert (len(admitted), refused) == (2, set())


def test_progress_stands_behind_the_events_that_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every usage partition is told, after its events."""
    kafka = MemoryKafka()
    stage = new_stage(kafka)
    stage.partitions[0] = InputPartition(DISORDER_MS, 0)
    stage.process(0, records_of([event(number, number) for number in range(20)]))

    for number in range(2):
        *_, last = kafka.logs["stillwatch.usage", number]
        assert dict(last.headers).keys() == {PROGRESS}
        [report] = decode_progress(last.value or b"").reports
        assert report.watermark_ms == NOON_MS + 19_000 - DISORDER_MS


def test_a_silent_partition_is_vouched_for_up_to_the_present(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only when it is read to its end, and only after the time that was set."""
    clock = [1_000.0]
    monkeypatch.setattr("streams.ingest.time.monotonic", lambda: clock[-1])
    stage = new_stage(MemoryKafka())
    stage.partitions[0] = InputPartition(DISORDER_MS, 0)
    stage.process(0, records_of([event(1, 0)]))
    stage.mark_idle({0})
    assert stage.partitions[0].idle_until_ms is None

    clock.append(1_000.0 + SETTINGS.idle_seconds)
    stage.mark_idle(set())
    assert stage.partitions[0].idle_until_ms is None
    stage.mark_idle({0})

    vouched_ms = stage.partitions[0].idle_until_ms
    assert vouched_ms is not None
    assert now_ms() - DISORDER_MS - SETTINGS.idle_seconds * 1000 < vouched_ms <= now_ms() - DISORDER_MS


def test_a_partition_that_was_silent_holds_event_time_back_again_when_something_comes() -> None:
    """What comes may be old; with the wall clock vouched for it would be late."""
    stage = new_stage(MemoryKafka())
    stage.partitions[0] = InputPartition(DISORDER_MS, 0)
    stage.partitions[0].idle_until_ms = now_ms()
    stage.process(0, records_of([event(1, 0)]))

    assert stage.partitions[0].idle_until_ms is None


def test_what_is_admitted_is_counted_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is a count, too: after a restart in silence the rule of no events would have no series to look at."""
    monkeypatch.setattr(metric_defs.EVENTS, "_metrics", {})
    stage = new_stage(MemoryKafka())
    labels = {"stage": "ingest", "outcome": "admitted"}
    assert REGISTRY.get_sample_value("stillwatch_events_total", labels) is None

    asyncio.run(stage.assign({0: Start(0, "", 0)}))

    assert REGISTRY.get_sample_value("stillwatch_events_total", labels) == 0


def test_the_day_of_the_tests_is_what_it_says() -> None:
    """The constant agrees with the events."""
    assert epoch_ms(json_time(event(0, 0))) == NOON_MS


def json_time(raw: bytes) -> Any:
    """Event time of an event."""
    from schemas.times import parse_instant

    return parse_instant(json.loads(raw)["occurred_at"])


@pytest.mark.parametrize(
    ("metadata", "newest_ms"), [(str(NOON_MS), NOON_MS), ("", NEVER_MS), ("moved by hand", NEVER_MS)]
)
def test_whoever_moved_an_offset_stops_no_worker(metadata: str, newest_ms: int) -> None:
    """A partition goes on at the offset; without an event time beside it nothing is late yet."""
    stage = new_stage(MemoryKafka())
    asyncio.run(stage.assign({0: Start(7, metadata, 0)}))

    assert stage.partitions[0].next_offset == 7
    assert stage.partitions[0].progress.newest_ms == newest_ms
