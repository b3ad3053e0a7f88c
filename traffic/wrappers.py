"""What surrounds the changing part of a prompt: one set of wrapper families for honest work and campaigns alike."""

from dataclasses import dataclass
from random import Random

from traffic.prompts import Scope, examples, invented_name
from traffic.random_draws import chance, pick

FAMILIES = ("none", "fixed", "variants", "few_shot", "grammar")
"""Those that are drawn at random."""
ALL_FAMILIES = (*FAMILIES, "in_turn", "random_words")
_VARIANTS, _IN_TURN, _MOST_RANDOM_WORDS = 6, 24, 4


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A family with its drawn texts; ``wrap`` puts one of them around an item."""

    family: str
    frames: tuple[tuple[str, str], ...]
    scope: Scope

    def wrap(self, rng: Random, item: str) -> str:
        """Return the item as it is sent."""
        if self.family == "none":
            return item
        if self.family == "random_words":
            words = [invented_name(rng) for _ in range(1 + int(rng.random() * _MOST_RANDOM_WORDS))]
            return " ".join((*words, item))
        if self.family == "grammar":
            before, after = _frame(rng, self.scope)
        else:
            before, after = self.frames[0] if len(self.frames) == 1 else pick(rng, self.frames)
        return f"{before}{item}{after}"


def draw_wrapper(rng: Random, family: str, scope: Scope) -> Wrapper:
    """Draw a wrapper of a family, ``any`` for one at random; raises ValueError for a family that does not exist."""
    if family == "any":
        family = pick(rng, FAMILIES)
    if family not in ALL_FAMILIES:
        raise ValueError(f"wrapper family {family!r} is none of {', '.join(ALL_FAMILIES)}")
    if family == "fixed":
        frames: tuple[tuple[str, str], ...] = (_frame(rng, scope),)
    elif family == "variants":
        frames = tuple(_frame(rng, scope) for _ in range(_VARIANTS))
    elif family == "in_turn":
        # Each speaks to somebody else first, so that no two begin alike.
        named = ((invented_name(rng), _frame(rng, scope)) for _ in range(_IN_TURN))
        frames = tuple((f"{name}: {before}", after) for name, (before, after) in named)
    elif family == "few_shot":
        before, after = _frame(rng, scope)
        frames = ((f"{before}{examples(rng, scope, 2)}\n\n", after),)
    else:
        frames = ()
    return Wrapper(family, frames, scope)


def _frame(rng: Random, scope: Scope) -> tuple[str, str]:
    """Put a frame together; the parts are few, their combinations many."""
    spoken, gap = scope.language, scope.language.joint
    before = pick(rng, spoken.openers).format(r=pick(rng, spoken.roles), q=pick(rng, spoken.qualities))
    if chance(rng, 0.5):
        before = gap.join((before, pick(rng, spoken.demands)))
    manner = pick(rng, spoken.manners).format(n=2 + int(rng.random() * 7))
    after = pick(rng, spoken.formats).format(f=pick(rng, spoken.forms), w=manner)
    if chance(rng, 0.5):
        after = gap.join((pick(rng, spoken.demands), after))
    return f"{before}\n\n", f"\n\n{after}"
