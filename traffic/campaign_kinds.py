"""Campaigns: systematic collection in the ways that have been disclosed, made of the same parts as honest use."""

from traffic.rhythm import Activity
from traffic.scenario import Content, Identity, Population, Refusals, Stream

_MIXED_PLANS = ("starter", "plus", "plus", "team")

CAMPAIGN_KINDS = (
    Population(
        "hydra",
        identity=Identity(network="strangers", addresses=3, client="api", plans=_MIXED_PLANS, age_days=40),
        streams={
            "harvest": Stream(
                Activity(
                    rhythm="busy_hours",
                    requests_per_day=16,
                    sitting=3,
                    gap_seconds=120,
                    active_share=0.9,
                    first_day=2,
                    arrive_over_days=1.5,
                ),  # fmt: skip
                Content(source="list", is_shared=True, domains=3, wrapper="variants"),
                is_harvest=True,
                has_conversations=False,
            )
        },
    ),
    Population(
        "no_ramp",
        identity=Identity(network="cloud", client="api", plans=_MIXED_PLANS, age_days=0, changes="day"),
        streams={
            "harvest": Stream(
                Activity(
                    rhythm="always",
                    requests_per_day=620,
                    sitting=5,
                    gap_seconds=40,
                    active_share=1.0,
                    noise=0.15,
                    first_day=2.4,
                ),
                Content(source="list", domains=4, wrapper="fixed"),
                is_harvest=True,
                has_conversations=False,
            )
        },
    ),
    Population(
        "solo_bulk",
        identity=Identity(plans=("plus", "team")),
        streams={
            "chat": Stream(Activity(requests_per_day=7, first_day=-30), Content(sloppiness=0.3)),
            "harvest": Stream(
                Activity(
                    rhythm="busy_hours",
                    requests_per_day=420,
                    sitting=8,
                    gap_seconds=25,
                    active_share=1.0,
                    first_day=3.2,
                ),
                Content(source="list", domains=3, wrapper="few_shot"),
                is_harvest=True,
                has_conversations=False,
            ),
        },
    ),
)
