"""The sections of the detector specification: every number that tunes a detector, with its range and meaning."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Positive = Annotated[float, Field(gt=0)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[float, Field(gt=0, le=36_500)]
Minutes = Annotated[float, Field(ge=1, le=1_440)]


class Section(BaseModel):
    """Some numbers that belong together; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, allow_inf_nan=False)


class FalseAlarms(Section):
    """The knobs: how rarely honest accounts may be named."""

    account_days_per_false_alarm: Annotated[float, Field(ge=10, le=1_000_000)] = Field(
        default=1_900, description="Mean number of honest account-days between two honest accounts named."
    )
    days_per_false_campaign: Annotated[float, Field(ge=0.1, le=100_000)] = Field(
        default=5, description="Mean number of days of the whole deployment between two honest groups named."
    )


class Crowd(Section):
    """Content: does one account ask what a crowd asks?"""

    popular_ratio: Annotated[Ratio, Field(gt=0)] = Field(
        default=0.03,
        description="Share of accounts that makes an opener fully popular at first; it is learned from then on.",
    )
    typical_popularity: Ratio = Field(
        default=0.5,
        description="Mean popularity of what accounts ask; popular_ratio is learned so that it comes to this.",
    )
    job_ratio: Ratio = Field(default=0.25, description="Popularity that honest jobs reach on average: no evidence.")
    wrapper_ratio: Ratio = Field(
        default=0.12, description="Share of an account's prompts from which on a part that they share is its wrapper."
    )
    smoothing_accounts: Positive = Field(
        default=20, description="Accounts that a new deployment pretends to have seen."
    )


class Harvest(Section):
    """One account: how fast crowd-like exchanges add up."""

    memory_hours: Positive = Field(default=36, description="Time after which an exchange counts 1/e, on links, too.")
    person_hours: Positive = Field(default=14, description="Hours of a day that a person is active at most.")
    baseline_days: Days = Field(default=3, description="How long the anchored reference of an account is learned.")
    established_days: Positive = Field(
        default=14, description="Age from which an account has a past worth a reference."
    )
    baseline_margin: Positive = Field(
        default=1.5, description="Multiple of its reference that an account may reach freely."
    )


class Groups(Section):
    """Linked accounts: when they act as one."""

    min_accounts: Annotated[int, Field(ge=3)] = Field(default=5, description="A smaller cluster is no campaign.")
    min_rate: Positive = Field(
        default=5.5, description="Exchanges per account and day below which a cluster is like honest use."
    )
    member_rate: Positive = Field(
        default=3, description="Exchanges per day below which an account is not named with a cluster."
    )
    least_exchanges: Positive = Field(
        default=0.7, description="Remembered exchanges below which a member is not looked at."
    )
    least_rate: Positive = Field(default=0.5, description="Exchanges per day at which honest rates begin.")
    min_age_hours: Positive = Field(
        default=20, description="Time over which a member's rate is taken at least, since its first minutes give none."
    )
    honest_slope: Positive = Field(default=0.8, description="Index of the Pareto law of honest members' rates.")
    min_spread: Positive = Field(default=0.35, description="Least standard deviation of log rates in a cluster.")
    max_spread: Positive = Field(default=0.8, description="Largest standard deviation of log rates in a cluster.")
    spoken_rate: Positive = Field(
        default=11, description="The same as min_rate for all exchanges, turns of conversations among them."
    )
    spoken_spread: Positive = Field(default=0.5, description="The same as max_spread for all exchanges.")
    spoken_accounts: Annotated[int, Field(ge=5)] = Field(
        default=8, description="The same as min_accounts for all exchanges: a few people who talk at length are alike."
    )
    busy_accounts: Annotated[int, Field(ge=5)] = Field(
        default=20,
        description="Accounts on a link from which on an even load must be told from that of busy people. "
        "Where fewer share wording, those that keep to affairs of their own are left out.",
    )
    busy_spread: Positive = Field(default=0.8, description="Least standard deviation of log rates of busy people.")
    busy_link_ratio: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.05, description="Share of honest links whose users are all busy."
    )
    min_cluster_ratio: Ratio = Field(default=0.6, description="Share of a link's members that a cluster must hold.")
    certainty: Ratio = Field(default=0.9, description="How surely a member is in the cluster before it is named.")
    pure_ratio: Ratio = Field(
        default=0.8, description="Share of a link's accounts that must be named before newcomers on it join at once."
    )
    link_share: Ratio = Field(default=0.3, description="Share of an account's exchanges that must carry the link.")
    gap_share: Ratio = Field(
        default=0.15, description="The same as link_share for accounts above a gap, who do other things too."
    )
    gap_slope: Positive = Field(
        default=1.1, description="Index of the Pareto law of honest rates on links that many use lightly."
    )
    lasting_hours: Annotated[float, Field(ge=0)] = Field(
        default=12, description="Time from its first to its latest exchange from which an account has come back."
    )
    lasting_ratio: Ratio = Field(
        default=0.3, description="Share of a cluster that must have come back: a viral prompt and a class have not."
    )
    sitting_exchanges: Positive = Field(
        default=16, description="Exchanges that people do not make in one sitting: as good as having come back."
    )
    max_overlap: Ratio = Field(
        default=0.1,
        description="Share of the prompts of one that another sends too, beyond which they have one assignment.",
    )
    job_crowd_ratio: Ratio = Field(default=0.3, description="Popularity of requests at which a cluster counts nothing.")
    crowd_ratio: Ratio = Field(
        default=0.45, validate_default=True, description="Popularity of requests from which a cluster counts in full."
    )
    strict_crowd_ratio: Ratio = Field(
        default=0.6, description="The same as crowd_ratio for a shared payment or device."
    )
    warm_days: Annotated[float, Field(ge=0)] = Field(
        default=2, description="Time for which a new deployment has hardly seen those who use a link lightly."
    )
    warm_nats: Annotated[float, Field(ge=0)] = Field(
        default=3, description="Evidence that is asked for beyond the usual in that time (nats)."
    )
    assumed_links: Positive = Field(default=50, description="Links judged per day that a new deployment assumes.")
    max_members: Annotated[int, Field(ge=50)] = Field(
        default=2_000, description="Accounts kept on a link; of a larger one a part is kept, by lot."
    )

    @field_validator("crowd_ratio")
    @classmethod
    def _counts_more(cls, crowd_ratio: float, info: ValidationInfo) -> float:
        if crowd_ratio <= info.data.get("job_crowd_ratio", 0.0):
            raise ValueError("should be above job_crowd_ratio")
        return crowd_ratio


class Kin(Section):
    """Accounts that resemble the members of an open campaign."""

    min_exchanges: Positive = Field(
        default=20, description="Remembered exchanges of the members below which nothing is said."
    )
    min_carriers: Ratio = Field(default=0.08, description="Share of the members that must carry a mark.")
    min_weight: Positive = Field(
        default=0.5, description="Least logarithm of the ratio of frequencies of a mark (nats)."
    )
    least_exchanges: Positive = Field(
        default=2, description="Remembered exchanges of an account before it is compared."
    )
    nats_to_join: Positive = Field(default=12, description="Evidence from which an account joins a campaign (nats).")
    least_nats_of_linked: float = Field(
        default=-1, description="Evidence below which an account does not join although it shares a link (nats)."
    )
    core_accounts: Annotated[int, Field(ge=0)] = Field(
        default=30, description="Size up to which the core of a campaign is extended by members that are surely kin."
    )
    sure_nats: Positive = Field(
        default=2, description="Evidence beyond joining from which a member is surely kin (nats)."
    )
    leave_checks: Annotated[int, Field(ge=1)] = Field(
        default=24, description="Checks in a row at which an active member must be likelier none before it leaves."
    )
    merge_ratio: Ratio = Field(
        default=0.3,
        description="Share of a campaign's accounts that must be kin of another campaign before it goes into that.",
    )
    check_minutes: Minutes = Field(default=60, description="Time after which it is learned anew what members share.")


class Alike(Section):
    """Accounts that ask alike, in one style, whatever they share."""

    warm_days: Annotated[float, Field(ge=0)] = Field(
        default=3, description="Time for which a new deployment gets to know what people ask before it searches."
    )
    min_accounts: Annotated[int, Field(ge=3)] = Field(
        default=8, description="Smaller clusters are no campaign: automations happen to be alike in fives."
    )
    check_minutes: Minutes = Field(default=60, description="Time after which the search is made again.")
    seeds: Annotated[int, Field(ge=0)] = Field(default=4, description="Accounts around which each search looks.")
    turns: Annotated[int, Field(ge=1)] = Field(
        default=12, description="Number of searches in which each account has one turn to be a seed."
    )
    least_exchanges: Positive = Field(
        default=2, description="Remembered exchanges of an account before it is compared."
    )
    seed_exchanges: Positive = Field(default=4, description="Remembered exchanges of an account before it is a seed.")
    nats_to_gather: Positive = Field(default=10, description="Evidence from which an account is alike (nats).")
    chosen_nats: Annotated[float, Field(ge=0)] = Field(
        default=3, description="Evidence that is due because those gathered were chosen from many (nats)."
    )
    min_rate: Positive = Field(
        default=4, description="Exchanges per account and day below which accounts that are alike are like honest use."
    )
    min_even_ratio: Ratio = Field(
        default=0.7, description="Share of those gathered that must be loaded evenly, or they are people who ask alike."
    )
    max_overlap: Ratio = Field(
        default=0.33, description="Share of what one asks that another asks too, above which they have one assignment."
    )
    least_rate: Positive = Field(
        default=2, description="Exchanges per day at which rates of honest accounts begin that can be compared."
    )


class Interchange(Section):
    """Accounts that are interchangeable: one stream of prompts is dealt out to them."""

    min_accounts: Annotated[int, Field(ge=3)] = Field(
        default=20, description="Least number of accounts of which it is told how little each keeps to itself."
    )
    min_rate: Positive = Field(
        default=1.5,
        description="Exchanges per account and day below which even an interchangeable cluster is no campaign.",
    )
    member_rate: Positive = Field(
        default=1, description="Exchanges per day below which an account is not named with it."
    )
    least_prompts: Annotated[int, Field(ge=2)] = Field(
        default=4, description="Recent prompts of an account before it is looked at."
    )
    min_ratio: Ratio = Field(
        default=0.7, description="Share of the accounts that must keep to nothing of their own, or they are people."
    )
    learned_accounts: Annotated[int, Field(ge=1)] = Field(
        default=30, description="Least number of accounts from which it is learned how much people keep to themselves."
    )
    others_ratio: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.2, description="Share of a campaign's accounts that do much else besides."
    )
    incoherent_ratio: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.4, description="Share of honest accounts that keep to nothing of their own."
    )


class Lifecycle(Section):
    """Alerts: how long they stand, how often they speak."""

    alert_days: Days = Field(default=7, description="An alert without new evidence expires after this time.")
    update_minutes: Positive = Field(
        default=60, description="Time between two updates that only bring more of the same."
    )
    quiet_days: Days = Field(
        default=3, description="An alert without any exchange of its accounts is resolved after this time."
    )
    daily_budget: Annotated[int, Field(ge=1)] = Field(
        default=500, description="New alerts per day; what exceeds it is rolled up visibly."
    )
    shadow: bool = Field(default=False, description="Publish alerts for looking at only.")
