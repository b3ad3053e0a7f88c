"""Linked accounts: evidence that accounts which share something act as one.

People who share an app, a class or a payment method use it each in their own measure: how much varies from member to
member by a factor of e and more. Accounts among which one list is spread are loaded evenly, and more than people are.
For a link with m active members, of which the logarithms of the remembered exchanges have mean u and variance s^2,

* evenness: (m - 1) / 2 * (r - 1 - log r) with r = s^2 / honest variance, when r < 1: the logarithm of the likelihood
  ratio of the members' own spread against the honest one;
* level: m * (u - honest level)^2 / (2 * honest variance), when u is above it, times (1 - r), since a few busy
  accounts that have nothing else in common are no group;

both in nats, counted only as far as the members' requests are what a crowd asks. A search over many links is paid
for: the threshold is the logarithm of the links judged per day times the days between two false campaigns. What it
cannot see: campaigns that copy the spread of honest use, and accounts that share nothing.
"""

import math

import msgspec

from detectors.spec import DetectorSpec

HOUR_MS = 3_600_000
LINK_KINDS = ("address", "configuration", "device", "organization", "payment", "system_prompt", "template")


class Member(msgspec.Struct, array_like=True):
    """One account on a link: exchanges remembered (fading) and when they were counted."""

    exchanges: float
    last_ms: int


class Group(msgspec.Struct, array_like=True):
    """All accounts on one link; about 40 bytes for each as a snapshot."""

    kind: str
    first_ms: int
    members: dict[str, Member] = {}
    accounts: int = 0
    is_popular: bool = False
    judged_day: int = 0


class GroupEvidence(msgspec.Struct, frozen=True):
    """What the active members of a link show together."""

    accounts: tuple[str, ...]
    evenness_nats: float
    level_nats: float
    crowd_ratio: float
    spread: float
    typical: float
    total: float


class GroupDetector:
    """Links by their key; judges those that a closed bucket touched."""

    def __init__(self, spec: DetectorSpec) -> None:
        self._spec = spec.groups
        self._memory_ms = spec.groups.memory_hours * HOUR_MS
        self._days = spec.false_alarms.days_per_false_campaign
        self.groups: dict[str, Group] = {}
        self.judged_per_day = 50.0
        """Links judged on a day, fading: what the search over them costs."""

    @property
    def threshold_nats(self) -> float:
        """Evidence from which a group is named."""
        return math.log(1 + self.judged_per_day * self._days * 24 / self._spec.memory_hours)

    def observe(self, key: str, account_id: str, exchanges: int, end_ms: int) -> None:
        """Count exchanges of an account on a link."""
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(key.partition(":")[0], end_ms)
        member = group.members.get(account_id)
        if member is None:
            group.accounts += 1
            if group.is_popular:
                return
            if len(group.members) >= self._spec.max_members:
                group.is_popular = True
                group.members = {}
                return
            group.members[account_id] = Member(float(exchanges), end_ms)
            return
        fade = math.exp(-max(0, end_ms - member.last_ms) / self._memory_ms)
        member.exchanges = member.exchanges * fade + exchanges
        member.last_ms = max(end_ms, member.last_ms)

    def judge(self, key: str, now_ms: int, crowd_of: dict[str, float]) -> GroupEvidence | None:
        """Evidence on a link now; ``None`` when it has too few active members or is popular."""
        group = self.groups[key]
        spec = self._spec
        if group.accounts < spec.min_accounts or group.is_popular:
            return None
        active = [(a, math.log(exchanges)) for a, exchanges in self.active(key, now_ms, spec.min_exchanges)]
        if len(active) < spec.min_accounts:
            return None
        size = len(active)
        mean = sum(value for _, value in active) / size
        variance = sum((value - mean) ** 2 for _, value in active) / (size - 1)
        honest = spec.honest_spread**2
        ratio = max(variance / honest, 0.02)
        evenness = (size - 1) / 2 * (ratio - 1 - math.log(ratio)) if ratio < 1 else 0.0
        above = mean - math.log(spec.honest_level)
        level = size * above * above / (2 * honest) if above > 0 else 0.0
        crowd = sum(crowd_of.get(account_id, 0.0) for account_id, _ in active) / size
        share = min(1.0, max(0.0, (crowd - spec.job_crowd_ratio) / (spec.crowd_ratio - spec.job_crowd_ratio)))
        return GroupEvidence(
            tuple(account_id for account_id, _ in active),
            evenness,
            level,
            crowd,
            math.sqrt(variance),
            math.exp(mean),
            (evenness + level * max(0.0, 1 - ratio)) * share,
        )

    def active(self, key: str, now_ms: int, min_exchanges: float) -> list[tuple[str, float]]:
        """Accounts on a link with so many remembered exchanges, sorted, and how many."""
        found = []
        for account_id, member in self.groups[key].members.items():
            exchanges = member.exchanges * math.exp(-max(0, now_ms - member.last_ms) / self._memory_ms)
            if exchanges >= min_exchanges:
                found.append((account_id, exchanges))
        found.sort()
        return found

    def forget(self, now_ms: int) -> list[str]:
        """Forget members and links without a trace left; returns the keys that changed."""
        limit_ms = round(6 * self._memory_ms)
        changed = []
        for key, group in list(self.groups.items()):
            stale = [a for a, member in group.members.items() if now_ms - member.last_ms > limit_ms]
            for account_id in stale:
                del group.members[account_id]
            if not group.members and not group.is_popular:
                del self.groups[key]
            if stale:
                changed.append(key)
        return changed
