"""One account beside all others: sums that fade, and the rule that fuses what they show."""

import math
from typing import Any

import pytest

from detectors.crowd import CrowdModel
from detectors.harvest import FEATURES, HarvestDetector, Judgement, Suspicion
from detectors.spec import DetectorSpec
from tests.unit.detectors.samples import BUCKET_MS, DAY_MS, HOUR_MS, START_MS, bucket

SPEC = DetectorSpec()
MEMORY_MS = SPEC.harvest.memory_hours * HOUR_MS
LATER_MS = START_MS - 30 * DAY_MS
"""When the deployment began, if the account is a newcomer."""


def crowd() -> CrowdModel:
    """A hundred accounts, all of which open with ``pop``: its popularity is one."""
    model = CrowdModel(SPEC.crowd)
    for _ in range(100):
        model.add_account()
        model.learn("pop")
    return model


def go(times: list[int], begin_ms: int = LATER_MS, **fields: Any) -> tuple[HarvestDetector, Suspicion, Judgement]:
    """An account with one such bucket at each of the times after the start, milliseconds."""
    detector, state, model = HarvestDetector(SPEC), None, crowd()
    for at_ms in times:
        record = bucket(start_ms=START_MS + at_ms, **fields)
        state = detector.observe(state, record, model, begin_ms)
        judgement = detector.judge(state, record)
    assert state is not None
    return detector, state, judgement


def slots(count: int) -> dict[str, Any]:
    """So many fresh exchanges that ask what everybody asks."""
    return {"slots": ["pop"] * count, "events": count, "fresh": count}


def test_sums_fade() -> None:
    """What was counted a time t ago counts exp(-t / memory) now."""
    times = [0, 2 * HOUR_MS, 9 * HOUR_MS, 30 * HOUR_MS]
    _, state, _ = go(times, **slots(3), elicitations=2, refusals=4)
    ages = [times[-1] - at for at in times]
    faded = math.fsum(math.exp(-age / MEMORY_MS) for age in ages)

    assert state.slots == pytest.approx(3 * faded)
    assert state.popular == pytest.approx(3 * faded)
    assert state.rate == pytest.approx(3 * faded)
    assert state.elicitation == pytest.approx(2 * faded)
    assert state.refusals == pytest.approx(4 * faded)
    assert state.harvest == pytest.approx(3 * (1 - SPEC.crowd.job_ratio) * faded)
    assert state.exchanges == 12
    assert state.crowd_ratio == pytest.approx(1.0)


def test_a_rate_is_what_is_remembered_over_the_time_it_was_remembered_for() -> None:
    """A steady account's exchanges per day are found, early and late."""
    times = [minute * 60_000 for minute in range(0, 4 * 24 * 60, 30)]
    detector, state, _ = go(times, **slots(1))

    assert detector.daily_rate(state, state.last_ms) == pytest.approx(48, rel=0.03)


@pytest.mark.parametrize(
    "support",
    [
        {"regular": 500},
        {"elicitations": 500},
        {"refusals": 5_000},
        {"addresses": 32, "clients": 32},
        {"shift_nats": 60},
    ],
)
def test_support_alone_never_names(support: dict[str, Any]) -> None:
    """Each feature but content has an honest twin: however extreme, without content it amounts to nothing."""
    fields: dict[str, Any] = {"active_hours": 24, "slots": ["own"] * 9} | support
    _, _, judgement = go([0], **fields)

    assert judgement.total == 0


def test_support_helps_in_proportion_to_content() -> None:
    """Beyond its third nat a feature adds at most two, scaled by how far content alone is from the threshold."""
    detector, _, judgement = go([0], **slots(40), active_hours=14, refusals=10_000, shift_nats=1_000)
    content, support = judgement.nats[0], 2 + 2

    assert 0 < content < detector.threshold_nats
    assert judgement.total == pytest.approx(content + support * content / detector.threshold_nats)


def test_content_names() -> None:
    """What a crowd asks, hundreds of times over all hours, is named by itself."""
    detector, _, judgement = go([0], **slots(900), active_hours=24)

    assert judgement.total >= detector.threshold_nats
    assert dict(zip(FEATURES, judgement.values, strict=True))["harvest"] == pytest.approx(900 * 0.65 * 1.5)


def test_missing_prompts_cost_evidence_only() -> None:
    """An account without prompts is judged by nothing it did not show, and never named."""
    detector, state, judgement = go([0, HOUR_MS], events=900, fresh=900, active_hours=24)

    assert (state.slots, state.harvest, state.crowd_ratio) == (0, 0, 0)
    assert judgement.total < detector.threshold_nats


def test_end_users_divide() -> None:
    """A hundred people behind one account excuse ten times as much."""
    _, alone, _ = go([0], **slots(50))
    _, many, _ = go([0], **slots(50), end_users=100)

    assert many.harvest == pytest.approx(alone.harvest / 10)


def test_an_established_account_stays_silent_at_its_reference() -> None:
    """Who did the same all along, when we first saw it, is not named for going on; a newcomer is."""
    times = [hour * HOUR_MS for hour in range(0, 8 * 24, 2)]
    fields = slots(40) | {"active_hours": 24, "age_ms": 100 * DAY_MS}
    detector, state, established = go(times, begin_ms=START_MS, **fields)
    _, _, newcomer = go(times, begin_ms=LATER_MS, **fields)

    assert state.is_established
    assert established.total < detector.threshold_nats <= newcomer.total


@pytest.mark.parametrize(("age_days", "expected"), [(100, True), (1, False), (None, True)])
def test_established_is_who_is_old_enough(age_days: int | None, expected: bool) -> None:
    """A known young account has no past; one of unknown age, seen from the beginning, may have."""
    age_ms = -1 if age_days is None else age_days * DAY_MS
    _, state, _ = go([0], begin_ms=START_MS, age_ms=age_ms)

    assert state.is_established is expected


def test_days_of_the_accused_are_not_what_is_usual() -> None:
    """An account over the threshold adds nothing to the tail that it is measured by; an honest one adds each day."""
    accused, _, _ = go([0, DAY_MS], **slots(900), active_hours=24)
    honest, _, _ = go([0, DAY_MS], **slots(12), active_hours=14)

    assert (accused.tails[0].days, accused.tails[0].above) == (1, 0)
    assert (honest.tails[0].days, honest.tails[0].above) == (1, 1)


def test_an_account_begins_with_its_bucket() -> None:
    """First and last are those of its records."""
    _, state, _ = go([0, HOUR_MS])

    assert (state.first_ms, state.last_ms) == (START_MS, START_MS + HOUR_MS + BUCKET_MS)
