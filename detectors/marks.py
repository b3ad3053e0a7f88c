"""Marks: wordings and configurations that a campaign's exchanges carry and others' do not.

One list worked through by many accounts leaves its mark on them: the same wrappers, the same ways to begin and to end,
the same set-up client. A mark k is a link by template or configuration; p_k is how often the members' exchanges carry
it, q_k how often those of all other accounts do. An account that carries it n_k times on N exchanges (Poisson counts in
both cases) is a member rather than an honest user by a likelihood ratio with the logarithm

    sum over k of n_k * log(p_k / q_k)  -  N * sum over k of (p_k - q_k)

which a busy honest account cannot reach by volume alone. Three things are bounded. Exchanges of one account are not
independent, so counts of one mark are capped, and so is what one account adds to q. Head, closing words and frame of
one wording depend on each other, so only the strongest of the three counts. A share of the members, ``_OTHERS_RATIO``,
may carry none of the marks, so their lack speaks against an account but does not decide.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Container, Mapping

import msgspec

from detectors.link_key import kind_of, value_of
from detectors.links import Links
from detectors.spec_sections import Kin

_KINDS = frozenset(("configuration", "template"))
_FACETS = ("", "h", "c", "b")
"""Configuration, and of a template its head, its closing words, its frame of both."""
_FACET_OF_LETTER = {letter: number for number, letter in enumerate(_FACETS) if letter}
_HEAD = _FACET_OF_LETTER["h"]
_MARK_CAP = 3.0
_STRANGER_CAP = 4.0
_OTHERS_RATIO = 0.1
_MAX_NATS = 50.0


class Marks(msgspec.Struct, array_like=True, frozen=True):
    """Weight of every mark (nats), and for each facet how much more of its marks a member's exchange carries."""

    weights: dict[str, float]
    excess: list[float]


def fit_marks(
    spec: Kin,
    links: Links,
    members: Collection[str],
    accused: Container[str],
    inside: float,
    outside: float,
    now_ms: int,
) -> Marks:
    """Marks of the members, who sent ``inside`` of the remembered exchanges and all others ``outside``.

    ``accused`` are the accounts of any open case: they say nothing about honest use. Costs one look at every account of
    every mark.
    """
    weights = {}
    excess = [0.0] * len(_FACETS)
    for key in _marks_of(links, members, max(2.0, spec.min_carriers * len(members))):
        counts = links.remembered(key, now_ms)
        # Exact sums: the order of accounts in memory must not show.
        p = math.fsum(count for account_id, count in counts.items() if account_id in members) / inside
        theirs = math.fsum(
            min(count, _STRANGER_CAP)
            for account_id, count in counts.items()
            if account_id not in members and account_id not in accused
        )
        q = (theirs + 0.5) / outside
        weight = math.log(p / q)
        if weight >= spec.min_weight:
            weights[key] = weight
            excess[_facet_of(key)] += p - q
    return Marks(weights, excess)


def _marks_of(links: Links, members: Collection[str], min_carriers: float) -> list[str]:
    """Marks that several members carry, sorted; none of which only a part of the accounts is known."""
    carriers: dict[str, int] = defaultdict(int)
    for account_id in members:
        for key in links.keys_of.get(account_id, ()):
            if kind_of(key) in _KINDS:
                carriers[key] += 1
    return sorted(key for key, count in carriers.items() if count >= min_carriers and links.groups[key].kept_ratio >= 1)


def _facet_of(key: str) -> int:
    """Number of the facet that a mark is of; total, whatever an earlier release has let into the key of a link."""
    return 0 if kind_of(key) == "configuration" else _FACET_OF_LETTER.get(value_of(key)[:1], _HEAD)


def marks_nats(model: Marks, carried: Mapping[str, float], exchanges: float) -> float:
    """Logarithm of the likelihood ratio for an account: its counts of the marks among so many exchanges."""
    facets = [-exchanges * excess for excess in model.excess]
    # Sorted: the order of links in memory must not show.
    for key in sorted(carried):
        facets[_facet_of(key)] += model.weights[key] * min(_MARK_CAP, carried[key])
    # A facet without marks says nothing, and nothing would be more than what the lack of marks of another says.
    wording = max(filter(None, facets[1:]), default=0.0)
    total = max(-_MAX_NATS, min(_MAX_NATS, facets[0] + wording))
    return math.log((1 - _OTHERS_RATIO) * math.exp(total) + _OTHERS_RATIO)
