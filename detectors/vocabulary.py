"""The vocabulary: what all accounts have lately asked, as counts of the openers of their slots.

An account is counted with its latest ``RECENT_SLOTS`` slots, however many it sends, so that no account outweighs
others.
"""

from collections import Counter

from detectors.fingerprint_layout import OPENER_CHARS

RECENT_SLOTS = 64


def openers_of(recent: str) -> list[str]:
    """The openers in one string of them."""
    return [recent[start : start + OPENER_CHARS] for start in range(0, len(recent), OPENER_CHARS)]


class Vocabulary:
    """Counts of openers over the recent slots of all accounts; follows from their states, so it is not written."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.total = 0

    def hear(self, recent: str, slots: list[str]) -> str:
        """Count what an account sent; returns its recent slots from now on. Costs one step for each slot."""
        said = recent + "".join(slots)
        heard = said[-OPENER_CHARS * RECENT_SLOTS :]
        self._add(slots)
        self.forget(said[: len(said) - len(heard)])
        return heard

    def restore(self, recent: str) -> None:
        """Count the recent slots of an account that comes back."""
        self._add(openers_of(recent))

    def forget(self, recent: str) -> None:
        """Count slots of an account no longer."""
        for opener in openers_of(recent):
            self.total -= 1
            self.counts[opener] -= 1
            if self.counts[opener] == 0:
                del self.counts[opener]

    def _add(self, openers: list[str]) -> None:
        self.total += len(openers)
        for opener in openers:
            self.counts[opener] += 1
