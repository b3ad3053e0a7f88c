"""Overlap: how much of what one account asks the others ask too. It is large where people have one assignment."""

from collections import Counter
from collections.abc import Iterable

from detectors.vocabulary import codes_of


def overlap(recents: Iterable[str], chars: int) -> float:
    """Share of what one account asks that another asks too (0 to 1), over all pairs of the accounts.

    ``recents`` are the recent codes of each, of ``chars`` characters, in one string; equal codes count once. Without
    two accounts it is 0.
    """
    asked = [set(codes_of(recent, chars)) for recent in recents]
    users = Counter(code for codes in asked for code in codes)
    shared = sum(count * (count - 1) for count in users.values()) / max(1, len(asked) - 1)
    return shared / max(1, users.total())
