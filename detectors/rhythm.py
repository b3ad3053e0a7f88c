"""The rhythm of one account: its hours, and an e-detector for its volume against its own past.

Volume is counted per hour of event time and compared with what the same hour of the day and the recent level let
expect. The residual, in units of its own spread, becomes a bet: e = exp(bet * z - bet ** 2 / 2) is an e-value when z
is at most standard normal, and the Shiryaev-Roberts sum M <- (1 + M) * e exceeds A on average not before A hours
(Shin, Ramdas, Rinaldo: E-detectors, NEJSDS 2023). Learning is slowed while the sum is high, so that a slow campaign
does not become its own baseline. The sum fades over hours that are silent or no busier than usual; that can only make
it smaller, so the guarantee stands. What it cannot see: a shift that is small against the account's own spread.
"""

import math

import msgspec
from river import stats

_DAY_HOURS = 24
_LEARN = 0.05
_LEARN_HOUR = 0.25
_SUSPICIOUS_NATS = 3.0
_SUSPICIOUS_SHARE = 1 / 8
_BET = 0.5
_MAX_Z = 6.0
_MIN_Z = -3.0
_MIN_SPREAD = 0.5
_WARM_HOURS = 24
_MAX_NATS = 60.0
_FADING_HOURS = 36.0
"""Time after which evidence that nothing renews counts 1/e, as other sums do."""


class RhythmState(msgspec.Struct, array_like=True):
    """Plain numbers from which a ``Rhythm`` is rebuilt; 24 hours take about 200 bytes."""

    hour: int = -1
    count: int = 0
    hours: int = 0
    mask: int = 0
    level: float | None = None
    square: float | None = None
    shift: float = 0.0
    by_hour: list[float] = msgspec.field(default_factory=lambda: [-1.0] * _DAY_HOURS)


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

    def _expected(self, hour: int) -> float:
        """Expected log count of an hour: the mean of the level and of the same hour of the day, once both are known."""
        state = self._state
        if not state.hours:
            return 0.0
        own = state.by_hour[hour % _DAY_HOURS]
        level = self._level.get()
        return float(level) if own < 0 else 0.5 * (float(level) + own)

    def _finish_hour(self) -> None:
        state = self._state
        value = math.log1p(state.count)
        residual = value - self._expected(state.hour) if state.hours else 0.0
        if state.hours >= _WARM_HOURS:
            spread = max(_MIN_SPREAD, math.sqrt(self._square.get()))
            z = min(_MAX_Z, max(_MIN_Z, residual / spread))
            # log(1 + M') with M' = (1 + M) * e
            total = state.shift + _BET * z - _BET * _BET / 2
            state.shift = min(_MAX_NATS, math.log1p(math.exp(total)) if total < _MAX_NATS else total)
            if z <= 0:
                self._fade(1)
        # Under suspicion neither level nor spread may follow what is suspected: an eighth of it is learned.
        share = 1.0 if state.shift < _SUSPICIOUS_NATS else _SUSPICIOUS_SHARE
        learned, square = share * residual, min(residual * residual, 4.0)
        self._level.update(value - residual + learned if state.hours else value)
        known_square = self._square.get() if state.hours else square
        self._square.update(known_square + share * (square - known_square))
        slot = state.hour % _DAY_HOURS
        known = state.by_hour[slot]
        state.by_hour[slot] = value if known < 0 else known + _LEARN_HOUR * (learned if state.hours else 0.0)
        state.hours += 1
