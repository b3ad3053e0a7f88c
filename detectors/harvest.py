"""One account beside all others: how far its crowd-like, machine-paced exchanges exceed what honest accounts show."""

import math

import msgspec

from detectors.calibration import Calibration
from detectors.cohort import Cohorts
from detectors.crowd import CrowdModel, crowd_excess
from detectors.fading import Fading
from detectors.past import Past
from detectors.people import people_behind
from detectors.spec import DetectorSpec
from detectors.style import TOPIC, facet_of
from detectors.suspicion import FEATURES, Suspicion
from detectors.tail import Tail
from detectors.windows import DAY_MS, HOUR_MS, NEVER_DAY, NEVER_MS
from schemas.account_bucket import AccountBucket

_LEVEL_OF = {
    "harvest": 4.0,
    "relentless": 4.0,
    "elicitation": 2.0,
    "refusals": 3.0,
    "full_length": 30.0,
    "sharing": 12.0,
    "shift": 3.0,
    "entitlement": 10.0,
    "pivot": 4.0,
    "discrepancy": 8.0,
    "systematic": 6.0,
    "no_ramp": 40.0,
}
LEVELS = tuple(_LEVEL_OF[feature] for feature in FEATURES)
"""For each feature the value that one honest account-day in fifty exceeds, until counts say otherwise."""
_PRIOR_DAYS = 2_000.0
_ACCUSED_SCORE = 8.0
"""Score from which an account that is named counts as accused. Accounts below it are named only where an operator asks
for many, and then they are like many others."""
_SUPPORT_FROM_NATS = 3.0
_SUPPORT_CAP_NATS = 4.0
_SUPPORT_FULL_NATS = 7.0
"""Evidence of content from which what supports it counts in full."""
_WITHIN = 0.1
"""Crowd-like exchanges that an account is taken to show when it just reaches what it may reach freely."""
_NEW_MS = 3 * DAY_MS
"""How long a newcomer is new."""


class Judgement(msgspec.Struct, frozen=True):
    """Values of the features, how rare each is (nats), and what they amount to together.

    ``total`` is the logarithm of the account-days until an honest account begins to show as much; at least 0.
    """

    values: tuple[float, ...]
    nats: tuple[float, ...]
    total: float


class HarvestDetector:
    """Judges accounts bucket by bucket.

    The rule of fusion: each feature is -log of the share of honest account-days that reach its value. ``harvest``
    counts in full. The others have honest twins, so none of them names an account by itself: each adds what it has
    beyond three nats, at most four, and only in proportion to what ``harvest`` shows. Features depend on each other, so
    their sum, the score, is calibrated by how often honest accounts begin to reach it.
    """

    def __init__(self, spec: DetectorSpec) -> None:
        self._spec = spec
        self._fading = Fading(spec)
        self.tails = [Tail(level, _PRIOR_DAYS) for level in LEVELS]
        self.cohorts = Cohorts()
        self.calibration = Calibration()
        self._run_days = math.ceil(spec.lifecycle.alert_days)
        self.threshold_nats = math.log(spec.false_alarms.account_days_per_false_alarm)

    def observe(self, known: Suspicion | None, bucket: AccountBucket, crowd: CrowdModel, start_ms: int) -> Suspicion:
        """Fold a bucket into an account's suspicion; ``start_ms`` is when the deployment saw its first event."""
        state = known or self._new(bucket, start_ms)
        excess, popular = crowd_excess(crowd, self._spec.crowd, bucket)
        day = bucket.start_ms // DAY_MS
        if day != state.day:
            self.finish_day(state)
            state.day = day
            if bucket.slots:
                crowd.vote(popular)
        state.tenant_id, state.organization, state.plan = bucket.tenant_id, bucket.organization, bucket.plan
        fade = self._fading.left(state.last_ms, bucket.end_ms)
        _add_up(state, bucket, fade, excess, popular, self.cohorts.turn_beyond(bucket, start_ms))
        _follow_sitting(state, bucket, fade)
        self._learn_past(state, bucket)
        if bucket.traits:
            state.count_traits(bucket.traits)
        state.last_ms = bucket.end_ms
        state.exchanges += bucket.events
        state.output_tokens += bucket.output_tokens
        state.untold += bucket.untold
        return state

    def _learn_past(self, state: Suspicion, bucket: AccountBucket) -> None:
        """Learn what the account is measured against: what it does at first, or while a verdict protects it."""
        is_excused = state.excused_until_ms > bucket.end_ms
        is_early = bucket.end_ms - state.first_ms < self._spec.harvest.baseline_days * DAY_MS
        if is_excused or (state.is_established and is_early):
            state.reference = max(state.reference, state.harvest)
        if is_excused:
            state.calm_shift = max(state.calm_shift, bucket.shift_nats)
            state.past = Past.of_late(state.styles[0], state.remembered, state.rate)
        else:
            state.past.learn("".join(facet_of(bucket.styles, TOPIC)), bucket.events, bucket.fresh)

    def _new(self, bucket: AccountBucket, start_ms: int) -> Suspicion:
        harvest = self._spec.harvest
        # What was there before us has a past that we have not seen; what comes later has shown its first days.
        is_early = bucket.start_ms - start_ms < (harvest.baseline_days + 1) * DAY_MS
        is_old = bucket.age_ms < 0 or bucket.age_ms > harvest.established_days * DAY_MS
        return Suspicion(
            bucket.start_ms,
            bucket.start_ms,
            day=bucket.start_ms // DAY_MS,
            is_established=is_early and is_old,
            is_newcomer=not is_early,
        )

    def finish_day(self, state: Suspicion) -> None:
        """Count the account-day that is over among all account-days; nothing when it is counted already."""
        if state.day == NEVER_DAY:
            return
        for tail, value in zip(self.tails, state.maxima, strict=True):
            tail.add(value)
        self.calibration.add(state.score, state.day, state.run, self._run_days)
        if state.day_tokens > 0:
            self.cohorts.learn_day(state.plan, state.day_tokens)
        state.maxima = [0.0] * len(FEATURES)
        state.day_tokens = state.score = 0.0
        state.day = NEVER_DAY

    def judge(self, state: Suspicion, bucket: AccountBucket, *, is_accused: bool = False) -> Judgement:
        """How surprising the account is now.

        The largest values of the day are kept, to learn what is usual; not those of an account that ``is_accused``
        because it is in an open campaign.
        """
        spec = self._spec.harvest
        hours = min(1.5, bucket.active_hours / spec.person_hours)
        values = (
            _beyond(state.harvest * hours, spec.baseline_margin * state.reference),
            state.relentless * hours,
            state.elicitation,
            state.refusals,
            state.full_length,
            # An account that names no client has one.
            float(bucket.addresses * max(1, bucket.clients)),
            max(0.0, bucket.shift_nats - state.calm_shift),
            self.cohorts.times_of_plan(bucket.plan, state.tokens),
            state.pivoted,
            state.past.discrepancy(state.styles[0]),
            state.past.more_systematic(state.remembered, state.rate),
            state.rate if state.is_newcomer and bucket.end_ms - state.first_ms < _NEW_MS else 0.0,
        )
        # Most are 0, and asking costs more than answering.
        nats = tuple([tail.nats(v) if v > 0 else 0.0 for tail, v in zip(self.tails, values, strict=True)])
        support = sum([min(_SUPPORT_CAP_NATS, n - _SUPPORT_FROM_NATS) for n in nats[1:] if n > _SUPPORT_FROM_NATS])
        score = nats[0] + support * min(1.0, nats[0] / _SUPPORT_FULL_NATS)
        total = self.calibration.nats(score, math.exp(-self.threshold_nats))
        if is_accused or (total >= self.threshold_nats and score >= _ACCUSED_SCORE):
            self.calibration.accuse(score, bucket.start_ms // DAY_MS, state.run, self._run_days)
        if not is_accused:
            state.maxima = list(map(max, state.maxima, values))
            state.day_tokens = max(state.day_tokens, state.tokens)
            state.score = max(state.score, score)
        return Judgement(values, nats, max(0.0, total))


def _add_up(state: Suspicion, bucket: AccountBucket, fade: float, excess: float, popular: float, turned: float) -> None:
    """Let every sum of an account fade, and add what the bucket brings.

    ``excess`` and ``popular`` are those of ``crowd_excess``, ``turned`` is that of ``Cohorts.turn_beyond``.
    """
    state.rate = state.rate * fade + bucket.fresh
    state.even = state.even * fade + bucket.even
    state.paced = state.paced * fade + bucket.paced
    people = people_behind(bucket.end_users, state.even, state.paced)
    state.harvest = max(0.0, state.harvest * fade + excess / people)
    state.relentless = state.relentless * fade + bucket.regular * popular / people
    state.elicitation = state.elicitation * fade + bucket.elicitations
    state.refusals = state.refusals * fade + bucket.refusals
    state.full_length = state.full_length * fade + bucket.full_length / people
    state.slots = state.slots * fade + len(bucket.slots)
    state.wrapped = state.wrapped * fade + bucket.wrapped
    state.popular = state.popular * fade + popular * len(bucket.slots)
    state.remembered = state.remembered * fade + bucket.events
    state.tokens = state.tokens * fade + bucket.output_tokens
    state.pivoted = max(0.0, state.pivoted * fade + turned / people)


def _follow_sitting(state: Suspicion, bucket: AccountBucket, fade: float) -> None:
    """Go on with the account's sitting; after an hour of silence another one begins."""
    if bucket.start_ms - state.last_ms >= HOUR_MS:
        state.began_ms = NEVER_MS
        state.sitting = 0.0
    state.sitting = state.sitting * fade + bucket.fresh
    state.largest_sitting = max(state.largest_sitting * fade, state.sitting)
    if state.began_ms == NEVER_MS and bucket.answered_ms >= 0:
        state.began_ms = bucket.answered_ms


def _beyond(harvest: float, reference: float) -> float:
    """Crowd-like exchanges beyond a reference; up to it a tenth of one at most, in proportion.

    So accounts that stay within their references have an order too, for operators who ask for more accounts than there
    are beyond theirs.
    """
    if reference <= 0:
        return harvest
    return max(harvest - reference, _WITHIN * min(1.0, harvest / reference))
