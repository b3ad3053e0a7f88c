"""What the programs that make tables switch off, choose and count."""

from types import ModuleType

import msgspec
import pytest
from click.testing import CliRunner

from detectors.fingerprint_layout import OPENER_CHARS
from detectors.link_key import LINK_KINDS
from detectors.spec import load_spec
from detectors.suspicion import FEATURES
from schemas.account_bucket import AccountBucket, Link
from schemas.usage_event import UsageEvent
from tests.unit.tuning.samples import EAGER, alert, at_ms, sample
from tuning import content_discrepancy, curve, evasion_curve, false_alarm_rate, figures, poisoning
from tuning.ablation import INPUTS, popular_everywhere, switches, without_link_kind
from tuning.corpus import Campaign, Corpus, Truth
from tuning.curve import alone, at_factor, row_of
from tuning.hard_cases import by_wrapper, campaigns, honest_kinds
from tuning.judging import PartialDetector, judged_records, with_numbers
from tuning.leave_one_out import Outcome, best, grid, left_out
from tuning.parts import part_of, parts
from tuning.pipeline import account_buckets, fingerprinted
from tuning.scores import scored
from tuning.without import without

SPEC = load_spec(None)


@pytest.fixture(scope="module")
def records() -> list[AccountBucket]:
    """Records of a few people and one account that harvests."""
    return [r for _, closed in account_buckets(fingerprinted(sample().events()), SPEC) for r in closed]


def test_the_knob_moves_as_far_as_it_goes() -> None:
    """Both knobs are multiplied; at the ends they stay within what a specification may say."""
    known = SPEC.false_alarms
    stricter, strictest = at_factor(SPEC, 4.0).false_alarms, at_factor(SPEC, 1e9).false_alarms

    assert stricter.account_days_per_false_alarm == 4 * known.account_days_per_false_alarm
    assert stricter.days_per_false_campaign == 4 * known.days_per_false_campaign
    assert (strictest.account_days_per_false_alarm, strictest.days_per_false_campaign) == (1_000_000, 100_000)
    assert at_factor(SPEC, 1.0) == SPEC


def test_numbers_are_checked_as_a_file_would_be() -> None:
    """A number that does not exist or cannot be is refused, not ignored."""
    with pytest.raises(ValueError, match="extra"):
        with_numbers(SPEC, {"kin.no_such_number": 1})
    with pytest.raises(ValueError, match="greater"):
        with_numbers(SPEC, {"harvest.memory_hours": -1})


def test_a_silent_feature_adds_nothing_and_others_stay(records: list[AccountBucket]) -> None:
    """Without its main feature nobody is named; with only the account detectors' threshold gone, nobody alone."""
    end_ms = records[-1].end_ms
    named = {a for found in judged_records(records, end_ms, EAGER) for a in found.account_ids}

    assert named
    assert judged_records(records, end_ms, EAGER, PartialDetector(EAGER, ["harvest"])) == []
    assert judged_records(records, end_ms, EAGER, PartialDetector(EAGER, names_accounts=False)) == []
    assert judged_records(records, end_ms, EAGER, PartialDetector(EAGER)) == judged_records(records, end_ms, EAGER)


def test_every_feature_and_link_kind_is_switched_off_once() -> None:
    """The table follows the detectors: each supporting feature and each kind of link has a row of its own."""
    names = [switch.name for switch in switches(SPEC)]

    assert [n.removeprefix("feature ") for n in names if n.startswith("feature ")] == list(FEATURES[1:])
    assert [n.removeprefix("links by ") for n in names if n.startswith("links by ")] == list(LINK_KINDS)
    assert names.count("nothing") == 2
    assert len(set(names)) == len(names) - 1


def test_changed_records_differ_in_what_is_off(records: list[AccountBucket]) -> None:
    """Links of one kind go and others stay; popular openers are as many as before, all alike, each as long as any."""
    record = msgspec.structs.replace(
        records[0],
        links=[Link("template", "a", 2), Link("payment", "b", 1)],
        slots=["x", "y"],
        new_slots=["y"],
        places=[(1, "abc")],
    )

    assert without_link_kind("template", record).links == [Link("payment", "b", 1)]
    everywhere = popular_everywhere(record)
    assert len(everywhere.slots) == 2
    assert len(set(everywhere.slots)) == 1
    assert len(everywhere.slots[0]) == OPENER_CHARS
    assert everywhere.new_slots == everywhere.slots[:1]
    assert everywhere.places == []


def test_inputs_that_are_left_out_are_fields_of_events() -> None:
    """No field is misspelt: all are known to usage events; required ones become unknown, others go."""
    known = set(UsageEvent.model_fields)

    assert set().union(*INPUTS.values()) <= known
    event = {"event_id": "1", "output_tokens": 5, "temperature": 0.5}
    assert without(event, INPUTS["all fields of single events"]) == {
        "event_id": "1", "output_tokens": None, "input_tokens": None,
    }  # fmt: skip


OUTCOMES = [
    Outcome("default", {"a": 0.5, "b": 0.5, "c": 0.5}, 10),
    Outcome("for a", {"a": 0.1, "b": 0.9, "c": 0.5}, 10),
    Outcome("for b and c", {"a": 0.9, "b": 0.2, "c": 0.3}, 9),
    Outcome("lax", {"a": 0.0, "b": 0.0, "c": 0.0}, 11),
]


def test_the_family_left_out_has_no_say() -> None:
    """For a, the others choose what is bad for it; a specification that names too many is no choice."""
    rows = {row["family"]: row for row in left_out(OUTCOMES, 10)}

    assert rows["a"]["chosen_without_it"] == "for b and c"
    assert (rows["a"]["leaked"], rows["a"]["leaked_default"], rows["a"]["leaked_best"]) == (0.9, 0.5, 0.1)
    assert rows["b"]["best_for_it"] == "for b and c"
    with pytest.raises(ValueError, match="more than 3"):
        best(OUTCOMES, ["a"], 3)


def test_the_grid_has_the_default_and_specifications_that_differ() -> None:
    """Ten to twenty of them, no two alike."""
    specs_of_grid = grid(SPEC)

    assert next(iter(specs_of_grid.values())) == SPEC
    assert 10 <= len(specs_of_grid) <= 20
    assert len({spec.fingerprint for spec in specs_of_grid.values()}) == len(specs_of_grid)


TRUTH = Truth(
    kinds={"h1": "class", "h2": "class", "h3": "gateway"},
    campaigns={"one": Campaign("one", "hydra", "fixed"), "two": Campaign("two", "solo", "none")},
    exchanges={"one": [(at_ms(1), "a"), (at_ms(4), "b")], "two": [(at_ms(1), "c")]},
    honest_days={"h1": 2, "h2": 1, "h3": 5},
)


def test_kinds_of_honest_use_are_counted_apart() -> None:
    """Two of a class, one named alone and one as a member of a group of their own; the gateway is silent."""
    score = scored(TRUTH, [alert("x", 1, ["h1"]), alert("campaign", 2, ["h1", "h2"])])

    assert honest_kinds(score) == [
        {"kind": "class", "accounts": 2, "account_days": 3, "named_alone": 1, "named_as_members": 1, "groups": 1},
        {"kind": "gateway", "accounts": 1, "account_days": 5, "named_alone": 0, "named_as_members": 0, "groups": 0},
    ]


def test_campaigns_by_wrapper_come_with_the_least_leaking_first() -> None:
    """Half of one leaked, all of the other; accounts named stand beside campaigns of many accounts."""
    rows = campaigns(scored(TRUTH, [alert("campaign", 2, ["b", "x"])]), scored(TRUTH, []))

    assert [(row["leaked"], row["leaked_alone"], row["accounts_named"]) for row in rows] == [(0.5, 1.0, 1), (1, 1, 0)]
    assert [row["wrapper"] for row in by_wrapper(TRUTH, rows)] == ["fixed", "none"]
    assert by_wrapper(TRUTH, rows)[0]["each (family: leaked, accounts named of all)"] == "hydra: 50% (1 of 2)"


def test_a_part_has_whole_accounts_and_nothing_of_others(records: list[AccountBucket]) -> None:
    """Records, labels and days of those kept, and event time as it was."""
    named = [msgspec.structs.replace(records[0], account_id=a) for a in ("h1", "a", "b", "c", "h3")]
    part = part_of(Corpus(TRUTH, named, 7), {"h3"}, {"one"})

    assert [record.account_id for record in part.buckets] == ["a", "b", "h3"]
    assert (part.truth.kinds, part.truth.honest_days) == ({"h3": "gateway"}, {"h3": 5})
    assert (set(part.truth.campaigns), set(part.truth.exchanges), part.watermark_ms) == ({"one"}, {"one"}, 7)


def test_parts_are_halves_and_thirds() -> None:
    """The halves have every honest account once, the thirds every campaign once, of a family one after the other."""
    campaigns = {f"c{n}": Campaign(f"c{n}", "hydra" if n < 4 else "solo") for n in range(7)}
    truth = Truth({f"h{n}": "chat" for n in range(50)}, campaigns, {name: [] for name in campaigns}, {})
    found = dict(parts(Corpus(truth, [], 0)))
    halves = [part.truth.kinds.keys() for name, part in found.items() if name.startswith("half")]
    thirds = [set(part.truth.campaigns) for name, part in found.items() if name.startswith("third")]

    assert halves[0] | halves[1] == truth.kinds.keys()
    assert not halves[0] & halves[1]
    assert thirds == [{"c0", "c3", "c4"}, {"c1", "c5"}, {"c2", "c6"}]
    assert (found["no campaign"].truth.campaigns, len(found["no campaign"].truth.kinds)) == ({}, 50)


def test_a_point_of_the_curve_says_how_few_accounts_it_rests_on(records: list[AccountBucket]) -> None:
    """One honest account of eight days: 125 per 1,000, and an interval that is as wide as one count makes it."""
    row = row_of(SPEC, "all", scored(TRUTH, [alert("x", 1, ["h1"])]))
    silent = alone(Corpus(TRUTH, records, records[0].start_ms), SPEC)

    assert (row["named_alone"], row["false_per_1000"], row["honest_groups"]) == (1, 125.0, 0)
    assert row["at_most"] == pytest.approx(1000 * 5.572 / 8, rel=0.01)
    assert silent.macro == 1.0


@pytest.mark.parametrize("program", [curve, evasion_curve, false_alarm_rate, poisoning, content_discrepancy])
def test_nothing_is_measured_that_could_not_be_drawn(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without matplotlib a program says so at once, and not after an hour."""
    monkeypatch.setattr(figures, "find_spec", lambda _: None)

    done = CliRunner().invoke(program.main, ["."] if program is curve else [])

    assert done.exit_code == 1
    assert "pip install matplotlib" in done.output
