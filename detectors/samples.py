"""Samples: recent prompts of many accounts, counted once for a search that compares all of them again and again.

It fits a source to some of the accounts and tells how likely every account is of it, with the same result as
``detectors.source``. But it does both at once for all accounts, as sums over arrays.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.asked import COUNTED_REPEATS, fit_weights
from detectors.codes import Codes
from detectors.fingerprint_layout import OPENER_CHARS
from detectors.heard import Said
from detectors.source import ASKED_CAP, FACET_CAPS, LEAST_OF_FACETS, STYLE_CAP
from detectors.style import FACET_CHARS
from detectors.suspicion import Suspicion
from detectors.vocabulary import Vocabulary


class Samples:
    """Recent prompts of a tenant's accounts, which are told by their row; costs 25 µs for each."""

    def __init__(self, states: Sequence[Suspicion], said: Said) -> None:
        self._asked = _Sent([state.recent for state in states], OPENER_CHARS, said.openers)
        self._styles = [
            _Sent([state.styles[facet] for state in states], chars, said.styles[facet])
            for facet, chars in enumerate(FACET_CHARS)
        ]

    def nats(
        self, members: Sequence[int], apart: Sequence[int] = (), of: Sequence[int] | None = None
    ) -> NDArray[np.float64]:
        """For each account the evidence (nats) that its prompts come from the source of the members'.

        It is what ``Sample.asked_nats`` and ``Sample.style_nats`` give together. The source is told from what all
        others send; accounts ``apart`` belong to neither. With ``of``, only these rows are compared. Costs 1 µs for
        each account that is compared, and 5 for each member.
        """
        asked = np.minimum(ASKED_CAP, self._asked.nats(members, apart, of))
        style = sum(
            np.clip(sent.nats(members, apart, of), least, cap)
            for sent, least, cap in zip(self._styles, LEAST_OF_FACETS, FACET_CAPS, strict=True)
        )
        return asked + np.minimum(STYLE_CAP, style)


class _Sent:
    """Codes of one kind that accounts have sent."""

    def __init__(self, recents: Sequence[str], chars: int, vocabulary: Vocabulary) -> None:
        self._codes = codes = Codes(recents, chars)
        self._repeats = np.minimum(COUNTED_REPEATS, codes.counts - 1)
        self._heard = np.array([vocabulary.counts[name] for name in codes.names], dtype=np.int64)
        self._total = vocabulary.total

    def nats(self, members: Sequence[int], apart: Sequence[int], of: Sequence[int] | None) -> NDArray[np.float64]:
        """What ``fit_asked`` for the members and ``asked_nats`` for each account would give; 0 with too few codes."""
        codes = self._codes
        used, left_out = codes.sent_by(members), codes.sent_by(apart)
        others = self._total - int(used.sum() + left_out.sum())
        weights = fit_weights(used, self._heard - used - left_out, others)
        if weights is None:
            return np.zeros(len(codes.sizes) if of is None else len(of))
        entries = slice(None) if of is None else codes.entries_of(of)
        columns, repeats, is_used = codes.columns[entries], self._repeats[entries], used > 0

        def summed(unseen: float, first: NDArray[np.float64], again: NDArray[np.float64]) -> NDArray[np.float64]:
            own_first, own_again = np.where(is_used, first, unseen), np.where(is_used, again, 0.0)
            return codes.summed(own_first[columns] + repeats * own_again[columns], of)

        low, high = (summed(*its) for its in zip(*weights, strict=True))
        return np.logaddexp(low, high) - math.log(2)
