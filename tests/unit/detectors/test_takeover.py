"""Taking over: what counts as one, and what does not."""

import msgspec
import pytest

from detectors.campaigns import CampaignDetector
from detectors.crowd import CrowdModel
from detectors.groups import Group, GroupDetector
from detectors.harvest import HarvestDetector
from detectors.snapshot import decode_snapshot
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.takeover import TakeoverDetector
from schemas.account_bucket import AccountBucket
from tests.unit.detectors.samples import BUCKET_MS, HOUR_MS, START_MS, bucket, link

SPEC = DetectorSpec()
LINK = "configuration::c"
REFUSED_MS = START_MS + 5 * HOUR_MS
LATER_MS = REFUSED_MS + 2 * BUCKET_MS


class World:
    """Accounts on one link, and when each last began: the refused one an hour before, the others as told."""

    def __init__(self, began_ms: dict[str, int]) -> None:
        self.groups = GroupDetector(SPEC)
        began_ms = {"refused": REFUSED_MS - HOUR_MS} | began_ms
        for account_id in ["stranger", *began_ms]:
            self.groups.observe(LINK, account_id, 1, START_MS)
        self.states = {a: Suspicion(START_MS, REFUSED_MS, began_ms=at_ms) for a, at_ms in began_ms.items()}
        self.detector = TakeoverDetector(SPEC, self.groups, self.states)

    @property
    def group(self) -> Group:
        """The link."""
        return self.groups.groups[LINK]

    def refuse(self, account_id: str = "refused", at_ms: int = REFUSED_MS) -> None:
        """Let an account be refused in a bucket."""
        self.detector.observe([bucket(account_id, at_ms, refusals=1)])


def others(*buckets_later: int, of: int = 6) -> dict[str, int]:
    """So many other accounts of which some began so many buckets after the refusal, the rest long before."""
    began = {f"a{number}": REFUSED_MS + later * BUCKET_MS for number, later in enumerate(buckets_later)}
    return began | {f"a{number}": START_MS for number in range(len(buckets_later), of)}


@pytest.mark.parametrize(
    ("buckets_later", "took_over", "tossed"),
    [
        ((0,), 1, 1), ((1,), 1, 1), ((-1,), 0, 1), ((-2,), 0, 1),
        ((2,), 0, 0), ((-3,), 0, 0), ((), 0, 0), ((0, -1), 0, 0), ((0, 1, -2), 1, 1), ((1, -1, -2), 0, 1),
    ],
)  # fmt: skip
def test_who_begins_after_a_refusal_is_compared_with_who_began_before(
    buckets_later: tuple[int, ...], took_over: int, tossed: int
) -> None:
    """In the two buckets from it on, and the two before; what is balanced says nothing."""
    world = World(others(*buckets_later))
    world.refuse()
    told = world.detector.count(LATER_MS)

    assert told == ({LINK} if tossed else set())
    assert (world.group.took_over, world.group.tossed) == (took_over, tossed)


def test_it_is_looked_at_when_both_buckets_are_over() -> None:
    """Not before, and once."""
    world = World(others(0))
    world.refuse()

    assert world.detector.count(LATER_MS - 1) == set()
    assert world.detector.count(LATER_MS) == {LINK}
    assert world.detector.count(LATER_MS + HOUR_MS) == set()
    assert world.group.tossed == 1


def test_an_hour_counts_once() -> None:
    """What is refused again in the same hour depends on the first time; in the next hour it is another toss."""
    world = World(others(0))
    for later_ms in (0, BUCKET_MS, HOUR_MS):
        world.refuse(at_ms=REFUSED_MS + later_ms)
        world.states["a1"].began_ms = REFUSED_MS + later_ms + BUCKET_MS
        world.detector.count(LATER_MS + later_ms)

    assert (world.group.took_over, world.group.tossed) == (2, 2)


def test_who_is_refused_as_it_begins_was_not_at_work() -> None:
    """Jobs that begin at one time are refused then, and others begin then too."""
    for began_ms, is_one in ((REFUSED_MS, False), (REFUSED_MS - BUCKET_MS, True)):
        world = World({"refused": began_ms} | others(0))
        world.refuse()

        assert bool(world.detector.count(LATER_MS)) is is_one


def test_an_account_that_never_got_an_answer_was_not_at_work() -> None:
    """One that has been refused from its first request on has nothing to be taken over."""
    world = World(others(0))
    world.states["refused"].began_ms = Suspicion(0, 0).began_ms
    world.refuse()

    assert world.detector.count(LATER_MS) == set()


def test_an_outage_is_no_refusal() -> None:
    """When more than 256 accounts are refused within five minutes it is not about any of them."""
    for refused, is_one in ((256, True), (257, False)):
        world = World(others(0))
        records = [bucket(f"r{number}", REFUSED_MS, refusals=1) for number in range(refused - 1)]
        world.states |= {record.account_id: Suspicion(START_MS, START_MS, began_ms=START_MS) for record in records}
        world.detector.observe([*records, bucket("refused", REFUSED_MS, refusals=2)])

        assert bool(world.detector.count(LATER_MS)) is is_one


@pytest.mark.parametrize(("accounts", "counts"), [(4, False), (5, True), (500, True), (501, False)])
def test_a_link_must_have_some_accounts_and_not_very_many(accounts: int, counts: bool) -> None:
    """Fewer than a campaign has are none, and of more than 500 somebody begins all the time."""
    world = World(others(0, of=accounts - 1))
    world.refuse()

    assert bool(world.detector.count(LATER_MS)) is counts


def test_what_is_long_ago_is_forgotten() -> None:
    """After 96 hours both counts are halved."""
    world = World(others(0))
    world.group.took_over, world.group.tossed = 81, 96
    world.refuse()
    world.detector.count(LATER_MS)

    assert (world.group.took_over, world.group.tossed) == (41, 49)


def test_to_begin_is_to_be_answered_after_an_hour_of_silence() -> None:
    """Trying again, also in vain, is no beginning."""
    harvest, crowd = HarvestDetector(SPEC), CrowdModel(SPEC.crowd)
    began = []
    state: Suspicion | None = None
    for minutes, refusals in ((0, 0), (30, 0), (94, 0), (160, 0), (300, 1), (305, 0), (371, 0)):
        record = bucket(start_ms=START_MS + minutes * 60_000, refusals=refusals)
        state = harvest.observe(state, record, crowd, START_MS)
        began.append((state.began_ms - START_MS) // 60_000)

    # Silence is from the end of one bucket, five minutes after its start, to the start of the next.
    assert began == [0, 0, 0, 160, 160, 160, 371]


def rotation(turns: int, *, is_refused: bool) -> list[AccountBucket]:
    """Records of six accounts, one after the other at work for half an hour, until it is refused or not."""
    return [
        bucket(
            f"a{turn % 6}",
            START_MS + turn * HOUR_MS // 2 + place * BUCKET_MS,
            events=4,
            refusals=int(is_refused and place == 5),
            links=[link("configuration", "c", 4)],
        )
        for turn in range(turns)
        for place in range(6)
    ]


@pytest.mark.parametrize("is_refused", [True, False])
def test_the_stream_is_counted(is_refused: bool) -> None:
    """Accounts that take turns of half an hour, all of them again and again, take over only where one is refused."""
    detector = CampaignDetector(SPEC)
    for record in rotation(48, is_refused=is_refused):
        detector.observe(record)
        detector.advance(record.end_ms)
    raw = detector.snapshot(b"gconfiguration:\x1fc")

    assert raw is not None
    group = decode_snapshot(raw, msgspec.msgpack.Decoder(Group), "a link")
    # The first rounds make the link; from then on one refusal of each hour counts.
    assert group.took_over == group.tossed
    assert (group.tossed >= 18) is is_refused
    assert is_refused or group.tossed == 0
