"""Suspicion: what is remembered of one account in comparison with all others."""

from collections.abc import Iterable

import msgspec

from detectors.calibration import Run
from detectors.past import Past
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
    """What the comparison remembers of one account; 400 to 1,000 bytes as a snapshot.

    ``recent`` are the openers of its latest slots in one string, ``wrapped`` of its remembered ``slots`` those in the
    account's own wrapper. ``styles`` are the facets of its latest styles, one string each (``detectors.style``), and
    ``traits`` in how many of ``trait_buckets`` it was set up so. ``organization`` is a number, -1 for none.
    ``remembered`` exchanges and answer ``tokens`` fade as the other sums do; ``maxima``, ``day_tokens`` and ``score``
    are the largest values of ``day``, which is ``NEVER_DAY`` once they are counted. ``untold`` are those of its
    ``exchanges`` of which nobody told the tokens. ``began_ms`` is when it was first answered after an hour of silence
    or more; ``NEVER_MS`` while it has not been, or nobody told. ``even`` are remembered exchanges at even intervals,
    ``paced`` those of which that can be told. ``sitting`` are those since it was last silent for an hour,
    ``largest_sitting`` the most that ever were.
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
