"""Even load: whether accounts that something brings together are used alike, and more than most people use theirs.

The rates of honest accounts spread widely, as a Pareto law does; those over which one list is spread do not. The
evidence is the logarithm of the likelihood ratio between a mixture of honest use with one cluster of even load and
honest use alone (``detectors.mixture``). It is blind to campaigns that copy the spread of honest use, and to what is
slower than honest use can be. Accounts that lived for one sitting only are no evidence: people's sittings are alike.
Users of an app that most of them use all day are above any such law, so of many accounts it can also be told how much
more even they are than people who all use it about as much (``nats_over_busy``).
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors.exchange import NOBODY
from detectors.gap import find_gap
from detectors.mixture import find_cluster, penalty_nats
from detectors.spec_sections import Groups
from detectors.suspicion import Suspicion
from detectors.windows import HOUR_MS

_MOST_ABOVE_RATIO = 0.65
"""Share of the accounts on a link that are in a gap or above it, at most, where they are many: of people who are all
busy only a few are far below the rest, too. Campaigns that hold more of a link are for the even load."""
_KNOWN_ACCOUNTS = 100
"""How busy people spread is not known well enough for more accounts to tell more."""
_SECOND_LOOK_NATS = math.log(2)
"""A gap is looked for where no even load was found: a second look at the link, at half the chance of the first."""


class Dealt(msgspec.Struct, frozen=True):
    """Evidence that one stream of prompts is dealt out to accounts, and the share of them that keep to nothing."""

    accounts: tuple[str, ...]
    nats: float
    ratio: float


class Takeovers(msgspec.Struct, frozen=True):
    """At how many of the refusals ``compared`` more of the other accounts began afterwards than before; nats of it."""

    took_over: int
    compared: int
    nats: float


class GroupEvidence(msgspec.Struct, frozen=True):
    """What accounts show together; rates are exchanges per account and day.

    ``is_pure``: hardly anybody else has what brings them together. ``is_apart``: others do, but a gap lies between
    their rates and those of the accounts. ``is_spoken``: rates are of all exchanges, not only of those that begin
    something. ``dealt``: people may be loaded so too, but the accounts are interchangeable. What ``takeovers``
    tell is part of the nats.
    """

    accounts: tuple[str, ...]
    nats: float
    rate: float
    spread: float
    ratio: float
    crowd_ratio: float
    is_pure: bool = False
    is_apart: bool = False
    is_spoken: bool = False
    dealt: Dealt | None = None
    takeovers: Takeovers | None = None


class Stay(NamedTuple):
    """How long an account kept on: milliseconds from its first to its latest exchange, and exchanges remembered."""

    lasted_ms: int
    exchanges: float


class Bounds(NamedTuple):
    """What is asked of a cluster; rates are exchanges per account and day.

    Parameters
    ----------
    least_rate
        Rate at which those of honest accounts begin.
    min_rate
        Rate below which a cluster is like honest use.
    member_rate
        Rate below which an account is not named with a cluster.
    max_spread
        Largest standard deviation of log rates in a cluster.
    """

    least_rate: float
    min_rate: float
    member_rate: float
    max_spread: float


def even_load(
    spec: Groups, rates: Mapping[str, float], states: Mapping[str, Suspicion], bounds: Bounds
) -> GroupEvidence | None:
    """Evidence of a cluster of even load among accounts, whatever they ask; ``None`` when there is none.

    ``rates`` are the accounts' exchanges per day. Costs about half a millisecond for a hundred accounts.
    """
    if sum(rate >= bounds.min_rate for rate in rates.values()) < spec.min_accounts - 1:
        return None
    values = _logs(rates.values(), bounds.least_rate)
    cluster = find_cluster(values, spec.honest_slope, spec.min_spread, bounds.max_spread)
    rate = bounds.least_rate * math.exp(cluster.centre)
    size = sum(cluster.certainty)
    if rate < bounds.min_rate or cluster.ratio < spec.min_cluster_ratio or size < spec.min_accounts - 0.5:
        return None
    named = tuple(
        account_id
        for (account_id, own_rate), certainty in zip(rates.items(), cluster.certainty, strict=True)
        if certainty >= spec.certainty and own_rate >= bounds.member_rate
        if states[account_id].crowd_ratio >= spec.job_crowd_ratio
    )
    crowd = _crowd_ratio(rates, cluster.certainty, states)
    return GroupEvidence(named, cluster.nats, rate, cluster.spread, cluster.ratio, crowd)


def nats_over_busy(spec: Groups, rates: Collection[float], even_nats: float, least_rate: float) -> float:
    """Evidence of a cluster over busy people, who mostly use a link about as much, with some light users among them.

    Theirs is the same mixture with a cluster as wide as people's rates are, wherever it is. ``even_nats`` is what
    ``even_load`` gave for the rates. The penalty is paid once more: both mixtures were fitted. Only the share
    ``busy_link_ratio`` of links is theirs, so minus its logarithm is added. Costs as much as ``even_load``.
    """
    size = len(rates)
    people = find_cluster(_logs(rates, least_rate), spec.honest_slope, spec.busy_spread, math.inf)
    nats = (even_nats - people.nats) * min(1.0, _KNOWN_ACCOUNTS / size) - penalty_nats(min(size, _KNOWN_ACCOUNTS))
    return nats - math.log(spec.busy_link_ratio)


def load_above_gap(
    spec: Groups, rates: Mapping[str, float], states: Mapping[str, Suspicion], others: int = 0
) -> GroupEvidence | None:
    """Evidence of an even load above a gap; ``None`` when there is none. ``rates`` as for ``even_load``.

    ``others`` is how many accounts on the link were left out.
    """
    if sum(rate >= spec.min_rate for rate in rates.values()) < spec.min_accounts:
        return None
    most_ratio = _MOST_ABOVE_RATIO if len(rates) + others >= spec.busy_accounts else 1.0
    gap = find_gap(rates.values(), spec.gap_slope, spec.member_rate, spec.min_accounts, most_ratio)
    nats = 0.0 if gap is None else gap.nats - _SECOND_LOOK_NATS
    if gap is None or nats <= 0:
        return None
    above = {a: rate for a, rate in rates.items() if gap.low <= rate <= gap.high}
    values = np.log(list(above.values()))
    rate = math.exp(float(values.mean()))
    named = tuple(a for a in above if states[a].crowd_ratio >= spec.job_crowd_ratio)
    crowd = _crowd_ratio(named, [1.0] * len(named), states)
    # They do other things too: what they ask must speak in full.
    if rate < spec.min_rate or len(named) < spec.min_accounts or crowd < spec.crowd_ratio:
        return None
    return GroupEvidence(named, nats, rate, float(values.std()), len(above) / len(rates), crowd, is_apart=True)


def customers(accounts: Iterable[str], states: Mapping[str, Suspicion]) -> list[str]:
    """The accounts, but of each organisation only the first: it is one customer, and pays for all its accounts."""
    chosen, known = [], set[int]()
    for account_id in accounts:
        organization = states[account_id].organization if account_id in states else NOBODY
        if organization not in known:
            chosen.append(account_id)
        if organization != NOBODY:
            known.add(organization)
    return chosen


def is_lasting(spec: Groups, stays: Sequence[Stay]) -> bool:
    """Whether enough accounts have come back, or sent more than people do in one sitting."""
    lasting = sum(
        stay.lasted_ms >= spec.lasting_hours * HOUR_MS or stay.exchanges >= spec.sitting_exchanges for stay in stays
    )
    return lasting >= spec.lasting_ratio * len(stays)


def content_weight(spec: Groups, crowd_ratio: float, *, is_strict: bool = False) -> float:
    """How far what a cluster asks is what a crowd asks, 0 to 1; all or nothing when it is to be strict."""
    if is_strict:
        return 1.0 if crowd_ratio >= spec.strict_crowd_ratio else 0.0
    low, full = spec.job_crowd_ratio, spec.crowd_ratio
    return min(1.0, max(0.0, (crowd_ratio - low) / (full - low)))


def weighed(spec: Groups, evidence: GroupEvidence, *, is_strict: bool = False) -> GroupEvidence:
    """The evidence in proportion to how far what the accounts ask is what a crowd asks."""
    weight = content_weight(spec, evidence.crowd_ratio, is_strict=is_strict)
    return msgspec.structs.replace(evidence, nats=evidence.nats * weight)


def _logs(rates: Iterable[float], least_rate: float) -> NDArray[np.float64]:
    """Logarithms of rates over the least one, at least 0: what a mixture is fitted to."""
    return np.maximum(0.0, np.log(np.array(list(rates)) / least_rate))


def _crowd_ratio(accounts: Iterable[str], certainty: Sequence[float], states: Mapping[str, Suspicion]) -> float:
    """Popularity of what the cluster asks, each slot weighed by how surely its account is in it."""
    weighted = total = 0.0
    for account_id, sure in zip(accounts, certainty, strict=True):
        weighted += sure * states[account_id].popular
        total += sure * states[account_id].slots
    return weighted / total if total else 0.0
