"""Source: what the prompts of one origin have in common, what they ask and in what style.

Both are weighed alike (``detectors.asked``): how much likelier an account's recent prompts are to come from where those
of some accounts come from than from all others. The logarithms are capped, because they rest on the prompts of one
account, which depend on each other.
"""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.asked import COUNTED_REPEATS, Asked, Counts, asked_nats, counted, fit_asked
from detectors.codes import Codes
from detectors.fingerprint_layout import OPENER_CHARS
from detectors.heard import Heard
from detectors.style import FACET_CHARS
from detectors.suspicion import Suspicion

_ASKED_CAP = 12.0
_FACET_CAPS = (8.0, 6.0, 6.0)
"""Of topic, punctuation and form."""
STYLE_CAP = 8.0
"""Of all three: they depend on each other."""
_LEAST_OF_FACET = -2.0
"""An account that does other things besides has other styles besides."""


class Source(msgspec.Struct, array_like=True, frozen=True):
    """Weights of openers and of the codes of each facet of style; ``None`` where the accounts have sent too little."""

    asked: Asked | None = None
    styles: list[Asked | None] = []


def fit_source(states: Sequence[Suspicion], heard: Heard, apart: Sequence[Suspicion] = ()) -> Source:
    """Fit the source of accounts' recent prompts; about a millisecond for thirty accounts.

    It is told from that of all others, to whom those ``apart`` do not belong.
    """
    return Source(
        fit_asked([state.recent for state in states], heard.openers, [state.recent for state in apart]),
        [
            fit_asked([state.styles[facet] for state in states], vocabulary, [state.styles[facet] for state in apart])
            for facet, vocabulary in enumerate(heard.styles)
        ],
    )


class Sample:
    """An account's recent prompts, counted; the style only when it comes to that, for most are out of reach."""

    __slots__ = ("_asked", "_state", "_styles")

    def __init__(self, state: Suspicion) -> None:
        self._state = state
        self._asked = counted(state.recent, OPENER_CHARS)
        self._styles: list[Counts | None] = [None] * len(FACET_CHARS)

    def asked_nats(self, source: Source) -> float:
        """Evidence of what the account asks."""
        return 0.0 if source.asked is None else min(_ASKED_CAP, asked_nats(source.asked, self._asked))

    def style_nats(self, source: Source) -> float:
        """Evidence of the style in which it asks, at most ``STYLE_CAP``."""
        nats = sum(
            max(_LEAST_OF_FACET, min(cap, asked_nats(model, self._style(facet))))
            for facet, (model, cap) in enumerate(zip(source.styles, _FACET_CAPS, strict=True))
            if model is not None
        )
        return min(STYLE_CAP, nats)

    def _style(self, facet: int) -> Counts:
        counts = self._styles[facet]
        if counts is None:
            counts = self._styles[facet] = counted(self._state.styles[facet], FACET_CHARS[facet])
        return counts


class Samples:
    """Recent prompts of many accounts, counted for one search: a source is compared with all of them at once."""

    def __init__(self, states: Sequence[Suspicion]) -> None:
        self._asked = Codes([state.recent for state in states], OPENER_CHARS)
        self._styles = [
            Codes([state.styles[facet] for state in states], chars) for facet, chars in enumerate(FACET_CHARS)
        ]

    def nats(self, source: Source) -> NDArray[np.float64]:
        """For each account what ``Sample.asked_nats`` and ``Sample.style_nats`` give together; 2 µs for each."""
        asked = np.minimum(_ASKED_CAP, _nats_of_all(self._asked, source.asked))
        style = sum(
            np.clip(_nats_of_all(codes, model), _LEAST_OF_FACET, cap)
            for codes, model, cap in zip(self._styles, source.styles, _FACET_CAPS, strict=True)
        )
        return asked + np.minimum(STYLE_CAP, style)


def _nats_of_all(codes: Codes, model: Asked | None) -> NDArray[np.float64]:
    """For each account what ``asked_nats`` gives; 0 without a model."""
    if model is None:
        return codes.summed(np.zeros(len(codes.counts)))
    columns, is_known = codes.columns_of(model.first)
    first_of = np.array(list(model.first.values())).reshape(-1, 2)
    again_of = np.array([model.again[code] for code in model.first]).reshape(-1, 2)
    repeats = np.minimum(COUNTED_REPEATS, codes.counts - 1)
    columns, first_of, again_of = columns[is_known], first_of[is_known], again_of[is_known]
    low, high = (
        _nats_at(codes, repeats, model.unseen[share], columns, first_of[:, share], again_of[:, share])
        for share in (0, 1)
    )
    return np.logaddexp(low, high) - math.log(2)


def _nats_at(
    codes: Codes,
    repeats: NDArray[np.int64],
    unseen: float,
    columns: NDArray[np.int64],
    first_of: NDArray[np.float64],
    again_of: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sum of weights for each account at one share of the source, given those of the columns that the model knows."""
    first = np.full(codes.column_count, unseen)
    again = np.zeros(codes.column_count)
    first[columns], again[columns] = first_of, again_of
    return codes.summed(first[codes.columns] + repeats * again[codes.columns])
