"""Codes of many accounts at once: short strings in their recent prompts, counted for each account."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_CODE_BITS = 24


class Codes:
    """How often each account has sent each code: three arrays with an entry for every such pair.

    ``rows`` has the accounts, ``columns`` the codes, ``counts`` how often. A code of up to three ASCII characters is
    one number, so that sorting brings equal ones together. Costs about a microsecond for ten codes.

    Parameters
    ----------
    recents
        For each account its codes in one string.
    chars
        Characters of a code.
    """

    def __init__(self, recents: Sequence[str], chars: int) -> None:
        self._accounts, self._chars = len(recents), chars
        sent = self._numbers(recents)
        self.sizes: NDArray[np.int64] = np.array([len(recent) // chars for recent in recents], dtype=np.int64)
        owners = np.repeat(np.arange(len(recents)), self.sizes)
        pairs, self.counts = np.unique(owners << _CODE_BITS | sent, return_counts=True)
        self.rows = pairs >> _CODE_BITS
        self._starts = np.searchsorted(self.rows, np.arange(len(recents) + 1)).tolist()
        self._known, self.columns = np.unique(pairs & (1 << _CODE_BITS) - 1, return_inverse=True)

    @property
    def column_count(self) -> int:
        """Number of distinct codes."""
        return len(self._known)

    @property
    def names(self) -> list[str]:
        """The code of each column."""
        characters = self._known.astype("<u4").view(np.uint8).reshape(-1, 4)[:, : self._chars]
        text = characters.tobytes().decode("ascii")
        return [text[start : start + self._chars] for start in range(0, len(text), self._chars)]

    def entries_of(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """Places of some accounts' entries in ``rows``, ``columns`` and ``counts``, account by account."""
        if not rows:
            return np.zeros(0, dtype=np.int64)
        return np.concatenate([np.arange(self._starts[row], self._starts[row + 1]) for row in rows])

    def sent_by(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """How often some accounts together have sent the code of each column."""
        entries = self.entries_of(rows)
        sent = np.bincount(self.columns[entries], self.counts[entries], self.column_count)
        return sent.astype(np.int64)

    def summed(self, values: NDArray[np.float64], of: Sequence[int] | None = None) -> NDArray[np.float64]:
        """Sum of ``values`` for each account.

        There is a value for every entry; with ``of``, for every one of ``entries_of`` these rows, and a sum for each
        row.
        """
        if of is None:
            return np.bincount(self.rows, weights=values, minlength=self._accounts).astype(np.float64)
        places = np.repeat(np.arange(len(of)), [self._starts[row + 1] - self._starts[row] for row in of])
        return np.bincount(places, weights=values, minlength=len(of)).astype(np.float64)

    def _numbers(self, codes: Iterable[str]) -> NDArray[np.int64]:
        characters = np.frombuffer("".join(codes).encode("ascii"), dtype=np.uint8)
        return characters.reshape(-1, self._chars).astype(np.int64) @ (1 << 8 * np.arange(self._chars))
