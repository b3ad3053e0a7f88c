"""Link evidence: what the accounts on one link show together, by three looks at it.

People who share an app, a class or a payment method use it each in their own measure: some a hundred times as much as
others. Accounts over which one list is spread are loaded evenly, and more than most people load themselves. So the
members' rates on a link (remembered exchanges over the time they had for them) are fitted by a mixture of honest use
and one cluster of even load (``detectors.mixture``). The evidence is the logarithm of the likelihood ratio between the
mixture and honest use alone, counted only as far as what the cluster asks is what a crowd asks. On links that many use
lightly, those above a gap in the rates are looked for instead (``detectors.gap``). An even load as low as people's
counts where the accounts are interchangeable (``detectors.interchange``). What people do in one sitting is even too,
so on links that anybody may come to share some accounts must have come back.

It cannot see campaigns that copy the spread of honest use, small ones that stay below ``min_rate``, or those whose
accounts share nothing.
"""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from detectors.even_load import GroupEvidence, Stay, even_load, is_lasting, load_above_gap, weighed
from detectors.interchange import InterchangeDetector
from detectors.spec import Groups
from detectors.suspicion import Suspicion

_STRICT_KINDS = frozenset(("payment", "device"))
"""Links with an honest name: a small firm, a household. Their content must speak in full."""
_THIRD_LOOK_NATS = math.log(4)
"""A slow list is looked for where neither an even load nor a gap is enough: at a quarter of the chance of the first."""


class Use(NamedTuple):
    """How an account uses a link: exchanges per day, their share of all it sends, and for how long."""

    account_id: str
    rate: float
    share: float
    stay: Stay


class LinkEvidence:
    """Looks at the accounts on a link."""

    def __init__(self, spec: Groups, states: Mapping[str, Suspicion], interchange: InterchangeDetector) -> None:
        self._spec = spec
        self._states = states
        self._interchange = interchange

    def judge(self, kind: str, uses: list[Use], threshold_nats: float) -> GroupEvidence | None:
        """Evidence of even load or of a gap, or else, where that is not the threshold, of a slow list."""
        is_strict = kind in _STRICT_KINDS
        evidence = self._load(uses, is_strict=is_strict)
        if is_strict:
            return evidence
        if evidence is not None and not self._lasts(evidence, uses):
            evidence = None
        if evidence is not None and evidence.nats >= threshold_nats:
            return evidence
        return self._slow_list(uses, threshold_nats) or evidence

    def _load(self, uses: list[Use], *, is_strict: bool) -> GroupEvidence | None:
        """Evidence of even load among those for whom the link is much of what they do, or of those above a gap."""
        spec = self._spec
        evidence = self._even(uses, spec.min_rate, spec.member_rate)
        if evidence is None and not is_strict:
            accounts, rates = _rates(use for use in uses if use.share >= spec.gap_share)
            evidence = load_above_gap(spec, accounts, rates, self._states)
        return evidence and weighed(spec, evidence, is_strict=is_strict)

    def _even(self, uses: list[Use], min_rate: float, member_rate: float) -> GroupEvidence | None:
        spec = self._spec
        accounts, rates = _rates(use for use in uses if use.share >= spec.link_share)
        return even_load(
            spec, accounts, rates, self._states, least_rate=spec.least_rate, min_rate=min_rate, member_rate=member_rate
        )

    def _slow_list(self, uses: list[Use], threshold_nats: float) -> GroupEvidence | None:
        """Evidence of an even load that people have too, when the accounts are interchangeable, which people are not.

        Each must be enough by itself, and the weaker one is what counts; nobody joins a campaign for less.
        """
        interchange = self._interchange
        if len(uses) < interchange.min_accounts:
            return None
        evidence = self._even(uses, interchange.min_rate, interchange.member_rate)
        if evidence is None or not self._lasts(evidence, uses):
            return None
        nats = weighed(self._spec, evidence).nats - _THIRD_LOOK_NATS
        dealt = interchange.judge(evidence.accounts, self._states) if nats >= threshold_nats else None
        if dealt is None or dealt.nats - _THIRD_LOOK_NATS < threshold_nats:
            return None
        weaker = min(nats, dealt.nats - _THIRD_LOOK_NATS)
        return msgspec.structs.replace(evidence, accounts=dealt.accounts, nats=weaker, dealt=dealt)

    def _lasts(self, evidence: GroupEvidence, uses: list[Use]) -> bool:
        """Whether enough of the accounts came back to the link: a viral prompt is everybody's for an hour."""
        stays = {use.account_id: use.stay for use in uses}
        return is_lasting(self._spec, [stays[account_id] for account_id in evidence.accounts])


def _rates(uses: Iterable[Use]) -> tuple[list[str], list[float]]:
    """The accounts, and their exchanges per day."""
    chosen = list(uses)
    return [use.account_id for use in chosen], [use.rate for use in chosen]
