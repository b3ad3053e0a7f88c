"""People who type, alone, in households, firms, classes and behind apps, with the hard cases among them."""

from traffic.rhythm import Activity
from traffic.scenario import Content, Identity, Population, Stream

_PAID = ("plus", "team", "team", "scale")
CHAT = Stream(Activity(first_day=-30), Content(sloppiness=0.35))
_APP = Activity(requests_per_day=3.5, active_share=0.5, sitting=2, first_day=-30)
_OFFICE = Activity(rhythm="office", requests_per_day=9, sitting=4, active_share=0.85, first_day=-30)

PEOPLE = (
    Population("casual_chat", streams={"chat": CHAT}),
    Population(
        "power_user",
        identity=Identity(plans=("plus",), addresses=3),
        streams={
            "chat": Stream(
                Activity(requests_per_day=30, spread=0.7, sitting=9, active_share=0.9, gap_seconds=55, first_day=-30),
                Content(domains=4, sloppiness=0.3),
            )
        },
    ),
    Population(
        "work_chat",
        identity=Identity(network="office", addresses=1, plans=_PAID, organization_group=8, payment_group=8),
        streams={"chat": Stream(_OFFICE, Content(domains=3, sloppiness=0.15))},
    ),
    Population(
        "household",
        identity=Identity(payment_group=3, device_group=2, plans=("plus",)),
        streams={"chat": CHAT},
    ),
    Population(
        "firm",
        identity=Identity(
            network="office", addresses=1, is_network_shared=True, plans=("team",), organization_group=100,
            payment_group=100, client="app", is_client_shared=True,
        ),
        streams={"chat": Stream(_OFFICE, Content(domains=3))},
    ),
    Population("mobile_chat", identity=Identity(network="mobile", addresses=6), streams={"chat": CHAT}),
    Population("privacy_proxy", identity=Identity(network="vpn", addresses=12), streams={"chat": CHAT}),
    Population(
        "anonymous_chat",
        identity=Identity(network="vpn", addresses=20, metadata="stripped", payment_group=0, device_group=0),
        streams={"chat": CHAT},
    ),
    Population(
        "coding_agent",
        identity=Identity(client="code", plans=_PAID, organization_group=5),
        streams={
            "code": Stream(
                Activity(
                    rhythm="office", requests_per_day=80, sitting=18, gap_seconds=25, noise=0.7, spread=0.9,
                    first_day=-30,
                ),
                Content(source="code", output_tokens=420),
            )
        },
    ),
    Population(
        "hobby_developer",
        identity=Identity(client="api"),
        streams={
            "tries": Stream(
                Activity(requests_per_day=12, sitting=6, active_share=0.45, gap_seconds=45, noise=0.9, first_day=-30),
                Content(domains=3, wrapper="any"),
                has_conversations=False,
            )
        },
    ),
    Population(
        "learner",
        streams={
            "tutoring": Stream(
                Activity(requests_per_day=10, sitting=7, active_share=0.6, first_day=-30),
                Content(domains=1, sloppiness=0.3, elicits_reasoning=True, label_share=0.12),
            )
        },
    ),
    Population(
        "popular_app",
        identity=Identity(client="app", is_client_shared=True),
        streams={"app": Stream(_APP, Content(domains=1, wrapper="fixed", is_shared=True, sloppiness=0.2))},
    ),
    Population(
        "launched_app",
        identity=Identity(client="app", is_client_shared=True, age_days=0),
        streams={
            "app": Stream(
                Activity(requests_per_day=4, active_share=0.6, sitting=2.5, first_day=3, arrive_over_days=2),
                Content(domains=2, wrapper="variants", is_shared=True, sloppiness=0.2),
            )
        },
    ),
    Population(
        "topical_app",
        identity=Identity(client="app", is_client_shared=True),
        streams={
            "app": Stream(
                _APP, Content(domains=1, wrapper="fixed", is_shared=True, sloppiness=0.2, retarget_day=4.5)
            )
        },
    ),
    Population(
        "viral_prompt",
        streams={
            "chat": CHAT,
            "viral": Stream(
                Activity(
                    rhythm="once", requests_per_day=1.3, spread=0.2, active_share=1, noise=0, first_day=3.3,
                    arrive_over_days=0.9,
                ),
                Content(source="viral", items=1, is_shared=True, languages=("en",)),
            ),
        },
    ),
    Population(
        "class",
        identity=Identity(network="campus", is_network_shared=True, changes="day", age_days=20),
        streams={
            "assignment": Stream(
                Activity(
                    rhythm="office", requests_per_day=10, spread=0.6, sitting=6, gap_seconds=100, active_share=0.7,
                    first_day=3,
                    last_day=6,
                ),
                Content(source="assignment", items=6, is_shared=True, sloppiness=0.25),
            )
        },
    ),
    Population(
        "team_key",
        identity=Identity(addresses=9, client="any", clients=4, plans=("team",), organization_group=1),
        streams={
            "chat": Stream(
                Activity(rhythm="office", requests_per_day=60, spread=0.5, sitting=5, active_share=0.95, first_day=-30),
                Content(domains=5, sloppiness=0.2),
            )
        },
    ),
)  # fmt: skip
