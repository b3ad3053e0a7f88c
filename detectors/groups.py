"""Linked accounts: who shares what, how much each uses it, and which links are worth a look.

A link is kept from its second account on. What its accounts show together is judged when a bucket has touched it, at
most every half hour (``detectors.link_evidence``). A search over many links is paid for: the threshold is the logarithm
of the links judged in the time of one memory times the number of such times between two false campaigns.
"""

import math
from collections.abc import Collection, Iterable, KeysView, Mapping
from zlib import crc32

import msgspec

from detectors.even_load import GroupEvidence, Stay, Takeovers, content_weight
from detectors.exchange import TEXT_CHARS
from detectors.fading import Fading
from detectors.interchange import InterchangeDetector
from detectors.link_evidence import LinkEvidence, Use
from detectors.link_key import CUSTOMER_KINDS, is_wording, kind_of
from detectors.overlap import overlap
from detectors.sign_test import sign_test_nats
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.windows import DAY_MS, HOUR_MS, NEVER_MS

_THINNED_RATIO = 0.25
"""Share of the accounts on a link, or of the links with one account, that is kept when they have become too many."""
_MOST_FIRSTS = 1_000_000
"""Links of a day that one account alone has used: some 350 MB of memory. One account can make 64 in each bucket."""
_JUDGE_EVERY_MS = HOUR_MS // 2
_TAKEOVER_CAP = 6.0
_SEARCH_PACE = 0.3
"""Part of the mean of links judged per day that the latest day makes up."""
_LEAST_TEXTS = 16
"""Different recent prompts without which it is not told whether an account sends the same as others: a few short
orders, to describe a picture say, are anybody's."""
_TRACE = 4.0
"""Memories after which an account has left no trace on a link."""


class Member(msgspec.Struct, array_like=True):
    """One account on a link: exchanges remembered (fading), when they were last counted, and since when."""

    exchanges: float
    last_ms: int
    first_ms: int


class Group(msgspec.Struct, array_like=True):
    """The accounts on one link; about 40 bytes for each as a snapshot.

    Of a link that very many use, only a share of the accounts, ``kept_ratio``, is kept: the same by lot on all links.
    ``looked_ms`` is the last refusal that was looked at for takeovers; of ``compared`` ones around which others began,
    more began afterwards than before at ``took_over`` of them.
    """

    members: dict[str, Member] = {}
    kept_ratio: float = 1.0
    judged_ms: int = 0
    judged_day: int = 0
    is_pure: bool = False
    took_over: int = 0
    compared: int = 0
    looked_ms: int = NEVER_MS


class GroupDetector:
    """Links by their key; judges those that a closed bucket touched."""

    def __init__(self, spec: DetectorSpec) -> None:
        self._spec = spec.groups
        self._fading = Fading(spec)
        self._memory_ms = self._fading.memory_ms
        self._days = spec.false_alarms.days_per_false_campaign
        self.groups: dict[str, Group] = {}
        self.links_of: dict[str, set[str]] = {}
        """Links by account; follows from ``groups``."""
        self.firsts: dict[int, dict[str, str]] = {}
        """By day, the only account that has used a link yet; most links never see a second one."""
        self.firsts_ratio: dict[int, float] = {}
        """By day, the share of links, by lot, of which that is kept."""
        self.changed_firsts: set[tuple[int, str]] = set()
        self._due: dict[int, set[str]] = {}
        """Links by the hour in which the oldest of their members may have to be forgotten."""
        self._judged_per_day = 0.0
        self._judged_day = 0
        self._judged_today = 0
        self._warm_nats = 0.0

    def watch(self, now_ms: int, start_ms: int) -> None:
        """Ask for more evidence while the deployment, which began at ``start_ms``, is new.

        Who uses a link lightly has hardly been seen yet, so those seen are more alike than its users are.
        """
        is_new = now_ms - start_ms < self._spec.warm_days * DAY_MS
        self._warm_nats = self._spec.warm_nats if is_new else 0.0

    @property
    def threshold_nats(self) -> float:
        """Evidence from which a group is named: it carries the number of links judged in the time of one memory."""
        judged = max(self._judged_per_day, self._judged_today, self._spec.assumed_links)
        return math.log(1 + judged * self._days * DAY_MS / self._memory_ms) + self._warm_nats

    def observe(self, key: str, account_id: str, exchanges: int, end_ms: int) -> bool:
        """Count exchanges of an account on a link; whether that makes it one to judge, or to write.

        It does not while only one account has used the link, nor for an account that is not kept.
        """
        group = self.groups.get(key)
        if group is None:
            if not self._has_second(key, account_id, end_ms // DAY_MS):
                return False
            group = self.groups[key] = Group()
            self._schedule(key, end_ms)
        member = group.members.get(account_id)
        if member is not None:
            member.exchanges = self._faded(member, end_ms) + exchanges
            member.last_ms = max(end_ms, member.last_ms)
            return True
        if not _is_kept(account_id, group.kept_ratio):
            return False
        group.members[account_id] = Member(float(exchanges), end_ms, end_ms)
        self.links_of.setdefault(account_id, set()).add(key)
        if len(group.members) > self._spec.max_members:
            self._thin(key, group)
        return True

    def _thin(self, key: str, group: Group) -> None:
        """Go on with fewer accounts: what they show together does not take all of them."""
        group.kept_ratio *= _THINNED_RATIO
        left_out = [account_id for account_id in group.members if not _is_kept(account_id, group.kept_ratio)]
        self._drop(key, left_out)
        for account_id in left_out:
            del group.members[account_id]

    def _has_second(self, key: str, account_id: str, day: int) -> bool:
        today = self.firsts.setdefault(day, {})
        first = today.get(key) or self.firsts.get(day - 1, {}).get(key)
        if first is None or (first == account_id and key not in today):
            # Also whoever was alone on it yesterday: who comes tomorrow is a second account.
            self._keep_first(day, key, account_id)
        return first is not None and first != account_id

    def _keep_first(self, day: int, key: str, account_id: str) -> None:
        """Note who was alone on a link; of more links than memory is meant for a part is kept, by lot."""
        today, ratio = self.firsts[day], self.firsts_ratio.get(day, 1.0)
        if not _is_kept(key, ratio):
            return
        today[key] = account_id
        self.changed_firsts.add((day, key))
        if len(today) > _MOST_FIRSTS:
            self.firsts_ratio[day] = ratio = ratio * _THINNED_RATIO
            for left_out in [key for key in today if not _is_kept(key, ratio)]:
                del today[left_out]
                self.changed_firsts.add((day, left_out))

    def _faded(self, member: Member, now_ms: int) -> float:
        return member.exchanges * self._fading.left(member.last_ms, now_ms)

    # -- evidence ---------------------------------------------------------------------------------

    def is_due(self, key: str, now_ms: int) -> bool:
        """Whether a link that enough accounts use is to be judged now, which is noted: at most every half hour."""
        group = self.groups[key]
        if len(group.members) < self._spec.min_accounts or now_ms - group.judged_ms < _JUDGE_EVERY_MS:
            return False
        group.judged_ms = now_ms
        return True

    def judge(
        self,
        key: str,
        now_ms: int,
        states: Mapping[str, Suspicion],
        interchange: InterchangeDetector,
        left_out: Collection[str] = (),
        *,
        counts_takeovers: bool = True,
    ) -> GroupEvidence | None:
        """Evidence on a link, of some accounts left out; ``None`` when there is none.

        Takeovers are those of all on the link: they do not count where the accounts left out are a campaign's.
        """
        group, spec = self.groups[key], self._spec
        everybody = self._uses(group, now_ms, states)
        uses = [use for use in everybody if use.account_id not in left_out]
        if len(uses) < spec.min_accounts:
            return None
        self._count_judged(group, now_ms // DAY_MS)
        kind = kind_of(key)
        others = sum(use.account_id in left_out and use.share >= spec.link_share for use in everybody)
        evidence = LinkEvidence(spec, states, interchange).judge(kind, uses, self.threshold_nats, others)
        if evidence is None or self._have_one_assignment(evidence, states):
            return None
        if counts_takeovers:
            evidence = self._with_takeovers(group, kind, evidence)
        # Words are free to anybody; only a thing that is set up or paid for can belong to a campaign alone.
        is_pure = not is_wording(key) and len(evidence.accounts) >= spec.pure_ratio * len(group.members)
        return msgspec.structs.replace(evidence, is_pure=is_pure)

    def _have_one_assignment(self, evidence: GroupEvidence, states: Mapping[str, Suspicion]) -> bool:
        """Whether accounts that would be named send the same prompts: of a list that is spread each gets its own."""
        if evidence.nats < self.threshold_nats:
            return False
        texts = (states[account_id].texts for account_id in evidence.accounts)
        return overlap(texts, TEXT_CHARS, _LEAST_TEXTS) > self._spec.max_overlap

    def _with_takeovers(self, group: Group, kind: str, evidence: GroupEvidence) -> GroupEvidence:
        """The evidence, supported by that of accounts that begin when another is refused: at most as much again."""
        if not group.compared:
            return evidence
        weight = content_weight(self._spec, evidence.crowd_ratio, is_strict=kind in CUSTOMER_KINDS)
        nats = weight * sign_test_nats(group.took_over, group.compared)
        nats = min(nats, _TAKEOVER_CAP, max(0.0, evidence.nats))
        takeovers = Takeovers(group.took_over, group.compared, nats)
        return msgspec.structs.replace(evidence, nats=evidence.nats + nats, takeovers=takeovers)

    def _uses(self, group: Group, now_ms: int, states: Mapping[str, Suspicion]) -> list[Use]:
        """How members for whom the link matters use it, by account."""
        spec, least_share = self._spec, min(self._spec.link_share, self._spec.gap_share)
        uses = []
        for account_id, member in group.members.items():
            state = states.get(account_id)
            exchanges = self._faded(member, now_ms)
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

    def is_carried(self, group: Group, account_id: str, state: Suspicion, now_ms: int) -> bool:
        """Whether the link carries so much of what an account does that it matters."""
        member = group.members.get(account_id)
        return member is not None and self._faded(member, now_ms) >= self._spec.link_share * state.rate

    def remembered(self, key: str, now_ms: int) -> dict[str, float]:
        """Exchanges of every account on a link that are remembered now."""
        memory_ms = self._memory_ms
        return {
            account_id: member.exchanges * math.exp((member.last_ms - now_ms) / memory_ms)
            for account_id, member in self.groups[key].members.items()
        }

    def remembered_of(self, account_id: str, keys: KeysView[str], now_ms: int) -> dict[str, float]:
        """Exchanges of one account that are remembered now, on those of its links that are among the keys."""
        links = self.links_of.get(account_id)
        if links is None or keys.isdisjoint(links):
            return {}
        return {key: self._faded(self.groups[key].members[account_id], now_ms) for key in keys & links}

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

    # -- memory -----------------------------------------------------------------------------------

    def sweep(self, now_ms: int) -> list[str]:
        """Forget members and links without a trace left; returns the keys that changed. Called once per hour."""
        for day in [day for day in self.firsts if day < now_ms // DAY_MS - 1]:
            self.changed_firsts.update((day, key) for key in self.firsts.pop(day))
            self.firsts_ratio.pop(day, None)
        changed = []
        for hour in sorted(hour for hour in self._due if hour <= now_ms // HOUR_MS):
            changed += [key for key in sorted(self._due.pop(hour)) if self._forget(key, now_ms)]
        return changed

    def _forget(self, key: str, now_ms: int) -> bool:
        """Forget the members of a link that left no trace, and when to look again; whether there were any."""
        group = self.groups[key]
        stale = [a for a, member in group.members.items() if now_ms - member.last_ms > _TRACE * self._memory_ms]
        self._drop(key, stale)
        for account_id in stale:
            del group.members[account_id]
        oldest_ms = _oldest_ms(group)
        if oldest_ms is None or now_ms - oldest_ms > _TRACE * self._memory_ms:
            del self.groups[key]
            return True
        self._schedule(key, oldest_ms)
        return bool(stale)

    def _schedule(self, key: str, oldest_ms: int) -> None:
        hour = int(oldest_ms + _TRACE * self._memory_ms) // HOUR_MS + 1
        self._due.setdefault(hour, set()).add(key)

    def restore(self, key: str, group: Group) -> None:
        """Take over a link."""
        self.groups[key] = group
        self._schedule(key, _oldest_ms(group) or 0)
        for account_id in group.members:
            self.links_of.setdefault(account_id, set()).add(key)

    def _drop(self, key: str, accounts: Iterable[str]) -> None:
        for account_id in accounts:
            links = self.links_of.get(account_id)
            if links is not None:
                links.discard(key)
                if not links:
                    del self.links_of[account_id]


def _oldest_ms(group: Group) -> int | None:
    """When the first of its members was last there; ``None`` without any."""
    return min((member.last_ms for member in group.members.values()), default=None)


def _is_kept(name: str, ratio: float) -> bool:
    """Whether an account or a link is among the share that is kept, by lot."""
    return ratio >= 1 or crc32(name.encode()) < ratio * 2**32
