"""Campaigns: systematic collection in the ways that have been disclosed, made of the same parts as honest use."""

from dataclasses import replace

from traffic.rhythm import Activity
from traffic.scenario import Content, Identity, Population, Refusals, Stream

_PLANS = ("starter", "plus", "plus", "team")
_SCATTERED = Identity(network="strangers", addresses=3, client="api", plans=_PLANS, age_days=40)
_FRESH = Identity(network="cloud", client="api", plans=_PLANS, age_days=0, changes="day")
_OWN_USE = Stream(Activity(requests_per_day=7, first_day=-30), Content(sloppiness=0.3))
_SPREAD_OUT = Activity(
    rhythm="busy_hours", requests_per_day=16, spread=0.5, sitting=3, gap_seconds=120, active_share=0.9, first_day=2,
    arrive_over_days=1.5,
)  # fmt: skip
_FULL = Activity(
    rhythm="busy_hours", requests_per_day=420, spread=0.5, sitting=8, gap_seconds=25, active_share=1, noise=0.2,
    first_day=3.2,
)  # fmt: skip
# Mostly in the language that most people of the default mixture write.
_LANGUAGES = ("en", "en", "en", "zh", "es")
_LIST = Content(source="list", is_shared=True, domains=3, wrapper="variants", languages=_LANGUAGES)


def _harvest(activity: Activity, content: Content, pivot_hours: float | None = None) -> Stream:
    return Stream(activity, content, is_harvest=True, has_conversations=False, adopts_release_within_hours=pivot_hours)


def _alone(kind: str, activity: Activity, content: Content, identity: Identity = _FRESH) -> Population:
    return Population(kind, identity=identity, streams={"harvest": _harvest(activity, content)})


def _many(kind: str, activity: Activity, content: Content, identity: Identity = _SCATTERED) -> Population:
    return Population(kind, accounts=12, identity=identity, streams={"harvest": _harvest(activity, content)})


CAMPAIGN_KINDS = (
    _many("hydra", _SPREAD_OUT, _LIST),
    _alone(
        "no_ramp",
        Activity(
            rhythm="always", requests_per_day=620, spread=0.5, sitting=5, gap_seconds=40, active_share=1,
            noise=0.15, first_day=2.4,
        ),
        Content(source="list", languages=_LANGUAGES, domains=4, wrapper="fixed"),
    ),
    Population(
        "solo_bulk",
        identity=Identity(plans=("plus", "team")),
        streams={
            "chat": _OWN_USE,
            "harvest": _harvest(_FULL, Content(source="list", languages=_LANGUAGES, domains=3, wrapper="few_shot")),
        },
    ),
    Population(
        "slow_ramp",
        identity=Identity(client="api", plans=("team",), age_days=120),
        streams={
            "harvest": _harvest(
                Activity(
                    rhythm="busy_hours", requests_per_day=26, active_share=1, noise=0.2, spread=0.2,
                    growth_per_day=0.16, sitting=5, gap_seconds=50,
                ),
                Content(source="list", languages=_LANGUAGES, domains=4, wrapper="variants"),
            )
        },
    ),
    Population(
        "reseller_mix",
        accounts=8,
        identity=Identity(
            network="cloud", addresses=3, client="api", plans=("team", "scale"), end_users=60, age_days=90,
        ),
        streams={
            "chat": Stream(
                Activity(
                    rhythm="busy_hours", requests_per_day=22, spread=0.7, active_share=0.95, noise=0.3, first_day=-20,
                ),
                Content(domains=5, sloppiness=0.3),
            ),
            "harvest": _harvest(
                Activity(rhythm="busy_hours", requests_per_day=10, spread=0.5, active_share=0.95, sitting=2,
                first_day=2), _LIST
            ),
        },
    ),
    _many(
        "reasoning_elicitation",
        _SPREAD_OUT,
        replace(_LIST, domains=1, tasks=4, elicits_reasoning=True, label_share=0.3, output_tokens=700),
    ),
    replace(
        _many("evasive_failover", replace(_SPREAD_OUT, requests_per_day=40), _LIST),
        refusals=Refusals(too_many=0.08, forbidden=0.03, reaction="elsewhere"),
    ),
    Population(
        "model_pivot",
        accounts=10,
        identity=_SCATTERED,
        streams={
            "harvest": _harvest(
                replace(_SPREAD_OUT, requests_per_day=22, arrive_over_days=0.5), _LIST, pivot_hours=18
            )
        },
    ),
    _alone(
        "credential_sharing",
        replace(_FULL, requests_per_day=180, sitting=4),
        Content(source="list", languages=_LANGUAGES, domains=6, wrapper="none"),
        Identity(
            network="strangers", addresses=60, client="any", clients=10, plans=("plus",), age_days=60, changes="request"
        ),
    ),
    _alone(
        "round_the_clock",
        Activity(
            rhythm="always", requests_per_day=170, spread=0.5, sitting=1, active_share=1, noise=0.05,
            burst_share=0, first_day=1.5
        ),
        Content(source="list", languages=_LANGUAGES, domains=4, wrapper="grammar"),
    ),
    _many(
        "successors",
        replace(_SPREAD_OUT, requests_per_day=45, first_day=1, arrive_over_days=0.6, active_share=1),
        replace(_LIST, wrapper="fixed"),
        Identity(
            network="cloud", client="api", plans=("plus",), age_days=0, generations=4, lifetime_days=1.7, changes="day"
        ),
    ),
    _many(
        "retargeting",
        replace(_SPREAD_OUT, first_day=1, requests_per_day=18),
        replace(_LIST, domains=1, wrapper="fixed", retarget_day=4.5),
    ),
    _many(
        "variation_sweep",
        _SPREAD_OUT,
        replace(_LIST, source="variations", domains=2, tasks=1, wrapper="fixed"),
    ),
    _many(
        "stripped_metadata",
        _SPREAD_OUT,
        _LIST,
        Identity(network="cloud", client="api", plans=_PLANS, metadata="stripped", payment_group=0, age_days=40),
    ),
)  # fmt: skip
