"""How often alerts open beside how often they may: what the service reports while it runs."""

from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY

from detectors.spec import load_spec
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert, decode_alert
from schemas.times import epoch_ms
from streams.alarm_rates import WINDOW_DAYS, AlarmRates, measure_rates
from tests.conformance.record import hour, publication

SPEC = load_spec(None)
BUCKET_MS = 420_000
DAY_MS = 86_400_000
FIRST_DAY = epoch_ms(hour(0)) // DAY_MS
_TEXTS_AND_LISTS = {"tenant_id": None, "plan": None, "slots": [], "new_slots": [], "links": []}


def record_of(account_id: str, start_ms: int) -> AccountBucket:
    """A record of which only the account and the bucket matter."""
    fields: dict[str, Any] = dict.fromkeys(AccountBucket.__struct_fields__, 0)
    return AccountBucket(**fields | _TEXTS_AND_LISTS | {"account_id": account_id, "start_ms": start_ms})


def active(rates: AlarmRates, day: int, accounts: int) -> None:
    """Let so many accounts be active on a day, each twice."""
    for number in range(accounts):
        for at_ms in ((FIRST_DAY + day) * DAY_MS, (FIRST_DAY + day + 1) * DAY_MS - 300_000):
            rates.see(record_of(f"acct_{number}", at_ms))


def alert(alert_id: str, status: str = "open", **changes: Any) -> Alert:
    """An alert that opened on the first day."""
    return decode_alert(publication(alert_id, 1, status, **changes))


def end_of(day: int) -> int:
    """The moment after a day, milliseconds."""
    return (FIRST_DAY + day + 1) * DAY_MS


@pytest.mark.parametrize("accounts", [0, 1, 1_000, 60_000])
def test_accounts_of_a_day_are_counted_once_each(accounts: int) -> None:
    """However often they come, within one per cent; a day counts when it is over, not before."""
    rates = AlarmRates()
    active(rates, 0, accounts)

    assert rates.close(end_of(0) - 1 + BUCKET_MS, BUCKET_MS) == []
    assert rates.intervals(SPEC)["account"].observed == 0
    rates.close(end_of(0) + BUCKET_MS, BUCKET_MS)
    assert rates.intervals(SPEC)["account"].observed == pytest.approx(accounts, rel=0.01)


def test_a_bucket_counts_for_the_day_on_which_it_began() -> None:
    """It may reach past midnight, and come when event time has: the day is not over before it can come no more."""
    rates = AlarmRates()
    active(rates, 0, 100)
    assert rates.close(end_of(0) + BUCKET_MS - 1, BUCKET_MS) == []
    rates.see(record_of("late", end_of(0) - 1))

    assert rates.close(end_of(0) + BUCKET_MS, BUCKET_MS) == [FIRST_DAY]
    assert rates.intervals(SPEC)["account"].observed == pytest.approx(101, abs=0.5)


def test_realised_stands_beside_what_was_asked_for() -> None:
    """Three days of a hundred accounts, two account alerts and a campaign: 150 account-days each, and three days."""
    rates = AlarmRates()
    for day in range(3):
        active(rates, day, 100)
    for name in ("x", "y", "campaign"):
        rates.count(alert(name))
    rates.close(end_of(2) + BUCKET_MS, BUCKET_MS)
    found = rates.intervals(SPEC)

    assert found["account"].realised == pytest.approx(150, rel=0.01)
    assert found["account"].asked_for == SPEC.false_alarms.account_days_per_false_alarm
    assert found["campaign"].realised == 3
    assert found["campaign"].asked_for == SPEC.false_alarms.days_per_false_campaign


def test_what_is_confirmed_or_taken_up_is_no_false_alarm() -> None:
    """Confirmed, once or again, or superseded: it no longer counts. Updated or retracted: it still does."""
    rates = AlarmRates()
    active(rates, 0, 100)
    for name in ("w", "x", "y", "z"):
        rates.count(alert(name))
    for _ in range(2):
        rates.count(alert("w", "updated", action="suspend"))
    rates.count(alert("x", "superseded", superseded_by="campaign"))
    rates.count(alert("y", "updated"))
    rates.count(alert("z", "retracted"))
    rates.close(end_of(0) + BUCKET_MS, BUCKET_MS)

    assert rates.intervals(SPEC)["account"].alerts == 2


def test_only_the_window_counts() -> None:
    """Days before the last 28, and what opened on them, are forgotten."""
    rates = AlarmRates()
    rates.count(alert("x"))
    rates.count(alert("y", "superseded", superseded_by="campaign"))
    for day in range(WINDOW_DAYS + 2):
        active(rates, day, 1)
        rates.close(end_of(day) + BUCKET_MS, BUCKET_MS)
    found = rates.intervals(SPEC)

    assert (found["campaign"].observed, found["account"].alerts) == (WINDOW_DAYS, 0)
    assert rates.settled == {}


def test_who_is_rolled_up_counts_one_by_one() -> None:
    """The daily budget hides no alarm: each account ever in a roll-up is one, but for the last that a campaign took."""
    rates = AlarmRates()
    active(rates, 0, 100)
    rates.count(alert("x"))
    rates.count(alert("roll_1", accounts=("a", "b", "c")))
    rates.count(alert("roll_2", accounts=("d",)))
    rates.count(alert("roll_1", "updated", accounts=("a", "b", "c", "e")))
    rates.count(alert("roll_1", "updated", accounts=("a", "e")))
    rates.close(end_of(0) + BUCKET_MS, BUCKET_MS)

    assert rates.intervals(SPEC)["account"].alerts == 1 + 4 + 1
    assert rates.intervals(SPEC)["campaign"].alerts == 0
    rates.count(alert("roll_1", "superseded", accounts=("a",), superseded_by="campaign"))
    rates.count(alert("roll_2", "resolved", accounts=("d",)))
    assert rates.intervals(SPEC)["account"].alerts == 1 + (4 - 1) + 1
    rates.count(alert("roll_1", "superseded", accounts=("a",), superseded_by="campaign"))
    assert rates.intervals(SPEC)["account"].alerts == 1 + (4 - 1) + 1


def test_what_was_settled_of_a_roll_up_stays_settled() -> None:
    """Of a and b one is judged benign, the other confirmed; c comes, is confirmed, and a leaves: one false alarm."""
    rates, found = AlarmRates(), []
    active(rates, 0, 100)
    rates.close(end_of(0) + BUCKET_MS, BUCKET_MS)
    versions = [
        ("ab", "verify"),
        ("a", "verify"),
        ("a", "suspend"),
        ("ac", "verify"),
        ("ac", "suspend"),
        ("c", "suspend"),
    ]
    for accounts, action in versions:
        rates.count(alert("roll_1", "updated", accounts=tuple(accounts), action=action))
        found.append(rates.intervals(SPEC)["account"].alerts)

    assert found == [2, 2, 1, 2, 1, 1]


def test_the_gauges_are_of_whoever_has_the_partition() -> None:
    """A worker shows its rates, and nothing once the partition has gone to another."""
    rates = AlarmRates()
    active(rates, 0, 10)
    rates.count(alert("x"))
    rates.close(end_of(0) + BUCKET_MS, BUCKET_MS)
    labels = {"kind": "account", "rate": "realised"}

    measure_rates(rates, SPEC)
    assert REGISTRY.get_sample_value("stillwatch_days_per_alarm", labels) == 10
    assert REGISTRY.get_sample_value("stillwatch_unsettled_alerts", {"kind": "account"}) == 1
    measure_rates(None, SPEC)
    assert REGISTRY.get_sample_value("stillwatch_days_per_alarm", labels) is None


def test_counts_survive_a_snapshot() -> None:
    """What is written is what is read, in the middle of a day too."""
    rates = AlarmRates()
    active(rates, 0, 10)
    rates.count(alert("x", "superseded", superseded_by="campaign"))
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(rates), type=AlarmRates)

    assert again == rates
    assert again.close(end_of(0) + BUCKET_MS, BUCKET_MS) == [FIRST_DAY]
