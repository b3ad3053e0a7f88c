"""Splitting: two campaigns that something common brought together go on as two, through the whole campaign detector."""

from collections.abc import Iterator
from functools import cache
from itertools import islice

import pytest

from detectors.campaigns import CampaignDetector
from detectors.spec import parse_spec
from schemas.account_bucket import AccountBucket, Link
from schemas.alert import Alert
from tests.unit.detectors.samples import HOUR_MS, START_MS, bucket, link
from tuning.judging import with_numbers

SPEC = parse_spec("{alike: {seeds: 0}, groups: {job_crowd_ratio: 0.05, crowd_ratio: 0.1}}", "x")
"""The hundred honest accounts ask little of the lists."""
HOURS = 40
SHARED = {kind: link(kind, "h-shared") for kind in ("configuration", "payment", "template")}
MEMBERS = 10
_LETTERS = "abcdefghijk"
_STYLES = {"first": "Aaaaaa", "second": "Zzzzzz"}


def asks(account_id: str, hour: int, opener: str, style: str, *links: Link) -> AccountBucket:
    """One request of an account in the first bucket of an hour."""
    fields = {
        "slots": [opener],
        "new_slots": [opener],
        "styles": style,
        "links": list(links),
    }
    return bucket(account_id, START_MS + hour * HOUR_MS, **fields)


def many_asks(account_id: str, hour: int, place: int) -> AccountBucket:
    """Twenty-four requests of a stranger that works through the second list from a place on."""
    slots = [f"S{_LETTERS[part % 11]}{part % 7}" for part in range(place, place + 72, 3)]
    fields = {"slots": slots, "new_slots": slots, "styles": _STYLES["second"] * 24, "events": 24, "fresh": 24}
    return bucket(account_id, START_MS + hour * HOUR_MS, **fields)


def traffic(hour: int, second: str, shared: tuple[str, ...]) -> list[AccountBucket]:
    """A hundred honest accounts, and ten that work through each of two lists, all twenty with something in common.

    ``second`` is how the second ten ask: in the style of the first and half of their list, or in one of their own.
    """
    records, links = [], [SHARED[kind] for kind in shared]
    for number in range(100):
        if hour % 4 == number % 4 or hour == number % 25:
            opener = ("F" if number % 2 else "S") + f"{_LETTERS[number % 11]}{number % 7}"
            own = opener if hour == number % 25 else f"{number:02d}{hour % 10}"
            records.append(asks(f"honest{number:03d}", hour, own, "mmmmmm"))
    for number in range(MEMBERS):
        place = (hour * MEMBERS + number) % 77
        part = f"{_LETTERS[place % 11]}{place % 7}"
        records.append(asks(f"first{number}", hour, f"F{part}", _STYLES["first"], *links))
        name = "F" if second == "first" and hour % 2 else "S"
        records.append(asks(f"second{number}", hour, f"{name}{part}", _STYLES[second], *links))
    return records


@cache
def said(second: str, shared: tuple[str, ...] = ("configuration",), restored_at: int = -1) -> list[Alert]:
    """What is published about campaigns; from an hour on by a detector that was restored from what was written."""
    detector, alerts, written = CampaignDetector(SPEC), list[Alert](), dict[bytes, bytes | None]()
    for hour in range(HOURS):
        for record in traffic(hour, second, shared):
            detector.observe(record)
        alerts += detector.advance(START_MS + (hour + 1) * HOUR_MS - 1)
        written |= {key: detector.snapshot(key) for key in detector.take_changed()}
        if hour == restored_at:
            detector = CampaignDetector(SPEC)
            for key, value in written.items():
                if value is not None:
                    detector.restore(key, value)
    return [alert for alert in alerts if alert.kind == "campaign"]


def standing(alerts: list[Alert]) -> list[set[str]]:
    """The accounts of each campaign whose last version stands, by the name of the first account."""
    last = {alert.alert_id: alert for alert in alerts}
    return sorted((set(a.account_ids) for a in last.values() if a.is_active), key=min)


def test_two_lists_on_one_configuration_become_two_campaigns() -> None:
    """They are found as one; the larger part, or the first by name, takes the place of the whole."""
    alerts = said("second")
    both = [{f"{name}{number}" for number in range(MEMBERS)} for name in ("first", "second")]

    assert alerts[0].status == "open"
    [end] = [alert for alert in alerts if alert.status == "superseded"]
    assert all(len(part & set(end.account_ids)) >= MEMBERS - 1 for part in both)
    assert standing(alerts) == both
    at = alerts.index(end)
    assert [alert.status for alert in alerts[at : at + 3]] == ["superseded", "open", "open"]
    assert end.superseded_by == alerts[at + 1].alert_id
    assert all(end.alert_id in str(alert.evidence) for alert in alerts[at + 1 : at + 3])


def test_what_is_split_stays_split() -> None:
    """Neither part goes into the other at the checks that follow."""
    statuses = [alert.status for alert in said("second")]
    assert statuses.count("superseded") == 1
    assert statuses.count("open") == 3


def hourly(version: str, strangers_at: int = -1) -> Iterator[list[Alert]]:
    """What is published about campaigns hour by hour; in one hour forty strangers ask the second list in its style.

    When a campaign has its turn to be looked at depends on its name, and that on the version of the specification.
    """
    spec = SPEC.model_copy(update={"version": version})
    detector = CampaignDetector(with_numbers(spec, {"kin.nats_to_join": 4}))
    for hour in range(HOURS):
        strangers = range(40) if hour == strangers_at else ()
        records = [many_asks(f"stranger{number:02d}", hour, number) for number in strangers]
        for record in traffic(hour, "second", ("configuration",)) + records:
            detector.observe(record)
        alerts = detector.advance(START_MS + (hour + 1) * HOUR_MS - 1)
        yield [alert for alert in alerts if alert.kind == "campaign"]


def split_hour(version: str, strangers_at: int = -1) -> int:
    """The hour in which the campaign becomes two."""
    published = enumerate(hourly(version, strangers_at))
    return next(hour for hour, alerts in published if any(alert.status == "superseded" for alert in alerts))


def test_nobody_follows_a_part_that_resembles_many() -> None:
    """Forty strangers ask the second list in its style, just as it becomes a campaign of its own: it is theirs, too."""
    both = ((split_hour(version), version) for version in map(str, range(10)))
    hour, version = next((hour, version) for hour, version in both if split_hour(version, hour) == hour)
    campaigns = next(islice(hourly(version, hour), hour, None))

    assert [alert.status for alert in campaigns][-3:] == ["superseded", "open", "open"]
    assert standing(campaigns) == [{f"{name}{number}" for number in range(MEMBERS)} for name in ("first", "second")]


@pytest.mark.parametrize(
    ("second", "shared", "why"),
    [
        ("first", ("configuration", "template"), "one list, of which the first ten get another part"),
        ("second", ("configuration", "payment"), "two lists of one customer"),
    ],
)
def test_what_is_one_stays_one(second: str, shared: tuple[str, ...], why: str) -> None:
    """The second ten ask other things too, but are nobody else's."""
    alerts = said(second, shared)
    assert {alert.status for alert in alerts} <= {"open", "updated"}, why
    assert [len(accounts) for accounts in standing(alerts)] == [2 * MEMBERS], why


@pytest.mark.parametrize("restored_at", range(8, 32, 2))
def test_a_restored_detector_splits_alike(restored_at: int) -> None:
    """What was learned for the split is written, or learned anew."""
    assert said("second", restored_at=restored_at) == said("second")
