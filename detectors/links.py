"""Links: who shares what with whom, and how much each uses it.

A link is kept from its second account on; most never see one. What is kept is bounded: of a link that very many use a
share of the accounts, of very many links that one account alone has used a share of the links, both by lot.
"""

import math
from collections.abc import Iterable, KeysView
from zlib import crc32

import msgspec

from detectors.fading import Fading
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.windows import DAY_MS, HOUR_MS, NEVER_MS

_THINNED_RATIO = 0.25
"""Share of the accounts on a link, or of the links with one account, that is kept when they have become too many."""
_MOST_FIRSTS = 1_000_000
"""Links of a day that one account alone has used: some 350 MB of memory. One account can make 64 in each bucket."""
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


class Links:
    """Links by their key, and the accounts on each."""

    def __init__(self, spec: DetectorSpec) -> None:
        self._spec = spec.groups
        self._fading = Fading(spec)
        self._memory_ms = self._fading.memory_ms
        self.groups: dict[str, Group] = {}
        self.keys_of: dict[str, set[str]] = {}
        """Links by account; follows from ``groups``."""
        self.firsts: dict[int, dict[str, str]] = {}
        """By day, the only account that has used a link yet; most links never see a second one."""
        self.firsts_ratio: dict[int, float] = {}
        """By day, the share of links, by lot, of which that is kept."""
        self.changed_firsts: set[tuple[int, str]] = set()
        self._due: dict[int, set[str]] = {}
        """Links by the hour in which the oldest of their members may have to be forgotten."""

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
            member.exchanges = self.exchanges(member, end_ms) + exchanges
            member.last_ms = max(end_ms, member.last_ms)
            return True
        if not _is_kept(account_id, group.kept_ratio):
            return False
        group.members[account_id] = Member(float(exchanges), end_ms, end_ms)
        self.keys_of.setdefault(account_id, set()).add(key)
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

    def exchanges(self, member: Member, now_ms: int) -> float:
        """Exchanges of a member on its link that are remembered now."""
        return member.exchanges * self._fading.left(member.last_ms, now_ms)

    def is_carried(self, group: Group, account_id: str, state: Suspicion, now_ms: int) -> bool:
        """Whether the link carries so much of what an account does that it matters."""
        member = group.members.get(account_id)
        return member is not None and self.exchanges(member, now_ms) >= self._spec.link_share * state.rate

    def remembered(self, key: str, now_ms: int) -> dict[str, float]:
        """Exchanges of every account on a link that are remembered now."""
        memory_ms = self._memory_ms
        return {
            account_id: member.exchanges * math.exp((member.last_ms - now_ms) / memory_ms)
            for account_id, member in self.groups[key].members.items()
        }

    def remembered_of(self, account_id: str, keys: KeysView[str], now_ms: int) -> dict[str, float]:
        """Exchanges of one account that are remembered now, on those of its links that are among the keys."""
        links = self.keys_of.get(account_id)
        if links is None or keys.isdisjoint(links):
            return {}
        return {key: self.exchanges(self.groups[key].members[account_id], now_ms) for key in keys & links}

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
            self.keys_of.setdefault(account_id, set()).add(key)

    def _drop(self, key: str, accounts: Iterable[str]) -> None:
        for account_id in accounts:
            links = self.keys_of.get(account_id)
            if links is not None:
                links.discard(key)
                if not links:
                    del self.keys_of[account_id]


def _oldest_ms(group: Group) -> int | None:
    """When the first of its members was last there; ``None`` without any."""
    return min((member.last_ms for member in group.members.values()), default=None)


def _is_kept(name: str, ratio: float) -> bool:
    """Whether an account or a link is among the share that is kept, by lot."""
    return ratio >= 1 or crc32(name.encode()) < ratio * 2**32
