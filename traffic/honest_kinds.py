"""Honest use, with the hard cases that look like a campaign at first sight."""

from traffic.rhythm import Activity
from traffic.scenario import Content, Identity, Population, Refusals, Stream

_TYPED = ("starter", "starter", "plus")
_PAID = ("plus", "team", "team", "scale")
_CHAT = Stream(Activity(), Content(sloppiness=0.35))

HONEST_KINDS = (
    Population("casual_chat", streams={"chat": _CHAT}),
    Population(
        "power_user",
        identity=Identity(plans=("plus",), changes="sitting", addresses=3),
        streams={
            "chat": Stream(
                Activity(requests_per_day=38, sitting=9, active_share=0.9, gap_seconds=55),
                Content(domains=4, sloppiness=0.3),
            )
        },
    ),
    Population(
        "work_chat",
        identity=Identity(network="office", addresses=1, plans=_PAID, organization_group=8, payment_group=8),
        streams={
            "chat": Stream(
                Activity(rhythm="office", requests_per_day=14, sitting=4, active_share=0.85),
                Content(domains=3, sloppiness=0.15),
            )
        },
    ),
    Population(
        "household",
        identity=Identity(payment_group=3, device_group=2, plans=("plus",)),
        streams={"chat": _CHAT},
    ),
    Population(
        "coding_agent",
        identity=Identity(client="code", plans=_PAID, organization_group=5),
        streams={
            "code": Stream(
                Activity(rhythm="office", requests_per_day=110, sitting=18, gap_seconds=25, noise=0.7, spread=0.7),
                Content(source="code", output_tokens=420),
            )
        },
    ),
    Population(
        "nightly_evaluation",
        identity=Identity(network="cloud", client="api", plans=_PAID, organization_group=1, changes="day"),
        streams={
            "evaluation": Stream(
                Activity(
                    rhythm="nightly",
                    requests_per_day=260,
                    spread=0.3,
                    active_share=1.0,
                    gap_seconds=6,
                    noise=0.05,
                    burst_share=0.0,
                    first_day=-60,
                ),  # fmt: skip
                Content(source="repeated", items=240, wrapper="fixed", output_tokens=180),
                has_conversations=False,
            )
        },
    ),
    Population(
        "etl_classification",
        identity=Identity(network="cloud", client="api", plans=_PAID, organization_group=1, changes="day"),
        streams={
            "job": Stream(
                Activity(
                    rhythm="busy_hours",
                    requests_per_day=190,
                    sitting=6,
                    gap_seconds=8,
                    active_share=1.0,
                    spread=0.7,
                    first_day=-30,
                ),
                Content(source="job", wrapper="fixed", output_tokens=9),
                has_conversations=False,
            )
        },
    ),  # fmt: skip
    Population(
        "translation_pipeline",
        identity=Identity(network="cloud", client="api", plans=_PAID, organization_group=1, changes="day"),
        streams={
            "job": Stream(
                Activity(
                    rhythm="office",
                    requests_per_day=120,
                    sitting=15,
                    gap_seconds=10,
                    active_share=0.8,
                    spread=0.7,
                    first_day=-30,
                ),
                Content(source="job", sentences=4, output_tokens=150),
                has_conversations=False,
            )
        },
    ),  # fmt: skip
    Population(
        "support_bot",
        identity=Identity(
            network="cloud", client="api", plans=_PAID, organization_group=1, end_users=300, changes="day"
        ),
        streams={
            "chat": Stream(
                Activity(
                    rhythm="busy_hours", requests_per_day=150, sitting=3, active_share=1.0, noise=0.25, first_day=-30
                ),
                Content(domains=1, sloppiness=0.4, output_tokens=140),
            )
        },
    ),
    Population(
        "gateway",
        identity=Identity(
            network="cloud", client="api", plans=("scale",), organization_group=1, end_users=900, changes="day"
        ),
        streams={
            "chat": Stream(
                Activity(
                    rhythm="busy_hours", requests_per_day=320, sitting=3, active_share=1.0, noise=0.2, first_day=-30
                ),
                Content(domains=7, sloppiness=0.3),
            )
        },
    ),
    Population(
        "popular_app",
        identity=Identity(client="app", is_client_shared=True),
        streams={
            "app": Stream(
                Activity(requests_per_day=5, active_share=0.5, sitting=2),
                Content(source="interests", domains=1, wrapper="fixed", is_shared=True, sloppiness=0.2),
            )
        },
    ),
    Population(
        "privacy_proxy",
        identity=Identity(network="vpn", addresses=12, changes="sitting"),
        streams={"chat": _CHAT},
    ),
    Population(
        "failover_router",
        identity=Identity(
            network="cloud", client="api", plans=("scale",), organization_group=3, payment_group=3, changes="day"
        ),
        refusals=Refusals(too_many=0.06, reaction="elsewhere"),
        streams={
            "chat": Stream(
                Activity(
                    rhythm="busy_hours", requests_per_day=150, sitting=3, active_share=1.0, noise=0.2, first_day=-30
                ),
                Content(domains=4, sloppiness=0.3, is_shared=True),
            )
        },
    ),
)
