"""The rhythm of an account: its hours, and the sum of bets on its volume."""

import math
import random
import statistics
from collections.abc import Callable
from copy import deepcopy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.rhythm import Rhythm, RhythmState

counts = st.lists(st.integers(1, 300), min_size=1, max_size=120)


def after(hourly: list[int]) -> Rhythm:
    """The rhythm of an account with so many exchanges in consecutive hours; the last hour is still open."""
    rhythm = Rhythm(RhythmState())
    for hour, count in enumerate([*hourly, 1]):
        rhythm.observe(hour, count)
    return rhythm


def direct_nats(hourly: list[int]) -> float:
    """log(1 + M) with M the sum, over all starts, of the products of the bets since; levels by their written rules."""
    level, square, by_hour, by_day = math.log1p(hourly[0]), 0.0, {0: math.log1p(hourly[0])}, dict[int, float]()
    bets: list[float] = []
    nats = 0.0
    for hour, count in enumerate(hourly[1:], start=1):
        usual = (level + by_hour[hour % 24]) / 2 if hour % 24 in by_hour else level
        day = hour // 24 % 7
        mean = statistics.fmean(by_day.values()) if by_day else 0.0
        beyond = by_day[day] - mean if day in by_day else 0.0
        residual = math.log1p(count) - usual - beyond
        if hour >= 24:
            z = min(6.0, max(-3.0, residual / max(0.5, math.sqrt(square))))
            bets.append(math.exp(z / 2 - 1 / 8))
            nats = math.log1p(math.fsum(math.prod(bets[start:]) for start in range(len(bets))))
        share = 1 if nats < 3 else 1 / 8
        learned = share * residual
        level = 0.95 * level + 0.05 * (usual + learned)
        square += 0.05 * share * (min(residual * residual, 4.0) - square)
        by_hour[hour % 24] = by_hour[hour % 24] + 0.25 * learned if hour % 24 in by_hour else usual + learned
        if hour >= 72:
            by_day[day] = by_day.get(day, mean) + 0.1 * learned
    return nats


@given(hourly=counts)
def test_it_is_at_most_the_sum_over_all_starts(hourly: list[int]) -> None:
    """Fading takes from what summing the products of bets over every possible time of change gives, so A stands."""
    assert 0 <= after(hourly).shift_nats <= direct_nats(hourly) + 1e-9


def test_while_it_goes_on_it_is_the_sum_over_all_starts() -> None:
    """Nothing fades in hours that are busier than usual: the recursion gives the sum of its definition."""
    # The first hour that is compared is the first busy one.
    hourly = [*[20] * 24, *[400] * 12]

    assert after(hourly).shift_nats == pytest.approx(direct_nats(hourly), abs=1e-9)
    assert after(hourly).shift_nats > 10


@pytest.mark.parametrize("silent_hours", [1, 36, 24 * 28])
def test_evidence_fades_while_an_account_is_silent(silent_hours: int) -> None:
    """What was far too much weeks ago says little of an account that comes back with one request."""
    rhythm = after([*[20] * 96, *[400] * 12])
    before = rhythm.shift_nats
    rhythm.observe(108 + silent_hours, 1)

    assert before > 10
    # The open hour, of one exchange, was a bet of exp(-3 / 2 - 1 / 8) at least; it fades, and so do those between.
    assert (before - 1.625) * math.exp(-silent_hours / 36) <= rhythm.shift_nats <= before * math.exp(-silent_hours / 36)


def test_an_account_is_calm_again_in_days() -> None:
    """A day of eight busy hours, then the usual volume: beyond doubt at first, nearly nothing four days later."""
    busy = [*[10] * 480, *[300] * 8]

    assert after(busy).shift_nats > 15
    assert after([*busy, *[10] * 96]).shift_nats < 2


@given(hourly=counts, cut=st.integers(0, 120))
def test_it_goes_on_exactly_from_plain_numbers(hourly: list[int], cut: int) -> None:
    """A rhythm that is rebuilt from its numbers, River's means too, says the same to the last bit."""
    whole, part = Rhythm(RhythmState()), Rhythm(RhythmState())
    for hour, count in enumerate(hourly):
        if hour == cut:
            part = Rhythm(part.state())
        part.observe(hour, count)
        whole.observe(hour, count)
        assert (part.shift_nats, part.active_hours) == (whole.shift_nats, whole.active_hours)

    assert part.state() == whole.state()


@given(active=st.lists(st.integers(0, 100), min_size=1, max_size=60, unique=True))
def test_active_hours_are_those_of_the_last_day(active: list[int]) -> None:
    """Hours with activity among the 24 that end with the present one."""
    rhythm = Rhythm(RhythmState())
    for hour in sorted(active):
        rhythm.observe(hour, 1)

    assert rhythm.active_hours == sum(max(active) - 24 < hour for hour in active)


def test_a_steady_account_gathers_no_evidence_and_a_burst_does() -> None:
    """Four days of the same volume stay near nothing; ten times as much for six hours is beyond doubt."""
    steady = [20] * 96

    assert after(steady).shift_nats < 2.5
    assert after([*steady, *[200] * 6]).shift_nats > 6


def of_weeks(weeks: int, hourly: Callable[[int], int]) -> Rhythm:
    """The rhythm of an account that uses nine hours of each working day, so much an hour on each day from Monday on."""
    rhythm = Rhythm(RhythmState())
    for day in range(weeks * 7):
        for hour in range(9, 18) if day % 7 < 5 else ():
            # The first day of event time was a Thursday.
            rhythm.observe((day + 4) * 24 + hour, hourly(day % 7))
    return rhythm


def test_the_day_of_the_week_is_part_of_what_is_usual() -> None:
    """Eight Mondays that are six times as busy are Mondays; as much on a Wednesday is a shift."""
    usual = of_weeks(8, lambda day: 60 if day == 0 else 10)
    monday, wednesday = deepcopy(usual.state()), deepcopy(usual.state())

    def busy(state: RhythmState, day: int) -> float:
        rhythm = Rhythm(state)
        for hour in range(9, 19):
            rhythm.observe((8 * 7 + day + 4) * 24 + hour, 60)
        return rhythm.shift_nats

    assert busy(monday, 0) < 3
    assert busy(wednesday, 2) > 6


def test_growth_is_not_taken_for_days() -> None:
    """A first Saturday like every working day is none of a shift, though all of these grew tenfold, months ago."""
    grown = Rhythm(RhythmState())
    for day in range(20 * 7):
        for hour in range(9, 18) if day % 7 < 5 else ():
            grown.observe((day + 4) * 24 + hour, min(100, round(10 * 10 ** (day / 56))))
    for hour in range(9, 19):
        grown.observe((19 * 7 + 5 + 4) * 24 + hour, 100)

    assert max(abs(offset) for offset in grown.state().by_day) > 0.3
    assert grown.shift_nats < 3


def test_hours_of_the_day_are_not_taken_for_days() -> None:
    """A job that runs two hours every night beside office hours is the same on all days, from its second day on."""
    chooser, rhythm = random.Random(0), Rhythm(RhythmState())
    nats = []
    for day in range(56):
        for hour in (1, 2, *range(9, 18)):
            rhythm.observe(24 * day + hour, max(1, round((200 if hour < 9 else 10) * chooser.lognormvariate(0, 0.5))))
            nats.append(rhythm.shift_nats)

    assert max(nats) < 7


def with_a_quiet_hour(days: int, nightly: int = 2) -> Rhythm:
    """The rhythm of an account with two hundred exchanges in each office hour and hardly any in one of the night."""
    rhythm = Rhythm(RhythmState())
    for hour in (24 * day + hour for day in range(days) for hour in (3, *range(9, 18))):
        rhythm.observe(hour, nightly if hour % 24 == 3 else 200)
    return rhythm


@pytest.mark.parametrize("nightly", [1, 2, 8])
def test_a_quiet_hour_is_known_for_what_it_is(nightly: int) -> None:
    """Its log count is below half of the level; over weeks what is usual at that hour comes to be that all the same."""
    state = with_a_quiet_hour(56, nightly).state()

    assert state.level is not None
    assert math.log1p(nightly) < state.level / 2
    assert (state.level + state.by_hour[3]) / 2 == pytest.approx(math.log1p(nightly), abs=0.2)
    assert (state.level + state.by_hour[12]) / 2 == pytest.approx(math.log1p(200), abs=0.2)


def test_a_quiet_hour_that_is_as_busy_as_any_other_is_a_shift() -> None:
    """Two exchanges are usual at night; two hundred are not, though they are by day."""
    rhythm = with_a_quiet_hour(56)
    calm = rhythm.shift_nats
    for day in range(56, 60):
        for hour in (3, 4):
            rhythm.observe(24 * day + hour, 200)

    assert calm < 2
    assert rhythm.shift_nats > 5


def test_hours_with_use_are_marked() -> None:
    """Those that are over, by a bit each, whatever was counted in them."""
    assert with_a_quiet_hour(14).state().known_hours == sum(1 << hour for hour in (3, *range(9, 18)))
    assert Rhythm(RhythmState()).state().known_hours == 0


@pytest.mark.parametrize("days", [1, 5, 30])
def test_a_state_from_before_hours_were_marked_goes_on(days: int) -> None:
    """It is an array without the last field, and unknown hours are -1: what follows is as if nothing had happened."""
    now = Rhythm(RhythmState())
    for hour in (24 * day + hour for day in range(days) for hour in range(9, 18)):
        now.observe(hour, 20 if hour % 3 else 200)
    *numbers, known_hours = msgspec.to_builtins(now.state())
    before = Rhythm(msgspec.convert(numbers, RhythmState))

    assert -1.0 in numbers[RhythmState.__struct_fields__.index("by_hour")]
    assert before.state().known_hours == known_hours
    for hour in range(24 * days, 24 * days + 48):
        for rhythm in (now, before):
            rhythm.observe(hour, 20)
        assert before.shift_nats == now.shift_nats
    assert before.state() == now.state()


def test_learning_slows_under_suspicion() -> None:
    """A level that is reached by a jump is learned far more slowly than in calm times, and so is the spread."""
    rhythm = after([20] * 96 + [400] * 24)
    calm = math.log1p(20) + (math.log1p(400) - math.log1p(20)) * (1 - 0.95**24)
    level, square = rhythm.state().level, rhythm.state().square

    assert rhythm.shift_nats > 3
    # In calm times the residuals, 4 at most when squared, would make it 4 (1 - 0.95 ** 24) = 2.8.
    assert square is not None
    assert square < 1
    assert level is not None
    assert level - math.log1p(20) < (calm - math.log1p(20)) / 2


def test_counts_of_one_hour_add_up() -> None:
    """Several buckets of an hour are one count: what is learned of it does not depend on how it was cut."""
    whole, cut = Rhythm(RhythmState()), Rhythm(RhythmState())
    for hour, counts_of_hour in enumerate(((7,), (2, 3), (1, 1, 4), (1,))):
        whole.observe(hour, sum(counts_of_hour))
        for count in counts_of_hour:
            cut.observe(hour, count)

    assert cut.state() == whole.state()


def test_evidence_is_finite_whatever_happens() -> None:
    """A month at a thousand times the usual volume keeps every number finite."""
    rhythm = after([1] * 48 + [1_000_000] * 720)

    assert 0 <= rhythm.shift_nats <= 60
    assert all(math.isfinite(value) for value in [*rhythm.state().by_hour, *rhythm.state().by_day])
