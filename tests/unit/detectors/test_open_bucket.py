"""Open buckets: when exchanges are counted shows in no record, and what waits is small."""

import random
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.detector import AccountDetector
from detectors.exchange import exchange_of
from detectors.fingerprint_layout import NO_OPENER, OPENER_CHARS
from detectors.open_bucket import OpenBucket, pack, unpack
from detectors.snapshot import SnapshotRefused
from detectors.spec import DetectorSpec
from schemas.account_bucket import AccountBucket
from schemas.usage_event import UsageEvent, epoch_ms
from tests.unit.detectors.sample_run import event_steps, eventful_spec, feed_events, records
from tests.unit.detectors.samples import BUCKET_MS, START_MS, event, events_in, fingerprint, records_of

SPEC = eventful_spec()
slow = settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])


@slow
@given(seed=st.integers(0, 2**32))
def test_when_exchanges_are_counted_changes_no_record(seed: int) -> None:
    """Event time that passes single exchanges, and snapshots in between, give the records of whole buckets."""
    chooser, detector, found = random.Random(seed), AccountDetector(SPEC), list[AccountBucket]()
    for step in event_steps(SPEC):
        if isinstance(step, int):
            found += detector.advance(step)
            continue
        detector.observe(step)
        found += detector.advance(epoch_ms(step.occurred_at) - 120_000)
        if chooser.random() < 0.2:
            detector.snapshot(step.account_id)

    # Event time goes on in smaller steps, so the last buckets of the sample may be closed here and open there.
    assert found[: len(records())] == list(records())


def busy(count: int) -> list[UsageEvent]:
    """Events of one account within one bucket, no two of them alike, in time order."""
    return [
        event(
            START_MS + n * BUCKET_MS // count,
            event_id=f"event-{n:027d}",
            prompt_fingerprint=fingerprint(str(n), [f"{n:03d}"], head=str(n), end=str(n)),
            temperature=0.3,
            payment_fingerprint="pm-9de9b9bef9",
        )
        for n in range(count)
    ]


def test_what_event_time_has_passed_no_longer_waits() -> None:
    """A busy account keeps the exchanges of the allowed disorder, and its record has the whole bucket all the same."""
    detector, events = AccountDetector(DetectorSpec()), busy(300)
    waiting = 0
    for one in events:
        detector.observe(one)
        detector.advance(epoch_ms(one.occurred_at) - 30_000)
        waiting = max(waiting, len(detector._live["a-1"].buckets[START_MS].pending))
    raw = detector.snapshot("a-1")

    assert waiting <= 31 + 16  # one a second, and up to 16 more until they are looked at again
    assert raw is not None
    assert len(raw) < 9 * 1024
    assert events_in(detector.snapshot("a-1")) == 300
    assert detector.advance(START_MS + BUCKET_MS) == records_of(DetectorSpec(), events)


@pytest.mark.parametrize("is_restarted", [False, True])
def test_what_is_counted_already_is_known_when_it_comes_again(is_restarted: bool) -> None:
    """A snapshot, or a restart from it, between two deliveries that give other times changes nothing."""
    detector = AccountDetector(DetectorSpec())
    for at_ms in (0, 1_000, 100_000):
        detector.observe(event(START_MS + at_ms, event_id=f"r-{at_ms}"))
    detector.advance(START_MS + 50_000)
    raw = detector.snapshot("a-1")
    if is_restarted:
        assert raw is not None
        detector = AccountDetector(DetectorSpec())
        detector.restore("a-1", raw)
    for at_ms in (60_000, 70_000, 80_000):
        # The first two are counted, the last one waits.
        for number in (0, 1_000, 100_000):
            detector.observe(event(START_MS + at_ms + number // 1_000, event_id=f"r-{number}"))
    [record] = detector.advance(START_MS + BUCKET_MS)

    assert (record.events, record.output_tokens) == (3, 60)


def test_an_event_behind_event_time_is_told_and_left_out() -> None:
    """Its place in the order is counted already; who asks learns by how much it is late."""
    detector = AccountDetector(DetectorSpec())
    detector.advance(START_MS + 1_000)

    assert detector.observe(event(START_MS + 400)) == 600
    assert detector.observe(event(START_MS + 1_000)) == 0
    assert events_in(detector.snapshot("a-1")) == 1


def test_links_beyond_the_first_do_not_pile_up() -> None:
    """Of very many templates the first ones are kept, whether they are counted at once or one by one."""
    detector, events = AccountDetector(DetectorSpec()), busy(250)
    for one in events:
        detector.observe(one)
        detector.advance(epoch_ms(one.occurred_at))
        detector.snapshot("a-1")
    tally = detector._live["a-1"].buckets[START_MS].tally
    [record] = records_of(DetectorSpec(), events)

    assert tally is not None
    assert len(tally.shared) + len(tally.templates) <= 64
    assert detector.advance(START_MS + BUCKET_MS) == [record]
    assert len(record.links) == 64


@given(
    openers=st.lists(st.text("ab-", min_size=3, max_size=3), max_size=16),
    turn=st.none() | st.integers(0, 3),
    status=st.sampled_from([None, 200, 429]),
    count=st.integers(1, 12),
)
def test_packing_loses_nothing(openers: list[str], turn: int | None, status: int | None, count: int) -> None:
    """A bucket is the same after it was written and read, whatever its exchanges hold."""
    fields = {"turn": turn, "status_code": status, "client_ip": "192.0.2.1", "user_agent": "c", "temperature": 0.5}
    made = [
        exchange_of(event(at_ms, prompt_fingerprint=fingerprint("x", openers), **fields), at_ms)
        for at_ms in range(START_MS, START_MS + count)
    ]
    packed = pack({START_MS: OpenBucket(list(made), counted=[7, 2**64 - 1])})

    unpacked = unpack(packed, "a")[START_MS]
    assert (unpacked.pending, unpacked.counted) == (made, {7, 2**64 - 1})
    assert isinstance(packed, bytes) == (count >= 8)


@pytest.mark.parametrize("damaged", [b"", b"no zlib", zlib.compress(b"no msgpack"), zlib.compress(b"\x90")[:-6]])
def test_damaged_buckets_are_refused(damaged: bytes) -> None:
    """What cannot be unpacked is refused, with what to do about it."""
    with pytest.raises(SnapshotRefused, match=r"account a is damaged.*restore the state topic from a copy"):
        unpack(damaged, "account a")


@given(openers=st.lists(st.text("ab-", min_size=3, max_size=3), max_size=16))
def test_empty_places_of_openers_are_left_out(openers: list[str]) -> None:
    """The slot is the first opener, also when openers end in the character that fills empty places."""
    assert len(NO_OPENER) == OPENER_CHARS
    [record] = records_of(DetectorSpec(), [event(START_MS, prompt_fingerprint=fingerprint("x", openers))])

    assert record.slots == [opener for opener in openers[:1] if opener != NO_OPENER]


@pytest.mark.parametrize("foreign", ["é" * 208, "n/a", ""])
@pytest.mark.parametrize("turn", [None, 2])
def test_a_foreign_fingerprint_says_nothing(foreign: str, turn: int | None) -> None:
    """A text that cannot be cut as a fingerprint is as good as none; admission looks at it more closely."""
    [record] = records_of(DetectorSpec(), [event(START_MS, prompt_fingerprint=foreign, turn=turn)])

    assert record == records_of(DetectorSpec(), [event(START_MS, turn=turn)])[0]
    assert (record.slots, record.links) == ([], [])


def test_records_of_the_sample_are_many() -> None:
    """The properties above mean little unless buckets with several exchanges are among the records."""
    assert sum(record.events > 3 for record in feed_events(AccountDetector(SPEC), event_steps(SPEC))) > 20


def test_an_exchange_is_taken_when_event_time_has_passed_it() -> None:
    """Not when it has come to it: another one of the same moment may still come, and go first."""
    bucket = OpenBucket([exchange_of(event(START_MS + 7, event_id="b"), START_MS + 7)])
    assert bucket.take(START_MS + 7, is_last=False) == []
    bucket.pending.append(exchange_of(event(START_MS + 7, event_id="a"), START_MS + 7))

    assert [exchange.event_id for exchange in bucket.take(START_MS + 8, is_last=False)] == ["a", "b"]
