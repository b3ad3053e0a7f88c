"""Opening: which accounts on a link open a campaign together, through the whole campaign detector."""

import random
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from detectors.campaign_cases import CampaignCases
from detectors.campaigns import CampaignDetector
from detectors.knowledge import Knowledge
from detectors.spec import DetectorSpec, parse_spec
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert
from schemas.feedback import Feedback
from tests.unit.detectors.samples import BUCKET_MS, HOUR_MS, START_MS, bucket, link

POPULAR = [f"P{number:02d}" for number in range(30)]
HOURS, BEGIN_HOUR = 64, 30
"""By when it is known how people keep to their affairs, and the accounts begin."""


def asks(account_id: str, hour: int, openers: list[str], kind: str | None = None) -> AccountBucket:
    """Requests of an account in the first bucket of an hour, all on one link if its kind is given."""
    links = [] if kind is None else [link(kind, "h-shared", len(openers))]
    fields: dict[str, Any] = {
        "slots": openers,
        "new_slots": openers,
        "events": len(openers),
        "fresh": len(openers),
        "links": links,
        "styles": "Zzzzzz" * len(openers),
    }
    return bucket(account_id, START_MS + hour * HOUR_MS, **fields)


def opened(kind: str, keeping: int, accounts: int, own: int) -> list[tuple[str, ...]]:
    """The accounts of each campaign that opens, as it opens.

    A hundred people ask popular things, and as often three of their own. Of so many accounts on a link, loaded evenly,
    of eight requests the first ``keeping`` ask one thing of their own so often; the rest work through a list.
    """
    chooser, detector = random.Random(3), CampaignDetector(parse_spec("{alike: {seeds: 0}}", "x"))
    campaigns = []
    for hour in range(HOURS):
        for number in range(100):
            if hour % 6 == number % 6:
                asked = [f"{number:02d}{chooser.randrange(3)}" for _ in range(3)] + chooser.sample(POPULAR, 3)
                detector.observe(asks(f"person{number:02d}", hour, asked))
        for number in range(accounts if hour >= BEGIN_HOUR else 0):
            asked = [f"j{chr(97 + number)}0"] * (own if number < keeping else 0)
            asked += chooser.sample(POPULAR, 8 - len(asked))
            detector.observe(asks(f"linked{number:02d}", hour, asked, kind))
        alerts = detector.advance(START_MS + hour * HOUR_MS + BUCKET_MS)
        campaigns += [a.account_ids for a in alerts if a.kind == "campaign" and a.status == "open"]
    return campaigns


@pytest.mark.parametrize(
    ("kind", "keeping", "accounts", "own", "found"),
    [
        ("template", 0, 6, 0, 6),
        ("template", 6, 6, 1, 6),
        ("template", 6, 6, 4, 0),
        ("template", 2, 6, 4, 0),
        ("template", 2, 8, 4, 6),
        ("configuration", 6, 6, 4, 6),
        ("template", 21, 21, 4, 21),
    ],
)
def test_who_keeps_to_his_own_affairs_is_no_evidence_on_few_with_one_wording(
    kind: str, keeping: int, accounts: int, own: int, found: int
) -> None:
    """Strangers apply one well-known wording to data of their own; a configuration is none, and many are told apart."""
    campaigns = opened(kind, keeping, accounts, own)
    assert [len(campaign) for campaign in campaigns] == [found] * (found > 0)


def cleared(accounts: tuple[str, ...] = ()) -> list[Alert]:
    """Campaign alerts on eight accounts of one configuration, whom six others follow later.

    As soon as the first one opens a reviewer judges it benign, or only some of its accounts.
    """
    chooser, detector = random.Random(3), CampaignDetector(parse_spec("{alike: {seeds: 0}}", "x"))
    alerts: list[Alert] = []
    for hour in range(2 * HOURS):
        for number in range(100):
            if hour % 6 == number % 6:
                detector.observe(asks(f"person{number:02d}", hour, chooser.sample(POPULAR, 6)))
        for number in range((hour >= BEGIN_HOUR) * 8 + (hour >= HOURS) * 6):
            detector.observe(asks(f"linked{number:02d}", hour, chooser.sample(POPULAR, 8), "configuration"))
        now_ms = START_MS + hour * HOUR_MS + BUCKET_MS
        found = [a for a in detector.advance(now_ms) if a.kind == "campaign"]
        if found and not alerts:
            subject = {"account_ids": accounts} if accounts else {"alert_id": found[0].alert_id}
            verdict = {"feedback_id": "f", "verdict": "benign", "author": "r", "reason": "x", **subject}
            given_at = datetime.fromtimestamp(now_ms / 1000, UTC)
            detector.apply_feedback(Feedback.model_validate(verdict | {"given_at": given_at}))
        alerts += found
    return alerts


def linked(first: int, end: int) -> tuple[str, ...]:
    """Names of accounts on the configuration."""
    return tuple(f"linked{number:02d}" for number in range(first, end))


def test_whom_a_reviewer_has_cleared_is_no_evidence_on_others() -> None:
    """Eight on one configuration are named and judged benign; of six that come later the alert tells six, not all."""
    first, second = (a for a in cleared() if a.status == "open")

    assert first.account_ids == linked(0, 8)
    assert second.account_ids == linked(8, 14)
    assert [e.explanation for e in second.evidence if e.explanation.startswith("6 accounts ")]


def test_a_campaign_goes_on_without_those_whom_a_reviewer_has_cleared() -> None:
    """Two of eight are judged benign; six more join the other six, and the evidence is of twelve."""
    alerts = cleared(linked(0, 2))

    assert [a.account_ids for a in alerts if a.status == "open"] == [linked(0, 8)]
    assert alerts[-1].account_ids == linked(2, 14)
    told = [e.explanation.split()[0] for a in alerts[1:] for e in a.evidence if e.explanation.split()[1] == "accounts"]
    assert "12" in told
    assert not {"13", "14"} & set(told)


def test_takeovers_are_evidence_only_where_no_member_is_left_out() -> None:
    """They may be those of the members; a verdict on others makes no difference."""
    told: list[tuple[set[str], bool]] = []

    def judge(*args: Any, counts_takeovers: bool) -> None:
        told.append((args[-1], counts_takeovers))

    known: Any = Knowledge(DetectorSpec())
    known.groups = SimpleNamespace(judge=judge)
    cases = CampaignCases(DetectorSpec(), known)
    for others, excused in (((), ()), ({"member"}, ()), ((), {"cleared"})):
        cases._judge("payment:\x1fp", 0, others, excused)

    assert told == [(set(), True), ({"member"}, False), ({"cleared"}, True)]


@pytest.mark.parametrize("warm_days", [0, 2])
def test_no_campaign_opens_for_less_than_is_asked_for_in_the_first_days(warm_days: float) -> None:
    """Six accounts are at work from the eleventh hour on; a thousand nats are never reached, the usual ones soon."""
    spec = parse_spec(f"{{alike: {{seeds: 0}}, groups: {{warm_days: {warm_days}, warm_nats: 1000}}}}", "x")
    chooser, detector, opened_ms = random.Random(3), CampaignDetector(spec), None
    for hour in range(HOURS):
        for number in range(100):
            if hour % 6 == number % 6:
                detector.observe(asks(f"person{number:02d}", hour, chooser.sample(POPULAR, 3)))
        for number in range(6 if hour >= 10 else 0):
            detector.observe(asks(f"linked{number:02d}", hour, chooser.sample(POPULAR, 8), "configuration"))
        end_ms = START_MS + hour * HOUR_MS + BUCKET_MS
        if opened_ms is None and any(alert.kind == "campaign" for alert in detector.advance(end_ms)):
            opened_ms = end_ms

    assert opened_ms is not None
    assert (opened_ms >= START_MS + 48 * HOUR_MS) == (warm_days == 2)
