"""Event-time progress: lateness is a property of one log, merged progress a minimum that never goes back."""

from hypothesis import given
from hypothesis import strategies as st

from detectors.windows import NEVER_MS
from streams.progress import (
    DIRECT,
    InputProgress,
    MergedProgress,
    ProgressMessage,
    Report,
    decode_progress,
    encode_progress,
)

FAR_MS = 10**9


def test_nothing_is_late_before_the_first_event() -> None:
    """Without an event there is no watermark, so even an event of 1970 is not late."""
    assert not InputProgress(disorder_ms=1000).is_late(0)


def test_an_event_at_the_allowed_disorder_is_not_late_and_one_millisecond_more_is() -> None:
    """The bound is inclusive."""
    progress = InputProgress(disorder_ms=1000)
    progress.admit(10_000)

    assert not progress.is_late(9_000)
    assert progress.is_late(8_999)


@given(times=st.lists(st.integers(0, 10**6)), disorder_ms=st.integers(0, 10**5))
def test_watermark_is_the_newest_event_minus_the_disorder(times: list[int], disorder_ms: int) -> None:
    """Whatever the order, the watermark depends on the newest event alone."""
    progress = InputProgress(disorder_ms)
    for time_ms in times:
        progress.admit(time_ms)

    assert progress.watermark_ms == (max(times) - disorder_ms if times else NEVER_MS)


def test_merged_progress_waits_for_every_partition() -> None:
    """As long as one input partition has not reported, event time does not begin."""
    merged = MergedProgress()

    assert merged.apply(ProgressMessage(2, [Report(0, 500)])) == NEVER_MS
    assert merged.apply(ProgressMessage(2, [Report(1, 300)])) == 300


def test_an_idle_partition_does_not_hold_back_the_others() -> None:
    """Its watermark counts again as soon as it reports that it is active."""
    merged = MergedProgress()
    merged.apply(ProgressMessage(2, [Report(0, 900), Report(1, 100)]))

    assert merged.apply(ProgressMessage(2, [Report(1, 100, idle_until_ms=FAR_MS)])) == 900
    assert merged.apply(ProgressMessage(2, [Report(0, 2000), Report(1, 1500)])) == 1500


def test_when_all_are_idle_the_furthest_counts() -> None:
    """Otherwise the end of a stream would never be judged."""
    merged = MergedProgress()

    idle = [Report(0, 900, idle_until_ms=FAR_MS), Report(1, 100, idle_until_ms=FAR_MS)]

    assert merged.apply(ProgressMessage(2, idle)) == 900


def test_an_idle_partition_is_left_out_only_as_far_as_its_reader_vouches_for_it() -> None:
    """A reader that dies while its partition is idle stops event time instead of making late what arrives there."""
    merged = MergedProgress()

    assert merged.apply(ProgressMessage(2, [Report(0, 900), Report(1, 100, idle_until_ms=700)])) == 700
    assert merged.apply(ProgressMessage(2, [Report(1, 100, idle_until_ms=5_000)])) == 900


def test_when_all_are_idle_the_furthest_counts_only_as_far_as_each_reader_vouches() -> None:
    """What comes to the one whose reader died is not late."""
    merged = MergedProgress()
    idle = [Report(0, 900, idle_until_ms=5_000), Report(1, 100, idle_until_ms=700)]

    assert merged.apply(ProgressMessage(2, idle)) == 700


def test_a_reader_vouches_for_no_less_than_it_has_seen() -> None:
    """With events ahead of the wall clock, as far as is allowed, what was seen counts."""
    assert Report(0, 900, idle_until_ms=700).bound_ms == 900


def test_a_restarted_reader_that_has_nothing_to_read_vouches_for_its_partition() -> None:
    """It knows nothing of what its predecessor has read: that stays, and event time goes on."""
    merged = MergedProgress()
    merged.apply(ProgressMessage(2, [Report(0, 2_000), Report(1, 1_000, idle_until_ms=1_900)]))

    assert merged.watermark_ms == 1_900
    assert merged.apply(ProgressMessage(2, [Report(0, 9_000), Report(1, NEVER_MS, idle_until_ms=8_900)])) == 8_900
    assert merged.reported_ms(1) == 1_000
    # What it reads before it has come as far as its predecessor does not count.
    assert merged.apply(ProgressMessage(2, [Report(0, 9_500), Report(1, 500)])) == 8_900
    assert merged.apply(ProgressMessage(2, [Report(1, 9_200)])) == 9_200


def test_a_source_without_ingest_does_not_stand_in_for_an_input_partition() -> None:
    """Its report beside those of three of four input partitions is not a report of the fourth."""
    merged = MergedProgress()

    assert merged.apply(ProgressMessage(4, [Report(p, 900) for p in (DIRECT, 0, 1, 2)])) == NEVER_MS
    assert merged.apply(ProgressMessage(4, [Report(3, 400)])) == 400


def test_a_source_without_ingest_makes_event_time_by_itself() -> None:
    """Without any input partition the events written into the usage topic directly are all there is."""
    merged = MergedProgress()

    assert merged.apply(ProgressMessage(0, [Report(DIRECT, 300)])) == 300


def test_partitions_that_another_input_topic_does_not_have_hold_nobody_back() -> None:
    """Nobody reads them any more, so nobody would ever report them again."""
    merged = MergedProgress()
    merged.apply(ProgressMessage(4, [Report(p, 900) for p in range(4)]))

    assert merged.apply(ProgressMessage(2, [Report(0, 5_000), Report(1, 6_000)])) == 5_000
    assert merged.apply(ProgressMessage(4, [Report(0, 7_000), Report(1, 7_000)])) == 5_000


def test_a_restarted_reader_that_is_behind_does_not_count() -> None:
    """Reports below what the partition had reported before are repeats."""
    merged = MergedProgress()
    merged.apply(ProgressMessage(1, [Report(0, 900)]))

    assert merged.apply(ProgressMessage(1, [Report(0, 400)])) == 900
    assert merged.reports[0].watermark_ms == 900


reports = st.builds(Report, st.integers(0, 3), st.integers(0, 10**6), st.none() | st.integers(0, 10**6))


@given(st.lists(st.lists(reports, max_size=4), max_size=20))
def test_merged_watermark_never_goes_back(messages: list[list[Report]]) -> None:
    """Buckets that are closed stay closed."""
    merged = MergedProgress()
    seen = [merged.apply(ProgressMessage(4, message)) for message in messages]

    assert seen == sorted(seen)


@given(st.lists(reports, max_size=8))
def test_progress_survives_its_encoding(message: list[Report]) -> None:
    """What is published is what is read."""
    progress = ProgressMessage(4, message)

    assert decode_progress(encode_progress(progress)) == progress
