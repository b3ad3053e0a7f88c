"""Scenarios from YAML: what can be said, and what is refused with a hint."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from traffic.catalogue import kind
from traffic.scenario_files import ScenarioError, load_scenario, scenario_of

EXAMPLE = """
days: 9
seed: 4
start: 2026-02-02T00:00:00Z
release_day: 6
populations:
  - kind: casual_chat
    accounts: 30
  - kind: hydra
    accounts: 12
    identity: {network: home, plans: [plus]}
    streams:
      harvest:
        activity: {requests_per_day: 5, first_day: 3}
        content: {wrapper: none}
"""


def test_a_file_varies_kinds_of_the_catalogue(tmp_path: Path) -> None:
    """What is said replaces the kind's own values, at any depth; all else stays."""
    path = tmp_path / "scenario.yaml"
    path.write_text(EXAMPLE)

    scenario = load_scenario(path)
    chat, hydra = scenario.populations
    harvest, usual = hydra.streams["harvest"], kind("hydra").streams["harvest"]

    assert (scenario.days, scenario.seed, scenario.release_day) == (9, 4, 6)
    assert scenario.start == datetime(2026, 2, 2, tzinfo=UTC)
    assert (chat.kind, chat.accounts, chat.streams) == ("casual_chat", 30, kind("casual_chat").streams)
    assert (hydra.identity.network, hydra.identity.plans, hydra.identity.client) == ("home", ("plus",), "api")
    assert (harvest.activity.requests_per_day, harvest.activity.first_day, harvest.content.wrapper) == (5, 3, "none")
    assert harvest.activity.rhythm == usual.activity.rhythm
    assert harvest.content.source == usual.content.source


def of_hydra(**varied: object) -> dict[str, object]:
    """A scenario of one population that differs from its kind."""
    return {"populations": [{"kind": "hydra", **varied}]}


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"populations": [{"kind": "casual_chat", "acounts": 3}]},
            r"populations\[0\]\.acounts: unknown; did you mean accounts",
        ),
        ({"populations": [{"kind": "casual"}]}, r"populations\[0\]\.kind: no kind of traffic is called 'casual'"),
        ({"populations": []}, "a list of at least one"),
        ({"days": 3}, "a list of at least one"),
        ({"populations": [{"kind": "hydra"}], "dayz": 3}, "did you mean days"),
        ({"populations": [{"kind": "hydra"}], "days": "many"}, "'many' is no number"),
        (
            {"populations": [{"kind": "hydra", "streams": {"harvest": {"content": {"answers": 0}}}}]},
            "answers is 0, should be 1 or more",
        ),
        ({"populations": [{"kind": "hydra", "identity": 3}]}, "names with values are needed, not 3"),
        ({"populations": [{"kind": "hydra", "identity": {"client": 3}}]}, "identity.client: 3 is no text"),
        (
            {"populations": [{"kind": "hydra", "streams": {"harvest": {"is_harvest": 1}}}]},
            "is_harvest: 1 is neither true nor false",
        ),
        (
            {"populations": [{"kind": "hydra", "streams": {"harvest": {"activity": {"rhythm": "hourly"}}}}]},
            "'hourly' is none of evening",
        ),
        (
            {"populations": [{"kind": "hydra", "streams": {"harvest": {"content": {"source": "web"}}}}]},
            "'web' is none of",
        ),
        (of_hydra(accounts=2.5), "accounts: 2.5 is no whole number"),
        (of_hydra(accounts=None), "accounts: None is no whole number"),
        (of_hydra(accounts=0), "accounts is 0, should be 1 to 1,000,000"),
        (of_hydra(identity={"network": "nonet"}), "network 'nonet' is none of home"),
        (of_hydra(identity={"client": "browser"}), "client 'browser' is none of any, chat"),
        (of_hydra(identity={"changes": "hourly"}), "changes 'hourly' is none of sitting"),
        (of_hydra(identity={"metadata": "some"}), "metadata 'some' is none of full"),
        (of_hydra(identity={"plans": []}), "plans is empty"),
        (of_hydra(identity={"plans": [3]}), "plans: 3 is no text"),
        (of_hydra(identity={"addresses": 0}), "addresses is 0, should be 1 to"),
        (of_hydra(identity={"payment_group": -1}), "payment_group is -1, should be 0 to"),
        (of_hydra(identity={"organization_group": -2}), "organization_group is -2, should be 0 to"),
        (of_hydra(identity={"device_group": -1}), "device_group is -1, should be 0 to"),
        (of_hydra(identity={"age_days": float("nan")}), "age_days is nan, should be 0 to"),
        (of_hydra(refusals={"reaction": "later"}), "reaction 'later' is none of nothing"),
        (
            of_hydra(streams={"harvset": {"activity": {"requests_per_day": 5}, "content": {"wrapper": "none"}}}),
            r"streams\.harvset: unknown; did you mean harvest\? \(one of the scenario's own says is_harvest",
        ),
        (of_hydra(streams={"own": {}}), r"streams\.own: unknown; known are harvest \(one of the scenario's own"),
        (of_hydra(streams={"own": 3}), r"streams\.own: names with values are needed"),
        (of_hydra(streams={"harvest": {"content": {"wrapper": "foo"}}}), "wrapper 'foo' is none of any, none"),
        (of_hydra(streams={"harvest": {"content": {"languages": ["xx"]}}}), "language 'xx' is none of en"),
        (of_hydra(streams={"harvest": {"content": {"document": "pdf"}}}), "document 'pdf' is none of prose"),
        (of_hydra(streams={"harvest": {"content": {"tasks": "all"}}}), "tasks: 'all' is no whole number"),
        (of_hydra(streams={"harvest": {"activity": {"sitting": 0}}}), "sitting is 0, should be 1 to"),
        (
            of_hydra(streams={"harvest": {"adopts_release_within_hours": float("nan")}}),
            "adopts_release_within_hours is nan, should be 0 to",
        ),
        (of_hydra() | {"days": float("inf")}, "days is inf, should be 0 to 3,650"),
        (of_hydra() | {"start": "2026-02-02"}, "start: '2026-02-02' is no time like"),
        (of_hydra() | {"start": datetime(9999, 12, 31)}, "start is 9999-12-31, should be 2000-01-01 to 2999-01-01"),  # noqa: DTZ001
        (["casual_chat"], "the scenario: names with values are needed"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(said: object, message: str) -> None:
    """The error names the key and, where it can, what was meant."""
    with pytest.raises(ScenarioError, match=message):
        scenario_of(said)


def test_a_population_may_have_a_stream_more() -> None:
    """One that says whether it harvests; the streams of the kind stay as they are."""
    own = {"is_harvest": False, "activity": {"requests_per_day": 2}}
    [population] = scenario_of(of_hydra(streams={"own": own})).populations

    assert population.streams.keys() == {"harvest", "own"}
    assert population.streams["harvest"] == kind("hydra").streams["harvest"]
    assert population.streams["own"].activity.requests_per_day == 2


@pytest.mark.parametrize("text", ["days: [", "days: 3\n", "start: 2026-13-01\n"])
def test_an_error_names_the_file(tmp_path: Path, text: str) -> None:
    """Broken YAML and broken scenarios are told with the path."""
    path = tmp_path / "broken.yaml"
    path.write_text(text)

    with pytest.raises(ScenarioError, match=r"broken\.yaml"):
        load_scenario(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A recording given for a scenario, for example."""
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ScenarioError, match=r"binary\.yaml: cannot be read"):
        load_scenario(path)


@pytest.mark.parametrize("start", ["2026-02-02", "2026-02-02T00:00:00", "2026-02-02T01:00:00+01:00"])
def test_a_start_is_a_date_or_a_time(tmp_path: Path, start: str) -> None:
    """In UTC unless said otherwise."""
    path = tmp_path / "scenario.yaml"
    path.write_text(f"start: {start}\npopulations: [{{kind: monitor}}]\n")

    assert load_scenario(path).start == datetime(2026, 2, 2, tzinfo=UTC)


def test_a_whole_number_is_a_number_and_some_may_be_left_out() -> None:
    """As in the example of the documentation: 10 days; and null where a field may be without."""
    scenario = scenario_of(of_hydra(identity={"lifetime_days": None}) | {"days": 10, "release_day": None})

    assert (scenario.days, scenario.release_day) == (10, None)


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    """Neither of the two values is dropped without a word."""
    path = tmp_path / "twice.yaml"
    path.write_text(EXAMPLE + "\ndays: 4\n")

    with pytest.raises(ScenarioError, match=r"twice\.yaml: days: given in line 2 and again in line 17"):
        load_scenario(path)
