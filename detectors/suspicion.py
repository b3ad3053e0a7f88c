"""Suspicion: what is remembered of one account in comparison with all others."""

from collections.abc import Iterable

import msgspec

from detectors.calibration import Run
from detectors.past import Past
from detectors.places import Places
from detectors.style import FACETS
from detectors.windows import NEVER_MS

FEATURES = (
    "harvest",
    "relentless",
    "elicitation",
    "refusals",
    "full_length",
    "sharing",
    "shift",
    "entitlement",
    "pivot",
    "discrepancy",
    "systematic",
    "no_ramp",
)
"""What is measured of every account; only the first can name an account, the others support it."""

_HALVE_TRAITS_AFTER = 32


class Suspicion(msgspec.Struct, array_like=True):
    """What the comparison remembers of one account; 400 to 1,500 bytes as a snapshot.

    Most numbers are *fading sums*: what was added to them counts 1/e after ``harvest.memory_hours``. They are as of
    ``last_ms``; ``detectors.fading`` tells what they have come to at a later time.

    Parameters
    ----------
    first_ms, last_ms
        Start of its first and end of its latest bucket, milliseconds since the epoch.
    harvest
        Fading sum of how far its slots are more popular than those of jobs (slots); never below 0.
    relentless
        Fading sum of exchanges at even intervals, each weighed by the popularity of what its bucket asked.
    elicitation, refusals, full_length, even, paced
        Fading sums of the exchanges that ``AccountBucket`` counts under these names.
    slots, popular, wrapped
        Fading sums of its slots, of their popularity, and of those in its own wrapper.
    rate
        Fading sum of fresh exchanges: a number of exchanges, from which ``Fading.fresh_per_day`` makes a rate.
    remembered, tokens
        Fading sums of all its exchanges and of their answer tokens.
    pivoted
        Fading sum of exchanges with new models, beyond the share in which everybody has turned to them.
    sitting, largest_sitting
        Fading sum of fresh exchanges since it was last silent for an hour; the largest such sum there was, which fades
        too.
    reference
        Largest ``harvest`` of its first days, if it is established, and of those in which a verdict protected it:
        what is measured against.
    calm_shift
        Largest ``shift`` (nats) while a verdict protected it.
    is_established, is_newcomer
        Whether it was first seen in the deployment's first days and is old, or nobody knows how old; whether it was
        first seen later.
    day
        Day of its latest bucket, counted from the epoch; ``NEVER_DAY`` once that day is counted.
    maxima, day_tokens, score
        Largest values of the features, of ``tokens`` and of the score on ``day``.
    exchanges, output_tokens, untold
        Exchanges since it was first seen, their answer tokens, and the exchanges of which nobody told the tokens.
    excused_until_ms
        Until when a verdict protects it, milliseconds since the epoch.
    recent
        Openers of its latest slots, in one string; not of preambles that it takes in turn.
    preambles
        Openers of the preambles before its latest slots, in one string; empty when none had one.
    styles
        Facets of the styles of its latest prompts, one string for each facet (``detectors.style``).
    texts
        What stands for the texts of its latest prompts, in one string (``detectors.exchange.TEXT_MARK``).
    traits, trait_buckets
        In how many buckets it was set up in which way, and in how many that is known.
    organization
        Number of the organisation, -1 for none.
    began_ms
        When it was first answered after an hour of silence or more; ``NEVER_MS`` while it was not, or nobody told.
    run, past
        What calibration and the comparison with its own first days remember of it.
    places
        What is known of where in its prompts it says what it asks.
    """

    first_ms: int
    last_ms: int
    harvest: float = 0.0
    relentless: float = 0.0
    elicitation: float = 0.0
    refusals: float = 0.0
    full_length: float = 0.0
    slots: float = 0.0
    popular: float = 0.0
    rate: float = 0.0
    reference: float = 0.0
    calm_shift: float = 0.0
    is_established: bool = False
    day: int = 0
    maxima: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(FEATURES))
    exchanges: int = 0
    output_tokens: int = 0
    excused_until_ms: int = 0
    recent: str = ""
    wrapped: float = 0.0
    styles: list[str] = msgspec.field(default_factory=lambda: [""] * len(FACETS))
    traits: dict[str, int] = {}
    trait_buckets: int = 0
    tenant_id: str | None = None
    plan: str | None = None
    organization: int = -1
    remembered: float = 0.0
    tokens: float = 0.0
    day_tokens: float = 0.0
    pivoted: float = 0.0
    score: float = 0.0
    run: Run = msgspec.field(default_factory=Run)
    is_newcomer: bool = False
    past: Past = msgspec.field(default_factory=Past)
    untold: int = 0
    began_ms: int = NEVER_MS
    even: float = 0.0
    sitting: float = 0.0
    largest_sitting: float = 0.0
    paced: float = 0.0
    texts: str = ""
    preambles: str = ""
    places: Places = msgspec.field(default_factory=Places)

    @property
    def crowd_ratio(self) -> float:
        """Mean popularity of the remembered slots, 0 to 1; 0 without any."""
        return self.popular / self.slots if self.slots > 0 else 0.0

    def count_traits(self, traits: Iterable[str]) -> None:
        """Count how an account was set up in a bucket; what it has left behind is forgotten."""
        if self.trait_buckets >= _HALVE_TRAITS_AFTER:
            self.traits = {trait: count // 2 for trait, count in self.traits.items() if count > 1}
            self.trait_buckets //= 2
        self.trait_buckets += 1
        for trait in traits:
            self.traits[trait] = self.traits.get(trait, 0) + 1
