"""No single field of an event gives a campaign away."""

from collections import Counter
from typing import Any

import pytest

from traffic.generate import mixture
from traffic.simulate import Simulation

FIELDS = (
    "user_agent",
    "temperature",
    "top_p",
    "max_output_tokens",
    "stream",
    "plan",
    "model",
    "finish_reason",
    "asn",
    "country",
)
"""Fields with few values. Each value that campaigns have must be usual among honest events too."""


@pytest.fixture(scope="module")
def sides() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Honest and campaign events of a large mixture with every kind of campaign twice."""
    simulation = Simulation(mixture(600, 5, 28, seed=9, rate=0.5))
    honest, campaign = [], []
    for event in simulation.events():
        (campaign if event["event_id"] in simulation.attack_events else honest).append(event)
    return honest, campaign


@pytest.mark.parametrize("name", FIELDS)
def test_no_value_of_a_field_belongs_to_campaigns(sides: tuple[list[dict], list[dict]], name: str) -> None:
    """A value that more than a hundredth of the campaigns' accounts have, honest accounts have a tenth as often."""
    honest, campaign = sides
    honest_share, campaign_share = account_shares(honest, name), account_shares(campaign, name)

    for value, share in campaign_share.items():
        if share > 0.01:
            assert honest_share[value] > share / 10, f"{name}={value}"


def account_shares(events: list[dict], name: str) -> Counter:
    """Share of the accounts that ever have each value of a field."""
    pairs = {(event["account_id"], event.get(name)) for event in events}
    total = len({event["account_id"] for event in events})
    return Counter({value: count / total for value, count in Counter(value for _, value in pairs).items()})


@pytest.mark.parametrize("name", ["output_tokens", "input_tokens", "latency_ms"])
def test_sizes_overlap(sides: tuple[list[dict], list[dict]], name: str) -> None:
    """No threshold on a size separates more than a third of either side from most of the other."""
    honest, campaign = (sorted(event[name] for event in side) for side in sides)
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        cut = campaign[int(share * len(campaign))]
        below = sum(value < cut for value in honest) / len(honest)

        assert abs(below - share) < 0.4
