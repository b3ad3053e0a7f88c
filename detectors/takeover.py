"""Taking over: when one account is refused, another that shares a link with it begins.

Who spreads one job over many accounts goes on with the next one when one is refused; people wait, or try again. So
when an account that was at work is refused, it is counted how many of the others on its links begin, after an hour of
silence and more, in the two buckets from the refusal on, and how many had in the two before. Accounts that have nothing
to do with each other begin before it as often as after it, however many they are and whatever the time of day, so each
hour in which the two differ is one toss of a fair coin (the sign test).

It is blind to harnesses that are never refused, and where very many use a link. It supports an even load and names
nobody by itself.
"""

from collections.abc import Collection, Iterable, Mapping

from detectors.groups import Group, GroupDetector
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.windows import HOUR_MS, NEVER_MS
from schemas.account_bucket import AccountBucket

WINDOW_BUCKETS = 2
"""Buckets before a refusal and from it on in which it is looked who begins."""
_MOST_REFUSED = 256
"""Accounts that are refused in one bucket, at most: more are an outage of the provider's."""
_MOST_USERS = 500
"""Accounts on a link, at most: of more than these somebody begins all the time."""
_HALVE_AFTER = 96


class TakeoverDetector:
    """Counts on every link whether others begin when one is refused."""

    def __init__(self, spec: DetectorSpec, groups: GroupDetector, accounts: Mapping[str, Suspicion]) -> None:
        self._window_ms = WINDOW_BUCKETS * spec.bucket_seconds * 1000
        self._least_users = spec.groups.min_accounts
        self._groups = groups
        self._accounts = accounts
        self.refused: dict[int, list[str]] = {}
        """By the start of their bucket, accounts whose refusal is not looked at yet."""

    def observe(self, records: Iterable[AccountBucket]) -> None:
        """Remember who was refused while at work; the records are of one bucket, and judged."""
        refused = [record for record in records if record.refusals and self._was_at_work(record)]
        if 0 < len(refused) <= _MOST_REFUSED:
            self.refused[refused[0].start_ms] = [record.account_id for record in refused]

    def _was_at_work(self, record: AccountBucket) -> bool:
        return NEVER_MS < self._accounts[record.account_id].began_ms < record.start_ms

    def count(self, start_ms: int) -> set[str]:
        """Look at refusals whose two buckets were over when a bucket began; returns the links that tell more now."""
        told: set[str] = set()
        for refused_ms in sorted(ms for ms in self.refused if ms + self._window_ms <= start_ms):
            for account_id in self.refused.pop(refused_ms):
                links = self._groups.links_of.get(account_id, ())
                told.update(
                    key for key in sorted(links) if self._toss(self._groups.groups[key], account_id, refused_ms)
                )
        return told

    def _toss(self, group: Group, account_id: str, refused_ms: int) -> bool:
        """Count whether more of the others began after a refusal than before; whether it was one or the other."""
        hour = refused_ms // HOUR_MS
        if group.tossed_hour >= hour or not self._least_users <= len(group.members) <= _MOST_USERS:
            return False
        after = self._began(group.members, account_id, refused_ms)
        before = self._began(group.members, account_id, refused_ms - self._window_ms)
        if after == before:
            return False
        group.tossed_hour = hour
        if group.tossed >= _HALVE_AFTER:
            group.tossed, group.took_over = group.tossed // 2, group.took_over // 2
        group.tossed += 1
        group.took_over += after > before
        return True

    def _began(self, members: Collection[str], but: str, from_ms: int) -> int:
        """How many of the accounts but one began in the window from a time on."""
        until_ms = from_ms + self._window_ms
        states = [self._accounts[a] for a in members if a != but and a in self._accounts]
        return sum(from_ms <= state.began_ms < until_ms for state in states)
