"""Snapshots: a detector that goes on from its records says exactly what one says that never stopped."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.campaigns import CampaignDetector
from detectors.detector import AccountDetector
from detectors.snapshot import STATE_VERSION, SnapshotRefused, decode_snapshot, encode_snapshot
from schemas.alert import Alert
from schemas.usage_event import UsageEvent, decode_usage_event
from tests.unit.detectors.sample_run import (
    Step,
    contents,
    event_steps,
    eventful_spec,
    feed_events,
    feed_records,
    records,
    reviewed_steps,
    stored,
)
from tests.unit.detectors.samples import events_in

slow = settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
SPEC = eventful_spec()
cuts = st.lists(st.floats(0, 1), min_size=1, max_size=4)


def places(shares: Sequence[float], size: int) -> list[int]:
    """Places at which a run of a size is interrupted, ascending."""
    return sorted({round(share * size) for share in shares})


@cache
def uninterrupted() -> list[Alert]:
    """Alerts of a detector that never stopped."""
    return feed_records(CampaignDetector(SPEC), reviewed_steps())


def restored(topic: dict[bytes, bytes], chooser: random.Random) -> CampaignDetector:
    """A fresh detector from the topic, whose records come in any order."""
    detector = CampaignDetector(SPEC)
    for key in chooser.sample(sorted(topic), len(topic)):
        detector.restore(key, topic[key])
    return detector


def complaint_about(restoring: Callable[[], object]) -> str | None:
    """What a refusal says; None when nothing was refused."""
    try:
        restoring()
    except SnapshotRefused as refused:
        return str(refused)
    return None


def plain_event(at_ms: int) -> UsageEvent:
    """An event of one account that tells nothing but its time."""
    occurred_at = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()
    fields: dict[str, object] = {
        "event_id": str(at_ms),
        "occurred_at": occurred_at,
        "account_id": "a-1",
        "model": "m-1",
    }
    fields |= {"input_tokens": 1, "output_tokens": 1}
    return decode_usage_event(msgspec.json.encode(fields))


def test_the_sample_takes_every_turn() -> None:
    """The properties below mean little unless cases open by links and likeness, grow, roll up and end in the sample."""
    alerts = feed_records(CampaignDetector(SPEC), reviewed_steps())
    seen = Counter((alert.kind, alert.status) for alert in alerts)
    rolled_up = [alert for alert in alerts if "beyond the daily alert budget" in alert.summary]

    assert {kind for kind, status in seen if status == "open"} == {"account", "campaign"}
    assert {"updated", "retracted"} <= {status for _, status in seen}
    assert len({status for _, status in seen}) >= 4
    assert rolled_up
    assert any(evidence.detector == "kin" for alert in alerts for evidence in alert.evidence)
    assert any("alike accounts" in evidence.feature for alert in alerts for evidence in alert.evidence)
    assert any("interchangeable" in evidence.feature for alert in alerts for evidence in alert.evidence)
    assert len(alerts) > 20


@slow
@given(shares=cuts, seed=st.integers(0, 2**32))
def test_campaigns_go_on_from_their_records(shares: list[float], seed: int) -> None:
    """Whenever it is interrupted, however often, and in whatever order the records come: the same alerts."""
    steps: Sequence[Step] = reviewed_steps()
    chooser, topic, alerts, begin = random.Random(seed), dict[bytes, bytes](), [], 0
    detector = CampaignDetector(SPEC)

    for end in [*places(shares, len(steps)), len(steps)]:
        for step in steps[begin:end]:
            alerts += feed_records(detector, [step])
            if chooser.random() < 0.05:
                stored(detector.take_changed(), detector.snapshot, topic)
        stored(detector.take_changed(), detector.snapshot, topic)
        detector, begin = restored(topic, chooser), end

    assert contents(alerts) == contents(uninterrupted())


def test_every_change_of_a_record_is_told() -> None:
    """What was written is never behind what the detector knows, so a checkpoint of changes is a whole checkpoint."""
    detector, topic = CampaignDetector(SPEC), dict[bytes, bytes]()
    for number, step in enumerate(reviewed_steps()):
        feed_records(detector, [step])
        if number % 3 == 0:
            stored(detector.take_changed(), detector.snapshot, topic)
            stale = [key for key, raw in topic.items() if detector.snapshot(key) != raw]
            assert stale == []


def test_what_is_restored_would_be_written_the_same() -> None:
    """Nothing of a record is lost on the way in."""
    detector, topic = CampaignDetector(SPEC), dict[bytes, bytes]()
    for number, step in enumerate(reviewed_steps()):
        feed_records(detector, [step])
        if number % 400 == 399:
            stored(detector.take_changed(), detector.snapshot, topic)
            again = restored(topic, random.Random(number))
            assert {key: again.snapshot(key) for key in topic} == topic


def test_how_large_a_part_of_links_is_kept_is_restored() -> None:
    """A restored worker keeps the same links by lot as one that was never interrupted."""
    detector, topic = CampaignDetector(SPEC), dict[bytes, bytes]()
    steps = list(reviewed_steps())[:400]
    feed_records(detector, steps)
    detector._known.links.firsts_ratio = {7: 0.25}
    stored(detector.take_changed(), detector.snapshot, topic)

    assert restored(topic, random.Random(1))._known.links.firsts_ratio == {7: 0.25}


@slow
@given(shares=cuts, seed=st.integers(0, 2**32))
def test_accounts_go_on_from_their_records(shares: list[float], seed: int) -> None:
    """Whenever it is interrupted, however often, and in whatever order the records come: the same buckets."""
    steps: Sequence[UsageEvent | int] = event_steps(SPEC)
    chooser, topic, found, begin = random.Random(seed), dict[str, bytes](), [], 0
    detector = AccountDetector(SPEC)

    for end in [*places(shares, len(steps)), len(steps)]:
        found += feed_events(detector, steps[begin:end])
        stored(detector.take_changed(), detector.snapshot, topic)
        detector, begin = AccountDetector(SPEC), end
        for account_id in chooser.sample(sorted(topic), len(topic)):
            detector.restore(account_id, topic[account_id])

    assert found == list(records())


def test_a_restored_account_has_counted_the_same_events() -> None:
    """Events in open buckets are part of a snapshot and count once after it."""
    steps = event_steps(SPEC)
    detector, fresh = AccountDetector(SPEC), AccountDetector(SPEC)
    half = steps[: len(steps) // 2]
    feed_events(detector, half)
    recent = Counter(step.account_id for step in half if not isinstance(step, int))
    kept = {a: raw for a in recent if (raw := detector.snapshot(a)) is not None}
    for account_id, raw in kept.items():
        fresh.restore(account_id, raw)

    assert kept
    assert {a: events_in(fresh.snapshot(a)) for a in kept} == {a: events_in(detector.snapshot(a)) for a in kept}
    assert fresh.live_accounts + fresh.packed_accounts == len(kept)


@pytest.mark.parametrize("raw", [b"", bytes([STATE_VERSION + 1]) + b"\x90", b"\x80\x04\x95", b"{}"])
def test_another_version_is_refused_with_an_instruction(raw: bytes) -> None:
    """A state that this release does not know is not guessed; the message says what to do."""
    with pytest.raises(SnapshotRefused, match=r"account a-1 has version .*docs/operations\.md"):
        AccountDetector(SPEC).restore("a-1", raw)


def campaign_records() -> dict[bytes, bytes]:
    """One record of each kind."""
    detector, topic = CampaignDetector(SPEC), dict[bytes, bytes]()
    kinds: dict[bytes, bytes] = {}
    for number, step in enumerate(reviewed_steps()):
        feed_records(detector, [step])
        if number % 40 == 0:
            stored(detector.take_changed(), detector.snapshot, topic)
            kinds |= {key[:1]: key for key in topic}
            if len(kinds) == 8:
                return {key: topic[key] for key in kinds.values() if key in topic}
    raise AssertionError(f"only {sorted(kinds)} in the sample")


@slow
@given(data=st.data())
def test_damaged_campaign_records_are_refused_or_read_as_what_they_are(data: st.DataObject) -> None:
    """Cut, changed or foreign bytes raise nothing but a refusal that says what to do."""
    key, raw = data.draw(st.sampled_from(sorted(campaign_records().items())))
    damaged = data.draw(
        st.one_of(
            st.integers(0, len(raw) - 1).map(lambda size: raw[:size]),
            st.binary(max_size=40).map(lambda tail: bytes([STATE_VERSION]) + tail),
            st.binary(max_size=40),
            st.binary(min_size=1, max_size=4).map(lambda tail: raw + tail),
        )
    )

    complaint = complaint_about(lambda: CampaignDetector(SPEC).restore(key, damaged))

    assert complaint is None or "restore the state topic from a copy" in complaint or "operations.md" in complaint


@slow
@given(data=st.data())
def test_a_cut_account_is_refused(data: st.DataObject) -> None:
    """A snapshot that lost its end is never taken for a smaller one."""
    detector = AccountDetector(SPEC)
    feed_events(detector, event_steps(SPEC)[:40])
    account_id = data.draw(st.sampled_from(detector.take_changed()))
    raw = detector.snapshot(account_id)
    assert raw is not None

    with pytest.raises(SnapshotRefused):
        AccountDetector(SPEC).restore(account_id, raw[: data.draw(st.integers(0, len(raw) - 1))])


@given(tail=st.binary(max_size=60))
def test_foreign_bytes_are_refused_never_run(tail: bytes) -> None:
    """Whatever follows a valid version is read as data, never as code, or refused."""
    decoder = msgspec.msgpack.Decoder(dict[str, int])
    read: list[object] = []
    complaint = complaint_about(lambda: read.append(decode_snapshot(bytes([STATE_VERSION]) + tail, decoder, "x")))

    assert isinstance(read[0], dict) if complaint is None else "restore the state topic from a copy" in complaint


def test_half_a_waiting_bucket_is_refused() -> None:
    """A waiting bucket that is not whole is refused like any other record."""
    with pytest.raises(SnapshotRefused, match="restore the state topic from a copy"):
        CampaignDetector(SPEC).restore(b"p0:a-1", encode_snapshot(["a-1", 0]))


def test_a_text_that_is_no_text_is_refused() -> None:
    """Bytes that are not UTF-8 where a text should be are damage too."""
    with pytest.raises(SnapshotRefused, match="restore the state topic from a copy"):
        CampaignDetector(SPEC).restore(b"f20000:template::x", bytes([STATE_VERSION]) + b"\xa2\xff\xfe")


def test_a_pickle_is_refused() -> None:
    """A pickle that would run code when loaded is refused by its first byte, whichever protocol wrote it."""
    for pickled in (b"cbuiltins\nexec\n(S'raise SystemExit'\ntR.", b"\x80\x02cbuiltins\nexec\n."):
        with pytest.raises(SnapshotRefused):
            CampaignDetector(SPEC).restore(b"m", pickled)


def test_a_snapshot_is_one_byte_of_version_and_msgpack() -> None:
    """Other tools can read a snapshot: everything behind its first byte is plain msgpack."""
    raw = encode_snapshot({"a": [1, 2.5]})

    assert raw[0] == STATE_VERSION
    assert msgspec.msgpack.decode(raw[1:]) == {"a": [1, 2.5]}


@pytest.mark.parametrize("is_interrupted", [False, True])
def test_an_account_is_forgotten_by_its_own_events(is_interrupted: bool) -> None:
    """After ``idle_days`` an account begins anew, just before it does not, whenever memory was swept or restored."""
    hour_ms = 3_600_000
    detector = AccountDetector(SPEC)
    seen = []
    for at_ms in (50 * 60_000, 12 * hour_ms + 45 * 60_000, 24 * hour_ms + 55 * 60_000):
        if is_interrupted and (raw := detector.snapshot("a-1")) is not None:
            detector = AccountDetector(SPEC)
            detector.restore("a-1", raw)
            detector.advance(at_ms - 60_000)
        detector.observe(plain_event(at_ms))
        seen += [record.seen_ms for record in detector.advance(at_ms + 10 * 60_000)]

    # Half a day is the limit: the second event is 11 h 55 min after the first, the third 12 h 10 min after the second.
    assert seen == [300_000, 11 * hour_ms + 55 * 60_000 + 300_000, 300_000]
