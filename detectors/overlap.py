"""Overlap: how much of what one account asks the others ask too. It is large where people have one assignment."""

from collections import Counter
from collections.abc import Iterable

from detectors.fingerprint_layout import OPENER_CHARS
from detectors.vocabulary import codes_of


def overlap(recents: Iterable[str]) -> float:
    """Share of what one account asks that another asks too (0 to 1), over all pairs of the accounts.

    ``recents`` are the recent openers of each, in one string.
    """
    asked = [set(codes_of(recent, OPENER_CHARS)) for recent in recents]
    users = Counter(opener for openers in asked for opener in openers)
    shared = sum(count * (count - 1) for count in users.values()) / max(1, len(asked) - 1)
    return shared / max(1, users.total())
