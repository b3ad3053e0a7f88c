"""Cases about accounts that act as one: how campaigns open on a link or on likeness, grow, merge, split, and let go."""

from collections.abc import Collection, Iterable
from typing import TypeGuard

from detectors.alike import AlikeDetector
from detectors.case import MOST_COMPARED, Case, Reason, new_case
from detectors.even_load import GroupEvidence
from detectors.knowledge import Knowledge
from detectors.link_key import is_wording
from detectors.reasons import alike_reasons, group_reasons
from detectors.spec import DetectorSpec
from detectors.split import SplitDetector
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert

_SAME_CAMPAIGN_RATIO, _PART_OF_CAMPAIGN_RATIO = 0.5, 0.25
"""Share of the accounts on a link that are in a campaign, from which on it is the campaign's, and from which on the
others must show without them what all show, or else join them if they are not unlike."""


class CampaignCases:
    """Judges links and likeness."""

    def __init__(self, spec: DetectorSpec, known: Knowledge) -> None:
        self._spec = spec
        self._known = known
        self._accounts = known.accounts
        self._links = known.links
        self._groups = known.groups
        self._kin = known.kin
        self._interchange = known.interchange
        self._book = known.book
        self._alike = AlikeDetector(spec, known.accounts, known.heard)
        self._splits = SplitDetector(spec, known.kin, known.links, known.accounts, known.heard)

    def judge_link(self, key: str, end_ms: int, tenant_id: str | None, touching: list[str]) -> list[Alert]:
        """Open a campaign on a link that accounts have touched, or let the one grow that it belongs to."""
        owner = self._book.of_link(key)
        is_due = self._groups.is_due(key, end_ms)
        if owner is not None:
            evidence = self._judge_owned(owner, key, end_ms) if is_due else None
            if is_due:
                self._links.groups[key].is_pure = self._is_enough(evidence) and evidence.is_pure
            return self._grow(owner, key, evidence, end_ms, touching)
        evidence = self._judge(key, end_ms) if is_due else None
        if not self._is_enough(evidence):
            return []
        case = self._book.campaign_of(evidence.accounts, _PART_OF_CAMPAIGN_RATIO)
        if case is None or not _is_most(case.accounts, evidence):
            rest = self._rest(key, evidence, end_ms)
            if rest is not None:
                return self._open(key, rest, end_ms, tenant_id)
        return [] if case is None else self._take_in(case, key, evidence, end_ms)

    def _open(self, key: str, evidence: GroupEvidence, end_ms: int, tenant_id: str | None) -> list[Alert]:
        """Open a campaign of the accounts on a link."""
        case, accounts = new_case(self._spec, "campaign", key, end_ms, tenant_id), self._free(evidence, end_ms)
        self._own_link(case, key, evidence)
        self._take_evidence(case, evidence, group_reasons(self._spec, evidence, key), accounts, end_ms)
        return self._book.open(case, accounts, end_ms)

    def _take_in(self, case: Case, key: str, evidence: GroupEvidence, end_ms: int) -> list[Alert]:
        """Make a link the campaign's, and the others on it members; not when they are most, and all of them unlike."""
        accounts = [a for a in self._free(evidence, end_ms) if not self._kin.is_unlike(case, a, end_ms)]
        if not accounts and not _is_most(case.accounts, evidence):
            return []
        self._own_link(case, key, evidence)
        self._take_evidence(case, evidence, group_reasons(self._spec, evidence, key), accounts, end_ms)
        return self._book.join(case, accounts, end_ms)

    def _own_link(self, case: Case, key: str, evidence: GroupEvidence) -> None:
        self._book.own_link(case, key)
        self._links.groups[key].is_pure = evidence.is_pure

    def _is_enough(self, evidence: GroupEvidence | None) -> TypeGuard[GroupEvidence]:
        """Whether evidence would open a campaign."""
        return evidence is not None and evidence.nats >= self._groups.threshold_nats

    def _judge(
        self, key: str, end_ms: int, others: Collection[str] = (), excused: Collection[str] = ()
    ) -> GroupEvidence | None:
        """Evidence on a link without others, whose takeovers may be among those seen, and those judged benign."""
        return self._groups.judge(key, end_ms, {*others, *excused}, counts_takeovers=not others)

    def _judge_owned(self, owner: Case, key: str, end_ms: int) -> GroupEvidence | None:
        """Evidence on a campaign's link without members of other campaigns."""
        rest = self._links.groups[key].members.keys() - owner.accounts.keys()
        return self._judge(key, end_ms, {a for a in rest if self._book.is_member(a)}, self._excused(rest, end_ms))

    def _rest(self, key: str, evidence: GroupEvidence, end_ms: int) -> GroupEvidence | None:
        """What is evidence enough to open a campaign: what the link shows without those that say nothing about it."""
        others, excused = self._members(evidence) | self._apart(key, evidence), self._excused(evidence.accounts, end_ms)
        if others or excused:
            rest = self._judge(key, end_ms, others, excused)
            if not self._is_enough(rest):
                return None
            evidence = rest
        return evidence if len(self._free(evidence, end_ms)) >= self._spec.groups.min_accounts else None

    def _members(self, evidence: GroupEvidence) -> set[str]:
        """Members of other campaigns among the accounts, when they are many."""
        members = {a for a in evidence.accounts if self._book.is_member(a)}
        return members if len(members) >= _PART_OF_CAMPAIGN_RATIO * len(evidence.accounts) else set()

    def _excused(self, account_ids: Iterable[str], end_ms: int) -> set[str]:
        """Those of the accounts whom a verdict protects: what they do is no evidence on others."""
        return {a for a in account_ids if a in self._accounts and self._accounts[a].excused_until_ms > end_ms}

    def _apart(self, key: str, evidence: GroupEvidence) -> set[str]:
        """Of few accounts on one wording those that surely keep to affairs of their own: words are anybody's."""
        if not is_wording(key) or len(evidence.accounts) >= self._spec.groups.busy_accounts:
            return set()
        return self._interchange.keeping_to_themselves(evidence.accounts, self._accounts)

    def _free(self, evidence: GroupEvidence, end_ms: int) -> list[str]:
        return [account_id for account_id in evidence.accounts if self._book.is_free(account_id, end_ms)]

    def _take_evidence(
        self, case: Case, evidence: GroupEvidence, reasons: list[Reason], accounts: list[str], end_ms: int
    ) -> None:
        self._book.changed.add(case.alert_id)
        case.score = max(case.score, evidence.nats)
        case.raised_ms = end_ms
        case.core = sorted({*case.core, *accounts})
        case.explain(reasons)

    def _grow(
        self, case: Case, key: str, evidence: GroupEvidence | None, end_ms: int, touching: list[str]
    ) -> list[Alert]:
        """Accounts on a campaign's link that act like its members become members."""
        group = self._links.groups[key]
        joining: list[str] = []
        if evidence is not None:
            # What would open no campaign lets none grow; the campaign goes on, though.
            joining = self._fit_to_join(case, evidence.accounts, end_ms) if self._is_enough(evidence) else []
            if joining or (evidence.nats > case.score and self._goes_on(case, evidence)):
                self._take_evidence(case, evidence, group_reasons(self._spec, evidence, key), [], end_ms)
        if group.is_pure:
            # Whoever uses a link that only the campaign uses belongs to it from its first exchange on.
            carried = [a for a in touching if self._links.is_carried(group, a, self._accounts[a], end_ms)]
            joining = sorted({*joining, *self._fit_to_join(case, carried, end_ms)})
        case.core = sorted({*case.core, *joining})
        joined = self._book.join(case, joining, end_ms)
        return joined if joined or not self._goes_on(case, evidence) else self._book.update(case, end_ms)

    def _goes_on(self, case: Case, evidence: GroupEvidence | None) -> bool:
        """Whether evidence, weak or not, is still about members: enough of them for a campaign."""
        accounts = () if evidence is None else evidence.accounts
        return sum(account_id in case.accounts for account_id in accounts) >= self._spec.groups.min_accounts

    def _fit_to_join(self, case: Case, account_ids: Collection[str], end_ms: int) -> list[str]:
        """Those of the accounts that are free and not unlike the members of a campaign."""
        return [
            a for a in sorted(account_ids) if self._book.is_free(a, end_ms) and not self._kin.is_unlike(case, a, end_ms)
        ]

    def search_alike(self, end_ms: int) -> list[Alert]:
        """Open campaigns of accounts that share nothing but are alike; those in campaigns grow as kin."""
        meta, turn = self._known.meta, self._alike.turn_of(end_ms)
        if turn == meta.searched_turn or not self._alike.is_warm(end_ms, meta.start_ms):
            return []
        meta.searched_turn = turn
        alerts: list[Alert] = []
        for seed, around, evidence in self._alike.find(end_ms, lambda a: self._book.is_free(a, end_ms)):
            if self._book.campaign_of(evidence.accounts, _SAME_CAMPAIGN_RATIO) is not None:
                continue
            tenant_id = self._accounts[seed].tenant_id
            free = [a for a in around if self._book.is_free(a, end_ms)]
            # What members of other campaigns do, or those judged benign, is no evidence on these.
            rest = evidence if len(free) == len(around) else self._alike.judge(free, tenant_id, end_ms)
            if self._alike.is_enough(rest):
                case = new_case(self._spec, "campaign", f"alike:{seed}", end_ms, tenant_id)
                accounts = list(rest.accounts)
                self._take_evidence(case, rest, alike_reasons(self._spec, rest), accounts, end_ms)
                alerts += self._book.open(case, accounts, end_ms)
        return alerts

    def join_kin(self, records: list[AccountBucket], end_ms: int) -> list[Alert]:
        """Accounts that resemble the core of an open campaign join it at their own next bucket."""
        alerts = self._check_kin(end_ms)
        free = [record for record in records if self._book.is_free(record.account_id, end_ms)]
        for case, nats in self._kin.find(self._book.campaigns(), free, end_ms):
            alerts += self._book.join_kin(case, nats, nats, end_ms)
        self._kin.forget(self._book.cases)
        return alerts

    def _check_kin(self, end_ms: int) -> list[Alert]:
        """Once per interval: learn what members share, merge campaigns, split them, let go of members, go on."""
        due = [case for case in self._book.campaigns() if self._kin.is_due(case, end_ms)]
        if not due:
            return []
        for case in due:
            if sure := self._kin.sure(case, end_ms):
                case.core = sorted({*case.core, *sure})
                self._book.changed.add(case.alert_id)
        self._kin.fit(due, self._book.case_of, end_ms)
        alerts = [alert for case in due for alert in self._merge_kin(case, end_ms)]
        alerts += [alert for case in due for alert in self._split(case, end_ms)]
        for case in due:
            if case.alert_id in self._book.cases:
                alerts += self._book.compare_kin(case, self._kin.compare_members(case, end_ms), end_ms)
        for case in due:
            if case.alert_id in self._book.cases and self._alike.goes_on(case.core, case.tenant_id, end_ms):
                alerts += self._book.update(case, end_ms)
        return alerts

    def _split(self, case: Case, end_ms: int) -> list[Alert]:
        """A campaign that turns out to be two goes on as two."""
        parts = self._splits.parts_of(case, end_ms) if case.alert_id in self._book.cases else []
        if not parts:
            return []
        alerts, successors = self._book.split(case, parts, end_ms)
        self._kin.fit(successors, self._book.case_of, end_ms)
        return alerts

    def _merge_kin(self, case: Case, end_ms: int) -> list[Alert]:
        """Other campaigns, of whose members enough resemble this one, go into it."""
        if case.alert_id not in self._book.cases:
            return []  # gone into another one a moment ago
        others = [c for c in self._book.campaigns() if c is not case and c.tenant_id == case.tenant_id]
        kin = self._kin.among(case, [a for other in others for a in sorted(other.accounts)[:MOST_COMPARED]], end_ms)
        return self._book.merge_kin(case, kin, self._spec.kin.merge_ratio, end_ms)


def _is_most(accounts: Collection[str], evidence: GroupEvidence) -> bool:
    """Whether at least half of the accounts that the evidence is about are among these."""
    return sum(a in accounts for a in evidence.accounts) >= _SAME_CAMPAIGN_RATIO * len(evidence.accounts)
