"""One account beside all others: how far its crowd-like, machine-paced exchanges exceed what honest accounts show."""

import math
from collections.abc import Iterable

import msgspec

from detectors.crowd import CrowdModel, crowd_excess
from detectors.spec import DetectorSpec
from detectors.style import FACETS
from detectors.tail import Tail
from detectors.windows import DAY_MS, HOUR_MS
from schemas.account_bucket import AccountBucket

FEATURES = ("harvest", "relentless", "elicitation", "refusals", "sharing", "shift")
"""What is measured of every account; only the first can name an account, the others support it."""
_LEVELS = (4.0, 4.0, 2.0, 3.0, 12.0, 3.0)
_PRIOR_DAYS = 2_000.0
_ACCUSED_NATS = math.log(800)
"""Evidence from which an account does not count as honest, however loosely it is asked to be named."""
_SUPPORT_FROM_NATS = 3.0
_SUPPORT_CAP_NATS = 2.0
_HALVE_TRAITS_AFTER = 32


class Suspicion(msgspec.Struct, array_like=True):
    """What the comparison remembers of one account; 300 to 900 bytes as a snapshot.

    ``recent`` are the openers of its latest slots in one string, ``wrapped`` of its remembered ``slots`` those in the
    account's own wrapper. ``styles`` are the facets of its latest styles, one string each (``detectors.style``), and
    ``traits`` in how many of ``trait_buckets`` it was set up so. ``organization`` is a number, -1 for none.
    """

    first_ms: int
    last_ms: int
    harvest: float = 0.0
    relentless: float = 0.0
    elicitation: float = 0.0
    refusals: float = 0.0
    slots: float = 0.0
    popular: float = 0.0
    rate: float = 0.0
    reference: float = 0.0
    is_established: bool = False
    day: int = 0
    maxima: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(FEATURES))
    exchanges: int = 0
    output_tokens: int = 0
    suspect_exchanges: int = 0
    suspect_tokens: int = 0
    excused_until_ms: int = 0
    recent: str = ""
    wrapped: float = 0.0
    styles: list[str] = msgspec.field(default_factory=lambda: [""] * len(FACETS))
    traits: dict[str, int] = {}
    trait_buckets: int = 0
    tenant_id: str | None = None
    organization: int = -1

    @property
    def crowd_ratio(self) -> float:
        """Mean popularity of the remembered slots, 0 to 1; 0 without any."""
        return self.popular / self.slots if self.slots > 0 else 0.0


class Judgement(msgspec.Struct, frozen=True):
    """Values of the features, how rare each is, and what they amount to together (nats)."""

    values: tuple[float, ...]
    nats: tuple[float, ...]
    total: float


class HarvestDetector:
    """Judges accounts bucket by bucket.

    The rule of fusion: each feature is -log of the share of honest account-days that reach its value. ``harvest``
    counts in full; the others add at most three nats each beyond their third, and only in proportion to what content
    has shown, so that none of them names an account by itself: each has an honest twin.
    """

    def __init__(self, spec: DetectorSpec) -> None:
        self._spec = spec
        self._memory_ms = spec.harvest.memory_hours * HOUR_MS
        self.tails = [Tail(level, _PRIOR_DAYS) for level in _LEVELS]
        self.levels = _LEVELS
        self.threshold_nats = math.log(spec.false_alarms.account_days_per_false_alarm)

    def observe(self, known: Suspicion | None, bucket: AccountBucket, crowd: CrowdModel, start_ms: int) -> Suspicion:
        """Fold a bucket into an account's suspicion; ``start_ms`` is when the deployment saw its first event."""
        state = known or self._new(bucket, start_ms)
        day = bucket.start_ms // DAY_MS
        if day != state.day:
            self._finish_day(state, day)
        fade = math.exp(-(bucket.end_ms - state.last_ms) / self._memory_ms)
        excess, popular = crowd_excess(crowd, self._spec.crowd, bucket.slots, bucket.new_slots)
        # Many end users behind one account are a gateway; each of them is a person.
        people = math.sqrt(max(1, bucket.end_users))
        state.harvest = max(0.0, state.harvest * fade + excess / people)
        state.relentless = state.relentless * fade + bucket.regular * popular / people
        state.elicitation = state.elicitation * fade + bucket.elicitations
        state.refusals = state.refusals * fade + bucket.refusals
        state.rate = state.rate * fade + bucket.fresh
        state.slots = state.slots * fade + len(bucket.slots)
        state.wrapped = state.wrapped * fade + bucket.wrapped
        state.popular = state.popular * fade + popular * len(bucket.slots)
        if state.is_established and bucket.end_ms - state.first_ms < self._spec.harvest.baseline_days * DAY_MS:
            state.reference = max(state.reference, state.harvest)
        if state.excused_until_ms > bucket.end_ms:
            # Judged benign: what the account goes on to do until then is its reference.
            state.reference = max(state.reference, state.harvest)
        state.tenant_id, state.organization = bucket.tenant_id, bucket.organization
        if bucket.traits:
            _count_traits(state, bucket.traits)
        state.last_ms = bucket.end_ms
        state.exchanges += bucket.events
        state.output_tokens += bucket.output_tokens
        return state

    def rate_at(self, state: Suspicion, at_ms: int) -> float:
        """Fresh exchanges of the account that are remembered at a time."""
        return state.rate * math.exp(-max(0, at_ms - state.last_ms) / self._memory_ms)

    def daily_rate(self, state: Suspicion, at_ms: int) -> float:
        """Fresh exchanges per day, over the time that is remembered."""
        age_ms = max(at_ms - state.first_ms, self._spec.groups.min_age_hours * HOUR_MS)
        days = self._memory_ms * (1 - math.exp(-age_ms / self._memory_ms)) / DAY_MS
        return self.rate_at(state, at_ms) / days

    def _new(self, bucket: AccountBucket, start_ms: int) -> Suspicion:
        harvest = self._spec.harvest
        # What was there before us has a past that we have not seen; what comes later has shown its first days.
        is_early = bucket.start_ms - start_ms < (harvest.baseline_days + 1) * DAY_MS
        is_old = bucket.age_ms < 0 or bucket.age_ms > harvest.established_days * DAY_MS
        return Suspicion(
            bucket.start_ms, bucket.start_ms, day=bucket.start_ms // DAY_MS, is_established=is_early and is_old
        )

    def _finish_day(self, state: Suspicion, day: int) -> None:
        for tail, value in zip(self.tails, state.maxima, strict=True):
            tail.add(value)
        state.maxima = [0.0] * len(FEATURES)
        state.day = day

    def judge(self, state: Suspicion, bucket: AccountBucket) -> Judgement:
        """How surprising the account is now; its values count for the day only while nobody suspects it."""
        spec = self._spec.harvest
        hours = min(1.5, bucket.active_hours / spec.person_hours)
        values = (
            max(0.0, state.harvest * hours - spec.baseline_margin * state.reference),
            state.relentless * hours,
            state.elicitation,
            state.refusals,
            float(bucket.addresses * bucket.clients),
            bucket.shift_nats,
        )
        nats = tuple(tail.nats(value) for tail, value in zip(self.tails, values, strict=True))
        support = sum(min(_SUPPORT_CAP_NATS, max(0.0, n - _SUPPORT_FROM_NATS)) for n in nats[1:])
        total = nats[0] + support * min(1.0, nats[0] / self.threshold_nats)
        if total < max(self.threshold_nats, _ACCUSED_NATS):
            state.maxima = [max(a, b) for a, b in zip(state.maxima, values, strict=True)]
        return Judgement(values, nats, max(0.0, total))


def _count_traits(state: Suspicion, traits: Iterable[str]) -> None:
    """Count how an account was set up in a bucket; what it has left behind is forgotten."""
    if state.trait_buckets >= _HALVE_TRAITS_AFTER:
        state.traits = {trait: count // 2 for trait, count in state.traits.items() if count > 1}
        state.trait_buckets //= 2
    state.trait_buckets += 1
    for trait in traits:
        state.traits[trait] = state.traits.get(trait, 0) + 1
