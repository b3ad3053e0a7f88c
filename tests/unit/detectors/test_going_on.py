"""What keeps an alert alive, and for how long: evidence about its own accounts, and nothing else."""

import random

import pytest

from detectors.campaigns import CampaignDetector
from detectors.case import Case
from detectors.spec import parse_spec
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert
from tests.unit.detectors.samples import BUCKET_MS, DAY_MS, HOUR_MS, START_MS, bucket, link
from tests.unit.detectors.test_joining import ALIKE, asks, crowd_asks
from tests.unit.detectors.test_verdicts import FIRST_MS, LINKED, crowded, harvests, share_a_payment


def on_link(account_id: str, hour: int, kind: str, slot: str = "pop") -> AccountBucket:
    """An account asks once, on a link."""
    return bucket(account_id, FIRST_MS + hour * HOUR_MS, slots=[slot], links=[link(kind, "shared")])


def keep_company(detector: CampaignDetector, hour: int) -> None:
    """The crowd goes on asking what it asks."""
    if hour % 6 == 0:
        for number in range(100):
            detector.observe(bucket(f"honest{number}", FIRST_MS + hour * HOUR_MS, slots=["pop"]))


def campaigns(alerts: list[Alert]) -> list[Alert]:
    """Those about campaigns."""
    return [alert for alert in alerts if alert.kind == "campaign"]


@pytest.mark.parametrize("kind", ["payment", "configuration"])
def test_a_link_that_shows_nothing_any_more_takes_nobody_in(kind: str) -> None:
    """Only a campaign had it; it falls below what people do, and days later people come to it: they are not named."""
    detector, alerts = crowded(), list[Alert]()
    for hour in range(230):
        keep_company(detector, hour)
        users = LINKED if hour < 60 or hour % 8 == 0 else []
        people = [f"person{number:02d}" for number in range(20) if hour >= 200 and (hour + number) % 6 == 0]
        for account_id in [*users, *people]:
            detector.observe(on_link(account_id, hour, kind))
        alerts += detector.advance(FIRST_MS + hour * HOUR_MS + BUCKET_MS)

    assert {account_id for alert in campaigns(alerts) for account_id in alert.account_ids} == set(LINKED)


OUTSIDERS = [f"outsider{number:02d}" for number in range(40)]
FORGETFUL = """
harvest: {memory_hours: 12}
kin: {nats_to_join: 1000, least_nats_of_linked: 1000}
alike: {seeds: 0}
"""
"""Nobody resembles anybody enough to join, and what was two days ago is forgotten."""


def left_by_members(kind: str, outsiders: list[str], value: str = "shared") -> tuple[Case, list[Alert]]:
    """The campaign of a link that its members have left for affairs of their own, before outsiders come to one."""
    detector, alerts = CampaignDetector(parse_spec(FORGETFUL, "x")), list[Alert]()
    for number in range(100):
        detector.observe(bucket(f"honest{number}", slots=["pop"], new_slots=["pop"]))
    for hour in range(122):
        keep_company(detector, hour)
        for account_id in LINKED if hour < 40 or hour % 2 == 0 else []:
            links = [link(kind, "shared")] if hour < 40 else []
            slots = ["pop" if hour < 40 else "own"]
            detector.observe(bucket(account_id, FIRST_MS + hour * HOUR_MS, slots=slots, links=links))
        for account_id in outsiders if hour >= 100 else []:
            detector.observe(bucket(account_id, FIRST_MS + hour * HOUR_MS, slots=["pop"], links=[link(kind, value)]))
        alerts += detector.advance(FIRST_MS + hour * HOUR_MS + BUCKET_MS)
    return next(case for case in detector._known.book.campaigns() if LINKED[0] in case.accounts), campaigns(alerts)


@pytest.mark.parametrize("kind", ["payment", "configuration"])
def test_what_outsiders_show_is_no_evidence_on_a_campaign(kind: str) -> None:
    """Forty come to a link that its members have left, more surely one than they were, and are unlike them.

    Neither does the score rise nor the time until which the alert stands; on another link they open a campaign.
    """
    alone, _ = left_by_members(kind, [])
    beside, told = left_by_members(kind, OUTSIDERS)
    apart, told_apart = left_by_members(kind, OUTSIDERS, "another")

    assert (beside.score, beside.raised_ms) == (alone.score, alone.raised_ms) == (apart.score, apart.raised_ms)
    assert {account_id for alert in told for account_id in alert.account_ids} == set(LINKED)
    assert beside.reasons == alone.reasons
    assert set(told_apart[-1].account_ids) == set(OUTSIDERS)
    assert told_apart[-1].score > alone.score


def test_evidence_that_names_nobody_keeps_no_alert_alive() -> None:
    """Accounts of a campaign turn to jobs of their own, as evenly as before: a week later the alert has expired."""
    detector, alerts = crowded(), list[Alert]()
    for hour in range(12 * 24):
        keep_company(detector, hour)
        for number, account_id in enumerate(LINKED):
            detector.observe(on_link(account_id, hour, "payment", "pop" if hour < 40 else f"{number}{hour % 89:02d}"))
        alerts += detector.advance(FIRST_MS + hour * HOUR_MS + BUCKET_MS)

    assert campaigns(alerts)[-1].status == "expired"


@pytest.mark.parametrize("hours_on_a_link", [0, 58])
def test_a_campaign_goes_on_with_its_members(hours_on_a_link: int) -> None:
    """Nobody joins, no link tells of it any more, and all go on for two weeks: it neither expires nor opens anew."""
    openers = [f"M{x}{y}" for x in "abcdefghijklmnopqr" for y in "abcdefghijklmnopqr"]
    lists = {account_id: random.Random(account_id).sample(openers, 200) for account_id in ALIKE}
    detector, alerts = CampaignDetector(parse_spec("alike: {warm_days: 1}", "x")), list[Alert]()
    for hour in range(13 * 24):
        records = crowd_asks(hour, openers)
        links = [link("payment", "for a while")] if hour < hours_on_a_link else []
        records += [
            asks(a, hour, lists[a][hour // 2 % 200], links=links)
            for number, a in enumerate(ALIKE)
            if hour % 2 == number % 2
        ]
        for record in records:
            detector.observe(record)
        alerts += detector.advance(START_MS + hour * HOUR_MS + BUCKET_MS)

    told = campaigns(alerts)
    assert told
    assert len({alert.alert_id for alert in told}) == 1
    assert {alert.status for alert in told} == {"open", "updated"}
    assert told[-1].expires_at.timestamp() * 1000 > START_MS + 13 * DAY_MS


def ends_after(*loud_days: int) -> int:
    """Milliseconds until the alert of an account expires that is loud on these days, and there on all others."""
    detector, alerts = crowded(), list[Alert]()
    for day in range(20):
        start_ms = FIRST_MS + day * DAY_MS
        if day in loud_days:
            alerts += harvests(detector, start_ms, "bad")
        else:
            detector.observe(bucket("bad", start_ms, slots=["own"]))
            alerts += detector.advance(start_ms + BUCKET_MS)
    [expired] = [alert for alert in alerts if alert.status == "expired"]
    return round(expired.raised_at.timestamp() * 1000) - FIRST_MS


def test_an_account_that_is_loud_again_is_not_let_go() -> None:
    """Its alert lasts a week from the latest evidence, not from the first."""
    assert ends_after(0, 5) == ends_after(0) + 5 * DAY_MS


@pytest.mark.parametrize(("is_loud", "ends"), [(True, set()), (False, {"expired"})])
def test_a_member_that_is_loud_keeps_its_campaign_alive(is_loud: bool, ends: set[str]) -> None:
    """What would name a member by itself is evidence on the campaign: that lasts a week from then on."""
    detector, alerts = crowded(), list[Alert]()
    opened = share_a_payment(detector, LINKED, range(4))[-1]
    for day in range(1, 9):
        start_ms = FIRST_MS + day * DAY_MS
        alerts += harvests(detector, start_ms, *([LINKED[0]] if day == 5 and is_loud else []))
        detector.observe(bucket(LINKED[1], start_ms + HOUR_MS, slots=["own"]))
        alerts += detector.advance(start_ms + HOUR_MS + BUCKET_MS)

    assert {a.status for a in alerts if a.alert_id == opened.alert_id} - {"updated"} == ends


def test_a_roll_up_keeps_who_is_loud_again() -> None:
    """Of two accounts that were rolled up together and both go on, one is as loud five days later."""
    detector = crowded(budget=1)
    *_, rolled_up = harvests(detector, FIRST_MS, "a0", "a1", "a2")
    alerts = list[Alert]()
    for day in range(1, 9):
        start_ms = FIRST_MS + day * DAY_MS
        for account_id in ("a0", "a1", "a2"):
            if day != 5 or account_id != "a1":
                detector.observe(bucket(account_id, start_ms, slots=["own"]))
        loud = ["a1"] if day == 5 else []
        alerts += harvests(detector, start_ms, *loud)

    assert rolled_up.account_ids == ("a1", "a2")
    [left] = {a.account_ids for a in alerts if a.alert_id == rolled_up.alert_id} - {rolled_up.account_ids}
    assert left == ("a1",)
