"""Split: an open campaign whose accounts turn out to work through two lists goes on as two.

Something that two campaigns have in common, such as a wording, may bring them together. That is seen when the accounts
of a campaign ask from two sources (``detectors.two_lists``), and when hardly any account of one part is kin of the
other (``detectors.kin``), so that the two would not be merged again. Two lists of one customer, whose accounts share a
payment, a device or an organisation, stay one campaign, and so does one that is over, whose accounts ask what their
owners do again. It cannot tell two campaigns from one whose list is cut up by subject into parts that have hardly an
opener in common.
"""

import heapq
from collections.abc import Mapping
from typing import NamedTuple
from zlib import crc32

from detectors.case import MOST_COMPARED, Case
from detectors.exchange import NOBODY
from detectors.heard import Heard
from detectors.kin import KinDetector, Kinship
from detectors.link_key import CUSTOMER_KINDS, kind_of
from detectors.links import Links
from detectors.source import Sample
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.two_lists import two_lists
from detectors.windows import HOUR_MS

_TURNS = 6
"""Turns of kinships after which a campaign is looked at again."""
_MOST_ACCOUNTS = 150
"""Accounts of a core that are looked at, by lot. In a larger core a part of less than a twentieth is not seen."""
_APART_RATIO = 0.5
"""Parts may have at most this part of the share of kin from which campaigns merge, so that they do not merge an hour
later."""

_OVER_MS = 6 * HOUR_MS
"""Time without evidence after which a campaign rests or is over. What its accounts ask then may be what their owners
do, which is no list, and would be the source of whoever is like them."""


class Part(NamedTuple):
    """Accounts of a campaign that work through one list, those of its core among them, and their links."""

    accounts: list[str]
    core: list[str]
    links: list[str]


class SplitDetector:
    """Looks for two campaigns in one."""

    def __init__(
        self,
        spec: DetectorSpec,
        kin: KinDetector,
        links: Links,
        accounts: Mapping[str, Suspicion],
        heard: Heard,
    ) -> None:
        self._spec = spec.kin
        self._kin = kin
        self._links = links
        self._accounts = accounts
        self._heard = heard

    def parts_of(self, case: Case, at_ms: int) -> list[Part]:
        """The two campaigns in one, the larger first; none where it is one, is over, or its turn has not come.

        Kinships must have been fitted at ``at_ms``. Costs about 7 milliseconds in the mean and 50 at most,
        and where it is two 50 microseconds more for each account.
        """
        if at_ms - case.raised_ms >= _OVER_MS:
            return []
        if self._kin.turn_of(at_ms) % _TURNS != crc32(case.alert_id.encode()) % _TURNS:
            return []
        able = [a for a in case.core if self._kin.is_comparable(a, at_ms)]
        chosen = heapq.nsmallest(_MOST_ACCOUNTS, able, key=lambda a: (crc32(a.encode()), a))
        found = two_lists({a: self._accounts[a] for a in chosen}, self._heard.of(case.tenant_id))
        if found is None or self._is_one_customers(found):
            return []
        kinships = [self._kin.kinship_of(core, case.tenant_id) for core in found]
        if not all(self._is_apart(*both, at_ms) for both in zip(kinships, reversed(found), strict=True)):
            return []
        second = {a for a in case.accounts if a in found[1] or (a not in found[0] and self._is_second(a, kinships))}
        parts = [self._part(case, accounts) for accounts in (case.accounts.keys() - second, second)]
        # By those of the other part's accounts by which it is decided whether campaigns merge.
        others = [part.accounts[:MOST_COMPARED] for part in reversed(parts)]
        if not all(self._is_apart(*both, at_ms) for both in zip(kinships, others, strict=True)):
            return []
        return sorted(parts, key=lambda part: (-len(part.accounts), part.accounts))

    def _is_one_customers(self, parts: tuple[list[str], list[str]]) -> bool:
        """Whether half of the accounts of each part share one payment or device, or are one organisation's."""
        members = [set(part) for part in parts]
        links = set().union(*(self._links.keys_of.get(account_id, ()) for account_id in members[0]))
        names = {self._accounts[account_id].organization for account_id in members[0]} - {NOBODY}
        together = [self._users(link) for link in links if kind_of(link) in CUSTOMER_KINDS]
        together += [{a for a in members[0] | members[1] if self._accounts[a].organization == name} for name in names]
        return any(all(2 * len(same & part) >= len(part) for part in members) for same in together)

    def _users(self, link: str) -> set[str]:
        group = self._links.groups.get(link)
        return set() if group is None else set(group.members)

    def _is_apart(self, kinship: Kinship, others: list[str], at_ms: int) -> bool:
        """Whether few of the other part's accounts are kin, and it can be told."""
        nats = self._kin.compare(kinship, others, at_ms)
        kin = sum(nats[a] >= self._spec.nats_to_join for a in nats)
        return bool(nats) and kin < _APART_RATIO * self._spec.merge_ratio * len(others)

    def _is_second(self, account_id: str, kinships: list[Kinship]) -> bool:
        """Whether what an account asks, and in what style, is likelier of the second part."""
        if account_id not in self._accounts:
            return False
        sample = Sample(self._accounts[account_id])
        first, second = (sample.asked_nats(k.source) + sample.style_nats(k.source) for k in kinships)
        return second > first

    def _part(self, case: Case, accounts: set[str]) -> Part:
        return Part(
            sorted(accounts),
            [a for a in case.core if a in accounts],
            [link for link in case.links if self._is_mostly(link, accounts, case)],
        )

    def _is_mostly(self, link: str, accounts: set[str], case: Case) -> bool:
        """Whether more of the campaign's accounts on a link are among these; a tie leaves it to nobody."""
        on_link = case.accounts.keys() & self._users(link)
        return 2 * len(on_link & accounts) > len(on_link)
