"""Scenarios as data: populations of accounts, the streams of requests that each runs, and what they share."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from traffic.clients import KINDS as CLIENTS
from traffic.limits import FOREVER_DAYS, check_named, check_within
from traffic.networks import KINDS
from traffic.prompts import LANGUAGES
from traffic.rhythm import Activity
from traffic.wrappers import ALL_FAMILIES

SOURCES = ("interests", "code", "job", "list", "repeated", "tuning", "assignment", "viral", "variations", "archive")
DOCUMENTS = ("prose", "log", "code")
CHANGES = ("sitting", "request", "day", "never")
METADATA = ("full", "stripped")
REACTIONS = ("nothing", "again", "elsewhere")
LONGEST_DAYS = 3_650
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)
_DEFAULT_START = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Content:
    """What a stream of requests asks.

    Parameters
    ----------
    source
        ``interests``: asks of a person; ``code``: a developer's session; ``job``: fresh documents; ``list``: the
        instructions of a scope worked through without repeats, some with texts, and asks among them; ``variations``:
        bare instructions without repeats; ``repeated``: ``items`` prompts again and again;
        ``tuning``: few items under changing wrappers; ``assignment``: ``items`` questions of a class; ``viral``: one
        prompt of everybody's; ``archive``: what the account sent before, once more.
    languages
        Codes to draw from; empty: the languages of the account's country.
    domains, tasks
        How many subjects' domains (and kinds of task; None: all) the scope has.
    wrapper
        Family of wrappers.py.
    is_shared
        The whole population has one scope, wrapper and list; otherwise every account its own.
    sloppiness
        Share of prompts written in a hurry, 0..1.
    elicits_reasoning
        Prompts demand the written-out reasoning.
    label_share
        Share of requests that an upstream classifier labels as reasoning elicitation, 0..1.
    answers
        Times in a row, 1 and more, that each prompt is asked, to choose among the answers.
    retarget_day
        Day on which the scope changes to another one; where it is shared, for all at once. The wrapper stays.
    """

    source: str = "interests"
    languages: tuple[str, ...] = ()
    domains: int = 2
    tasks: int | None = None
    items: int = 100
    document: str = "prose"
    sentences: int = 3
    wrapper: str = "none"
    is_shared: bool = False
    sloppiness: float = 0.0
    elicits_reasoning: bool = False
    label_share: float = 0.0
    answers: int = 1
    retarget_day: float | None = None
    output_tokens: float = 260.0

    def __post_init__(self) -> None:
        check_named("source", self.source, SOURCES)
        check_named("document", self.document, DOCUMENTS)
        check_named("wrapper", self.wrapper, ("any", *ALL_FAMILIES))
        for language in self.languages:
            check_named("language", language, LANGUAGES)
        check_within(self, domains=(1, 1_000), tasks=(1, 1_000), items=(1, 1_000_000), sentences=(0, 1_000))
        check_within(self, sloppiness=(0, 1), label_share=(0, 1), output_tokens=(1, 1_000_000))
        check_within(self, retarget_day=(0, FOREVER_DAYS))
        if self.answers < 1:
            raise ValueError(f"answers is {self.answers}, should be 1 or more: times that each prompt is asked")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the accounts are and what they share.

    Parameters
    ----------
    network, addresses, changes, is_network_shared
        Kind of network (networks.py), addresses that an account has at a time, when it takes another of them
        (``sitting``, ``request``, ``day``, ``never``), and whether the population has them in common.
    client, clients, is_client_shared
        Kind of client (clients.py), how many an account uses, and whether all use the same.
    age_days
        Median age of the accounts at the start; 0: each is created when it begins.
    payment_group, organization_group, device_group
        So many accounts in a row share one; 1: each its own; 0: none has any.
    end_users
        People behind an account, named in the events.
    metadata
        ``full``, or ``stripped`` by a proxy: no client, device, payment, conversation.
    generations, lifetime_days
        Accounts form chains: each lives so long, then the next takes over its work, payment and organisation.
    """

    network: str = "home"
    addresses: int = 2
    changes: str = "sitting"
    is_network_shared: bool = False
    client: str = "chat"
    clients: int = 1
    is_client_shared: bool = False
    plans: tuple[str, ...] = ("starter", "starter", "plus")
    age_days: float = 300.0
    payment_group: int = 1
    organization_group: int = 0
    device_group: int = 1
    end_users: int = 0
    metadata: str = "full"
    generations: int = 1
    lifetime_days: float | None = None

    def __post_init__(self) -> None:
        check_named("network", self.network, KINDS)
        check_named("changes", self.changes, CHANGES)
        check_named("client", self.client, ("any", *CLIENTS))
        check_named("metadata", self.metadata, METADATA)
        if not self.plans:
            raise ValueError("plans is empty, should name at least one")
        check_within(self, addresses=(1, 10_000), clients=(1, 1_000), age_days=(0, FOREVER_DAYS))
        check_within(self, payment_group=(0, 1_000_000), organization_group=(0, 1_000_000), device_group=(0, 1_000_000))
        check_within(self, generations=(1, 1_000), lifetime_days=(0, FOREVER_DAYS), end_users=(0, 1_000_000))


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often requests are refused (shares, 0..1), and what follows: ``nothing``, ``again`` or ``elsewhere``."""

    too_many: float = 0.006
    forbidden: float = 0.0005
    reaction: str = "nothing"

    def __post_init__(self) -> None:
        check_named("reaction", self.reaction, REACTIONS)
        check_within(self, too_many=(0, 1), forbidden=(0, 1))


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of request that an account makes; ``is_harvest``: its requests belong to the campaign."""

    activity: Activity = field(default_factory=Activity)
    content: Content = field(default_factory=Content)
    is_harvest: bool = False
    has_conversations: bool = True
    adopts_release_within_hours: float | None = None

    def __post_init__(self) -> None:
        check_within(self, adopts_release_within_hours=(0, 24 * FOREVER_DAYS))


@dataclass(frozen=True, slots=True)
class Population:
    """Accounts of one kind; a campaign if one of the streams harvests."""

    kind: str
    accounts: int = 1
    identity: Identity = field(default_factory=Identity)
    refusals: Refusals = field(default_factory=Refusals)
    streams: dict[str, Stream] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_within(self, accounts=(1, 1_000_000))

    @property
    def is_campaign(self) -> bool:
        """Whether the accounts belong to a campaign."""
        return any(stream.is_harvest for stream in self.streams.values())


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole run: its time, its seed, its populations; ``release_day``: a new model appears (None: never)."""

    populations: tuple[Population, ...]
    days: float = 7.0
    seed: int = 1
    start: datetime = _DEFAULT_START
    release_day: float | None = None

    def __post_init__(self) -> None:
        check_within(self, days=(0, LONGEST_DAYS), release_day=(0, FOREVER_DAYS))
        if not EARLIEST <= self.start <= LATEST:
            raise ValueError(f"start is {self.start:%Y-%m-%d}, should be {EARLIEST:%Y-%m-%d} to {LATEST:%Y-%m-%d}")
