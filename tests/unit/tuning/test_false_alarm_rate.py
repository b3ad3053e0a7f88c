"""How often honest accounts and groups are named, beside how often the knob says."""

import csv
from collections import Counter
from dataclasses import replace

import msgspec
import pytest

from detectors.campaigns import CampaignDetector
from detectors.spec import load_spec
from schemas.account_bucket import AccountBucket
from tests.unit.tuning.samples import EAGER, sample
from traffic.catalogue import kind
from traffic.scenario import Scenario
from traffic.simulate import Simulation
from tuning import false_alarm_rate
from tuning.false_alarm_rate import GROUP_DAYS, NOMINAL_DAYS, Honest, observe, rows_of, specs
from tuning.figures import FOLDER
from tuning.judging import accounts_alone
from tuning.pipeline import account_buckets, fingerprinted

SPEC = load_spec(None)


@pytest.fixture(scope="module")
def records() -> list[AccountBucket]:
    """Records of a few people and one account that harvests."""
    return [r for _, closed in account_buckets(fingerprinted(sample().events()), SPEC) for r in closed]


def test_realised_rates_are_account_days_over_false_alarms() -> None:
    """Ten alarms in a thousand account-days are one in a hundred; none leaves only a bound."""
    honest = Honest("simulated", account_days=1_000, group_days=10.0)
    honest.alarms[30] = Counter({"class": 6, "gateway": 4})
    found = {row["of"]: row for row in rows_of(honest)}

    assert (found["accounts, 30"]["realised_days"], found["accounts, 30"]["ratio"]) == (100.0, 3.333)
    assert found["accounts, 30"]["at_least"] < 100 < found["accounts, 30"]["at_most"]
    assert found["accounts, 3650"]["realised_days"] == ""
    assert found["accounts, 3650"]["at_least"] == pytest.approx(1_000 / 3.69, rel=0.01)
    assert found["groups"]["observed_days"] == 10.0


def test_each_setting_of_the_knob_is_judged() -> None:
    """The specifications differ in the knob and, since they judge accounts by themselves, in nothing else."""
    made, alone = specs(), accounts_alone(SPEC)

    assert [spec.false_alarms.account_days_per_false_alarm for spec in made.values()] == list(NOMINAL_DAYS)
    assert all(spec.model_copy(update={"false_alarms": SPEC.false_alarms}) == alone for spec in made.values())


def test_settings_judged_in_one_pass_are_judged_as_each_alone(
    records: list[AccountBucket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is counted at 30 account-days is what a detector with that setting opens on records without links."""
    monkeypatch.setattr(false_alarm_rate, "load_spec", lambda _: EAGER)
    closed: dict[int, list[AccountBucket]] = {}
    for record in records:
        closed.setdefault(record.end_ms, []).append(record)
    honest = Honest("simulated")
    observe(honest, closed.items(), {record.account_id: record.account_id for record in records})

    detector = CampaignDetector(specs()[30])
    opened: Counter[str] = Counter()
    for end_ms, found_together in closed.items():
        for record in found_together:
            detector.observe(msgspec.structs.replace(record, links=[]))
        opened.update(found.account_ids[0] for found in detector.advance(end_ms) if found.status == "open")
    assert opened
    assert honest.alarms[30] == opened
    assert honest.account_days == len({(r.account_id, r.start_ms // 86_400_000) for r in records})

    # Nobody is counted who is not said to be honest.
    others = Honest("simulated")
    kinds = {record.account_id: "person" for record in records if record.account_id not in opened}
    observe(others, closed.items(), kinds)
    assert others.alarms[30].total() == 0
    assert 0 < others.account_days < honest.account_days


def test_groups_are_judged_in_the_first_days_of_a_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group of 40 accounts from the third of five days on counts in four days and not in one; days add up."""
    monkeypatch.setattr(false_alarm_rate, "load_spec", lambda _: EAGER)
    people, group = kind("casual_chat"), kind("hydra")
    scenario = Scenario((replace(people, accounts=40), replace(group, accounts=40)), days=5, seed=2)
    simulation = Simulation(scenario)
    closed = list(account_buckets(fingerprinted(simulation.events()), EAGER))
    kinds = dict.fromkeys(simulation.accounts, "person")
    found: dict[int, Honest] = {}
    for days in (1, 4, 30):
        found[days] = Honest("simulated")
        observe(found[days], closed, kinds, days)

    assert [honest.groups.total() > 0 for honest in found.values()] == [False, True, True]
    assert [honest.group_days for honest in found.values()] == [1, 4, 5]
    assert len({honest.account_days for honest in found.values()}) == 1
    observe(found[4], closed, kinds, 4)
    assert found[4].group_days == 8


def test_the_published_rates_are_of_the_days_that_the_program_counts() -> None:
    """Four simulated deployments with groups judged in the first days of each, and a corpus of 21 days."""
    with (FOLDER / "false_alarm_rate.csv").open(newline="") as file:
        days = {row["source"]: float(row["observed_days"]) for row in csv.DictReader(file) if row["of"] == "groups"}

    assert days == {"simulated": 4 * GROUP_DAYS, "corpus, honest only": 21, "corpus, with campaigns": 21}
