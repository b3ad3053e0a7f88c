"""Every behaviour in a folder of its own: the twins of campaigns stay silent, the campaigns are named in time."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.scenarios.replaying import BACKGROUND_DAYS, Outcome, replayed
from tests.scenarios.scenario_file import Named, ScenarioFile, folders, load
from traffic.scenario_files import ScenarioError


def _with_gaps() -> list[Any]:
    """All folders; those whose gap is known must fail, so that nobody forgets to say when it is closed."""
    return [
        pytest.param(folder, marks=pytest.mark.xfail(reason=gap, strict=True))
        if (gap := load(folder).known_gap)
        else folder
        for folder in folders()
    ]


@pytest.mark.parametrize("folder", _with_gaps())
def test_scenario(folder: str) -> None:
    """What the scenario expects comes of it, and no honest account is named beside it."""
    scenario = load(folder)
    outcome = replayed(scenario)

    assert outcome.honest_named() == {}
    if scenario.expect == "silent":
        assert outcome.alerts == []
    else:
        assert outcome.exchanges, "the scenario has no campaign"
        for campaign_id in outcome.exchanges:
            _assert_named(outcome, campaign_id, scenario.expect)


def _assert_named(outcome: Outcome, campaign_id: str, expected: Named) -> None:
    passed = outcome.before_first_naming(campaign_id)
    leaked = outcome.leaked(campaign_id)
    total = len(outcome.exchanges[campaign_id])
    told = f"{campaign_id}: first named after {passed} of {total} exchanges, leaked {leaked:.1%}"

    assert passed is not None, told
    assert passed <= expected.within_exchanges, told
    assert leaked <= expected.leaked_at_most, told
    assert set(expected.evidence) <= outcome.detectors(campaign_id), told


def test_at_least_as_many_scenarios_are_silent_as_fire() -> None:
    """A suite that only asks for alarms would reward an alarm that always rings."""
    silent = [folder for folder in folders() if load(folder).expect == "silent"]

    assert len(silent) >= len(folders()) - len(silent) > 10


@pytest.mark.parametrize("folder", folders())
def test_names_tell_what_is_expected(folder: str) -> None:
    """A folder is named after its behaviour, `…-silent` or `…-named`, and so are its accounts' labels."""
    scenario = load(folder)
    is_silent = scenario.expect == "silent"
    made = scenario.scenario(BACKGROUND_DAYS).populations if scenario.populations else ()

    assert folder.endswith("-silent" if is_silent else "-named")
    assert any(population.is_campaign for population in made) is not is_silent


def test_unknown_keys_are_refused() -> None:
    """A misspelt expectation must not pass as none."""
    said = {"behaviour": "Nothing happens beside the background.", "expect": "silent"}
    with pytest.raises(ValidationError, match="leaked_atmost"):
        ScenarioFile.model_validate(said | {"expect": {"within_exchanges": 3, "leaked_atmost": 1}})
    with pytest.raises(ValidationError, match="expects"):
        ScenarioFile.model_validate(said | {"expects": "silent"})
    with pytest.raises(ScenarioError, match="did you mean accounts"):
        ScenarioFile.model_validate(said | {"populations": [{"kind": "hydra", "account": 1}]}).scenario(3)
