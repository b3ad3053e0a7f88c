"""The casebook: every open case, who is in it, and how cases begin, grow, merge, split and end."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

from detectors.case import MOST_COMPARED, PART, Case, new_case, publication
from detectors.reasons import KIN, kin_reasons, part_reason
from detectors.spec import DetectorSpec
from detectors.split import Part
from detectors.suspicion import Suspicion
from detectors.windows import DAY_MS
from schemas.alert import Alert, Status

_LEAST_ACCOUNTS = 3
"""A campaign does not go on with fewer. Of one that goes into another at least as many accounts are kin of that."""


class Casebook:
    """Open cases by alert id; each account is in at most one, each link belongs to at most one."""

    def __init__(self, spec: DetectorSpec, accounts: Mapping[str, Suspicion]) -> None:
        self._spec = spec
        self._accounts = accounts
        self.cases: dict[str, Case] = {}
        self.case_of: dict[str, str] = {}
        self._case_of_link: dict[str, str] = {}
        self.changed: set[str] = set()
        """Alert ids whose state records are not written yet."""
        self._grown: set[str] = set()
        """Alert ids of the roll-ups that took in accounts in the present bucket."""

    def of_account(self, account_id: str) -> Case | None:
        """The open case that an account is in."""
        return self.cases.get(self.case_of.get(account_id, ""))

    def of_link(self, key: str) -> Case | None:
        """The open case that a link belongs to."""
        return self.cases.get(self._case_of_link.get(key, ""))

    def is_member(self, account_id: str) -> bool:
        """Whether an account is in an open campaign."""
        case = self.of_account(account_id)
        return case is not None and case.is_campaign

    def is_free(self, account_id: str, at_ms: int) -> bool:
        """Whether an account is in no campaign yet and no verdict protects it."""
        return not self.is_member(account_id) and self._accounts[account_id].excused_until_ms <= at_ms

    def campaigns(self) -> list[Case]:
        """Open campaigns, sorted by alert id; roll-ups are none."""
        return [case for _, case in sorted(self.cases.items()) if case.is_campaign]

    def campaign_of(self, accounts: Iterable[str], ratio: float) -> Case | None:
        """The campaign in which at least this share of the accounts is already."""
        accounts = list(accounts)
        votes = self._votes(accounts)
        best = min(votes, key=lambda alert_id: (-votes[alert_id], alert_id), default=None)
        return self.cases[best] if best is not None and votes[best] >= ratio * len(accounts) else None

    def _votes(self, accounts: Iterable[str]) -> dict[str, int]:
        votes: dict[str, int] = defaultdict(int)
        for account_id in accounts:
            case = self.of_account(account_id)
            if case is not None and case.is_campaign:
                votes[case.alert_id] += 1
        return votes

    def own_link(self, case: Case, key: str) -> None:
        """Make a link one of a case's."""
        case.links.append(key)
        self.changed.add(case.alert_id)
        self._case_of_link[key] = case.alert_id

    def open(self, case: Case, accounts: Iterable[str], at_ms: int) -> list[Alert]:
        """Begin a case."""
        self.cases[case.alert_id] = case
        ended = self.name(case, accounts, at_ms)
        return ended + self.publish(case, "open", at_ms)

    def collect(self, rollup: Case, key: str) -> None:
        """Begin a roll-up; it is published with what the bucket brings."""
        self.cases[rollup.alert_id] = rollup
        self.own_link(rollup, key)

    def publish_rollups(self, at_ms: int) -> list[Alert]:
        """Publish each roll-up that took in accounts, once for the whole bucket.

        Every version names all accounts, so a version for each account would grow with the square of their number.
        """
        grown = [self.cases[alert_id] for alert_id in sorted(self._grown & self.cases.keys())]
        self._grown.clear()
        return [alert for c in grown for alert in self.publish(c, "updated" if c.version else "open", at_ms)]

    def name(self, case: Case, accounts: Iterable[str], at_ms: int) -> list[Alert]:
        """Make accounts members; their own alerts end in this one, and a roll-up lets go of them."""
        ended: list[Alert] = []
        left: dict[str, Case] = {}
        for account_id in accounts:
            if account_id in case.accounts:
                continue
            before = self.of_account(account_id)
            case.accounts[account_id] = at_ms
            self.case_of[account_id] = case.alert_id
            if case.is_rollup:
                self._grown.add(case.alert_id)
            state = self._accounts[account_id]
            if case.is_campaign:
                case.count(state.exchanges, state.output_tokens, state.untold)
            if before is None:
                continue
            case.confirmed += [account_id] if account_id in before.confirmed else []
            if before.is_rollup and len(before.accounts) > 1:
                self._let_go(before, {account_id})
                left[before.alert_id] = before
            else:
                before.superseded_by = case.alert_id
                ended += self.end(before, "superseded", at_ms)
                left.pop(before.alert_id, None)
        self.changed.add(case.alert_id)
        return ended + [alert for rollup in left.values() for alert in self._publish_fewer(rollup, at_ms)]

    def join(self, case: Case, accounts: list[str], at_ms: int) -> list[Alert]:
        """Name more accounts and publish it, when there are any."""
        if not accounts:
            return []
        ended = self.name(case, accounts, at_ms)
        return ended + self.publish(case, "updated", at_ms)

    def update(self, case: Case, at_ms: int) -> list[Alert]:
        """Publish more of the same, at most once per ``update_minutes`` and only when it says more."""
        case.raised_ms = at_ms
        self.changed.add(case.alert_id)
        waited = at_ms - case.published_ms >= self._spec.lifecycle.update_minutes * 60_000
        return self.publish(case, "updated", at_ms) if waited and case.score >= case.published_score + 1 else []

    def publish(self, case: Case, status: Status, at_ms: int) -> list[Alert]:
        """One more version of a case."""
        self.changed.add(case.alert_id)
        return [publication(self._spec, case, status, at_ms)]

    def _publish_fewer(self, case: Case, at_ms: int) -> list[Alert]:
        """Publish a version with fewer accounts.

        It brings no evidence on those that stay, so the case expires now if that is overdue.
        """
        if at_ms - case.raised_ms >= self._spec.lifecycle.alert_days * DAY_MS:
            return self.end(case, "expired", at_ms)
        self.changed.add(case.alert_id)
        return [publication(self._spec, case, "updated", at_ms, is_evidence=False)]

    def end(self, case: Case, status: Status, at_ms: int) -> list[Alert]:
        """Publish a case's last version and let go of its accounts and links."""
        alerts = self.publish(case, status, at_ms)
        for account_id in case.accounts:
            if self.case_of.get(account_id) == case.alert_id:
                del self.case_of[account_id]
        for link in case.links:
            self._case_of_link.pop(link, None)
        self.cases.pop(case.alert_id, None)
        return alerts

    def release(self, case: Case, accounts: set[str], at_ms: int) -> list[Alert]:
        """Take accounts out of a case; with too few left for a campaign it ends as retracted."""
        leaving = case.accounts.keys() & accounts
        if len(case.accounts) - len(leaving) < (_LEAST_ACCOUNTS if case.is_campaign else 1):
            return self.end(case, "retracted", at_ms)
        for account_id in leaving:
            self.case_of.pop(account_id, None)
        self._let_go(case, leaving)
        return self._publish_fewer(case, at_ms)

    def _let_go(self, case: Case, leaving: Set[str]) -> None:
        """Take accounts out of a case, and what they brought with them.

        The evidence of a roll-up is that on the one account in its core, and goes with it.
        """
        for account_id in leaving:
            del case.accounts[account_id]
            state = self._accounts[account_id]
            case.count(-state.exchanges, -state.output_tokens, -state.untold)
        case.core = [account_id for account_id in case.core if account_id in case.accounts]
        case.confirmed = [account_id for account_id in case.confirmed if account_id in case.accounts]
        if not leaving.isdisjoint(case.likeness):
            self._learn_likeness(case, {})
        if case.is_rollup:
            case.raised_ms = max(case.accounts.values(), default=case.raised_ms)
            if not case.core:
                case.score, case.reasons = 0.0, []

    def join_kin(self, case: Case, accounts: Iterable[str], nats: Mapping[str, float], at_ms: int) -> list[Alert]:
        """Name accounts and publish it; ``nats`` says how surely those of them belong to it that resemble the core."""
        ended = self.name(case, accounts, at_ms)
        self._learn_likeness(case, nats)
        return ended + self.publish(case, "updated", at_ms)

    def compare_kin(self, case: Case, nats: Mapping[str, float], at_ms: int) -> list[Alert]:
        """Take over how surely members belong to a campaign now (nats).

        Whoever was likelier no member at ``leave_checks`` checks on end leaves, unless a reviewer has confirmed it.
        When too few would be left for a campaign all stay: to end one is for a reviewer.
        """
        self._learn_likeness(case, nats)
        kept = {account_id: count for account_id, count in case.doubts.items() if account_id not in nats}
        doubted = [account_id for account_id in nats if nats[account_id] < 0 and account_id not in case.confirmed]
        counted = {account_id: case.doubts.get(account_id, 0) + 1 for account_id in doubted}
        leaving = {account_id for account_id, count in counted.items() if count >= self._spec.kin.leave_checks}
        case.doubts = {a: count for a, count in (kept | counted).items() if a in case.accounts.keys() - leaving}
        self.changed.add(case.alert_id)
        is_enough = len(case.accounts) - len(leaving) >= _LEAST_ACCOUNTS
        return self.release(case, leaving, at_ms) if leaving and is_enough else []

    def confirm(self, case: Case, accounts: Set[str], at_ms: int) -> list[Alert]:
        """Note that a reviewer has confirmed those of the accounts that are in a case."""
        confirmed = accounts & case.accounts.keys()
        case.confirmed = sorted({*case.confirmed, *confirmed})
        if case.is_rollup:
            case.accounts |= dict.fromkeys(confirmed, at_ms)
        self._learn_likeness(case, {})
        return self.publish(case, "updated", at_ms)

    def _learn_likeness(self, case: Case, nats: Mapping[str, float]) -> None:
        """Take over how surely members resemble the core (nats), and renew the reasons that tell it.

        Those in the core, and those that a reviewer has confirmed, are not told.
        """
        among = case.accounts.keys() - set(case.core)
        case.likeness = {a: known for a, known in {**case.likeness, **nats}.items() if a in among}
        case.reasons = [reason for reason in case.reasons if reason.detector != KIN]
        told = {a: known for a, known in case.likeness.items() if a not in case.confirmed}
        case.explain(kin_reasons(told, self._spec.kin.nats_to_join))

    def merge_kin(self, case: Case, kin: Iterable[str], ratio: float, at_ms: int) -> list[Alert]:
        """Take in the campaigns of whose accounts enough are kin of this one, which keeps its id.

        ``kin`` are those of all accounts compared, the first ``MOST_COMPARED`` of each campaign, that are; ``ratio`` is
        the share of them that is enough (0 to 1).
        """
        alerts: list[Alert] = []
        for alert_id, count in sorted(self._votes(kin).items()):
            other = self.cases[alert_id]
            if other is case or count < max(_LEAST_ACCOUNTS, ratio * min(MOST_COMPARED, len(other.accounts))):
                continue
            other.superseded_by = case.alert_id
            accounts, links, core, likeness = sorted(other.accounts), list(other.links), other.core, other.likeness
            case.confirmed += other.confirmed
            self._take_evidence(case, other)
            alerts += self.end(other, "superseded", at_ms)
            for link in links:
                self.own_link(case, link)
            case.core = sorted({*case.core, *core})
            alerts += self.join_kin(case, accounts, likeness | case.likeness, at_ms)
        return alerts

    def _take_evidence(self, case: Case, other: Case) -> None:
        """Take in the evidence of another case; of each feature the stronger stays.

        Reasons about likeness to the other's core are left out: what its accounts resemble now is told anew.
        """
        nats = {reason.feature: reason.nats for reason in case.reasons}
        case.score = max(case.score, other.score)
        case.explain([r for r in other.reasons if r.detector != KIN and r.nats > nats.get(r.feature, -math.inf)])

    def split(self, case: Case, parts: Sequence[Part], at_ms: int) -> tuple[list[Alert], list[Case]]:
        """Each part of a campaign goes on as one of its own; what it was ends in the first."""
        successors = [self._successor(case, part, at_ms) for part in parts]
        case.superseded_by = successors[0].alert_id
        alerts = self.end(case, "superseded", at_ms)
        for successor, part in zip(successors, parts, strict=True):
            self.cases[successor.alert_id] = successor
            for link in part.links:
                self.own_link(successor, link)
            alerts += self.name(successor, part.accounts, at_ms)
            self._learn_likeness(successor, {a: case.likeness[a] for a in part.accounts if a in case.likeness})
            # That it is told by two alerts is no new evidence: they stand as long as the one would have.
            alerts.append(publication(self._spec, successor, "open", at_ms, is_evidence=False))
        return alerts, successors

    def _successor(self, case: Case, part: Part, at_ms: int) -> Case:
        """A case about a part of another's accounts: it begins with the evidence on all of them."""
        successor = new_case(self._spec, "campaign", f"{PART}{case.alert_id}:{part.core[0]}", at_ms, case.tenant_id)
        successor.score, successor.core, successor.raised_ms = case.score, part.core, case.raised_ms
        successor.confirmed = [account_id for account_id in case.confirmed if account_id in part.accounts]
        successor.explain([*case.reasons, part_reason(case, part.accounts)])
        return successor

    def sweep(self, at_ms: int) -> list[Alert]:
        """End what is quiet or old; renew what goes on before a consumer lets it expire, and what is told otherwise."""
        lifecycle = self._spec.lifecycle
        alerts: list[Alert] = []
        for alert_id in sorted(self.cases):
            case = self.cases[alert_id]
            if case.is_rollup:
                alerts += self._release_over(case, at_ms)
                if alert_id not in self.cases:
                    continue
            last_ms = max((self._accounts[a].last_ms for a in case.accounts if a in self._accounts), default=0)
            if at_ms - last_ms >= lifecycle.quiet_days * DAY_MS:
                alerts += self.end(case, "resolved", at_ms)
            elif at_ms - case.raised_ms >= lifecycle.alert_days * DAY_MS:
                alerts += self.end(case, "expired", at_ms)
            elif self._is_to_be_told(case, at_ms):
                # As of its evidence: what is renewed must not outlive it by more than any other version does.
                alerts += self.publish(case, "updated", case.raised_ms)
        return alerts

    def _is_to_be_told(self, case: Case, at_ms: int) -> bool:
        """Whether new evidence has waited for half the time that an alert lasts, or it is a shadow now or no longer."""
        lifecycle = self._spec.lifecycle
        is_aging = case.raised_ms > case.told_ms and at_ms - case.told_ms >= lifecycle.alert_days * DAY_MS / 2
        # Who asks for shadows after a restart means the alerts that are open, too.
        return is_aging or case.is_shadow != lifecycle.shadow

    def _release_over(self, rollup: Case, at_ms: int) -> list[Alert]:
        """Let go of the accounts of a roll-up whose own alerts would be over; when all are, it ends."""
        lifecycle = self._spec.lifecycle
        quiet = {a for a in rollup.accounts if at_ms - self._accounts[a].last_ms >= lifecycle.quiet_days * DAY_MS}
        over = {a for a, evidence_ms in rollup.accounts.items() if at_ms - evidence_ms >= lifecycle.alert_days * DAY_MS}
        over |= quiet
        if len(over) == len(rollup.accounts):
            return self.end(rollup, "resolved" if over == quiet else "expired", at_ms)
        return self.release(rollup, over, at_ms) if over else []

    def restore(self, case: Case) -> None:
        """Take over an open case.

        A state that was written before ``told_ms`` was kept does not have it; the latest it can have been is taken.
        """
        case.told_ms = case.told_ms or min(case.raised_ms, case.published_ms)
        self.cases[case.alert_id] = case
        self.case_of.update(dict.fromkeys(case.accounts, case.alert_id))
        self._case_of_link.update(dict.fromkeys(case.links, case.alert_id))
