"""The judge of a link: what the accounts on it show together, by four looks at how much each uses it.

People who share an app, a class or a payment method use it each in their own measure: some a hundred times as much as
others. Accounts over which one list is spread are loaded evenly, and more than most people load themselves. So the
members' rates on a link (remembered exchanges over the time they had for them) are fitted by a mixture of honest use
and one cluster of even load (``detectors.mixture``). The evidence is the logarithm of the likelihood ratio between the
mixture and honest use alone, counted only as far as what the cluster asks is what a crowd asks. On links that many use
lightly, those above a gap in the rates are looked for instead (``detectors.gap``). Many accounts must also be more even
than people who are all busy. An even load as low as people's, or as busy people's, counts where the accounts are
interchangeable (``detectors.interchange``). A list that is asked in conversations begins few of them, so at last all
exchanges are looked at, turns among them: people talk on at very different length, so the load must be high and very
even. What people do in one sitting is even too, so on links that anybody may come to share some accounts must have come
back. An organisation is one customer and counts once, except on devices and where its accounts are interchangeable.

It cannot see campaigns that copy the spread of honest use, small ones that stay below ``min_rate``, or those whose
accounts share nothing.
"""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from detectors.even_load import (
    Bounds,
    GroupEvidence,
    Stay,
    customers,
    even_load,
    is_lasting,
    load_above_gap,
    nats_over_busy,
    weighed,
)
from detectors.interchange import InterchangeDetector
from detectors.link_key import CUSTOMER_KINDS
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion

_THIRD_LOOK_NATS, _FOURTH_LOOK_NATS = math.log(4), math.log(8)
"""A slow list is looked for where neither an even load nor a gap is enough, then conversations: at a quarter and at an
eighth of the chance of the first."""

_SPOKEN_TIMES = 2.0
"""How much higher honest rates of all exchanges are taken to begin than those of what begins something."""


class Use(NamedTuple):
    """How an account uses a link: fresh and all exchanges per day, their share of all it sends, and for how long."""

    account_id: str
    rate: float
    spoken_rate: float
    share: float
    stay: Stay


class LinkJudge:
    """Looks at how accounts use a link."""

    def __init__(self, spec: DetectorSpec, states: Mapping[str, Suspicion], interchange: InterchangeDetector) -> None:
        self._spec = spec.groups
        self._least_dealt = spec.interchange.min_accounts
        self._states = states
        self._interchange = interchange
        even, dealt = spec.groups, spec.interchange
        self._fresh_bounds = Bounds(even.least_rate, even.min_rate, even.member_rate, even.max_spread)
        self._slow_bounds = Bounds(even.least_rate, dealt.min_rate, dealt.member_rate, even.max_spread)
        self._spoken_bounds = Bounds(
            _SPOKEN_TIMES * even.least_rate,
            max(even.spoken_rate, even.min_rate),
            _SPOKEN_TIMES * even.member_rate,
            even.spoken_spread,
        )

    def judge(self, kind: str, uses: list[Use], threshold_nats: float, others: int = 0) -> GroupEvidence | None:
        """Evidence of even load or of a gap; where that is not the threshold, of a slow list or of conversations.

        ``others`` is how many accounts on the link were left out of the uses.
        """
        # These have an honest name, so what is asked on them must speak in full.
        is_strict = kind in CUSTOMER_KINDS
        singles = uses if kind == "device" else self._one_of_each(uses)
        others += len(uses) - len(singles)
        evidence = self._load(singles, others, is_strict=is_strict)
        if is_strict:
            return evidence
        if evidence is not None and not self._lasts(evidence, uses):
            evidence = None
        if evidence is not None and evidence.nats >= threshold_nats:
            return evidence
        return (
            self._slow_list(uses, threshold_nats)
            or self._conversations(uses, singles, others, threshold_nats)
            or evidence
        )

    def _one_of_each(self, uses: list[Use]) -> list[Use]:
        """One use for each organisation: it is one customer, whose people pay, set up and word alike."""
        chosen = frozenset(customers([use.account_id for use in uses], self._states))
        return [use for use in uses if use.account_id in chosen]

    def _load(self, uses: list[Use], others: int, *, is_strict: bool) -> GroupEvidence | None:
        """Evidence of even load among those for whom the link is much of what they do, or of those above a gap."""
        spec = self._spec
        evidence = self._even(uses, self._fresh_bounds)
        if evidence is not None:
            evidence = self._told_from_busy(evidence, uses, others, spec.least_rate)
        elif not is_strict:
            evidence = load_above_gap(spec, _rates(uses, spec.gap_share), self._states, others)
        return evidence and weighed(spec, evidence, is_strict=is_strict)

    def _told_from_busy(
        self, evidence: GroupEvidence, uses: Iterable[Use], others: int, least_rate: float
    ) -> GroupEvidence:
        """The evidence, at most what tells the accounts from busy people where they are enough to tell."""
        spec = self._spec
        rates = _rates(uses, spec.link_share)
        if len(rates) + others < spec.busy_accounts:
            return evidence
        nats = nats_over_busy(spec, rates.values(), evidence.nats, least_rate)
        return msgspec.structs.replace(evidence, nats=min(evidence.nats, nats))

    def _even(self, uses: Iterable[Use], bounds: Bounds) -> GroupEvidence | None:
        """Evidence of even load among those for whom the link is much of what they do."""
        return even_load(self._spec, _rates(uses, self._spec.link_share), self._states, bounds)

    def _slow_list(self, uses: list[Use], threshold_nats: float) -> GroupEvidence | None:
        """Evidence of an even load that people have too, of accounts that are interchangeable, which people are not."""
        if len(uses) < self._least_dealt:
            return None
        evidence = self._even(uses, self._slow_bounds)
        if evidence is None or not self._lasts(evidence, uses):
            return None
        return self._dealt(evidence, threshold_nats, _THIRD_LOOK_NATS)

    def _dealt(self, evidence: GroupEvidence, threshold_nats: float, look_nats: float) -> GroupEvidence | None:
        """Evidence of an even load of accounts that are interchangeable.

        Each must be enough by itself, and the weaker one is what counts; nobody joins a campaign for less.
        """
        nats = weighed(self._spec, evidence).nats - look_nats
        dealt = self._interchange.judge(evidence.accounts, self._states) if nats >= threshold_nats else None
        if dealt is None or dealt.nats - look_nats < threshold_nats:
            return None
        weaker = min(nats, dealt.nats - look_nats)
        return msgspec.structs.replace(evidence, accounts=dealt.accounts, nats=weaker, dealt=dealt)

    def _conversations(
        self, uses: list[Use], singles: list[Use], others: int, threshold_nats: float
    ) -> GroupEvidence | None:
        """Evidence of an even load of all exchanges; nobody joins a campaign for less than the threshold."""
        evidence = self._spoken(singles)
        if evidence is not None:
            told = self._told_from_busy(evidence, _spoken_rates(singles), others, self._spoken_bounds.least_rate)
            nats = weighed(self._spec, told).nats - _FOURTH_LOOK_NATS
            if nats >= threshold_nats:
                return msgspec.structs.replace(told, nats=nats)
        if len(singles) < len(uses):
            evidence = self._spoken(uses)
        return None if evidence is None else self._dealt(evidence, threshold_nats, _FOURTH_LOOK_NATS)

    def _spoken(self, uses: list[Use]) -> GroupEvidence | None:
        """The even load of all exchanges, of accounts that came back."""
        evidence = self._even(_spoken_rates(uses), self._spoken_bounds)
        if evidence is None or len(evidence.accounts) < self._spec.spoken_accounts or not self._lasts(evidence, uses):
            return None
        return msgspec.structs.replace(evidence, is_spoken=True)

    def _lasts(self, evidence: GroupEvidence, uses: list[Use]) -> bool:
        """Whether enough of the accounts came back to the link: a viral prompt is everybody's for an hour."""
        stays = {use.account_id: use.stay for use in uses}
        return is_lasting(self._spec, [stays[account_id] for account_id in evidence.accounts])


def _spoken_rates(uses: Iterable[Use]) -> list[Use]:
    """The uses, with the rates of all exchanges in place of those of fresh ones."""
    return [use._replace(rate=use.spoken_rate) for use in uses]


def _rates(uses: Iterable[Use], least_share: float) -> dict[str, float]:
    """Exchanges per day of the accounts for which the link is at least so much of all they send."""
    return {use.account_id: use.rate for use in uses if use.share >= least_share}
