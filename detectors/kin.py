"""Kin: accounts that an open campaign's members resemble in what they say, whatever else they share.

One list worked through by many accounts leaves its mark on all of them: the same wrappers, the same ways to begin and
to end. For every mark k (a link by template or configuration) p_k is how often the members' exchanges carry it and q_k
how often those of all other accounts do. With counts n_k on N exchanges of an account, Poisson in both cases, the
logarithm of the likelihood ratio between membership and honest use is

    sum over k of n_k * log(p_k / q_k)  -  N * sum over k of (p_k - q_k)

which a busy honest account cannot reach by volume alone. Counts of one mark are capped, because exchanges of one
account are not independent, and so is what one account adds to q. It is blind to campaigns whose members get lists
that have nothing in common, and it needs a campaign that is open already.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Container, Mapping

from detectors.groups import GroupDetector
from detectors.spec import Kin

_MARKS = ("template:", "configuration:")
_MARK_CAP = 3.0
_STRANGER_CAP = 4.0
_FEW = 5.0


def find_kin(
    spec: Kin,
    groups: GroupDetector,
    members: Collection[str],
    accused: Container[str],
    rate_of: Mapping[str, float],
    now_ms: int,
) -> list[tuple[str, float]]:
    """Accounts outside ``members`` that are like them, with their evidence (nats), sorted by account.

    ``accused`` are the accounts of any open case: they are compared, but say nothing about honest use. ``rate_of``
    gives the remembered exchanges of every account now. Costs one look at every account of every mark.
    """
    # Exact sums: the order of accounts in memory must not show.
    inside = math.fsum(rate_of.get(account_id, 0.0) for account_id in members)
    outside = math.fsum(rate_of.values()) - inside
    if inside < spec.min_exchanges or outside <= 0:
        return []
    evidence: dict[str, float] = defaultdict(float)
    excess = 0.0
    for key in _marks_of(groups, members, max(2.0, spec.min_carriers * len(members))):
        counts = groups.remembered(key, now_ms)
        p = math.fsum(count for account_id, count in counts.items() if account_id in members) / inside
        theirs = math.fsum(
            min(count, _STRANGER_CAP)
            for account_id, count in counts.items()
            if account_id not in members and account_id not in accused
        )
        q = (theirs + 0.5) / outside
        weight = math.log(p / q)
        if weight < spec.min_weight:
            continue
        excess += p - q
        for account_id, count in counts.items():
            evidence[account_id] += weight * min(count, _MARK_CAP)
    # Few members say little about which marks are the campaign's.
    nats_to_join = spec.nats_to_join * (1 + _FEW / len(members))
    found = []
    for account_id, nats in evidence.items():
        exchanges = rate_of.get(account_id, 0.0)
        total = nats - exchanges * excess
        if account_id not in members and exchanges >= spec.least_exchanges and total >= nats_to_join:
            found.append((account_id, total))
    found.sort()
    return found


def _marks_of(groups: GroupDetector, members: Collection[str], min_carriers: float) -> list[str]:
    """Marks that several members carry, sorted."""
    carriers: dict[str, int] = defaultdict(int)
    for account_id in members:
        for key in groups.links_of.get(account_id, ()):
            if key.startswith(_MARKS):
                carriers[key] += 1
    return sorted(key for key, count in carriers.items() if count >= min_carriers)
