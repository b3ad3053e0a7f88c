"""The rhythm of one account: its hours, and an e-detector for its volume against its own past.

Volume is counted per hour of event time. It is compared with what the recent level, the same hour of the day and the
day of the week let expect. These are 31 numbers in place of the 168 hours of a week, each of which comes too seldom to
be learned by itself.

The residual z, in units of its own spread, becomes a bet: e = exp(bet * z - bet ** 2 / 2) is an e-value when z is at
most standard normal. The Shiryaev-Roberts sum M <- (1 + M) * e then exceeds A on average not before A hours (Shin,
Ramdas, Rinaldo: E-detectors, NEJSDS 2023). Learning is slowed while the sum is high, so that a slow campaign does not
become its own baseline. The sum fades over hours that are silent or no busier than usual; that can only make it
smaller, so the guarantee stands. It cannot see a shift that is small against the account's own spread.
"""

import math

import msgspec
from river import stats

_DAY_HOURS = 24
_WEEK_DAYS = 7
_LEARN = 0.05
"""Share of a new hour in the running means of level and squared residual."""
_LEARN_HOUR = 0.25
_LEARN_DAY = 0.1
"""Shares of a residual that its hour of the day and its day of the week learn."""
_SUSPICIOUS_NATS = 3.0
_SUSPICIOUS_SHARE = 1 / 8
"""From so much evidence on only this share of a residual is learned."""
_BET = 0.5
_MAX_Z = 6.0
_MIN_Z = -3.0
"""Bounds of a residual, in units of the account's spread."""
_MIN_SPREAD = 0.5
"""Least spread of the log counts: who is more regular than that is no more suspicious for it."""
_MAX_SQUARE = 4.0
"""Most of a squared residual that the spread learns from one hour."""
_WARM_HOURS = 24
"""Hours of use before anything is bet."""
_SETTLED_HOURS = 72
"""Hours of use before days are learned. Earlier, differences between hours of the day would be taken for those between
days."""
_MAX_NATS = 60.0
_FADING_HOURS = 36.0
"""Hours after which evidence that nothing renews counts 1/e, as in other sums."""
_UNKNOWN = -1.0
"""An hour without use, in a state that was written before hours with use were marked."""


class RhythmState(msgspec.Struct, array_like=True):
    """Plain numbers from which a ``Rhythm`` is rebuilt; hours and days take about 300 bytes.

    Log counts are log(1 + exchanges of an hour). Hours are numbered from the epoch.

    Parameters
    ----------
    hour, count
        The present hour, -1 before the first, and its exchanges so far.
    hours
        Hours with use that are over.
    mask
        A bit for each of the last 24 hours, set where there was use; the lowest is the present one.
    level, square
        Running means of the log count and of the squared residual; ``None`` before the first hour.
    shift
        Logarithm of one plus the Shiryaev-Roberts sum (nats).
    by_hour, known_hours
        For each hour of the day (UTC) the number whose mean with the level is the log count to be expected, and a bit
        for each hour that had use.
    by_day
        For each day of the week (UTC) the offset of its log counts from whatever all days have in common; 0 where it is
        not learned.
    """

    hour: int = -1
    count: int = 0
    hours: int = 0
    mask: int = 0
    level: float | None = None
    square: float | None = None
    shift: float = 0.0
    by_hour: list[float] = msgspec.field(default_factory=lambda: [_UNKNOWN] * _DAY_HOURS)
    by_day: list[float] = msgspec.field(default_factory=lambda: [0.0] * _WEEK_DAYS)
    known_hours: int = 0


class Rhythm:
    """Hours of activity and volume of one account.

    The level and the mean square of the residuals are River's exponentially weighted means; their whole state is
    their value, so a snapshot holds plain numbers.
    """

    __slots__ = ("_level", "_square", "_state")

    def __init__(self, state: RhythmState) -> None:
        self._state = state
        self._level = stats.EWMean(fading_factor=_LEARN)
        self._square = stats.EWMean(fading_factor=_LEARN)
        if state.level is not None:
            self._level.update(state.level)
        if state.square is not None:
            self._square.update(state.square)
        if state.hours and not state.known_hours:
            state.known_hours = sum(1 << hour for hour, value in enumerate(state.by_hour) if value > _UNKNOWN)

    def state(self) -> RhythmState:
        """Plain numbers for the snapshot."""
        if self._state.hours:
            self._state.level = self._level.get()
            self._state.square = self._square.get()
        return self._state

    @property
    def active_hours(self) -> int:
        """Hours of the last 24 with activity, the present one included."""
        return self._state.mask.bit_count()

    @property
    def shift_nats(self) -> float:
        """Logarithm of one plus the Shiryaev-Roberts sum; 0 without evidence."""
        return self._state.shift

    def observe(self, hour: int, exchanges: int) -> None:
        """Count the exchanges of a closed bucket in its hour."""
        state = self._state
        if hour > state.hour:
            if state.hour >= 0:
                self._finish_hour()
                self._fade(hour - state.hour - 1)
            state.mask = (state.mask << min(hour - state.hour, _DAY_HOURS)) & (2**_DAY_HOURS - 1) | 1
            state.hour, state.count = hour, 0
        state.count += exchanges

    def _fade(self, hours: int) -> None:
        """Let evidence fade over hours that were no busier than usual, or silent."""
        self._state.shift *= math.exp(-hours / _FADING_HOURS)

    def _usual(self, hour: int) -> float:
        """Log count to be expected at an hour on any day: the mean of level and hour of the day, once that is known."""
        level = float(self._level.get())
        return 0.5 * (level + self._state.by_hour[hour % _DAY_HOURS]) if self._is_known(hour) else level

    def _is_known(self, hour: int) -> bool:
        return bool(self._state.known_hours >> hour % _DAY_HOURS & 1)

    def _any_day(self) -> float:
        """Mean offset of the days of the week that are learned: what all have in common belongs to no single day."""
        learned = [offset for offset in self._state.by_day if offset]
        return sum(learned) / len(learned) if learned else 0.0

    def _finish_hour(self) -> None:
        state = self._state
        value = math.log1p(state.count)
        if not state.hours:
            self._begin(value)
            return
        usual, day = self._usual(state.hour), _week_day(state.hour)
        any_day = self._any_day()
        residual = value - usual - ((state.by_day[day] or any_day) - any_day)
        if state.hours >= _WARM_HOURS:
            self._bet_on(residual)
        # Under suspicion neither level nor spread may follow what is suspected: an eighth of it is learned.
        share = 1.0 if state.shift < _SUSPICIOUS_NATS else _SUSPICIOUS_SHARE
        self._learn(usual, any_day, share * residual)
        known_square = self._square.get()
        self._square.update(known_square + share * (min(residual * residual, _MAX_SQUARE) - known_square))
        state.hours += 1

    def _begin(self, value: float) -> None:
        """Take the first hour as what is usual."""
        state = self._state
        self._level.update(value)
        self._square.update(0.0)
        state.by_hour[state.hour % _DAY_HOURS] = value
        state.known_hours = 1 << state.hour % _DAY_HOURS
        state.hours = 1

    def _bet_on(self, residual: float) -> None:
        """Renew the sum by the bet on one hour: log(1 + M') with M' = (1 + M) * e."""
        state = self._state
        spread = max(_MIN_SPREAD, math.sqrt(self._square.get()))
        z = min(_MAX_Z, max(_MIN_Z, residual / spread))
        total = state.shift + _BET * z - _BET * _BET / 2
        state.shift = min(_MAX_NATS, math.log1p(math.exp(total)) if total < _MAX_NATS else total)
        if z <= 0:
            self._fade(1)

    def _learn(self, usual: float, any_day: float, learned: float) -> None:
        """Move level, hour of the day and day of the week by ``learned``, the share of a residual that counts."""
        state = self._state
        self._level.update(usual + learned)
        slot = state.hour % _DAY_HOURS
        if self._is_known(slot):
            state.by_hour[slot] += _LEARN_HOUR * learned
        else:
            state.by_hour[slot] = usual + learned
            state.known_hours |= 1 << slot
        if state.hours >= _SETTLED_HOURS:
            day = _week_day(state.hour)
            state.by_day[day] = (state.by_day[day] or any_day) + _LEARN_DAY * learned


def _week_day(hour: int) -> int:
    return hour // _DAY_HOURS % _WEEK_DAYS
