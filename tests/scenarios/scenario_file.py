from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.yaml_text import read_yaml
from traffic.scenario import Scenario
from traffic.scenario_files import scenario_of

FOLDER = Path(__file__).parent
Ratio = Annotated[float, Field(ge=0, le=1)]


class Named(BaseModel):
    """What must be found out about the campaigns of a scenario."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    within_exchanges: Annotated[int, Field(gt=0)]
    """So many exchanges of a campaign, over all its accounts, may pass before its first account is named."""
    leaked_at_most: Ratio
    """Share of a campaign's exchanges that may pass before their own account is named."""
    evidence: tuple[str, ...] = ()
    """Detectors of which the alerts must give evidence."""


class ScenarioFile(BaseModel):
    """One behaviour among the background, and what has to come of it. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    behaviour: Annotated[str, Field(min_length=20)]
    """What the accounts do, and why it is expected to be named or not, in a sentence."""
    populations: list[dict[str, Any]] = []
    seed: int = 1
    release_day: float | None = None
    expect: Literal["silent"] | Named
    known_gap: Annotated[str, Field(min_length=20)] | None = None
    """Why the expectation is not met yet, with figures; the test then fails as soon as it is met."""

    def scenario(self, days: float) -> Scenario:
        """Return the traffic that the scenario adds to the background."""
        return scenario_of(
            {"populations": self.populations, "seed": self.seed, "days": days, "release_day": self.release_day}
        )


def load(folder: str) -> ScenarioFile:
    """Read the scenario of a folder; raises ``pydantic.ValidationError`` for what it does not know."""
    return ScenarioFile.model_validate(read_yaml((FOLDER / folder / "scenario.yaml").read_text()))


def folders() -> list[str]:
    """Names of all scenarios."""
    return sorted(path.parent.name for path in FOLDER.glob("*/scenario.yaml"))
