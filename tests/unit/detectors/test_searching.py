"""Searching: which of those found alike open a campaign, through the whole campaign detector."""

import random
from datetime import UTC, datetime
from functools import cache

import pytest

from detectors.campaigns import CampaignDetector
from detectors.spec import parse_spec
from schemas.alert import Alert
from schemas.feedback import Feedback
from tests.unit.detectors.samples import BUCKET_MS, HOUR_MS, START_MS, link
from tests.unit.detectors.test_joining import ALIKE, LONG_LIST, asks, crowd_asks

HOURS = 80


@cache
def searched(benign: int = 0, members: int = 0, min_accounts: int = 8, begin: int = 0) -> list[Alert]:
    """Campaigns, as they were told last, among sixteen that share nothing, each with a part of one list.

    So many of them a reviewer has judged benign before, from the one at which it is begun. So many others are on one
    configuration, and a campaign on their own. Nobody joins as kin.
    """
    text = f"{{alike: {{warm_days: 2.5, min_accounts: {min_accounts}}}, kin: {{nats_to_join: 1000}}}}"
    parts = {a: random.Random(a).sample(LONG_LIST, 40) for a in ALIKE}
    detector, alerts = CampaignDetector(parse_spec(text, "x")), list[Alert]()
    for hour in range(HOURS):
        records = crowd_asks(hour, LONG_LIST)
        for number, account_id in enumerate(ALIKE):
            if hour % 2 == number % 2:
                links = [link("configuration", "c")] if number < members else []
                records.append(asks(account_id, hour, parts[account_id][hour // 2], links=links))
        for record in records:
            detector.observe(record)
        now_ms = START_MS + hour * HOUR_MS + BUCKET_MS
        alerts += detector.advance(now_ms)
        if hour == 1 and benign:
            given_at = datetime.fromtimestamp(now_ms / 1000, UTC)
            verdict = {"feedback_id": "f", "verdict": "benign", "author": "r", "reason": "x", "given_at": given_at}
            detector.apply_feedback(
                Feedback.model_validate(verdict | {"account_ids": tuple(ALIKE[begin : begin + benign])})
            )
    return list({alert.alert_id: alert for alert in alerts if alert.kind == "campaign"}.values())


def told(alert: Alert) -> set[int]:
    """Of how many accounts the evidence speaks that tells a number of those alike."""
    explanations = [evidence.explanation.split() for evidence in alert.evidence]
    return {int(words[0]) for words in explanations if words[1:4] == ["accounts", "ask", "alike,"]}


def test_all_that_are_alike_open_a_campaign() -> None:
    """What the tests below mean by those alike."""
    (opened,) = searched()

    assert opened.account_ids == tuple(ALIKE)
    assert told(opened) == {16}


@pytest.mark.parametrize(("benign", "begin"), [(4, 0), (4, 12), (8, 0), (8, 8)])
def test_whom_a_reviewer_has_cleared_is_no_evidence_on_those_alike(benign: int, begin: int) -> None:
    """The rest is named where it is enough by itself, with its own evidence."""
    (opened,) = searched(benign, begin=begin)

    assert opened.account_ids == tuple(ALIKE[:begin] + ALIKE[begin + benign :])
    assert told(opened) == {16 - benign}
    assert opened.score < searched()[0].score


@pytest.mark.parametrize(("benign", "min_accounts"), [(9, 8), (10, 8), (8, 9)])
@pytest.mark.parametrize("begin", [0, 6])
def test_too_few_of_those_alike_are_left(benign: int, min_accounts: int, begin: int) -> None:
    """With those that a reviewer has cleared they would be enough, and for a link five are: they are not named."""
    assert searched(benign, min_accounts=min_accounts, begin=begin) == []


@pytest.mark.parametrize(("min_accounts", "is_found"), [(8, True), (9, True), (10, False)])
def test_members_of_another_campaign_are_no_evidence_on_those_alike(min_accounts: int, *, is_found: bool) -> None:
    """Seven are a campaign on their configuration; the other nine are one by themselves, if nine are enough."""
    first, *others = searched(members=7, min_accounts=min_accounts)

    assert first.account_ids == tuple(ALIKE[:7])
    assert [(alert.account_ids, told(alert)) for alert in others] == ([(tuple(ALIKE[7:]), {9})] if is_found else [])


def test_those_alike_of_whom_half_are_a_campaign_open_none() -> None:
    """Eight of sixteen: the others are for the campaign to take in, as kin."""
    assert [alert.account_ids for alert in searched(members=8)] == [tuple(ALIKE[:8])]
