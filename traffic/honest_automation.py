"""Programs at honest work: nightly, steady, once, growing, new, moved, re-sending; the twins of campaigns."""

from dataclasses import replace

from traffic.honest_people import CHAT
from traffic.rhythm import Activity
from traffic.scenario import Content, Identity, Population, Refusals, Stream

_PAID = ("plus", "team", "team", "scale")
SERVER = Identity(network="cloud", client="api", plans=_PAID, organization_group=1, changes="day")
_NIGHTLY = Activity(
    rhythm="nightly", requests_per_day=260, spread=0.3, active_share=1, gap_seconds=6, noise=0.05, burst_share=0,
    first_day=-60,
)  # fmt: skip
_STEADY = Activity(
    rhythm="busy_hours", requests_per_day=130, sitting=6, gap_seconds=8, active_share=1, spread=0.9, noise=0.3,
    first_day=-30,
)  # fmt: skip
_VISITORS = Activity(
    rhythm="busy_hours", requests_per_day=90, sitting=3, active_share=1, noise=0.2, first_day=-30,
)  # fmt: skip


def _server(kind: str, activity: Activity, content: Content, identity: Identity = SERVER) -> Population:
    return Population(kind, identity=identity, streams={"job": Stream(activity, content, has_conversations=False)})


AUTOMATION = (
    _server(
        "nightly_evaluation",
        _NIGHTLY,
        Content(source="repeated", items=240, wrapper="fixed", output_tokens=180),
    ),
    _server(
        "nightly_classification",
        Activity(
            rhythm="nightly", requests_per_day=240, spread=0.8, active_share=0.95, gap_seconds=9, noise=0.3,
            first_day=-60, batch_hour=1,
        ),
        Content(source="job", wrapper="any", output_tokens=9),
    ),
    _server("etl_classification", _STEADY, Content(source="job", wrapper="any", output_tokens=9)),
    _server(
        "translation_pipeline",
        Activity(
            rhythm="office", requests_per_day=90, sitting=15, gap_seconds=10, active_share=0.8, spread=0.9,
            first_day=-30,
        ),
        Content(source="job", sentences=4, output_tokens=150),
    ),
    _server("log_triage", _STEADY, Content(source="job", document="log", wrapper="any", output_tokens=70)),
    _server(
        "monitor",
        Activity(
            rhythm="always", requests_per_day=96, sitting=1, active_share=1, spread=0.2, noise=0.02, burst_share=0,
            first_day=-60,
        ),
        Content(source="repeated", items=3, output_tokens=20),
    ),
    _server(
        "weekly_report",
        Activity(
            rhythm="weekly", requests_per_day=150, spread=0.8, active_share=1, gap_seconds=7, first_day=-60,
            batch_hour=6,
        ),
        Content(source="job", sentences=5, wrapper="fixed"),
    ),
    _server(
        "growing_product",
        Activity(
            rhythm="busy_hours", requests_per_day=50, spread=0.7, active_share=1, noise=0.2, growth_per_day=0.07,
            first_day=0,
        ),
        Content(domains=2, wrapper="fixed", sloppiness=0.3),
        replace(SERVER, end_users=400),
    ),
    _server(
        "fresh_automation",
        Activity(
            rhythm="busy_hours", requests_per_day=200, spread=0.8, sitting=8, gap_seconds=10, active_share=1, noise=0.2,
            first_day=3.4,
        ),
        Content(source="job", wrapper="any", output_tokens=60),
        replace(SERVER, age_days=0),
    ),
    _server(
        "key_migration",
        Activity(
            rhythm="busy_hours", requests_per_day=150, spread=0.8, sitting=5, gap_seconds=9, active_share=1, noise=0.15,
            first_day=0,
        ),
        Content(source="job", wrapper="fixed", output_tokens=40),
        replace(SERVER, age_days=0, generations=2, lifetime_days=4),
    ),
    _server(
        "prompt_tuner",
        Activity(
            rhythm="office", requests_per_day=50, sitting=25, gap_seconds=20, active_share=0.6, noise=0.8,
            first_day=-10,
        ),
        Content(source="tuning", items=8, wrapper="grammar"),
        Identity(network="office", client="api", plans=_PAID, organization_group=2),
    ),
    _server(
        "ci_runners",
        Activity(
            rhythm="office", requests_per_day=100, sitting=12, gap_seconds=4, active_share=0.9, noise=0.5,
            first_day=-30,
        ),
        Content(source="repeated", items=30, document="code", output_tokens=90),
        Identity(network="runners", addresses=80, client="api", plans=_PAID, organization_group=1),
    ),
    Population(
        "one_off_batch",
        identity=Identity(client="api", plans=_PAID),
        streams={
            "tries": Stream(Activity(requests_per_day=6, active_share=0.6, first_day=-30), Content(domains=2)),
            "batch": Stream(
                Activity(rhythm="once", requests_per_day=300, spread=0.7, gap_seconds=7, active_share=1, first_day=4.4),
                Content(source="job", wrapper="fixed", output_tokens=120),
                has_conversations=False,
            ),
        },
    ),
    Population(
        "release_benchmark",
        identity=SERVER,
        streams={
            "work": Stream(_STEADY, Content(source="job", wrapper="fixed", output_tokens=60), has_conversations=False),
            "benchmark": Stream(
                Activity(rhythm="once", requests_per_day=280, spread=0.6, gap_seconds=5, active_share=1, first_day=5.3),
                Content(source="repeated", items=160, wrapper="few_shot", output_tokens=200),
                has_conversations=False,
                adopts_release_within_hours=0,
            ),
        },
    ),
    Population(
        "audit_trail",
        identity=replace(SERVER, end_users=60),
        streams={
            "work": Stream(
                Activity(rhythm="office", requests_per_day=90, spread=0.6, active_share=1, noise=0.2, first_day=-30),
                Content(domains=2, wrapper="fixed", sloppiness=0.2),
            ),
            "audit": Stream(
                Activity(
                    rhythm="nightly", requests_per_day=90, spread=0.3, active_share=1, gap_seconds=5, first_day=-30,
                ),
                Content(source="archive", output_tokens=30),
                has_conversations=False,
            ),
        },
    ),
    Population(
        "support_bot",
        identity=replace(SERVER, end_users=300),
        streams={"chat": Stream(_VISITORS, Content(domains=1, sloppiness=0.4, output_tokens=140))},
    ),
    Population(
        "gateway",
        identity=replace(SERVER, plans=("scale",), end_users=900),
        streams={
            "chat": Stream(
                Activity(
                    rhythm="busy_hours", requests_per_day=220, sitting=3, active_share=1, noise=0.2, first_day=-30
                ),
                Content(domains=7, sloppiness=0.3),
            )
        },
    ),
    Population(
        "privacy_relay",
        identity=replace(SERVER, network="vpn", addresses=3, plans=("team",), payment_group=0, metadata="stripped"),
        streams={"chat": Stream(_VISITORS, Content(domains=6, sloppiness=0.35))},
    ),
    Population(
        "failover_router",
        identity=Identity(
            network="cloud", client="api", plans=("scale",), organization_group=3, payment_group=3, end_users=200,
            changes="day",
        ),
        refusals=Refusals(too_many=0.06, reaction="elsewhere"),
        streams={"chat": Stream(_VISITORS, Content(domains=4, sloppiness=0.3, is_shared=True))},
    ),
    Population(
        "content_writer",
        identity=Identity(client="any", plans=_PAID),
        streams={
            "chat": CHAT,
            "catalogue": Stream(
                Activity(
                    rhythm="office", requests_per_day=25, sitting=12, gap_seconds=40, active_share=0.5, first_day=-30
                ),
                Content(source="job", wrapper="fixed"),
                has_conversations=False,
            ),
        },
    ),
)  # fmt: skip
