"""The vocabulary: what the accounts of a tenant have lately sent, as counts of short codes.

A code stands for the opener of a slot, or for a facet of the style of a prompt. An account is counted with its latest
``RECENT_CODES`` codes, however many it sends, so that no account outweighs others.
"""

from collections import Counter
from collections.abc import Iterable, Set

RECENT_CODES = 64


def codes_of(recent: str, chars: int) -> list[str]:
    """The codes in one string of them."""
    return [recent[start : start + chars] for start in range(0, len(recent), chars)]


class Vocabulary:
    """Counts of codes of ``chars`` characters over the recent ones of all accounts.

    It follows from the accounts' states, so it is not written.
    """

    def __init__(self, chars: int) -> None:
        self.chars = chars
        self.counts: Counter[str] = Counter()
        self.total = 0

    def hear(self, recent: str, codes: Iterable[str]) -> str:
        """Count what an account sent; returns its recent codes from now on. Costs one step for each code."""
        added = list(codes)
        said = recent + "".join(added)
        heard = said[-self.chars * RECENT_CODES :]
        self._add(added)
        self.forget(said[: len(said) - len(heard)])
        return heard

    def unhear(self, recent: str, codes: Set[str]) -> str:
        """Take back codes that an account has sent; returns its recent ones without them."""
        sent = codes_of(recent, self.chars)
        self.forget("".join(code for code in sent if code in codes))
        return "".join(code for code in sent if code not in codes)

    def restore(self, recent: str) -> None:
        """Count the recent codes of an account that comes back."""
        self._add(codes_of(recent, self.chars))

    def forget(self, recent: str) -> None:
        """Count codes of an account no longer."""
        for code in codes_of(recent, self.chars):
            self.total -= 1
            self.counts[code] -= 1
            if self.counts[code] == 0:
                del self.counts[code]

    def _add(self, codes: list[str]) -> None:
        self.total += len(codes)
        for code in codes:
            self.counts[code] += 1
