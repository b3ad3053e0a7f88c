"""Reasons: what a reviewer reads of each feature, with the honest cause that would look the same."""

from collections.abc import Collection, Mapping

from detectors.case import Case, Reason, confidence_of
from detectors.even_load import Dealt, GroupEvidence, Takeovers
from detectors.harvest import LEVELS, Judgement
from detectors.link_key import kind_of
from detectors.spec import DetectorSpec
from detectors.suspicion import FEATURES
from schemas.alert import MAX_SENTENCE_CHARS

KIN = "kin"
"""Detector of the reasons for those that resemble the members."""

_SHOWN_FROM_NATS = 2.0
"""What one account-day in seven shows is nothing to tell a reviewer."""
_SHOWN_TAKEOVER_NATS = 1.0
"""Takeovers that carry less are not told, and what they carry stays with the even load."""

_MOST_TOLD = 16
"""Members that are told one by one."""

_Texts = tuple[str, str, str]
"""Feature, explanation and honest explanation of a reason."""

# feature -> unit, explanation, honest explanation
_TEXTS = {
    "harvest": (
        "crowd-like exchanges (fading)",
        "New, self-contained requests as many accounts make them, at a rate and over hours that no person keeps.",
        "A gateway or app in front of many people, an evaluation over a public question set: ask what runs there.",
    ),
    "relentless": (
        "evenly paced exchanges (fading)",
        "Requests at even intervals that never repeat a prompt.",
        "A scheduled job over a list; the list would be the customer's own data, not questions of all kinds.",
    ),
    "elicitation": (
        "labelled exchanges (fading)",
        "Upstream classifiers see requests for written-out reasoning.",
        "Tutoring and exam preparation ask for working too, at a person's pace.",
    ),
    "refusals": (
        "refused exchanges (fading)",
        "Goes on after 401, 403 and 429 answers.",
        "A client with a fixed retry policy, or a failover router after an outage.",
    ),
    "full_length": (
        "answers that end at the limit of the request (fading)",
        "Takes answers as long as it allows them to be, request after request.",
        "Long articles or translations under a limit that was set too low.",
    ),
    "sharing": (
        "address blocks x clients per day",
        "One account used from many address blocks, or by many clients, within a day.",
        "CI runners on one key, a mobile team, a privacy proxy.",
    ),
    "shift": (
        "nats of the account's own e-detector",
        "Volume well above what this account's own hours let expect.",
        "A launch, a migration of keys, a one-off batch: ask what changed.",
    ),
    "entitlement": (
        "times the answer tokens of a usual day on the plan",
        "Takes far more than accounts on the same plan do; those without a known plan are compared with each other.",
        "A business on a small plan, a launch, a batch: ask what it runs.",
    ),
    "pivot": (
        "exchanges with a model of less than a day (fading)",
        "Turned to a new model within a day, more than all other accounts did.",
        "Benchmarking on the day of a release.",
    ),
    "discrepancy": (
        "standard deviations of the kernel mean discrepancy",
        "Asks about other topics than at first, or than when it was last judged benign.",
        "Somebody new uses the account, or an old one has a new task: ask what changed.",
    ),
    "systematic": (
        "standard deviations of a share",
        "Far more of its requests stand alone, or collect several answers, than did at first.",
        "A person who chatted has written a program, an app was put in front.",
    ),
    "no_ramp": (
        "exchanges of an account that is new here (fading)",
        "New here, or back after long, whenever registered, and at full use from its first days; others begin slowly.",
        "A migration of keys, automation that was finished before it went live.",
    ),
}


def account_reasons(judgement: Judgement) -> list[Reason]:
    """Reasons against an account: every feature that is unusual; where none is, the least usual one."""
    shown_from_nats = min(_SHOWN_FROM_NATS, max(judgement.nats))
    return [
        Reason("account", feature, value, level, unit, nats, why, benign)
        for feature, value, nats, level in zip(FEATURES, judgement.values, judgement.nats, LEVELS, strict=True)
        if nats >= shown_from_nats
        for unit, why, benign in [_TEXTS[feature]]
    ]


def group_reasons(spec: DetectorSpec, evidence: GroupEvidence, link: str) -> list[Reason]:
    """Reasons against a group that shares a link, named by its kind; values of links never leave the state.

    The weights of the reasons add up to the evidence.
    """
    kind = kind_of(link).replace("_", " ")
    takeovers, dealt, nats = evidence.takeovers, evidence.dealt, evidence.nats
    takeover: list[Reason] = []
    stream: list[Reason] = []
    if takeovers is not None and takeovers.nats >= _SHOWN_TAKEOVER_NATS:
        nats -= takeovers.nats
        takeover = [_takeover_reason(takeovers, kind)]
    if dealt is not None:
        # Neither even load nor one stream would do without the other, so each has half of the evidence.
        nats /= 2
        stream = [_dealt_reason(spec, dealt, nats, kind)]
    crowd = _crowd_reason(
        spec,
        evidence,
        f"requests over a shared {kind}",
        "Users of one general-purpose app; those differ in how much they ask.",
    )
    even = _even_load_reason(spec, evidence, nats, _even_load_texts(evidence, kind))
    return [even, *stream, crowd, *takeover]


def _even_load_texts(evidence: GroupEvidence, kind: str) -> _Texts:
    accounts, rate = len(evidence.accounts), f"about {evidence.rate:.0f} exchanges a day each"
    if evidence.is_apart:
        return (
            f"gap over a shared {kind}",
            f"{accounts} accounts use the same {kind} evenly, {rate}; most others on it use it far less, and hardly "
            "anybody is in between.",
            "A small team that works from one text, among many who use it now and then.",
        )
    if evidence.is_spoken:
        return (
            f"even conversations over a shared {kind}",
            f"{accounts} accounts with the same {kind} are loaded evenly, {rate}, turns of conversations among them; "
            "people talk on at very different length.",
            "Agents of one product team that work in conversations of a fixed length.",
        )
    return (
        f"even load over a shared {kind}",
        f"{accounts} accounts with the same {kind} are loaded evenly, {rate}; people who share something use it very "
        "differently.",
        "A class on one assignment, or test accounts of one product team.",
    )


def alike_reasons(spec: DetectorSpec, evidence: GroupEvidence) -> list[Reason]:
    """Reasons against accounts that share nothing but are alike."""
    return [
        _even_load_reason(
            spec,
            evidence,
            evidence.nats,
            (
                "even load over alike accounts",
                f"{len(evidence.accounts)} accounts ask alike, in one style, and are loaded evenly, about "
                f"{evidence.rate:.0f} exchanges a day each; people who ask alike do so in very different measure.",
                "A class on one assignment, or people who answer one set of questions for a study.",
            ),
        ),
        _crowd_reason(
            spec,
            evidence,
            "requests of alike accounts",
            "People with one profession and one way of writing; those differ in how much they ask.",
        ),
    ]


def _even_load_reason(spec: DetectorSpec, evidence: GroupEvidence, nats: float, texts: _Texts) -> Reason:
    feature, explanation, benign_explanation = texts
    return Reason(
        "group",
        feature,
        evidence.spread,
        1 / spec.groups.honest_slope,
        "standard deviation of log rates",
        nats,
        explanation,
        benign_explanation,
    )


def _dealt_reason(spec: DetectorSpec, dealt: Dealt, nats: float, kind: str) -> Reason:
    return Reason(
        "group",
        f"interchangeable accounts on a shared {kind}",
        dealt.ratio,
        spec.interchange.incoherent_ratio,
        "accounts that keep to nothing (ratio)",
        nats,
        f"What one of {len(dealt.accounts)} accounts has asked says nothing about what it asks next, as if one list "
        "were dealt out to them; people keep to their subjects and ways.",
        "One service that spreads its requests over several accounts, or an app that writes its users' requests.",
    )


def _takeover_reason(takeovers: Takeovers, kind: str) -> Reason:
    return Reason(
        "group",
        f"taking over on a shared {kind}",
        float(takeovers.took_over),
        takeovers.compared / 2,
        "refusals",
        takeovers.nats,
        f"When one of the accounts was refused, more of the others began in the ten minutes after it than in those "
        f"before at {takeovers.took_over} of {takeovers.compared} times; with people it would be about half of them.",
        "One service that falls back on another account of its own when one is at its limit.",
    )


def _crowd_reason(spec: DetectorSpec, evidence: GroupEvidence, feature: str, benign_explanation: str) -> Reason:
    return Reason(
        "group",
        feature,
        evidence.crowd_ratio,
        spec.groups.job_crowd_ratio,
        "popularity (ratio)",
        0.0,
        "What they ask is what a crowd asks, not one job on many data.",
        benign_explanation,
    )


def kin_reasons(likeness: Mapping[str, float], needed_nats: float) -> list[Reason]:
    """Reasons for the accounts of a campaign that joined it because they resemble its members, each with its nats."""
    if not likeness:
        return []
    ordered = sorted(likeness, key=lambda account_id: (likeness[account_id], account_id))
    least = [f"{account_id} {confidence_of(likeness[account_id]):.4f}" for account_id in ordered[:_MOST_TOLD]]
    return [
        Reason(
            KIN,
            "likeness to the members",
            float(len(likeness)),
            0.0,
            "accounts",
            needed_nats,
            "They asked what the members ask, in the same manner and wording; evidence of each was the weight or more "
            "when it joined.",
            "Somebody who works through the same public question set at the same pace: ask what it is for.",
        ),
        Reason(
            KIN,
            "least sure member",
            confidence_of(likeness[ordered[0]]),
            confidence_of(needed_nats),
            "confidence (ratio)",
            0.0,
            _cut("If it is a campaign, how surely each account belongs to it, the least sure first: ", least),
            "Likeness is no proof: look at these accounts first, they may have nothing to do with the rest.",
        ),
    ]


def part_reason(campaign: Case, accounts: Collection[str]) -> Reason:
    """Reason of a campaign that was a part of another one until now."""
    return Reason(
        "split",
        "accounts with a list of their own",
        float(len(accounts)),
        float(len(campaign.accounts)),
        "accounts",
        0.0,
        f"They were part of {campaign.alert_id}, whose other accounts ask something else, in another way; the rest of "
        "the evidence was found on all of them together.",
        "If one customer runs both for two purposes, what the evidence on all of them says still holds.",
    )


def _cut(text: str, parts: list[str]) -> str:
    """The text with as many of the parts as the contract has room for."""
    while len(text) + sum(len(part) + 2 for part in parts) > MAX_SENTENCE_CHARS:
        parts = parts[:-1]
    return text + ", ".join(parts) + "."
