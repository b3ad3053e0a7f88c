"""Overlap: how much of what one account asks others ask, too; people with one assignment ask the same few things."""

from collections import Counter
from collections.abc import Iterable

from detectors.fingerprint_layout import OPENER_CHARS
from detectors.vocabulary import codes_of


def overlap(recents: Iterable[str]) -> float:
    """Share of what one of some accounts asks that another asks, too, over all pairs: what one assignment gives them.

    ``recents`` are their recent openers.
    """
    asked = [set(codes_of(recent, OPENER_CHARS)) for recent in recents]
    users = Counter(opener for openers in asked for opener in openers)
    shared = sum(count * (count - 1) for count in users.values()) / max(1, len(asked) - 1)
    return shared / max(1, users.total())
