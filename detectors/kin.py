"""Kin: accounts that an open campaign's members resemble, whatever else they share.

Six resemblances are weighed, each as the logarithm of how much more likely an account is as a member than as any other
account: the marks its exchanges carry (``detectors.marks``), what it asks and in what style (``detectors.source``), its
manner (``detectors.manner``), when it was first seen (``detectors.onset``) and how its client is set up
(``detectors.traits``). They are added; each is capped, because it rests on one account, whose exchanges depend on each
other. It needs a campaign that is open already, and is blind to members who get lists of their own.
"""

import math
from collections.abc import Collection, Container, Iterable, Mapping, Set
from heapq import nsmallest
from zlib import crc32

import msgspec
import numpy as np

from detectors.case import Case
from detectors.everybody import Everybody, Likeness
from detectors.fading import Fading
from detectors.heard import Heard
from detectors.links import Links
from detectors.manner import fit_manner, manner_of
from detectors.marks import Marks, fit_marks, marks_nats
from detectors.mixture import find_cluster
from detectors.onset import fit_onset, onset_nats, onset_of
from detectors.source import STYLE_CAP, Sample, Source, fit_source
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.traits import TraitCounts, Traits, fit_traits, traits_nats
from schemas.account_bucket import AccountBucket

_MARKS_CAP = 8.0
_MANNER_CAP = 6.0
_TRAITS_CAP = 6.0
_POLLED = 300
"""Accounts, drawn by lot, of which it is looked how many resemble a campaign."""
_CROWD_RATIO, _CROWD_TIMES = 0.15, 2.0
"""Share of all accounts, and multiple of the core, beyond which those that resemble it are the crowd."""
_SLOPE_RATIO, _SLOPE_TIMES = 0.04, 3.0
"""Share of all accounts, and multiple of those that come up to a core, beyond which those half way are a slope."""
_APART_RATIO, _APART_TIMES = 0.02, 2.0
"""The same up to which it is apart: what is learned from those that came up to it draws others, too."""
_PEOPLE = 12
"""Accounts, members or those who resemble them, from which it is told whether they are loaded as people are."""
_MOST_RATIO = 0.5
"""Share of them that must not be loaded as people are."""


class Kinship(msgspec.Struct, array_like=True, frozen=True):
    """What the members of a campaign have in common, as of ``turn``; nothing while they have sent too little.

    ``is_common``: so many others have it, too, or half of it, that it tells nothing, or the members and those who have
    it are loaded as people are. ``is_apart``: few have half of it.
    """

    turn: int
    source: Source = Source()
    marks: Marks | None = None
    manner: list[float] = []
    traits: Traits | None = None
    onset: dict[int, float] = {}
    is_common: bool = False
    is_apart: bool = True


class KinDetector:
    """Kinship of every open campaign, and how far an account resembles it."""

    def __init__(
        self,
        spec: DetectorSpec,
        links: Links,
        accounts: Mapping[str, Suspicion],
        heard: Heard,
    ) -> None:
        self._spec = spec.kin
        self._honest_slope, self._min_spread = spec.groups.honest_slope, spec.groups.min_spread
        self._links = links
        self._fading = Fading(spec)
        self._accounts = accounts
        self._heard = heard
        self._everybody: dict[str | None, Everybody] = {}
        """By tenant, as of when kinships were last fitted: what is usual there, no other tenant's ways can tell."""
        self.kinships: dict[str, Kinship] = {}
        """By alert id."""
        self.changed: set[str] = set()
        """Alert ids whose kinships are not written yet."""

    def turn_of(self, at_ms: int) -> int:
        """Number of the interval after which kinships are fitted again."""
        return at_ms // round(self._spec.check_minutes * 60_000)

    def is_due(self, case: Case, at_ms: int) -> bool:
        """Whether the kinship of a campaign is to be fitted; a new campaign's at once."""
        known = self.kinships.get(case.alert_id)
        return known is None or known.turn != self.turn_of(at_ms)

    def fit(self, cases: list[Case], accused: Container[str], at_ms: int) -> None:
        """Fit the kinships of campaigns; costs a look at every account, so all that are due are fitted together."""
        self._everybody = {tenant: known for tenant, known in self._everybody.items() if known.at_ms == at_ms}
        by_tenant: dict[str | None, list[Case]] = {}
        for case in cases:
            by_tenant.setdefault(case.tenant_id, []).append(case)
        for tenant_id, own in by_tenant.items():
            everybody = self._everybody[tenant_id] = self._everybody_of(tenant_id, accused, at_ms)
            polled = self._poll(everybody)
            for case in own:
                kinship = self.kinship_of(case.core, tenant_id)
                self.kinships[case.alert_id] = self._told_apart(kinship, case, polled, everybody)
                self.changed.add(case.alert_id)

    def _everybody_of(self, tenant_id: str | None, accused: Container[str], at_ms: int) -> Everybody:
        accounts = {a: state for a, state in self._accounts.items() if state.tenant_id == tenant_id}
        return Everybody(self._spec, self._fading, accounts, accused, self._heard.of(tenant_id), at_ms)

    def _poll(self, everybody: Everybody) -> list[Likeness]:
        """Accounts by lot."""
        lot = nsmallest(_POLLED, everybody.manners, key=_lot)
        return [known for account_id in lot if (known := self._likeness_of(account_id, everybody.at_ms)) is not None]

    def _told_apart(self, kinship: Kinship, case: Case, polled: list[Likeness], everybody: Everybody) -> Kinship:
        """The kinship of a campaign's core, with what a poll of others says about how common it is.

        Members of a list stand apart from everybody else. Where most people ask what a core asks, its likeness is
        theirs: whoever joins then, and is learned from, brings the next.
        """
        join, core = self._spec.nats_to_join, frozenset(case.core)
        others = [account for account in polled if account.account_id not in core]
        nats = [self._nats(kinship, account, everybody.at_ms, join / 2) for account in others]
        alike = [account.account_id for account, own in zip(others, nats, strict=True) if own >= join]
        half_way = sum(join / 2 <= n < join for n in nats)
        most = max(_CROWD_RATIO * len(everybody.manners), _CROWD_TIMES * len(core))
        is_crowd = len(alike) * len(everybody.manners) > most * len(others)
        is_slope = half_way > max(_SLOPE_RATIO * len(others), _SLOPE_TIMES * len(alike))
        is_apart = half_way <= max(_APART_RATIO * len(others), _APART_TIMES * len(alike))
        is_peoples = self._is_peoples(case, alike, everybody.at_ms)
        return msgspec.structs.replace(kinship, is_common=is_crowd or is_slope or is_peoples, is_apart=is_apart)

    def _is_peoples(self, case: Case, alike: Iterable[str], at_ms: int) -> bool:
        """Whether a campaign's accounts and those who resemble its core are loaded as people are, with its core or not.

        Costs a millisecond.
        """
        everyone = case.accounts.keys() | set(alike)
        # A large core hides how its followers are loaded; one that learned from them is of their kind.
        return self._are_people(everyone, at_ms) or self._are_people(everyone - set(case.core), at_ms)

    def _are_people(self, account_ids: Set[str], at_ms: int) -> bool:
        """Whether accounts are loaded as people are: a few much, most hardly.

        Members of a campaign need not be loaded evenly, but hardly one of them lightly. Of few it cannot be told.
        """
        states = [self._accounts[a] for a in sorted(account_ids) if a in self._accounts]
        # Remembered exchanges, not rates: of an account of a day two are a higher rate than of one of a week.
        times = [self._fading.fresh(state, at_ms) / self._spec.least_exchanges for state in states]
        loads = np.log([many for many in times if many >= 1])
        if len(loads) < _PEOPLE:
            return False
        cluster = find_cluster(loads, self._honest_slope, self._min_spread, math.inf)
        return cluster.nats <= 0 or cluster.ratio < _MOST_RATIO

    def kinship_of(self, core: Collection[str], tenant_id: str | None) -> Kinship:
        """What some of a tenant's accounts have in common, told from all of its that were there at the last fit."""
        everybody = self._everybody[tenant_id]
        turn = self.turn_of(everybody.at_ms)
        inside = everybody.exchanges_of(core)
        if inside < self._spec.min_exchanges or everybody.exchanges <= inside:
            return Kinship(turn)
        states = [self._accounts[a] for a in core if a in self._accounts]
        outside = everybody.exchanges - inside
        return Kinship(
            turn,
            fit_source(states, everybody.said),
            fit_marks(self._spec, self._links, frozenset(core), everybody.accused, inside, outside, everybody.at_ms),
            fit_manner([everybody.manners[a] for a in core if everybody.manners.get(a, -1) >= 0], everybody.manner),
            fit_traits(TraitCounts(states), everybody.traits),
            fit_onset(map(onset_of, states), everybody.onsets),
        )

    def forget(self, open_cases: Container[str]) -> None:
        """Let go of the kinships of campaigns that have ended."""
        for alert_id in [alert_id for alert_id in self.kinships if alert_id not in open_cases]:
            del self.kinships[alert_id]
            self.changed.add(alert_id)

    def find(self, cases: list[Case], records: list[AccountBucket], at_ms: int) -> list[tuple[Case, dict[str, float]]]:
        """Cases with the accounts of the records that are kin of each, and how surely (nats).

        An account is kin of the first case it resembles.
        """
        found: list[tuple[Case, dict[str, float]]] = [
            (case, {}) for case in cases if not self.kinships[case.alert_id].is_common
        ]
        for record in records if found else ():
            account = self._likeness_of(record.account_id, at_ms)
            if account is None:
                continue
            for case, kin in found:
                is_tenants = record.tenant_id == case.tenant_id
                nats = self._nats(self.kinships[case.alert_id], account, at_ms) if is_tenants else -math.inf
                if nats >= self._spec.nats_to_join:
                    kin[account.account_id] = nats
                    break
        return [(case, kin) for case, kin in found if kin]

    def among(self, case: Case, account_ids: Iterable[str], at_ms: int) -> list[str]:
        """Those of the accounts, all of the case's tenant, that are kin of it."""
        if self.kinships[case.alert_id].is_common:
            return []
        nats = self._nats_of(self.kinships[case.alert_id], account_ids, at_ms)
        return [account_id for account_id in nats if nats[account_id] >= self._spec.nats_to_join]

    def sure(self, case: Case, at_ms: int) -> list[str]:
        """Members outside a small core that resemble it surely enough to learn from them what they share."""
        missing = self._spec.core_accounts - len(case.core)
        kinship = self.kinships.get(case.alert_id)
        if kinship is None or missing <= 0 or kinship.is_common or not kinship.is_apart:
            return []
        others = sorted(case.accounts.keys() - set(case.core))
        nats = self._nats_of(kinship, others, at_ms)
        least = self._spec.nats_to_join + self._spec.sure_nats
        return [account_id for account_id in nats if nats[account_id] >= least][:missing]

    def compare_members(self, case: Case, at_ms: int) -> dict[str, float]:
        """Of each member that went on since the last check, how much likelier it is one than none (nats).

        The core is what the others are compared with, so it is left out.
        """
        since_ms = at_ms - round(self._spec.check_minutes * 60_000)
        went_on = [a for a in sorted(case.accounts.keys() - set(case.core)) if self._went_on(a, since_ms)]
        return self.compare(self.kinships[case.alert_id], went_on, at_ms)

    def compare(self, kinship: Kinship, account_ids: Iterable[str], at_ms: int) -> dict[str, float]:
        """Of each account that has done enough, how much likelier it is one of those than none (nats)."""
        return self._nats_of(kinship, account_ids, at_ms, least=-math.inf)

    def is_comparable(self, account_id: str, at_ms: int) -> bool:
        """Whether an account has done enough to be compared."""
        state = self._accounts.get(account_id)
        return state is not None and self._fading.fresh(state, at_ms) >= self._spec.least_exchanges

    def _went_on(self, account_id: str, since_ms: int) -> bool:
        state = self._accounts.get(account_id)
        return state is not None and state.last_ms > since_ms

    def _nats_of(
        self, kinship: Kinship, account_ids: Iterable[str], at_ms: int, least: float | None = None
    ) -> dict[str, float]:
        """Likeness of those accounts that have done enough to be compared; nothing while the members have not."""
        if kinship.marks is None:
            return {}
        likenesses = [self._likeness_of(account_id, at_ms) for account_id in account_ids]
        return {a.account_id: self._nats(kinship, a, at_ms, least) for a in likenesses if a is not None}

    def _likeness_of(self, account_id: str, at_ms: int) -> Likeness | None:
        """What of an account is compared; ``None`` when it has done too little."""
        state = self._accounts.get(account_id)
        if state is None:
            return None
        exchanges = self._fading.fresh(state, at_ms)
        if exchanges < self._spec.least_exchanges:
            return None
        manner = manner_of(state, self._fading.fresh_per_day(state, at_ms))
        return Likeness(account_id, state, exchanges, manner)

    def _nats(self, kinship: Kinship, account: Likeness, at_ms: int, least: float | None = None) -> float:
        """How much likelier an account is a member than any other (nats); -inf where it cannot reach ``least``.

        That is what it takes to join, unless given.
        """
        if kinship.marks is None:
            return -math.inf
        least = self._spec.nats_to_join if least is None else least
        nats = _manner_nats(kinship, account.manner) + onset_nats(kinship.onset, account.state)
        nats += account.sample.asked_nats(kinship.source)
        # Most accounts are out of reach by what they ask already; set-up and style cost most to weigh.
        if nats + _MARKS_CAP + _TRAITS_CAP + STYLE_CAP < least:
            return -math.inf
        carried = self._links.remembered_of(account.account_id, kinship.marks.weights.keys(), at_ms)
        # Who carries no mark has no more than 0 from them.
        if carried or nats + _TRAITS_CAP + STYLE_CAP >= least:
            nats += min(_MARKS_CAP, marks_nats(kinship.marks, carried, account.exchanges))
        if nats + _TRAITS_CAP + STYLE_CAP < least:
            return -math.inf
        if kinship.traits is not None:
            nats += traits_nats(kinship.traits, account.state, _TRAITS_CAP)
        return nats + account.sample.style_nats(kinship.source) if nats + STYLE_CAP >= least else -math.inf

    def is_unlike(self, case: Case, account_id: str, at_ms: int) -> bool:
        """Whether what an account asks, and how, speaks against it although it shares a link with the members."""
        kinship = self.kinships.get(case.alert_id)
        if kinship is None or kinship.marks is None:
            return False
        state = self._accounts[account_id]
        manner = manner_of(state, self._fading.fresh_per_day(state, at_ms))
        nats = Sample(state).asked_nats(kinship.source) + _manner_nats(kinship, manner)
        return nats <= self._spec.least_nats_of_linked


def _lot(account_id: str) -> tuple[int, str]:
    return crc32(account_id.encode("utf-8", "surrogatepass")), account_id


def _manner_nats(kinship: Kinship, manner: int) -> float:
    return 0.0 if manner < 0 else max(-_MANNER_CAP, min(_MANNER_CAP, kinship.manner[manner]))
