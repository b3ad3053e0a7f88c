"""How well alerts find labelled campaigns, and whom they name wrongly.

``leaked`` is the share of a campaign's exchanges at which no alert named their account (``streams.naming`` says when
one does). It is averaged over the campaigns of a family, then over families (macro). An honest account counts
once, however often it is named.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.alert import Alert
from streams.naming import Naming
from tuning.corpus import Truth


@dataclass(frozen=True)
class Score:
    """Judgement of one run.

    Parameters
    ----------
    leaked
        By campaign, 0 to 1.
    found
        Campaigns of which an account was named before the last exchange.
    alone, as_members
        Honest accounts by how the first alert named them: by themselves, or as a member of a campaign.
    groups
        Kinds of honest accounts in each campaign alert that opened on mostly honest accounts.
    members_named
        By campaign, its accounts that were named.
    """

    truth: Truth
    leaked: dict[str, float]
    found: frozenset[str]
    alone: frozenset[str]
    as_members: frozenset[str]
    groups: tuple[Counter[str], ...]
    members_named: dict[str, int]

    @property
    def by_family(self) -> dict[str, float]:
        """Mean of what leaked over the campaigns of each family."""
        values: dict[str, list[float]] = defaultdict(list)
        for campaign_id, leaked in self.leaked.items():
            values[self.truth.campaigns[campaign_id].family].append(leaked)
        return {family: sum(own) / len(own) for family, own in sorted(values.items())}

    @property
    def macro(self) -> float:
        """Mean of what leaked over families."""
        families = self.by_family
        return sum(families.values()) / len(families)

    @property
    def found_ratio(self) -> float:
        """Share of campaigns found."""
        return len(self.found) / len(self.leaked)

    @property
    def false(self) -> int:
        """Honest accounts named."""
        return len(self.alone) + len(self.as_members)

    @property
    def honest_days(self) -> int:
        """Account-days on which an honest account was active."""
        return sum(self.truth.honest_days.values())

    @property
    def false_per_1000(self) -> float:
        """Honest accounts named per 1,000 of their active days."""
        return 1000 * self.false / self.honest_days

    @property
    def false_interval(self) -> tuple[float, float]:
        """95 % interval of ``false_per_1000``."""
        low, high = poisson_interval(self.false)
        return 1000 * low / self.honest_days, 1000 * high / self.honest_days


def poisson_interval(count: int) -> tuple[float, float]:
    """Return a 95 % interval of a Poisson mean from one count (Byar's approximation)."""
    low = count * (1 - 1 / (9 * count) - 1.96 / (3 * math.sqrt(count))) ** 3 if count else 0.0
    above = count + 1
    return low, above * (1 - 1 / (9 * above) + 1.96 / (3 * math.sqrt(above))) ** 3


def scored(truth: Truth, alerts: Iterable[Alert]) -> Score:
    """Judge alerts; those that are published in the shadow name nobody."""
    ordered = sorted((alert for alert in alerts if not alert.shadow), key=lambda alert: alert.raised_at)
    naming = Naming(ordered)
    leaked, found, members_named = {}, set(), {}
    for campaign_id, exchanges in truth.exchanges.items():
        leaked[campaign_id] = sum(not naming.is_named(account_id, at) for at, account_id in exchanges) / len(exchanges)
        named = naming.accounts & {account_id for _, account_id in exchanges}
        members_named[campaign_id] = len(named)
        if any(naming.first_ms(account_id) <= exchanges[-1][0] for account_id in named):
            found.add(campaign_id)
    by_kind: dict[str, set[str]] = {"account": set(), "campaign": set()}
    for account_id, kind in _first_kinds(ordered).items():
        if account_id in truth.kinds and account_id in naming.accounts:
            by_kind[kind].add(account_id)
    return Score(
        truth, leaked, frozenset(found), frozenset(by_kind["account"]), frozenset(by_kind["campaign"]),
        tuple(_honest_groups(truth, ordered)), members_named,
    )  # fmt: skip


def _first_kinds(ordered: Iterable[Alert]) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for alert in ordered:
        for account_id in alert.account_ids:
            kinds.setdefault(account_id, alert.kind)
    return kinds


def _honest_groups(truth: Truth, ordered: Iterable[Alert]) -> Iterable[Counter[str]]:
    for alert in ordered:
        if alert.kind == "campaign" and alert.status == "open":
            honest = Counter(truth.kinds[account_id] for account_id in alert.account_ids if account_id in truth.kinds)
            if 2 * honest.total() > len(alert.account_ids):
                yield honest
