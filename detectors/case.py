"""A case: one suspicion from its opening to its end, and the publications that tell of it.

The life of a case: open, then updated any number of times, then one of resolved (quiet again), expired (nobody looked
and nothing came), retracted (a reviewer said so) or superseded (it went into another case). Ids are hashes of what
the case is about and when it began, versions count publications, so the same input gives the same alerts.
"""

import hashlib
import math
from datetime import UTC, datetime

import msgspec

from detectors.link_key import kind_of
from detectors.spec import DetectorSpec
from detectors.windows import DAY_MS
from schemas.alert import MAX_ACCOUNTS, ActionType, Alert, Evidence, Kind, RecommendedAction, Severity, SpecRef, Status

MOST_COMPARED = 16
"""Accounts of a campaign, the first by id, that are compared with another campaign: more would say the same."""
ROLLUP = "rollup:"
"""Begins the subject of a case that only collects what exceeds the daily budget."""
ROLLUP_ID = "roll_"
"""Begins its alert id."""
PART = "part:"
"""Begins the subject of a campaign that was part of another one."""
_MAX_REASONS = 32
_MEDIUM_FROM, _HIGH_FROM, _CRITICAL_FROM = 100, 1_000, 10_000
"""Exchanges from which an alert has these severities."""
_REVIEW_NATS = 12.0
"""Evidence from which a person is to decide."""
_THROTTLE_SECONDS = 86_400
_CANDIDATES = 1_000
"""Of so many accounts or groups that might be named one is guilty, before any evidence."""

_RATIONALE: dict[ActionType, str] = {
    "observe": "The evidence is young; looking costs nobody anything.",
    "verify": "Ask who uses the account and for what; an honest customer can answer.",
    "throttle": "Slower answers cost a campaign more than a person; nothing is lost if this is wrong.",
    "review": "Enough evidence for a person to decide; do not act further without one.",
    "suspend": "A reviewer has confirmed the case.",
}


class Reason(msgspec.Struct, array_like=True, frozen=True):
    """One piece of evidence, as it is kept; the texts are those of ``schemas.alert.Evidence``."""

    detector: str
    feature: str
    observed: float
    baseline: float | None
    unit: str
    nats: float
    explanation: str
    benign_explanation: str


class Case(msgspec.Struct, array_like=True):
    """State of one case.

    All times are event time, milliseconds since the epoch.

    Parameters
    ----------
    subject
        What the case is about. An account; of a campaign the key of its first link, the seed around which it was found,
        or the campaign of which it was a part; of a roll-up its tenant and day.
    accounts
        When each member was named; in a roll-up, when it last gave evidence.
    raised_ms, told_ms
        Time of the latest evidence, and of the latest that a version has told.
    score, published_score
        Evidence (nats), and that which the latest version told.
    untold
        Those of the exchanges of which nobody told the tokens.
    core
        Members that were found by a link or by likeness to each other; of a roll-up, the one that its evidence is on.
    likeness
        Of each member that came by resemblance and is not in the core, how much likelier it is a member than not
        (nats), as of when it was last compared.
    doubts
        At how many checks on end such a member was likelier not.
    is_shadow
        Whether the latest version was for looking at only.
    confirmed
        Members that a reviewer has confirmed.
    """

    kind: Kind
    subject: str
    alert_id: str
    opened_ms: int
    tenant_id: str | None
    accounts: dict[str, int]
    version: int = 0
    status: Status = "open"
    raised_ms: int = 0
    published_ms: int = 0
    published_score: float = 0.0
    score: float = 0.0
    exchanges: int = 0
    output_tokens: int = 0
    reasons: list[Reason] = []
    links: list[str] = []
    core: list[str] = []
    likeness: dict[str, float] = {}
    superseded_by: str | None = None
    confirmed: list[str] = []
    doubts: dict[str, int] = {}
    untold: int = 0
    told_ms: int = 0
    is_shadow: bool = False

    @property
    def is_rollup(self) -> bool:
        """Whether the case only collects what exceeds the daily budget."""
        return _is_rollup(self.kind, self.subject)

    @property
    def is_campaign(self) -> bool:
        """Whether the case is about accounts that act as one."""
        return self.kind == "campaign" and not self.is_rollup

    @property
    def is_part(self) -> bool:
        """Whether the case is about a campaign that was part of another one."""
        return self.kind == "campaign" and self.subject.startswith(PART)

    @property
    def is_confirmed(self) -> bool:
        """Whether a reviewer has confirmed every account; whoever joins later has yet to be looked at."""
        return self.accounts.keys() <= set(self.confirmed)

    def count(self, exchanges: int, output_tokens: int, untold: int) -> None:
        """Count exchanges of a member, less than none of one that leaves."""
        self.exchanges += exchanges
        self.output_tokens += output_tokens
        self.untold += untold

    def explain(self, reasons: list[Reason]) -> None:
        """Take in reasons; one about a feature replaces the one before."""
        by_feature = {reason.feature: reason for reason in (*self.reasons, *reasons)}
        self.reasons = list(by_feature.values())[:_MAX_REASONS]


def _is_rollup(kind: Kind, subject: str) -> bool:
    # The subject of an account is its id, which others choose.
    return kind == "campaign" and subject.startswith(ROLLUP)


def new_case(spec: DetectorSpec, kind: Kind, subject: str, at_ms: int, tenant_id: str | None) -> Case:
    """A case about an account or, by the key of its first link, about a campaign; deterministic."""
    raw = "\x00".join((kind, subject, str(at_ms), spec.fingerprint)).encode()
    begin = ROLLUP_ID if _is_rollup(kind, subject) else f"{kind[:4]}_"
    alert_id = f"{begin}{hashlib.blake2b(raw, digest_size=10).hexdigest()}"
    return Case(kind, subject, alert_id, at_ms, tenant_id, {})


def publication(spec: DetectorSpec, case: Case, status: Status, at_ms: int, *, is_evidence: bool = True) -> Alert:
    """Count one more version of the case and return it; ``published_at`` is left to whoever publishes.

    A version that brings no evidence does not make the alert last longer.
    """
    case.version += 1
    case.status = status
    case.raised_ms = max(at_ms, case.raised_ms) if is_evidence else case.raised_ms
    case.published_ms = max(at_ms, case.published_ms)
    case.told_ms = case.raised_ms
    case.is_shadow = spec.lifecycle.shadow
    case.published_score = case.score
    severity, action = _ladder(case)
    return Alert(
        event_id=f"{case.alert_id}-{case.version}",
        alert_id=case.alert_id,
        version=case.version,
        status=status,
        kind=case.kind,
        tenant_id=case.tenant_id,
        account_ids=tuple(sorted(case.accounts))[:MAX_ACCOUNTS],
        opened_at=_time(case.opened_ms),
        raised_at=_time(max(case.raised_ms, case.published_ms)),
        published_at=None,
        expires_at=_time(case.raised_ms + round(spec.lifecycle.alert_days * DAY_MS)),
        severity=severity,
        confidence=1.0 if case.is_confirmed else round(confidence_of(case.score), 4),
        score=round(case.score, 4),
        exchanges=case.exchanges,
        output_tokens=case.output_tokens if case.untold < case.exchanges else None,
        summary=_summary(case, status),
        evidence=tuple(_evidence(reason) for reason in sorted(case.reasons, key=lambda r: (-r.nats, r.feature))),
        recommended_action=_recommended(case, action),
        shadow=case.is_shadow,
        spec=SpecRef(name=spec.name, version=spec.version, fingerprint=spec.fingerprint),
        superseded_by=case.superseded_by,
    )


def _ladder(case: Case) -> tuple[Severity, ActionType]:
    """Severity by what leaves the house, action by how sure it is: observe, verify, throttle, review, suspend."""
    if case.exchanges >= _CRITICAL_FROM and not case.is_rollup:
        severity: Severity = "critical"
    elif case.exchanges >= _HIGH_FROM or case.kind == "campaign":
        severity = "high"
    else:
        severity = "medium" if case.exchanges >= _MEDIUM_FROM else "low"
    if case.is_confirmed:
        return severity, "suspend"
    # What a roll-up has seen of one account says nothing about the next.
    if case.is_rollup or (case.version <= 1 and not case.is_part):
        return severity, "verify"
    return severity, "review" if case.score >= _REVIEW_NATS else "throttle"


def _recommended(case: Case, action: ActionType) -> RecommendedAction:
    return RecommendedAction(
        type=action,
        scope="account" if case.kind == "account" else "accounts of the campaign",
        duration_seconds=_THROTTLE_SECONDS if action == "throttle" else None,
        rationale=_RATIONALE[action],
    )


def confidence_of(nats: float) -> float:
    """Chance that something is true for which there is so much evidence, when one in a thousand candidates is.

    That is 1 / (1 + 1000 exp(-nats)).
    """
    return 1 / (1 + math.exp(min(60.0, math.log(_CANDIDATES) - nats)))


def _summary(case: Case, status: Status) -> str:
    end = {
        "resolved": "Quiet again: ",
        "expired": "Expired without new evidence: ",
        "retracted": "Retracted after review: ",
        "superseded": "Now told by another alert: ",
    }.get(status, "")
    if case.is_rollup:
        return f"{end}{len(case.accounts)} accounts beyond the daily alert budget, rolled up into one alert."
    if case.kind == "account":
        return (
            f"{end}account {case.subject} asks what a crowd asks, at the rate of a machine: {case.exchanges} exchanges "
            f"so far, rarer than one honest account-day in {_round(math.exp(min(30.0, case.score)))}."
        )
    return (
        f"{end}{len(case.accounts)} accounts that {_common(case.links)} act as one: {case.exchanges} exchanges "
        "so far, spread over them as people never are."
    )


def _common(links: list[str]) -> str:
    kinds = sorted({kind_of(link).replace("_", " ") for link in links})
    return f"share {' and '.join(kinds)}" if kinds else "ask alike, in one style,"


def _evidence(reason: Reason) -> Evidence:
    return Evidence(
        detector=reason.detector,
        feature=reason.feature,
        observed=round(reason.observed, 4),
        baseline=None if reason.baseline is None else round(reason.baseline, 4),
        unit=reason.unit,
        weight=round(reason.nats, 4),
        explanation=reason.explanation,
        benign_explanation=reason.benign_explanation,
    )


def _round(number: float) -> str:
    digits = 10 ** max(0, int(math.log10(max(1.0, number))) - 1)
    return f"{int(number // digits * digits):,}"


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
