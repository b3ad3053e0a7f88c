"""Groups: whether the accounts on a link act as one, told from how much each of them uses it.

What they show together is judged (``detectors.link_judge``) when a bucket has touched the link, at most every half
hour. A search over many links is paid for: the threshold is the logarithm of the links judged in the time of one memory
times the number of such times between two false campaigns.
"""

import math
from collections.abc import Collection, Mapping

import msgspec

from detectors.even_load import GroupEvidence, Stay, Takeovers, content_weight
from detectors.exchange import TEXT_CHARS
from detectors.fading import Fading
from detectors.interchange import InterchangeDetector
from detectors.link_judge import LinkJudge, Use
from detectors.link_key import CUSTOMER_KINDS, is_wording, kind_of
from detectors.links import Group, Links
from detectors.overlap import overlap
from detectors.sign_test import sign_test_nats
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.vocabulary import codes_of
from detectors.windows import DAY_MS, HOUR_MS

_JUDGE_EVERY_MS = HOUR_MS // 2
_TAKEOVER_CAP = 6.0
_SEARCH_PACE = 0.3
"""Part of the mean of links judged per day that the latest day makes up."""
_LEAST_TEXTS = 16
"""Different recent prompts without which it is not told whether an account sends the same as others: a few short
orders, to describe a picture say, are anybody's."""


class GroupDetector:
    """Judges links, each by its accounts."""

    def __init__(
        self, spec: DetectorSpec, links: Links, accounts: Mapping[str, Suspicion], interchange: InterchangeDetector
    ) -> None:
        self._spec = spec.groups
        self._days = spec.false_alarms.days_per_false_campaign
        self._links = links
        self._accounts = accounts
        self._fading = Fading(spec)
        self._link_judge = LinkJudge(spec, accounts, interchange)
        self._judged_per_day = 0.0
        self._judged_day = 0
        self._judged_today = 0
        self._warm_nats = 0.0

    def note_age(self, now_ms: int, start_ms: int) -> None:
        """Ask for more evidence while the deployment, which began at ``start_ms``, is new.

        Who uses a link lightly has hardly been seen yet, so those seen are more alike than its users are.
        """
        is_new = now_ms - start_ms < self._spec.warm_days * DAY_MS
        self._warm_nats = self._spec.warm_nats if is_new else 0.0

    @property
    def threshold_nats(self) -> float:
        """Evidence from which a group is named: it carries the number of links judged in the time of one memory."""
        judged = max(self._judged_per_day, self._judged_today, self._spec.assumed_links)
        return math.log(1 + judged * self._days * DAY_MS / self._fading.memory_ms) + self._warm_nats

    def is_due(self, key: str, now_ms: int) -> bool:
        """Whether a link that enough accounts use is to be judged now, which is noted: at most every half hour."""
        group = self._links.groups[key]
        if len(group.members) < self._spec.min_accounts or now_ms - group.judged_ms < _JUDGE_EVERY_MS:
            return False
        group.judged_ms = now_ms
        return True

    def judge(
        self, key: str, now_ms: int, left_out: Collection[str] = (), *, counts_takeovers: bool = True
    ) -> GroupEvidence | None:
        """Evidence on a link, of some accounts left out; ``None`` when there is none.

        Takeovers are those of all on the link: they do not count where the accounts left out are a campaign's.
        """
        group, spec = self._links.groups[key], self._spec
        everybody = self._uses(group, now_ms)
        uses = [use for use in everybody if use.account_id not in left_out]
        if len(uses) < spec.min_accounts:
            return None
        self._count_judged(group, now_ms // DAY_MS)
        kind = kind_of(key)
        others = sum(use.account_id in left_out and use.share >= spec.link_share for use in everybody)
        evidence = self._link_judge.judge(kind, uses, self.threshold_nats, others)
        if evidence is not None and counts_takeovers:
            evidence = self._with_takeovers(group, kind, evidence)
        if evidence is None or self._have_one_assignment(evidence):
            return None
        # Words are free to anybody; only a thing that is set up or paid for can belong to a campaign alone.
        is_pure = not is_wording(key) and len(evidence.accounts) >= spec.pure_ratio * len(group.members)
        return msgspec.structs.replace(evidence, is_pure=is_pure)

    def _have_one_assignment(self, evidence: GroupEvidence) -> bool:
        """Whether accounts that would be named send the same prompts: of a list that is spread each gets its own."""
        if evidence.nats < self.threshold_nats:
            return False
        texts = [self._accounts[account_id].texts for account_id in evidence.accounts]
        told = [own for own in texts if len(set(codes_of(own, TEXT_CHARS))) >= _LEAST_TEXTS]
        # A few accounts do not tell what most of them send.
        return 2 * len(told) >= len(texts) and overlap(told, TEXT_CHARS) > self._spec.max_overlap

    def _with_takeovers(self, group: Group, kind: str, evidence: GroupEvidence) -> GroupEvidence:
        """The evidence, supported by that of accounts that begin when another is refused: at most as much again."""
        if not group.compared:
            return evidence
        weight = content_weight(self._spec, evidence.crowd_ratio, is_strict=kind in CUSTOMER_KINDS)
        nats = weight * sign_test_nats(group.took_over, group.compared)
        nats = min(nats, _TAKEOVER_CAP, max(0.0, evidence.nats))
        takeovers = Takeovers(group.took_over, group.compared, nats)
        return msgspec.structs.replace(evidence, nats=evidence.nats + nats, takeovers=takeovers)

    def _uses(self, group: Group, now_ms: int) -> list[Use]:
        """How members for whom the link matters use it, by account."""
        spec, least_share = self._spec, min(self._spec.link_share, self._spec.gap_share)
        uses = []
        for account_id, member in group.members.items():
            state = self._accounts.get(account_id)
            exchanges = self._links.exchanges(member, now_ms)
            if exchanges < spec.least_exchanges or state is None:
                continue
            of_all = self._fading.fresh(state, now_ms)
            if exchanges < least_share * of_all:
                continue
            days = self._fading.days(member.first_ms, now_ms)
            share = exchanges / of_all if of_all > 0 else 1.0
            spoken = share * self._fading.exchanges(state, now_ms)
            stay = Stay(member.last_ms - member.first_ms, exchanges)
            uses.append(Use(account_id, exchanges / days, spoken / days, share, stay))
        return sorted(uses)

    # -- what the search costs --------------------------------------------------------------------

    def _count_judged(self, group: Group, day: int) -> None:
        """Count the links judged per day, each once."""
        if day != self._judged_day:
            if self._judged_today:
                # The first day is all that is known; a mean that began at nothing would take weeks to be paid for.
                pace = _SEARCH_PACE if self._judged_per_day else 1.0
                self._judged_per_day += pace * (self._judged_today - self._judged_per_day)
            self._judged_day, self._judged_today = day, 0
        if group.judged_day != day:
            group.judged_day = day
            self._judged_today += 1

    def search_cost(self) -> tuple[float, int, int]:
        """Links judged per day (fading), the present day, and those judged on it."""
        return self._judged_per_day, self._judged_day, self._judged_today

    def restore_search_cost(self, per_day: float, day: int, today: int) -> None:
        """Take over what ``search_cost`` gave."""
        self._judged_per_day, self._judged_day, self._judged_today = per_day, day, today
