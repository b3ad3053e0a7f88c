"""Joining: how accounts become members of a campaign that is open, through the whole campaign detector."""

import random
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import pytest

from detectors.campaigns import CampaignDetector
from detectors.case import Case
from detectors.snapshot import decode_snapshot
from detectors.spec import parse_spec
from schemas.account_bucket import AccountBucket, Link
from schemas.alert import Alert
from schemas.feedback import Feedback
from tests.unit.detectors.samples import BUCKET_MS, DAY_MS, HOUR_MS, START_MS, bucket, link

LIST = [f"L{number:02d}" for number in range(30)]
LONG_LIST = [f"M{first}{second}" for first in "abcdefghijk" for second in "abcdefghijk"]
MEMBERS = [f"member{number}" for number in range(8)]
SHARED = [link("payment", "p-1")]
HOURS = 40
Fields = dict[str, dict[str, Any]]
"""What the records of accounts have besides: see ``named_with``."""


def asks(account_id: str, hour: int, opener: str, **fields: Any) -> AccountBucket:
    """One request of an account in the first bucket of an hour."""
    return bucket(account_id, START_MS + hour * HOUR_MS, **({"slots": [opener], "new_slots": [opener]} | fields))


def traffic(hour: int) -> list[AccountBucket]:
    """A hundred honest accounts, some with a request of the list among their own; eight that work through it."""
    records = [
        asks(
            f"honest{number:03d}", hour, LIST[number % 30] if hour == number % 25 else f"{number % 100:02d}{hour % 10}"
        )
        for number in range(100)
        if hour % 4 == number % 4 or hour == number % 25
    ]
    return records + [asks(a, hour, LIST[(hour + 4 * n) % 30], links=SHARED) for n, a in enumerate(MEMBERS)]


def named_with(text: str = "", **newcomers: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Whom the campaign names when newcomers come after a day and more, and the detectors that gave evidence.

    ``newcomers`` has for each account its openers by hour and what else its records have.
    """
    _, campaigns = run(text, HOURS, (), **newcomers)
    return set(campaigns[-1].account_ids), {evidence.detector for evidence in campaigns[-1].evidence}


def run(
    text: str = "", hours: int = HOURS, excused: tuple[str, ...] = (), **newcomers: dict[str, Any]
) -> tuple[CampaignDetector, list[Alert]]:
    """The detector after all hours, and what it published of campaigns; some are found benign when first seen."""
    detector, alerts = CampaignDetector(parse_spec(text, "x")), list[Alert]()
    for hour in range(hours):
        records = traffic(hour)
        for account_id, fields in newcomers.items():
            if hour >= hours - len(fields["openers"]):
                others = {name: value for name, value in fields.items() if name != "openers"}
                records.append(asks(account_id, hour, fields["openers"][hour - hours], **others))
        for record in records:
            detector.observe(record)
        alerts += detector.advance(START_MS + hour * HOUR_MS + BUCKET_MS)
        for account_id in {record.account_id for record in records} & set(excused):
            alerts += detector.apply_feedback(benign(account_id))
    return detector, [alert for alert in alerts if alert.kind == "campaign"]


def benign(account_id: str) -> Feedback:
    """A reviewer's verdict, which counts once."""
    given_at = datetime.fromtimestamp(START_MS / 1000, UTC)
    fields = {"feedback_id": account_id, "given_at": given_at, "author": "r", "reason": "x", "verdict": "benign"}
    return Feedback.model_validate(fields | {"account_ids": (account_id,)})


def case_of(detector: CampaignDetector) -> Case:
    """The only open campaign, from its record in the state."""
    decoder = msgspec.msgpack.Decoder(Case)
    [raw] = [detector.snapshot(key) for key in detector.take_changed() if key.startswith(b"c") and b"camp_" in key]
    assert raw is not None
    return decode_snapshot(raw, decoder, "a case")


LISTED = LIST[5:13]
"""What a newcomer asks that got eight requests of the list."""
OWN = [f"x{number:02d}" for number in range(8)]
"""What a newcomer asks that goes about its own affairs."""


def test_the_campaign_is_named_without_the_honest() -> None:
    """What the tests below mean by the campaign: the eight, found by their even load on a payment."""
    assert named_with() == (set(MEMBERS), {"group"})


def test_who_works_through_the_list_joins_without_a_link() -> None:
    """An account that shares nothing but the list is named with its members, and the alert says why."""
    assert named_with(kin={"openers": LISTED}) == ({*MEMBERS, "kin"}, {"group", "kin"})


def test_kin_of_another_tenant_stays_out() -> None:
    """The same account as a customer of another tenant is no member."""
    assert named_with(kin={"openers": LISTED, "tenant_id": "t-2"})[0] == set(MEMBERS)


def test_who_shares_the_link_and_the_list_joins() -> None:
    """On a payment that only the campaign uses an account joins from its first request on."""
    assert named_with(late={"openers": LISTED[:1], "links": SHARED})[0] == {*MEMBERS, "late"}


@pytest.mark.parametrize(("text", "joins"), [("", False), ("kin: {least_nats_of_linked: -100}", True)])
def test_who_shares_the_link_but_is_unlike_stays_out(text: str, joins: bool) -> None:
    """A link takes in nobody whose requests and manner speak against it, unless the specification lets it."""
    named, _ = named_with(text, stray={"openers": OWN, "links": SHARED})

    assert named - set(MEMBERS) == ({"stray"} if joins else set())


@pytest.mark.parametrize(
    ("text", "grows"), [("", True), ("kin: {core_accounts: 8}", False), ("kin: {sure_nats: 40}", False)]
)
def test_what_is_common_is_learned_from_sure_kin_too(text: str, grows: bool) -> None:
    """The core of eight takes in an account that joined without a link, as long as it is small and that one is sure."""
    detector, campaigns = run(text, newcomer={"openers": [*LIST[5:25]]})

    assert "newcomer" in campaigns[-1].account_ids
    assert set(case_of(detector).core) == {*MEMBERS, *(["newcomer"] if grows else [])}


ALIKE = [f"alike{number:02d}" for number in range(16)]


def crowd_asks(hour: int, openers: list[str]) -> list[AccountBucket]:
    """The hundred honest accounts ask one or another of the openers, each every sixteen hours, and their own."""
    asked = {f"honest{n:03d}": openers[(7 * n + 5 * hour) % len(openers)] for n in range(hour % 16, 100, 16)}
    own = [record for record in traffic(hour) if record.account_id not in {*MEMBERS, *asked}]
    return own + [asks(account_id, hour, opener) for account_id, opener in asked.items()]


@cache
def found_alike(warm_days: float) -> list[Alert]:
    """What is published of sixteen that share nothing, each with a part of one list, over eighty hours."""
    parts = {a: random.Random(a).sample(LONG_LIST, 40) for a in ALIKE}
    detector, alerts = CampaignDetector(parse_spec(f"alike: {{warm_days: {warm_days}}}", "x")), list[Alert]()
    for hour in range(80):
        records = crowd_asks(hour, LONG_LIST)
        records += [asks(a, hour, parts[a][hour // 2]) for n, a in enumerate(ALIKE) if hour % 2 == n % 2]
        for record in records:
            detector.observe(record)
        alerts += detector.advance(START_MS + hour * HOUR_MS + BUCKET_MS)
    return [alert for alert in alerts if alert.kind == "campaign"]


def test_a_campaign_that_shares_nothing_is_found_by_what_it_asks() -> None:
    """Sixteen that share nothing are named all the same, and nobody else."""
    last = found_alike(1)[-1]

    assert set(last.account_ids) == set(ALIKE)
    assert "ask alike" in last.summary
    assert {evidence.feature for evidence in last.evidence} >= {
        "even load over alike accounts",
        "requests of alike accounts",
    }


@pytest.mark.parametrize("warm_days", [2, 2.25])
def test_a_new_deployment_does_not_search_yet(warm_days: float) -> None:
    """It is found with the first look after the deployment got to know what people ask."""
    opened_at = found_alike(warm_days)[0].opened_at.timestamp() * 1000

    assert 0 <= opened_at - (START_MS + warm_days * DAY_MS) <= 2 * HOUR_MS


@pytest.mark.parametrize(("least_nats", "joins"), [(-100, True), (100, False)])
def test_too_few_for_a_campaign_of_their_own_join_the_one_of_the_rest(least_nats: float, joins: bool) -> None:
    """Seven accounts on one configuration: three are members, four are not, and join unless what they ask is unlike."""
    both, one = [link("configuration", "c-2"), *SHARED], [link("configuration", "c-2")]
    others: Fields = {a: {"openers": LIST[:14], "links": both} for a in MEMBERS[:3]}
    newcomers: Fields = {f"new{number}": {"openers": LIST[14:28], "links": one} for number in range(4)}
    text = f"kin: {{nats_to_join: 1000, least_nats_of_linked: {least_nats}}}\nalike: {{seeds: 0}}"

    named, _ = named_with(text, **others, **newcomers)

    assert named == {*MEMBERS, *(newcomers if joins else ())}


@pytest.mark.parametrize(("others", "least_nats"), [(5, -100), (5, 100), (12, 100)])
def test_others_on_a_members_link_must_not_be_unlike_them_or_be_enough(others: int, least_nats: float) -> None:
    """Some of those on one configuration are members: what all show together is no evidence about the others.

    They join when they are not unlike the members, or are a campaign of their own.

    So many links are assumed that five accounts with an even load are not enough, and eight are.
    """
    both, one = [link("configuration", "c-2"), *SHARED], [link("configuration", "c-2")]
    members: Fields = {a: {"openers": LIST[:14], "links": both} for a in MEMBERS[:4]}
    newcomers: Fields = {f"new{number}": {"openers": LIST[14:28], "links": one} for number in range(others)}
    text = "groups: {assumed_links: 100000000}\nalike: {seeds: 0}\n"
    text += f"kin: {{nats_to_join: 1000, least_nats_of_linked: {least_nats}}}"

    _, campaigns = run(text, HOURS, (), **members, **newcomers)
    named = sorted(sorted(accounts) for accounts in {a.alert_id: a.account_ids for a in campaigns}.values())

    if others == 12:
        assert named == [sorted(MEMBERS), sorted(newcomers)]
    else:
        assert named == [sorted([*MEMBERS, *(newcomers if least_nats < 0 else ())])]


@pytest.mark.parametrize("least_nats", [-100, 100])
def test_too_few_others_that_are_free_are_no_campaign(least_nats: float) -> None:
    """Of twelve others on a members' link, enough without them, eight were found benign: four join, or nobody."""
    both, one = [link("configuration", "c-2"), *SHARED], [link("configuration", "c-2")]
    members: Fields = {a: {"openers": LIST[:14], "links": both} for a in MEMBERS[:4]}
    others: Fields = {f"new{number:02d}": {"openers": LIST[14:28], "links": one} for number in range(12)}
    excused = tuple(sorted(others)[:8])
    text = f"alike: {{seeds: 0}}\nkin: {{nats_to_join: 1000, least_nats_of_linked: {least_nats}}}"

    _, campaigns = run(text, HOURS, excused, **members, **others)

    joining = set(others) - set(excused) if least_nats < 0 else set()
    assert {alert.account_ids for alert in campaigns[-1:]} == {tuple(sorted({*MEMBERS, *joining}))}
    assert len({alert.alert_id for alert in campaigns}) == 1


def test_a_link_of_others_who_are_unlike_is_not_the_campaigns() -> None:
    """Nobody joins for a link that a third of its users share with the members; nor is it a link of the campaign."""
    both, one = [link("configuration", "c-2"), *SHARED], [link("configuration", "c-2")]
    members: Fields = {a: {"openers": LIST[:14], "links": both} for a in MEMBERS[:3]}
    others: Fields = {f"new{number}": {"openers": LIST[14:28], "links": one} for number in range(5)}
    text = "groups: {assumed_links: 100000000}\nalike: {seeds: 0}\n"
    text += "kin: {nats_to_join: 1000, least_nats_of_linked: 100}"

    detector, _ = run(text, HOURS, (), **members, **others)

    assert case_of(detector).links == ["payment:\x1fp-1"]


def test_a_link_of_members_only_is_the_campaigns() -> None:
    """Nobody joins for it now; whoever uses it later does so on a link of the campaign."""
    both = [link("configuration", "c-2"), *SHARED]
    members: Fields = {a: {"openers": LIST[:14], "links": both} for a in MEMBERS}
    detector, campaigns = run("alike: {seeds: 0}", HOURS, (), **members)

    assert set(campaigns[-1].account_ids) == set(MEMBERS)
    assert case_of(detector).links == ["payment:\x1fp-1", "configuration:\x1fc-2"]


def test_a_campaign_grows_on_its_own_evidence() -> None:
    """Twelve accounts on one configuration are as surely a campaign when members of another one use it, too."""
    one = [link("configuration", "c-2")]
    newcomers: Fields = {f"new{number:02d}": {"openers": LIST[14:28], "links": one} for number in range(12)}
    text = "groups: {assumed_links: 100000000}\nalike: {seeds: 0}\nkin: {nats_to_join: 1000}"

    def score(links: list[Link]) -> float:
        members: Fields = {a: {"openers": LIST[:14], "links": links} for a in MEMBERS[:4]}
        _, campaigns = run(text, HOURS, (), **members, **newcomers)
        return [alert.score for alert in campaigns if "new00" in alert.account_ids][-1]

    # Four more at the same rate would bring 13 nats.
    assert score([*one, *SHARED]) == pytest.approx(score(SHARED), abs=0.5)


def test_members_of_several_campaigns_are_no_evidence_about_others() -> None:
    """Four of each of two campaigns share a configuration with five others, who alone are not enough to be named."""
    both, one = [link("configuration", "c-2"), *SHARED], [link("configuration", "c-2")]
    second = [link("payment", "p-2")]
    members: Fields = {a: {"openers": LIST[:14], "links": both} for a in MEMBERS[:4]}
    second_members: Fields = {
        f"second{number}": {"openers": [*LIST, *LIST[:8]], "links": [*one, *second] if number < 4 else second}
        for number in range(8)
    }
    others: Fields = {f"new{number}": {"openers": LIST[14:28], "links": one} for number in range(5)}
    text = "groups: {assumed_links: 100000000}\nalike: {seeds: 0}\n"
    text += "kin: {nats_to_join: 1000, least_nats_of_linked: 100}"

    _, campaigns = run(text, HOURS, (), **members, **second_members, **others)

    named = sorted(sorted(accounts) for accounts in {a.alert_id: a.account_ids for a in campaigns}.values())
    assert named == [sorted(MEMBERS), sorted(second_members)]


@pytest.mark.parametrize(
    ("text", "stays"),
    [("kin: {leave_checks: 8, core_accounts: 8}", False), ("kin: {leave_checks: 60, core_accounts: 8}", True)],
)
def test_a_member_that_stops_leaves(text: str, stays: bool) -> None:
    """An account that worked through part of the list and for two days asks only its own leaves, and nobody else."""
    openers = LISTED + [f"x{number:02d}" for number in range(48)]
    _, campaigns = run(text, 90, turned={"openers": openers})
    named = [set(alert.account_ids) for alert in campaigns]

    assert {*MEMBERS, "turned"} in named
    assert named[-1] == {*MEMBERS, *(["turned"] if stays else [])}


@pytest.mark.parametrize(("tenant_id", "is_merged"), [(None, True), ("t-2", False)])
def test_campaigns_of_two_tenants_never_merge(tenant_id: str | None, is_merged: bool) -> None:
    """Eight more work through the same list on a payment of their own: one campaign, but for another tenant's."""
    second: Fields = {
        f"second{number}": {
            "openers": [LIST[(hour + 4 * number) % 30] for hour in range(HOURS)],
            "links": [link("payment", "p-2")],
            "tenant_id": tenant_id,
        }
        for number in range(8)
    }
    _, campaigns = run("alike: {seeds: 0}", **second)
    last = {alert.alert_id: alert for alert in campaigns}.values()

    assert ("superseded" in {alert.status for alert in last}) == is_merged
    open_now = sorted(alert.account_ids for alert in last if alert.status != "superseded")
    assert open_now == ([(*MEMBERS, *second)] if is_merged else [tuple(MEMBERS), tuple(second)])
