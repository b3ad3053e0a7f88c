"""Taking over: when one account is refused, another that shares a link with it begins.

Whoever spreads one job over many accounts goes on with the next one when one is refused; people wait, or try again. To
*begin* is to be answered after an hour of silence or more. When an account that was at work is refused, it is counted
how many of the others on its links begin in the ten minutes after it, and how many began in the ten minutes before.

Accounts that have nothing to do with each other begin before it as often as after it, however many they are. So each
refusal around which the two numbers differ is one toss of a fair coin (``detectors.sign_test``). Two rules keep it
fair. A link is looked at once an hour at most, whatever was found. And an account that was not at work for ten minutes
does not count, since jobs that begin together are refused together.

It is blind to harnesses that are never refused, that use an account up in less than ten minutes or all accounts all the
time, and to links that very many use. Its false alarm is one service that falls back on another account of its own; but
accounts of the refused one's organisation do not count.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from detectors.exchange import NOBODY
from detectors.links import Group, Links
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.windows import DAY_MS, HOUR_MS, NEVER_MS
from schemas.account_bucket import AccountBucket

_WINDOW_MS = HOUR_MS // 6
_LONGEST_BUCKET_MS = 2 * _WINDOW_MS
"""Longest bucket for which anything is counted. With longer ones an account that had begun before a refusal may have
begun again by the time at which it is looked."""
_FEW_REFUSED, _OUTAGE_RATIO = 16, 0.1
"""When more accounts of a tenant than the first number, and than this share of those active, are refused in one bucket,
it is an outage, which tells nothing about any of them."""
_MOST_REFUSED = 256
"""Refusals of one bucket that are looked at."""
_MOST_USERS = 500
"""Most accounts on a link that is looked at: among more, somebody begins all the time."""
_HALVE_AFTER = 96
_FORGET_AFTER_MS = 14 * DAY_MS


class Refusal(NamedTuple):
    """When an account was refused; milliseconds since the epoch."""

    at_ms: int
    account_id: str


class TakeoverDetector:
    """Counts on every link whether others begin when one is refused."""

    def __init__(self, spec: DetectorSpec, links: Links, accounts: Mapping[str, Suspicion]) -> None:
        self._bucket_ms = spec.bucket_seconds * 1000
        self._least_users = spec.groups.min_accounts
        self._links = links
        self._accounts = accounts
        self.refused: dict[int, list[Refusal]] = {}
        """By the start of their bucket, refusals that are not looked at yet, in their order."""

    def observe(self, records: list[AccountBucket]) -> None:
        """Remember who was refused while at work; the records are of one bucket, and judged."""
        if self._bucket_ms > _LONGEST_BUCKET_MS:
            return
        active = Counter(record.tenant_id for record in records)
        refused: dict[str | None, list[AccountBucket]] = defaultdict(list)
        for record in records:
            if record.refused_ms >= 0:
                refused[record.tenant_id].append(record)
        refusals = sorted(
            Refusal(record.refused_ms, record.account_id)
            for tenant_id, those in refused.items()
            if len(those) <= max(_FEW_REFUSED, _OUTAGE_RATIO * active[tenant_id])
            for record in those
            if self._was_at_work(record)
        )
        if refusals:
            self.refused[records[0].start_ms] = refusals[:_MOST_REFUSED]

    def _was_at_work(self, record: AccountBucket) -> bool:
        return NEVER_MS < self._accounts[record.account_id].began_ms <= record.refused_ms - _WINDOW_MS

    def count(self, now_ms: int) -> set[str]:
        """Look at refusals of ten minutes ago; returns the links that were looked at.

        Records that begin at ``now_ms`` or later have not been judged yet.
        """
        looked: set[str] = set()
        for start_ms in sorted(ms for ms in self.refused if ms + self._bucket_ms + _WINDOW_MS <= now_ms):
            for refusal in self.refused.pop(start_ms):
                links = self._links.keys_of.get(refusal.account_id, ())
                looked.update(key for key in links if self._look(self._links.groups[key], refusal))
        return looked

    def _look(self, group: Group, refusal: Refusal) -> bool:
        """Compare how many of the others on a link began before and after a refusal; ``False`` if it is not due."""
        since_ms = refusal.at_ms - group.looked_ms
        is_whole = group.kept_ratio >= 1 and len(group.members) <= _MOST_USERS
        if since_ms < HOUR_MS or not is_whole or len(group.members) < self._least_users:
            return False
        group.looked_ms = refusal.at_ms
        if since_ms > _FORGET_AFTER_MS:
            group.compared = group.took_over = 0
        elif group.compared >= _HALVE_AFTER:
            group.compared, group.took_over = group.compared // 2, group.took_over // 2
        began = [at_ms - refusal.at_ms for at_ms in self._beginnings(group.members, refusal.account_id)]
        before, after = sum(-_WINDOW_MS <= ms < 0 for ms in began), sum(0 < ms <= _WINDOW_MS for ms in began)
        group.compared += after != before
        group.took_over += after > before
        return True

    def _beginnings(self, members: Iterable[str], refused: str) -> list[int]:
        """When others than the refused account and those of its organisation last began."""
        known = [self._accounts[a] for a in members if a != refused and a in self._accounts]
        own = self._accounts[refused].organization if refused in self._accounts else NOBODY
        return [state.began_ms for state in known if own == NOBODY or state.organization != own]
