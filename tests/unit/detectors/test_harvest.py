"""One account beside all others: sums that fade, and the rule that fuses what they show."""

import math
from typing import Any

import pytest

from detectors.crowd import CrowdModel
from detectors.harvest import HarvestDetector, Judgement
from detectors.spec import DetectorSpec
from detectors.suspicion import FEATURES, Suspicion
from tests.unit.detectors.samples import BUCKET_MS, DAY_MS, HOUR_MS, START_MS, bucket

SPEC = DetectorSpec()
MEMORY_MS = SPEC.harvest.memory_hours * HOUR_MS
LATER_MS = START_MS - 30 * DAY_MS
"""When the deployment began, if the account is a newcomer."""
MINUTE_MS = 60_000


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
    _, state, _ = go(times, **slots(3), paced=3, even=2, elicitations=2, refusals=4, full_length=5)
    ages = [times[-1] - at for at in times]
    faded = math.fsum(math.exp(-age / MEMORY_MS) for age in ages)

    assert state.slots == pytest.approx(3 * faded)
    assert state.popular == pytest.approx(3 * faded)
    assert state.rate == pytest.approx(3 * faded)
    assert state.even == pytest.approx(2 * faded)
    assert state.paced == pytest.approx(3 * faded)
    assert state.elicitation == pytest.approx(2 * faded)
    assert state.refusals == pytest.approx(4 * faded)
    assert state.full_length == pytest.approx(5 * faded)
    assert state.harvest == pytest.approx(3 * (1 - SPEC.crowd.job_ratio) * faded)
    assert state.exchanges == 12
    assert state.crowd_ratio == pytest.approx(1.0)


def test_even_intervals_count_as_far_as_a_crowd_asks_the_same() -> None:
    """A job of one's own is even too: of two requests one is asked by everybody, so half of what is even counts."""
    _, state, _ = go([0], slots=["pop", "own"], events=2, fresh=2, regular=2)

    assert state.relentless == pytest.approx(2 / 2)


def test_the_largest_sitting_is_remembered() -> None:
    """Two buckets ten minutes apart are one sitting, one that begins an hour after the end of the last is another."""
    times = [0, 10 * MINUTE_MS, 10 * MINUTE_MS + BUCKET_MS + HOUR_MS]
    _, state, _ = go(times, **slots(3))
    first = 3 * (math.exp(-(times[2] - times[0]) / MEMORY_MS) + math.exp(-(times[2] - times[1]) / MEMORY_MS))

    assert state.sitting == 3
    assert state.largest_sitting == pytest.approx(first)

    _, state, _ = go([*times[:2], times[2] - 1], **slots(3))
    assert state.sitting == state.largest_sitting == pytest.approx(first + 3, rel=1e-6)


def test_a_larger_sitting_takes_the_place_of_a_faded_one() -> None:
    """What is remembered of four exchanges is less than four two days later."""
    _, state, _ = go([0, 2 * DAY_MS], **slots(4))

    assert state.largest_sitting == 4
    assert state.rate == pytest.approx(4 + 4 * math.exp(-2 * DAY_MS / MEMORY_MS))


@pytest.mark.parametrize(
    "support",
    [
        {"regular": 500},
        {"elicitations": 500},
        {"refusals": 5_000},
        {"full_length": 5_000},
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
    """Beyond its third nat a feature adds at most four, in full from seven nats of content on."""
    few = {"begin_ms": START_MS, "active_hours": 14, "refusals": 10_000, "shift_nats": 1_000}
    detector, _, judgement = go([0], **slots(40), **few)
    content, support = judgement.nats[0], 4 + 4
    score = content + support * content / 7

    assert 0 < content < 7
    assert judgement.total == pytest.approx(detector.calibration.nats(score, 1 / 2_000))


def test_content_names() -> None:
    """What a crowd asks, hundreds of times over all hours, is named by itself."""
    detector, _, judgement = go([0], **slots(900), active_hours=24)

    assert judgement.total >= detector.threshold_nats
    excess = 900 * (1 - SPEC.crowd.job_ratio)
    assert dict(zip(FEATURES, judgement.values, strict=True))["harvest"] == pytest.approx(excess * 1.5)


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


def test_end_users_of_one_machine_do_not() -> None:
    """Whoever it names: requests of a hundred people come at no even intervals."""
    even = slots(50) | {"events": 400, "regular": 50, "paced": 50, "even": 50}
    _, alone, _ = go([0, BUCKET_MS], **even)
    _, many, _ = go([0, BUCKET_MS], **even, end_users=100)

    assert many.harvest > 0.7 * alone.harvest
    assert many.relentless == pytest.approx(alone.relentless * many.harvest / alone.harvest)


def test_an_account_votes_once_a_day_on_what_is_popular() -> None:
    """Whoever asks most does not decide what is popular; who asks nothing, or passes by for a day, has no vote."""
    detector, model, state = HarvestDetector(SPEC), crowd(), None
    for at_ms in (0, HOUR_MS, DAY_MS, DAY_MS + HOUR_MS, DAY_MS + 2 * HOUR_MS, 3 * DAY_MS):
        state = detector.observe(state, bucket(start_ms=START_MS + at_ms, **slots(7)), model, LATER_MS)
    state = detector.observe(state, bucket(start_ms=START_MS + 4 * DAY_MS, events=4, fresh=4), model, LATER_MS)
    model.follow()

    two_votes = (1 - SPEC.crowd.typical_popularity) * 2 / 102
    assert model.popular_ratio == pytest.approx(SPEC.crowd.popular_ratio * math.exp(two_votes))


def test_an_established_account_stays_silent_at_its_reference() -> None:
    """Who did the same all along, when we first saw it, is not named for going on; a newcomer is."""
    times = [hour * HOUR_MS for hour in range(0, 8 * 24, 2)]
    fields = slots(100) | {"active_hours": 24, "age_ms": 100 * DAY_MS, "regular": 100}
    detector, state, established = go(times, begin_ms=START_MS, **fields)
    _, _, newcomer = go(times, begin_ms=LATER_MS, **fields)

    assert state.is_established
    assert established.total < detector.threshold_nats <= newcomer.total


@pytest.mark.parametrize(
    ("harvest", "value"),
    [(0, 0), (6, 0.1 * 6 / 30), (15, 0.05), (30, 0.1), (30.05, 0.1), (30.2, 0.2), (42, 12)],
)
def test_within_its_reference_an_account_shows_a_tenth_of_an_exchange_at_most(harvest: float, value: float) -> None:
    """One and a half times a reference of 20 is free: up to 30 by how much of it is reached, beyond by the excess."""
    state = Suspicion(START_MS, START_MS, harvest=harvest, reference=20.0)
    judgement = HarvestDetector(SPEC).judge(state, bucket(active_hours=SPEC.harvest.person_hours))

    assert judgement.values[0] == pytest.approx(value)
    assert judgement.total > 0 or harvest == 0


@pytest.mark.parametrize(("age_days", "expected"), [(100, True), (1, False), (None, True)])
def test_established_is_who_is_old_enough(age_days: int | None, expected: bool) -> None:
    """A known young account has no past; one of unknown age, seen from the beginning, may have."""
    age_ms = -1 if age_days is None else age_days * DAY_MS
    _, state, _ = go([0], begin_ms=START_MS, age_ms=age_ms)

    assert state.is_established is expected


def test_an_accused_account_does_not_calibrate() -> None:
    """One over the threshold adds to what the accused reach; an honest one adds each day to what honest ones do."""
    accused, _, _ = go([0, DAY_MS], **slots(900), active_hours=24)
    honest, _, judgement = go([0, DAY_MS], **slots(12), active_hours=14)

    assert (accused.calibration.days, accused.calibration.begun[0], accused.calibration.accused[0]) == (0, 0, 1)
    assert 2 < judgement.nats[0] < 7
    assert (honest.calibration.days, honest.calibration.begun[0], honest.calibration.accused[0]) == (1, 1, 0)


@pytest.mark.parametrize(("is_accused", "above"), [(True, 0), (False, 1)])
def test_members_of_a_campaign_do_not_shape_the_tails(is_accused: bool, above: int) -> None:
    """Their days say nothing of honest use; those of an account that is named by itself do: it may be honest."""
    detector, model, state = HarvestDetector(SPEC), crowd(), None
    for day in (0, 1):
        record = bucket(start_ms=START_MS + day * DAY_MS, **slots(900), active_hours=24)
        state = detector.observe(state, record, model, LATER_MS)
        detector.judge(state, record, is_accused=is_accused)

    assert (detector.tails[0].days, detector.tails[0].above) == (1, above)


def value_of(name: str, judgement: Judgement) -> float:
    """The value of a feature."""
    return dict(zip(FEATURES, judgement.values, strict=True))[name]


@pytest.mark.parametrize(
    ("begin_ms", "days", "expected"), [(LATER_MS, 1, True), (LATER_MS, 4, False), (START_MS, 1, False)]
)
def test_full_use_counts_while_an_account_is_new(begin_ms: int, days: int, expected: bool) -> None:
    """A newcomer's exchanges of the first three days; not those of an account that was there before the deployment."""
    times = [hour * HOUR_MS for hour in range(0, 24 * days, 4)]
    _, state, judgement = go(times, begin_ms=begin_ms, **slots(9))

    assert value_of("no_ramp", judgement) == (pytest.approx(state.rate) if expected else 0)


@pytest.mark.parametrize(("addresses", "clients", "expected"), [(30, 0, 30), (30, 2, 60), (0, 5, 0), (0, 0, 0)])
def test_who_names_no_client_has_one(addresses: int, clients: int, expected: int) -> None:
    """Many networks behind one key show without a user agent too; without addresses nothing is known."""
    _, _, judgement = go([0], addresses=addresses, clients=clients)

    assert value_of("sharing", judgement) == expected


def test_exchanges_and_tokens_are_those_of_all_buckets() -> None:
    """And so is of how many exchanges nobody told the tokens."""
    _, state, _ = go([0, DAY_MS], events=5, output_tokens=30, untold=2)

    assert (state.exchanges, state.output_tokens, state.untold) == (10, 60, 4)


def test_a_day_is_counted_once() -> None:
    """When it is over, or when the account comes back, whichever is first; on the plan that the day was on."""
    detector, model = HarvestDetector(SPEC), crowd()
    state = detector.observe(None, bucket(start_ms=START_MS, plan="free", output_tokens=50), model, LATER_MS)
    detector.judge(state, bucket(start_ms=START_MS, plan="free", output_tokens=50))
    for _ in range(2):
        detector.finish_day(state)
        assert (detector.calibration.days, detector.tails[0].days) == (1, 1)
    record = bucket(start_ms=START_MS + 5 * DAY_MS, plan="pro", output_tokens=50)
    detector.judge(detector.observe(state, record, model, LATER_MS), record)
    assert detector.calibration.days == 1
    detector.observe(state, bucket(start_ms=START_MS + 6 * DAY_MS, plan="team"), model, LATER_MS)

    assert detector.calibration.days == 2
    assert {plan: use.days for plan, use in detector.cohorts.plans.items()} == {"free": 1, "pro": 1}


def test_a_verdict_of_benign_calms_the_shift_too() -> None:
    """What the account's own e-detector has gathered until the verdict ends counts no more, only what comes on top."""
    detector, model = HarvestDetector(SPEC), crowd()
    state = detector.observe(None, bucket(start_ms=START_MS, shift_nats=5.0), model, LATER_MS)
    state.excused_until_ms = START_MS + DAY_MS
    state = detector.observe(state, bucket(start_ms=START_MS + HOUR_MS, shift_nats=8.0), model, LATER_MS)
    record = bucket(start_ms=START_MS + 2 * DAY_MS, shift_nats=9.0)
    judgement = detector.judge(detector.observe(state, record, model, LATER_MS), record)

    assert value_of("shift", judgement) == pytest.approx(1)


def test_use_is_measured_by_the_plan() -> None:
    """Answer tokens as a multiple of the usual day of the plan, once thirty days of it are known."""
    detector, model = HarvestDetector(SPEC), crowd()
    for number in range(40):
        known = None
        for day in (0, 1):
            record = bucket(f"a{number}", START_MS + day * DAY_MS, plan="free", output_tokens=99)
            known = detector.observe(known, record, model, LATER_MS)
            detector.judge(known, record)
    record = bucket("greedy", START_MS + 2 * DAY_MS, plan="free", output_tokens=4_999)
    judgement = detector.judge(detector.observe(None, record, model, LATER_MS), record)

    assert value_of("entitlement", judgement) == pytest.approx(50)


def test_missing_fields_are_no_evidence() -> None:
    """Without tokens, plan, model and prompts there is nothing to be out of proportion, to turn or to ask."""
    _, _, judgement = go([0, DAY_MS], output_tokens=0)

    assert {name: value_of(name, judgement) for name in ("entitlement", "pivot", "discrepancy")} == {
        "entitlement": 0,
        "pivot": 0,
        "discrepancy": 0,
    }


def test_a_benign_verdict_begins_a_new_past() -> None:
    """What the account does while it is excused is what it is measured against later."""
    detector, model = HarvestDetector(SPEC), crowd()
    state = detector.observe(None, bucket(styles="Aaabbb" * 32, events=40, fresh=0), model, LATER_MS)
    state.excused_until_ms = START_MS + DAY_MS
    state.styles[0] = "A" * 20 + "B" * 40
    detector.observe(state, bucket(start_ms=START_MS + HOUR_MS, events=60, fresh=50), model, LATER_MS)
    excused = (state.past.topics, state.past.exchanges, state.past.fresh)
    detector.observe(state, bucket(start_ms=START_MS + 2 * DAY_MS, styles="Caabbb" * 32, events=9), model, LATER_MS)

    assert excused == ("B" * 32, pytest.approx(60 + 40 * math.exp(-HOUR_MS / MEMORY_MS)), 50)
    assert (state.past.topics, state.past.exchanges, state.past.fresh) == excused


def test_an_account_begins_with_its_bucket() -> None:
    """First and last are those of its records."""
    _, state, _ = go([0, HOUR_MS])

    assert (state.first_ms, state.last_ms) == (START_MS, START_MS + HOUR_MS + BUCKET_MS)


def test_tokens_fade() -> None:
    """Answer tokens and exchanges are remembered as everything else is."""
    times = [0, 9 * HOUR_MS, 30 * HOUR_MS]
    _, state, _ = go(times, output_tokens=700, events=3)
    faded = math.fsum(math.exp(-(times[-1] - at) / MEMORY_MS) for at in times)

    assert (state.tokens, state.remembered) == (pytest.approx(700 * faded), pytest.approx(3 * faded))


def test_turning_to_a_new_model_fades_and_is_divided() -> None:
    """Ten exchanges with a model of an hour, by an account with a past, divided as the harvest is by end users."""
    detector, model = HarvestDetector(SPEC), crowd()
    detector.observe(None, bucket("other", START_MS, models={1: 1}), model, LATER_MS)
    fields: dict[str, Any] = {"seen_ms": 2 * DAY_MS, "end_users": 4}
    state = detector.observe(None, bucket(start_ms=START_MS, models={2: 10}, **fields), model, LATER_MS)
    later = bucket(start_ms=START_MS + 6 * HOUR_MS, models={}, **fields)
    judgement = detector.judge(detector.observe(state, later, model, LATER_MS), later)

    # Model 1 had been new too: of the first bucket a fiftieth of everybody had turned.
    turned = 10 * (1 - 0.02) / 2
    assert value_of("pivot", judgement) == pytest.approx(turned * math.exp(-6 * HOUR_MS / MEMORY_MS))


def test_an_account_is_measured_against_its_own_past() -> None:
    """Topics of its latest prompts against those of its first; stand-alone requests against the share at first."""
    detector, model = HarvestDetector(SPEC), crowd()
    first = bucket(styles="Aaabbb" * 32, events=40, fresh=0)
    state = detector.observe(None, first, model, LATER_MS)
    state.styles[0] = "A" * 32 + "B" * 32
    later = bucket(start_ms=START_MS + HOUR_MS, events=60, fresh=60)
    judgement = detector.judge(detector.observe(state, later, model, LATER_MS), later)
    discrepancy = state.past.discrepancy("A" * 32 + "B" * 32)
    systematic = state.past.more_systematic(60 + 40 * math.exp(-HOUR_MS / MEMORY_MS), 60)

    assert min(discrepancy, systematic) > 3
    assert value_of("discrepancy", judgement) == pytest.approx(discrepancy)
    assert value_of("systematic", judgement) == pytest.approx(systematic)
