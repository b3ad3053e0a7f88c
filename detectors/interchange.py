"""Interchangeable accounts: whether one stream of prompts is dealt out to many, as a list or a balanced load is.

People keep to their subjects and their ways: two prompts of one account are more often alike than two of different
accounts (the burstiness of words, Church and Gale 1995). A list that is dealt out knows no accounts: what one of them
has sent says nothing about what it sends next.

So two explanations of an account's recent codes (openers and facets of style) are weighed against each other. Either
they are drawn from the pool of all accounts in question, or from an urn of the account's own, which gives back more of
what has been drawn (the Dirichlet compound multinomial; Madsen, Kauchak, Elkan, ICML 2005). How much people keep to
themselves, the *coherence*, is learned from all accounts that ask what a crowd asks. Where they do not keep to
themselves, nothing is said.

The same measure speaks for accounts: those that surely draw from urns of their own do one thing each, and are told
apart where they share wording only.

It needs no high rate, only many accounts. It is blind to lists that are cut into pieces by subject before they are
dealt out. People who all draw from one stock of prompts it takes for one stream, so by itself it names nobody.
"""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from detectors.codes import Codes
from detectors.even_load import Dealt
from detectors.fingerprint_layout import OPENER_CHARS
from detectors.heard import Heard
from detectors.spec import DetectorSpec
from detectors.style import FACET_CHARS, PARTS
from detectors.suspicion import Suspicion
from detectors.vocabulary import RECENT_CODES, Vocabulary

_SMOOTHING = 40.0
"""Codes of all accounts that a pool is blended with."""
_DEPENDENCE = 0.5
"""What the facets say of one prompt depends on each other, so half of it counts."""
_LEAST_COHERENCE = 0.001
_MOST_COHERENCE = 0.99
"""Most that is reckoned with: at 1, where most accounts only ever send one code, the formula below divides by 0."""
_ASSUMED_COHERENCE = 0.02
"""Least that is assumed of people in order to let accounts go. In order to accuse accounts it must be learned."""
_OWN_AFFAIRS_NATS = -20.0
"""Evidence from which an account surely keeps to affairs of its own."""
_LEARNED_ACCOUNTS, _LEAST_CODES = 500, 12
"""Accounts by lot whose coherence is learned, and the codes that each must have."""


class InterchangeDetector:
    """Judges many accounts by how little each keeps to itself."""

    def __init__(self, spec: DetectorSpec, heard: Heard) -> None:
        self._spec = spec.interchange
        self._least_crowd_ratio = spec.groups.job_crowd_ratio
        self._heard = heard
        self.coherence: list[float] = []
        """For openers and each part of style how much accounts keep to themselves, 0 to 1."""

    def learn(self, accounts: Mapping[str, Suspicion], accused: Iterable[str]) -> None:
        """Learn how much people keep to themselves: the median over accounts that are not accused, at most 500 by lot.

        Costs about 15 milliseconds, and 5 microseconds for each account.
        """
        apart = frozenset(accused)
        able = (
            account_id
            for account_id, state in accounts.items()
            if account_id not in apart and state.crowd_ratio >= self._least_crowd_ratio
            if len(state.styles[0]) >= _LEAST_CODES * FACET_CHARS[0]
        )
        chosen = heapq.nsmallest(_LEARNED_ACCOUNTS, able, key=lambda a: (crc32(a.encode()), a))
        by_tenant: dict[str | None, list[Suspicion]] = {}
        for account_id in chosen:
            by_tenant.setdefault(accounts[account_id].tenant_id, []).append(accounts[account_id])
        found = [[_coherence(*facet) for facet in self._facets(states)] for states in by_tenant.values()]
        least = self._spec.learned_accounts
        self.coherence = [_median(np.concatenate(facet), least) for facet in zip(*found, strict=True)]

    def judge(self, accounts: Sequence[str], states: Mapping[str, Suspicion]) -> Dealt | None:
        """Evidence that accounts are interchangeable; ``None`` when they are too few, or too many keep to themselves.

        Costs about 10 microseconds for each.
        """
        spec = self._spec
        chosen = [a for a in accounts if len(states[a].recent) >= spec.least_prompts * OPENER_CHARS]
        if len(chosen) < spec.min_accounts or not any(self.coherence):
            return None
        each = self.nats_of([states[account_id] for account_id in chosen])
        ratio = float((each > 0).mean())
        if ratio < spec.min_ratio:
            return None
        named = tuple(a for a, nats in zip(chosen, each, strict=True) if nats > self._least_nats)
        return Dealt(named, self._together(each), ratio)

    def keeping_to_themselves(self, accounts: Sequence[str], states: Mapping[str, Suspicion]) -> set[str]:
        """Accounts that surely draw from urns of their own, not from what the others of these ask."""
        coherence = [max(learned, _ASSUMED_COHERENCE) for learned in self.coherence or [0.0] * (1 + len(PARTS))]
        each = self._nats_of([states[account_id] for account_id in accounts], coherence)
        return {a for a, nats in zip(accounts, each, strict=True) if nats <= _OWN_AFFAIRS_NATS}

    def nats_of(self, states: Sequence[Suspicion]) -> NDArray[np.float64]:
        """For each account how much likelier its prompts are drawn from the pool of all than from an urn of its own."""
        return self._nats_of(states, self.coherence)

    def _nats_of(self, states: Sequence[Suspicion], coherence: Sequence[float]) -> NDArray[np.float64]:
        nats = np.zeros(len(states))
        for (recents, chars, vocabulary), ratio in zip(self._facets(states), coherence, strict=True):
            if ratio >= _LEAST_COHERENCE:
                nats += _pool_nats(recents, chars, vocabulary, 1 / min(ratio, _MOST_COHERENCE) - 1)
        return nats * _DEPENDENCE

    @property
    def _least_nats(self) -> float:
        """Evidence (nats) from which an account is likelier one that is dealt to than a member who does much else."""
        return math.log(self._spec.others_ratio / (1 - self._spec.others_ratio))

    def _together(self, each: NDArray[np.float64]) -> float:
        """Evidence on all accounts together (nats), which allows for both kinds of exceptions.

        Some members of a campaign do much else besides, and some honest accounts keep to nothing.
        """
        others, incoherent = self._spec.others_ratio, self._spec.incoherent_ratio
        dealt = np.exp(np.minimum(each, 500.0))
        return float(np.log(((1 - others) * dealt + others) / (incoherent * dealt + 1 - incoherent)).sum())

    def _facets(self, states: Sequence[Suspicion]) -> list[tuple[list[str], int, Vocabulary]]:
        """For openers and each part of style: the accounts' recent codes, a code's width, what their tenant sent."""
        said = self._heard.of(states[0].tenant_id if states else None)
        return [([state.recent for state in states], OPENER_CHARS, said.openers)] + [
            ([state.styles[facet] for state in states], chars, said.styles[facet])
            for facet, chars in enumerate(FACET_CHARS[: len(PARTS)])
        ]


def _median(coherence: NDArray[np.float64], least: int) -> float:
    """Median over accounts; 0 when fewer than ``least`` have sent enough."""
    return max(0.0, float(np.median(coherence))) if len(coherence) >= least else 0.0


def _coherence(recents: list[str], chars: int, vocabulary: Vocabulary) -> NDArray[np.float64]:
    """(w - b) / (1 - b) for each account that has sent enough.

    w is the chance that two codes of one account are equal, b that one of it and one of another are.
    """
    recents = [recent for recent in recents if len(recent) >= _LEAST_CODES * chars]
    if not recents:
        return np.zeros(0)
    codes = Codes(recents, chars)
    sizes = codes.sizes
    heard = np.array([vocabulary.counts[name] for name in codes.names])[codes.columns]
    within = codes.summed(codes.counts * (codes.counts - 1)) / (sizes * (sizes - 1))
    between = codes.summed(codes.counts * (heard - codes.counts)) / (sizes * np.maximum(1, vocabulary.total - sizes))
    # Where all others send one code, nobody can keep to it more than they do.
    return np.divide(within - between, 1 - between, out=np.zeros_like(within), where=between < 1)


def _pool_nats(recents: list[str], chars: int, vocabulary: Vocabulary, alpha: float) -> NDArray[np.float64]:
    """Logarithm of the ratio of multinomial and Dirichlet compound multinomial, both around the others' pool.

    With p of a code in the pool and n codes drawn, the urn of size ``alpha`` gives the code with
    (alpha p + how often it was drawn) / (alpha + n).
    """
    codes = Codes(recents, chars)
    if not codes.column_count:
        return np.zeros(len(recents))
    sizes = codes.sizes
    heard = (np.array([vocabulary.counts[name] for name in codes.names]) + 0.5) / (vocabulary.total + 1)
    pooled = np.bincount(codes.columns, codes.counts)
    others = sizes.sum() - sizes[codes.rows]
    p = (pooled[codes.columns] - codes.counts + _SMOOTHING * heard[codes.columns]) / (others + _SMOOTHING)
    loss = np.zeros(len(codes.counts))
    for drawn in range(1, int(codes.counts.max())):
        again = codes.counts > drawn
        loss[again] += np.log1p(drawn / (alpha * p[again]))
    gain = np.concatenate(([0.0], np.cumsum(np.log1p(np.arange(RECENT_CODES) / alpha))))
    return gain[sizes] - codes.summed(loss)
