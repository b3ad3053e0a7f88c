"""The kinds of honest use and of campaigns by name: what a scenario may say and then vary."""

from traffic.campaign_kinds import CAMPAIGN_KINDS
from traffic.honest_automation import AUTOMATION
from traffic.honest_people import PEOPLE
from traffic.scenario import Population

KINDS: dict[str, Population] = {kind.kind: kind for kind in (*PEOPLE, *AUTOMATION, *CAMPAIGN_KINDS)}


def kind(name: str) -> Population:
    """Return the population of this name; raises ValueError with the names there are."""
    found = KINDS.get(name)
    if found is None:
        raise ValueError(f"no kind of traffic is called {name!r}; there are {', '.join(sorted(KINDS))}")
    return found
