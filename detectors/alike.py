"""Alike: accounts that share nothing that has a name, and yet send prompts of one source, loaded evenly.

A seed is one account that asks what a crowd asks, often. Around it those are gathered whose prompts come from the
source of the seed's, then from the source of all gathered so far, a few times over: expectation-maximisation
(Dempster, Laird, Rubin 1977) with hard assignments, for one source against all accounts. Of a long list one account's
prompts meet few of another's, so the first steps take the nearest accounts, however little speaks for them. From then
on evidence is asked for, of those in the source by the half of it in which they are not: everybody is like himself, so
any accounts would be alike otherwise (two-fold cross-fitting). What is gathered is judged like the accounts on a link
(``detectors.even_load``), and most must be loaded evenly: what people of every measure ask alike is people's. People
with one assignment are alike too, and ask the same few things; of a list that is spread each account gets its own part,
so accounts that ask the same are no campaign.

Looking at every account as a seed would cost the square of their number. So in each turn a few are looked at, of a
share of the accounts that changes from turn to turn: a campaign has many members, and any will do. It cannot see
campaigns that ask what everybody asks in the style of everybody, that give their members lists without likeness, or
whose members do much else.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeGuard
from zlib import crc32

import numpy as np

from detectors.even_load import Bounds, GroupEvidence, Stay, customers, even_load, is_lasting, weighed
from detectors.fading import Fading
from detectors.fingerprint_layout import OPENER_CHARS
from detectors.heard import Heard, Said
from detectors.overlap import overlap
from detectors.samples import Samples
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.windows import DAY_MS

_NEAREST = (5, 20)
"""Accounts, those most alike, from which the source is fitted after each of the first steps."""
_LIKELY = ((60, 0.8), (200, 1.0), (200, 1.0))
"""The same for the steps in which evidence is asked for, and how much of it: twenty accounts tell less of a source than
sixty."""
_LEAST_CORE = 2
_DAY_MINUTES = 24 * 60
_MOST_IN_SITTING = 0.5
"""Share of what is remembered of an account beyond which one sitting is all that makes it like others."""


class Candidates:
    """Accounts of one tenant that are alike in a campaign if any are, by id, and what of them is looked at."""

    def __init__(self, states: Mapping[str, Suspicion], rates: Mapping[str, float], said: Said) -> None:
        self.accounts = sorted(states)
        self.rates = rates
        """Fresh exchanges per day."""
        self._samples = Samples([states[account_id] for account_id in self.accounts], said)
        self._rows = {account_id: row for row, account_id in enumerate(self.accounts)}

    def alike(
        self, core: Iterable[str], least: float, apart: Iterable[str] = (), of: Iterable[str] | None = None
    ) -> dict[str, float]:
        """Those of all, or of some, whose prompts come from the core's source with so much evidence, and with how much.

        Accounts ``apart`` belong neither to the core nor to the others. All are candidates.
        """
        rows = None if of is None else self._rows_of(of)
        nats = self._samples.nats(self._rows_of(core), self._rows_of(apart), rows)
        return {
            self.accounts[place if rows is None else rows[place]]: float(nats[place])
            for place in np.flatnonzero(nats >= least).tolist()
        }

    def _rows_of(self, accounts: Iterable[str]) -> list[int]:
        return [self._rows[account_id] for account_id in accounts]


class AlikeDetector:
    """Searches all accounts for those alike."""

    def __init__(self, spec: DetectorSpec, accounts: Mapping[str, Suspicion], heard: Heard) -> None:
        self._spec = spec.alike
        self._groups = spec.groups
        self._bounds = Bounds(
            spec.alike.least_rate, spec.alike.min_rate, spec.groups.member_rate, spec.groups.max_spread
        )
        self._days = spec.false_alarms.days_per_false_campaign
        self._fading = Fading(spec)
        self._accounts = accounts
        self._heard = heard

    @property
    def threshold_nats(self) -> float:
        """Evidence from which accounts are named.

        It carries the number of seeds between two false campaigns, and that those gathered were chosen.
        """
        seeds_per_day = self._spec.seeds * _DAY_MINUTES / self._spec.check_minutes
        return math.log(1 + seeds_per_day * self._days) + self._spec.chosen_nats

    def turn_of(self, at_ms: int) -> int:
        """Number of the interval in which the search is made once."""
        return at_ms // round(self._spec.check_minutes * 60_000)

    def is_warm(self, at_ms: int, start_ms: int) -> bool:
        """Whether a deployment that began at ``start_ms`` knows what people ask."""
        return at_ms - start_ms >= self._spec.warm_days * DAY_MS

    def find(self, at_ms: int, is_free: Callable[[str], bool]) -> Iterator[tuple[str, list[str], GroupEvidence]]:
        """Seeds, those gathered around them and the evidence on these, when it is enough; a seed must be free.

        Whether members are free is for the caller to see. Costs a look at every account for each seed and step.
        """
        gathered: set[str] = set()
        by_tenant: dict[str | None, Candidates] = {}
        for seed in self._seeds(at_ms, is_free):
            if seed in gathered:
                continue
            tenant_id = self._accounts[seed].tenant_id
            if tenant_id not in by_tenant:
                rates = self._rates(self._accounts, tenant_id, at_ms)
                own = {account_id: self._accounts[account_id] for account_id in rates}
                by_tenant[tenant_id] = Candidates(own, rates, self._heard.of(tenant_id))
            candidates = by_tenant[tenant_id]
            around = self._gather(seed, candidates)
            gathered.update(around)
            evidence = self._judge(around, candidates.rates)
            if self.is_enough(evidence):
                yield seed, around, evidence

    def is_enough(self, evidence: GroupEvidence | None) -> TypeGuard[GroupEvidence]:
        """Whether evidence would open a campaign."""
        return evidence is not None and evidence.nats >= self.threshold_nats

    def judge(self, accounts: Iterable[str], tenant_id: str | None, at_ms: int) -> GroupEvidence | None:
        """What those of the accounts that are active show together, if they are alike: that is not looked at again."""
        rates = self._rates(accounts, tenant_id, at_ms)
        return self._judge(sorted(rates), rates)

    def goes_on(self, accounts: Iterable[str], tenant_id: str | None, at_ms: int) -> bool:
        """Whether those of the accounts that are active now show what would name them if they were found alike.

        It is for accounts that are known to act as one.
        """
        return self.is_enough(self.judge(accounts, tenant_id, at_ms))

    def _rates(self, accounts: Iterable[str], tenant_id: str | None, at_ms: int) -> dict[str, float]:
        """Daily rates of those of a tenant's accounts that are active and ask what a crowd asks."""
        rates = {}
        for account_id in accounts:
            state = self._accounts.get(account_id)
            if state is None or state.tenant_id != tenant_id or state.crowd_ratio < self._groups.job_crowd_ratio:
                continue
            if self._fading.fresh(state, at_ms) >= self._spec.least_exchanges:
                rates[account_id] = self._fading.fresh_per_day(state, at_ms)
        return rates

    def _seeds(self, at_ms: int, is_free: Callable[[str], bool]) -> list[str]:
        """Seeds of a turn: half of them those that harvest most, for fast campaigns, the rest by lot for slow ones."""
        turn, turns = self.turn_of(at_ms), self._spec.turns
        able = [
            account_id
            for account_id, state in self._accounts.items()
            if _lot(account_id) % turns == turn % turns
            if state.crowd_ratio >= self._groups.job_crowd_ratio
            if self._fading.fresh(state, at_ms) >= self._spec.seed_exchanges
            if self._fading.fresh_per_day(state, at_ms) >= self._spec.min_rate
            if is_free(account_id)
        ]
        most = sorted(able, key=lambda a: (-self._accounts[a].harvest, a))[: (self._spec.seeds + 1) // 2]
        drawn = sorted(set(able) - set(most), key=lambda a: (_lot(f"{turn}:{a}"), a))
        return most + drawn[: self._spec.seeds - len(most)]

    def _gather(self, seed: str, candidates: Candidates) -> list[str]:
        """Candidates whose prompts are of the seed's source, sorted."""
        if seed not in candidates.rates:
            return []
        core = [seed]
        for size in _NEAREST:
            core = _most(candidates.alike(core, -math.inf), size)
        alike = dict[str, float]()
        for size, share in _LIKELY:
            alike = _alike_beside_others(core, candidates, share * self._spec.nats_to_gather)
            core = _most(alike, size)
            if len(core) < _LEAST_CORE:
                return []
        # Whoever is not of the source has led astray; members of it are seeds in their turn.
        return sorted(alike) if seed in alike else []

    def _judge(self, around: list[str], rate_of: Mapping[str, float]) -> GroupEvidence | None:
        around = customers(around, self._accounts)
        if len(around) < self._spec.min_accounts:
            return None
        evidence = even_load(self._groups, {a: rate_of[a] for a in around}, self._accounts, self._bounds)
        if evidence is None or not self._is_even(evidence, around) or not self._lasts(evidence):
            return None
        if overlap((self._accounts[a].recent for a in evidence.accounts), OPENER_CHARS) > self._spec.max_overlap:
            return None
        return weighed(self._groups, evidence)

    def _is_even(self, evidence: GroupEvidence, around: Sequence[str]) -> bool:
        """Whether those with an even load are many, and most of those gathered."""
        return len(evidence.accounts) >= max(self._spec.min_accounts, self._spec.min_even_ratio * len(around))

    def _lasts(self, evidence: GroupEvidence) -> bool:
        return is_lasting(self._groups, [_stay(self._accounts[account_id]) for account_id in evidence.accounts])


def _alike_beside_others(core: list[str], candidates: Candidates, least: float) -> dict[str, float]:
    """Candidates of the core's source, those in it by the other half of it: everybody is like himself."""
    inside = set(core)
    alike = {a: nats for a, nats in candidates.alike(core, least).items() if a not in inside}
    for half, others in ((core[::2], core[1::2]), (core[1::2], core[::2])):
        alike.update(candidates.alike(others, least, apart=half, of=half))
    return alike


def _stay(state: Suspicion) -> Stay:
    """How long an account kept on; one that mostly asked in one sitting was there before for other things."""
    came_back = state.largest_sitting <= _MOST_IN_SITTING * state.rate
    return Stay(state.last_ms - state.first_ms if came_back else 0, state.largest_sitting)


def _most(alike: Mapping[str, float], size: int) -> list[str]:
    """So many accounts that are most alike."""
    return sorted(alike, key=lambda account_id: (-alike[account_id], account_id))[:size]


def _lot(text: str) -> int:
    return crc32(text.encode())
