"""Alike: accounts that share nothing that has a name, and yet send prompts of one source, loaded evenly.

A seed is one account that asks what a crowd asks, often. Around it those are gathered whose prompts come from the
source of the seed's, then from the source of all gathered so far, a few times over: expectation-maximisation
(Dempster, Laird, Rubin 1977) with hard assignments, for one source against all accounts. What is gathered is judged
like the accounts on a link (``detectors.even_load``). People with one assignment are alike too, and ask the same few
things; of a list that is spread each account gets its own part, so accounts that ask the same are no campaign.

Looking at every account as a seed would cost the square of their number. So in each turn a few are looked at, of a
share of the accounts that changes from turn to turn: a campaign has many members, and any will do. It cannot see
campaigns that ask what everybody asks in the style of everybody, that give their members lists without likeness, or
whose members do much else.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from zlib import crc32

import msgspec

from detectors.even_load import GroupEvidence, content_weight, customers, even_load
from detectors.fingerprint_layout import OPENER_CHARS
from detectors.harvest import HarvestDetector, Suspicion
from detectors.heard import Heard
from detectors.source import Sample, fit_source
from detectors.spec import DetectorSpec
from detectors.vocabulary import codes_of

_STEPS = ((5, 0.6), (15, 0.8), (40, 1.0), (40, 1.0))
"""Accounts, those most alike, from which the source is fitted after each step, and how much of the evidence must be
there: one account tells less of a source than five."""
_LEAST_CORE = 2
_DAY_MINUTES = 24 * 60


class Candidate(msgspec.Struct, frozen=True):
    """What of an account is looked at: recent prompts, fresh exchanges remembered, and those per day."""

    sample: Sample
    exchanges: float
    rate: float


class AlikeDetector:
    """Searches all accounts for those alike."""

    def __init__(
        self, spec: DetectorSpec, harvest: HarvestDetector, accounts: Mapping[str, Suspicion], heard: Heard
    ) -> None:
        self._spec = spec.alike
        self._groups = spec.groups
        self._days = spec.false_alarms.days_per_false_campaign
        self._harvest = harvest
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

    def find(self, at_ms: int, is_free: Callable[[str], bool]) -> Iterator[tuple[str, GroupEvidence]]:
        """Seeds and the evidence on those gathered around them, when it is enough; a seed must be free.

        Whether members are free is for the caller to see. Costs a look at every account for each seed and step.
        """
        candidates = self._candidates(at_ms)
        by_tenant: dict[str | None, dict[str, Candidate]] = defaultdict(dict)
        for account_id, candidate in candidates.items():
            by_tenant[self._accounts[account_id].tenant_id][account_id] = candidate
        gathered: set[str] = set()
        for seed in self._seeds(candidates, self.turn_of(at_ms), is_free):
            if seed in gathered:
                continue
            around = self._gather(seed, by_tenant[self._accounts[seed].tenant_id])
            gathered.update(around)
            evidence = self._judge(around, candidates)
            if evidence is not None and evidence.nats >= self.threshold_nats:
                yield seed, evidence

    def _candidates(self, at_ms: int) -> dict[str, Candidate]:
        """Accounts that are alike in a campaign if any are: active, and asking what a crowd asks. Sorted by id."""
        candidates = {}
        for account_id in sorted(self._accounts):
            state = self._accounts[account_id]
            if state.crowd_ratio < self._groups.job_crowd_ratio:
                continue
            exchanges = self._harvest.rate_at(state, at_ms)
            if exchanges >= self._spec.least_exchanges:
                rate = self._harvest.daily_rate(state, at_ms)
                candidates[account_id] = Candidate(Sample(state), exchanges, rate)
        return candidates

    def _seeds(self, candidates: Mapping[str, Candidate], turn: int, is_free: Callable[[str], bool]) -> list[str]:
        """Seeds of a turn: half of them those that harvest most, for fast campaigns, the rest by lot for slow ones."""
        shares = self._spec.turns
        able = [
            account_id
            for account_id, candidate in candidates.items()
            if _lot(account_id) % shares == turn % shares
            if candidate.exchanges >= self._spec.seed_exchanges and candidate.rate >= self._spec.min_rate
            if is_free(account_id)
        ]
        most = sorted(able, key=lambda a: (-self._accounts[a].harvest, a))[: (self._spec.seeds + 1) // 2]
        drawn = sorted(set(able) - set(most), key=lambda a: (_lot(f"{turn}:{a}"), a))
        return most + drawn[: self._spec.seeds - len(most)]

    def _gather(self, seed: str, candidates: Mapping[str, Candidate]) -> list[str]:
        """Candidates whose prompts are of the seed's source, sorted."""
        core, alike = {seed}, dict[str, float]()
        for size, share in _STEPS:
            least = share * self._spec.nats_to_gather
            source = fit_source([self._accounts[a] for a in sorted(core)], self._heard)
            alike = {
                account_id: nats
                for account_id, candidate in candidates.items()
                if (nats := candidate.sample.nats(source, least)) is not None
            }
            best = set(sorted(alike, key=lambda a: (-alike[a], a))[:size])
            if len(best) < _LEAST_CORE:
                return []
            core = best
        return sorted(alike)

    def _judge(self, around: list[str], candidates: Mapping[str, Candidate]) -> GroupEvidence | None:
        around = customers(around, self._accounts)
        if len(around) < self._groups.min_accounts:
            return None
        rates = [candidates[account_id].rate for account_id in around]
        evidence = even_load(
            self._groups,
            around,
            rates,
            self._accounts,
            least_rate=self._spec.least_rate,
            min_rate=self._spec.min_rate,
        )
        if evidence is None or self._overlap(evidence.accounts) > self._spec.max_overlap:
            return None
        return msgspec.structs.replace(
            evidence, nats=evidence.nats * content_weight(self._groups, evidence.crowd_ratio)
        )

    def _overlap(self, accounts: Sequence[str]) -> float:
        """Share of what one of the accounts asks that another asks too, over all pairs of them."""
        asked = [set(codes_of(self._accounts[account_id].recent, OPENER_CHARS)) for account_id in accounts]
        users = Counter(opener for openers in asked for opener in openers)
        shared = sum(count * (count - 1) for count in users.values()) / max(1, len(asked) - 1)
        return shared / max(1, users.total())


def _lot(text: str) -> int:
    return crc32(text.encode())
