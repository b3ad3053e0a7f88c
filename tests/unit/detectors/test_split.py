"""Split: which part each account, the core and each link of a campaign go to, and what keeps it whole."""

import random
from typing import Any

import msgspec
import pytest

from detectors.case import Case
from detectors.heard import Heard
from detectors.kin import KinDetector
from detectors.links import Links
from detectors.spec import parse_spec
from detectors.split import Part, SplitDetector
from detectors.style import FACET_CHARS
from detectors.suspicion import Suspicion
from tests.unit.detectors.samples import DAY_MS, HOUR_MS, START_MS

FIRST = [f"F{number:02d}" for number in range(80)]
SECOND = [f"S{number:02d}" for number in range(80)]
SHARED = "configuration:\x1fshared"


def state(asked: list[str], style: str, **fields: Any) -> Suspicion:
    """An account of two days that has asked this in one style; twelve exchanges are remembered unless told."""
    styles = [style * chars * len(asked) for chars in FACET_CHARS]
    known = Suspicion(START_MS - 2 * DAY_MS, START_MS, rate=12.0, slots=12.0, popular=7.0)
    return msgspec.structs.replace(known, recent="".join(asked), styles=styles, **fields)


class World:
    """A campaign in whose core twelve accounts ask one list and nine another, all of one configuration."""

    def __init__(self, text: str = "", style: str = "z") -> None:
        chooser = random.Random(4)
        self.spec = parse_spec(text, "x")
        self.heard, self.links, self.accounts = Heard(), Links(self.spec), dict[str, Suspicion]()
        self.case = Case("campaign", "x", "camp_x", START_MS, None, {})
        self.silent_ms = 0
        """How long ago the latest evidence was, whenever it is looked at."""
        for number in range(60):
            own = [f"{number:02d}{chr(97 + at)}" for at in range(20)]
            self.add(f"o{number:02d}", state(own, "m"))
        for number in range(12):
            self.add(f"a{number:02d}", state(chooser.sample(FIRST, 24), "a"), "member", SHARED)
        for number in range(9):
            self.add(f"b{number:02d}", state(chooser.sample(SECOND, 24), style), "member", SHARED)
        self.case.core, self.case.links = sorted(self.case.accounts), [SHARED]

    def add(self, account_id: str, its: Suspicion, role: str = "other", *links: str) -> None:
        """One more account; a member is not in the core unless it was there when the world was made."""
        self.accounts[account_id] = its
        self.heard.restore(its)
        for link in links:
            self.links.observe(link, "stranger", 1, START_MS)
            self.links.observe(link, account_id, 12, START_MS)
        if role == "member":
            self.case.accounts[account_id] = START_MS

    def parts(self) -> list[Part]:
        """The parts, at the first check in six at which the campaign is looked at."""
        kin = KinDetector(self.spec, self.links, self.accounts, self.heard)
        split = SplitDetector(self.spec, kin, self.links, self.accounts, self.heard)
        looks = []
        for hour in range(6):
            at_ms = START_MS + hour * HOUR_MS
            self.case.raised_ms = at_ms - self.silent_ms
            kin.fit([self.case], self.case.accounts, at_ms)
            looks.append(split.parts_of(self.case, at_ms))
        assert sum(bool(parts) for parts in looks) <= 1
        return max(looks, key=len)


def names(accounts: list[str]) -> str:
    """The lists of accounts, each once."""
    return "".join(sorted({account_id[0] for account_id in accounts}))


def test_core_and_links_go_with_the_list() -> None:
    """A link goes to the part that has more of its users; what both have comes to the larger."""
    world = World()
    own = ["template:\x1fhfirst", "template:\x1fhsecond", "template:\x1fhnobody"]
    for account_id in world.case.core:
        key = own[account_id.startswith("b")]
        world.links.observe(key, "stranger", 1, START_MS)
        world.links.observe(key, account_id, 12, START_MS)
    world.case.links += own
    first, second = world.parts()

    assert (names(first.accounts), len(first.accounts), first.core) == ("a", 12, first.accounts)
    assert (names(second.accounts), len(second.accounts), second.core) == ("b", 9, second.accounts)
    assert (first.links, second.links) == ([SHARED, own[0]], [own[1]])


def test_whoever_is_outside_the_core_goes_with_its_list() -> None:
    """Also who was not heard of for days; then the part with fewer in the core is the larger."""
    world, chooser = World(), random.Random(5)
    for number in range(20):
        quiet = {"last_ms": START_MS - 5 * DAY_MS} if number % 2 else {}
        world.add(f"b{number + 20}", state(chooser.sample(SECOND, 24), "z", **quiet), "member")
    first, second = world.parts()

    assert (names(first.accounts), len(first.accounts), len(first.core)) == ("b", 29, 9)
    assert (names(second.accounts), len(second.accounts)) == ("a", 12)


def test_quiet_accounts_of_the_core_go_with_their_list() -> None:
    """What they have asked tells it, though they are not looked at."""
    world, chooser = World(), random.Random(5)
    for number in range(20):
        quiet = state(chooser.sample(SECOND, 24), "z", last_ms=START_MS - 5 * DAY_MS)
        world.add(f"b{number + 20}", quiet, "member", SHARED)
    world.case.core = sorted(world.case.accounts)

    assert [(names(part.core), len(part.core)) for part in world.parts()] == [("b", 29), ("a", 12)]


@pytest.mark.parametrize(
    ("text", "style", "links", "why"),
    [
        ("kin: {nats_to_join: 2}", "a", ("template:\x1fhboth",), "in one wording and style they would merge"),
        ("", "z", ("payment:\x1fp",), "one payment is one customer's"),
        ("", "z", ("device:\x1fd",), "one device is one customer's"),
        ("kin: {min_exchanges: 100000}", "z", (), "too little was sent to tell who is kin"),
    ],
)
def test_a_campaign_stays_whole(text: str, style: str, links: tuple[str, ...], why: str) -> None:
    """The same two lists, with one thing more."""
    world = World(text, style)
    for account_id in world.case.core:
        for link in links:
            world.links.observe(link, "stranger", 1, START_MS)
            world.links.observe(link, account_id, 12, START_MS)
    assert world.parts() == [], why


@pytest.mark.parametrize(("silent_ms", "parts"), [(6 * HOUR_MS - 1, 2), (6 * HOUR_MS, 0)])
def test_a_campaign_that_is_over_stays_whole(silent_ms: int, parts: int) -> None:
    """Without evidence for six hours it may be its accounts' owners who ask from two sources."""
    world = World()
    world.silent_ms = silent_ms
    assert len(world.parts()) == parts


def test_one_organisation_is_one_customer() -> None:
    """Half of each part are its seats; of another number they are not the same."""
    for numbers, parts in (((7, 7), 0), ((7, 8), 2)):
        world = World()
        for account_id in world.case.core:
            world.accounts[account_id].organization = numbers[account_id.startswith("b")]
        assert len(world.parts()) == parts


@pytest.mark.parametrize(("mixed", "is_split"), [("b00 b01 b02 b03 b04", False), ("b31 b32 b33 b34 b35", True)])
def test_what_would_merge_is_not_split(mixed: str, *, is_split: bool) -> None:
    """Five of 36 are kin of the other part: few, but not when they are of those by whom it is decided who merges."""
    world, chooser = World("kin: {nats_to_join: 2}"), random.Random(6)
    for number in range(36):
        account_id, asked = f"b{number:02d}", chooser.sample(SECOND, 24)
        if account_id in world.accounts:
            world.heard.forget(world.accounts[account_id])
        if account_id in mixed:
            asked = [*chooser.sample(FIRST, 11), *asked[:13]]
        world.add(account_id, state(asked, "z"), "member", SHARED)
    world.case.core = sorted(world.case.accounts)

    assert [len(part.core) for part in world.parts()] == ([36, 12] if is_split else [])
