"""The clock of the campaign detector: event time goes in whole buckets, whatever came first."""

from datetime import UTC, datetime

import pytest

from detectors.spec import DetectorSpec
from schemas.feedback import Feedback, encode_feedback
from streams.campaign_clock import CampaignClock, Decision, decision_of
from tests.unit.detectors.samples import BUCKET_MS, START_MS, bucket


def new_clock(refused: list[Decision]) -> CampaignClock:
    """A clock that notes the decisions that match nothing."""
    return CampaignClock(DetectorSpec(), lambda decision, _: refused.append(decision), lambda *_: None)


def decision(given_ms: int) -> Decision:
    """A decision about an account that nobody knows."""
    feedback = Feedback(
        feedback_id=f"f{given_ms}",
        given_at=datetime.fromtimestamp(given_ms / 1000, UTC),
        verdict="benign",
        account_ids=("nobody",),
        author="reviewer",
        reason="a known pipeline",
    )
    return decision_of(feedback, "feedback", 0, given_ms, 0, None, encode_feedback(feedback))


@pytest.mark.parametrize(("watermark_ms", "closed"), [(BUCKET_MS - 1, 0), (BUCKET_MS, 1), (3 * BUCKET_MS - 1, 2)])
def test_event_time_goes_in_whole_buckets(watermark_ms: int, closed: int) -> None:
    """One is closed as soon as event time has come to its end, also when a later one came before it."""
    clock = new_clock([])
    for start_ms in (START_MS + 2 * BUCKET_MS, START_MS):
        clock.observe(bucket("a", start_ms))
    clock.advance(START_MS + watermark_ms)

    reached = START_MS + closed * BUCKET_MS
    assert max(clock.detector.watermark_ms, START_MS) == reached


def test_a_decision_takes_effect_at_its_moment() -> None:
    """At the end of a bucket it is one about what comes behind that; at the present time it is carried out."""
    refused: list[Decision] = []
    clock, seen = new_clock(refused), []
    clock.observe(bucket("a", START_MS))
    for given_ms in (START_MS + BUCKET_MS, START_MS + BUCKET_MS - 1):
        clock.decide(decision(given_ms))
    for past_ms in (BUCKET_MS - 2, BUCKET_MS - 1, BUCKET_MS):
        clock.advance(START_MS + past_ms)
        seen.append(len(refused))

    assert seen == [0, 1, 2]
    assert [one.given_ms - START_MS for one in refused] == [BUCKET_MS - 1, BUCKET_MS]
