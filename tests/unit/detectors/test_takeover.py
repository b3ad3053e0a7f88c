"""Taking over: what counts as one, and what does not."""

import math
import random
from typing import Any

import msgspec
import pytest

from detectors.campaigns import CampaignDetector
from detectors.crowd import CrowdModel
from detectors.exchange import NOBODY
from detectors.harvest import HarvestDetector
from detectors.links import Group, Links
from detectors.sign_test import sign_test_nats
from detectors.snapshot import decode_snapshot
from detectors.spec import DetectorSpec, parse_spec
from detectors.suspicion import Suspicion
from detectors.takeover import TakeoverDetector
from detectors.windows import NEVER_MS
from schemas.account_bucket import AccountBucket
from tests.unit.detectors.sample_run import stored
from tests.unit.detectors.samples import (
    BUCKET_MS,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    START_MS,
    bucket,
    event,
    link,
    records_of,
)

SPEC = DetectorSpec()
LINK = "configuration::c"
REFUSED_MS = START_MS + 5 * HOUR_MS + 2 * MINUTE_MS
BUCKET_START_MS = START_MS + 5 * HOUR_MS
LATER_MS = BUCKET_START_MS + BUCKET_MS + 10 * MINUTE_MS
"""When the ten minutes after every refusal of its bucket are over."""


class World:
    """Accounts on one link, and when each last began: the refused one an hour before, the others as told."""

    def __init__(self, began_ms: dict[str, int], spec: DetectorSpec = SPEC, **organizations: int) -> None:
        self.links = Links(spec)
        began_ms = {"refused": REFUSED_MS - HOUR_MS} | began_ms
        for account_id in ["stranger", *began_ms]:
            self.links.observe(LINK, account_id, 1, START_MS)
        self.states = {
            a: Suspicion(START_MS, REFUSED_MS, began_ms=at_ms, organization=organizations.get(a, NOBODY))
            for a, at_ms in began_ms.items()
        }
        self.detector = TakeoverDetector(spec, self.links, self.states)

    @property
    def group(self) -> Group:
        """The link."""
        return self.links.groups[LINK]

    @property
    def counts(self) -> tuple[int, int]:
        """How often others began afterwards, of how many times."""
        return self.group.took_over, self.group.compared

    def refuse(self, account_id: str = "refused", at_ms: int = REFUSED_MS) -> None:
        """Let an account be refused."""
        self.detector.observe([refusal(account_id, at_ms)])


def refusal(account_id: str, at_ms: int, **fields: Any) -> AccountBucket:
    """A record of an account that was refused."""
    return bucket(account_id, at_ms - at_ms % BUCKET_MS, refusals=1, refused_ms=at_ms, **fields)


def others(*minutes_later: float, of: int = 6) -> dict[str, int]:
    """So many other accounts of which some began so long after the refusal, the rest long before."""
    began = {f"a{number}": REFUSED_MS + round(later * MINUTE_MS) for number, later in enumerate(minutes_later)}
    return began | {f"a{number}": START_MS for number in range(len(minutes_later), of)}


@pytest.mark.parametrize(
    ("minutes_later", "took_over", "compared"),
    [
        ((0.5,), 1, 1), ((10,), 1, 1), ((-0.5,), 0, 1), ((-10,), 0, 1),
        ((10.1,), 0, 0), ((-10.1,), 0, 0), ((), 0, 0), ((3, -1), 0, 0), ((1, 6, -9), 1, 1), ((6, -1, -6), 0, 1),
    ],
)  # fmt: skip
def test_who_begins_after_a_refusal_is_compared_with_who_began_before(
    minutes_later: tuple[float, ...], took_over: int, compared: int
) -> None:
    """In the ten minutes after it, and those before; what is balanced says nothing."""
    world = World(others(*minutes_later))
    world.refuse()

    assert world.detector.count(LATER_MS) == {LINK}
    assert world.counts == (took_over, compared)


def test_it_is_looked_at_when_the_ten_minutes_are_over() -> None:
    """Not before, and once."""
    world = World(others(1))
    world.refuse()

    assert world.detector.count(LATER_MS - 1) == set()
    assert world.detector.count(LATER_MS) == {LINK}
    assert world.detector.count(LATER_MS + HOUR_MS) == set()
    assert world.counts == (1, 1)


@pytest.mark.parametrize(("minutes", "looks"), [(0, 1), (15, 1), (59, 1), (60, 2)])
def test_a_link_is_looked_at_once_an_hour(minutes: int, looks: int) -> None:
    """Whatever was found: after a look that found nobody the next one would find somebody after sooner than before."""
    world = World(others())
    for later_ms in (0, minutes * MINUTE_MS):
        world.refuse(at_ms=REFUSED_MS + later_ms)
        world.detector.count(LATER_MS + later_ms + BUCKET_MS)
        # From now on somebody begins a minute after each refusal.
        world.states["a1"].began_ms = REFUSED_MS + minutes * MINUTE_MS + MINUTE_MS

    assert world.counts == (looks - 1, looks - 1)


@pytest.mark.parametrize("order", [1, -1])
def test_the_first_refusal_is_looked_at(order: int) -> None:
    """Of two in one bucket the earlier one, whichever account comes first; somebody began between them."""
    world = World(others(1))
    world.states["a5"].began_ms = REFUSED_MS - HOUR_MS
    both = [refusal("refused", REFUSED_MS), refusal("a5", REFUSED_MS + 2 * MINUTE_MS)]
    world.detector.observe(both[::order])
    world.detector.count(LATER_MS)

    assert world.counts == (1, 1)


def test_strangers_begin_before_as_often_as_after() -> None:
    """Weeks in which one account is refused all the time and the others begin when they like: a fair coin."""
    for seed in range(4):
        chooser, world = random.Random(seed), World(others())
        for at_ms in range(START_MS, START_MS + 28 * DAY_MS, BUCKET_MS):
            world.detector.count(at_ms)
            for account_id in ("a0", "a1", "a2", "a3", "a4", "a5"):
                if chooser.random() < 1 / 144 and at_ms - world.states[account_id].began_ms > HOUR_MS:
                    world.states[account_id].began_ms = at_ms + chooser.randrange(BUCKET_MS)
            world.states["refused"].began_ms = START_MS - DAY_MS
            world.refuse(at_ms=at_ms + chooser.randrange(BUCKET_MS))
        took_over, compared = world.counts

        assert compared >= 48
        # Five standard deviations of a fair coin.
        assert abs(took_over - compared / 2) < 2.5 * math.sqrt(compared)
        assert sign_test_nats(took_over, compared) < 4


@pytest.mark.parametrize(("minutes", "is_looked"), [(0, False), (9, False), (10, True)])
def test_who_is_refused_as_it_begins_was_not_at_work(minutes: int, is_looked: bool) -> None:
    """Jobs that begin at one time are refused then, and others begin then too."""
    world = World({"refused": REFUSED_MS - minutes * MINUTE_MS} | others(1))
    world.refuse()

    assert bool(world.detector.count(LATER_MS)) is is_looked


def test_an_account_that_got_no_answer_was_not_at_work() -> None:
    """One that has been refused from its first request on has nothing to be taken over."""
    world = World({"refused": NEVER_MS} | others(1))
    world.refuse()

    assert world.detector.count(LATER_MS) == set()


@pytest.mark.parametrize(("active", "refused", "is_looked"), [(40, 16, True), (40, 17, False), (300, 30, True)])
def test_an_outage_is_no_refusal(active: int, refused: int, is_looked: bool) -> None:
    """When more than sixteen, and a tenth, of a tenant's active accounts are refused it is about none of them."""
    world = World(others(1))
    crowd = [f"r{number}" for number in range(active - 1)]
    world.states |= {account_id: Suspicion(START_MS, START_MS, began_ms=START_MS) for account_id in crowd}
    records = [refusal(a, REFUSED_MS) for a in crowd[: refused - 1]]
    records += [bucket(a, BUCKET_START_MS) for a in crowd[refused - 1 :]]
    elsewhere = [refusal(a, REFUSED_MS, tenant_id="other") for a in crowd[: refused - 1]]
    world.detector.observe([*records, refusal("refused", REFUSED_MS)])
    assert bool(world.detector.count(LATER_MS)) is is_looked

    world.group.looked_ms = NEVER_MS
    world.detector.observe([*elsewhere, refusal("refused", REFUSED_MS)])
    assert world.detector.count(LATER_MS) == {LINK}


@pytest.mark.parametrize(("accounts", "is_looked"), [(4, False), (5, True), (500, True), (501, False)])
def test_a_link_must_have_some_accounts_and_not_very_many(accounts: int, is_looked: bool) -> None:
    """Fewer than a campaign has are none, and of more than 500 somebody begins all the time."""
    world = World(others(1, of=accounts - 1))
    world.refuse()

    assert bool(world.detector.count(LATER_MS)) is is_looked


@pytest.mark.parametrize(("seconds", "is_looked"), [(10, True), (1200, True), (1201, False), (3600, False)])
def test_long_buckets_hide_who_began(seconds: int, is_looked: bool) -> None:
    """When the ten minutes are over, who began before may have begun again; that would count as afterwards."""
    world = World(others(1), parse_spec(f"bucket_seconds: {seconds}", "x"))
    world.refuse()

    assert bool(world.detector.count(LATER_MS + HOUR_MS)) is is_looked


def test_who_falls_back_on_its_own_accounts_is_one_customer() -> None:
    """Accounts of the refused one's organisation do not count, those of another do."""
    for organization, counts in ((7, (0, 0)), (8, (1, 1))):
        world = World(others(1), refused=7, a0=organization)
        world.refuse()
        world.detector.count(LATER_MS)

        assert world.counts == counts


def test_accounts_and_links_may_be_forgotten_before_they_are_looked_at() -> None:
    """Of an account that is gone nothing is known, and a link that is gone tells nothing."""
    world = World(others(1, 2))
    world.refuse()
    del world.states["a0"], world.states["refused"]
    world.detector.count(LATER_MS)
    assert world.counts == (1, 1)

    world = World(others(1))
    world.refuse()
    world.links.sweep(START_MS + 400 * DAY_MS)
    assert world.detector.count(START_MS + 401 * DAY_MS) == set()


@pytest.mark.parametrize(("days", "counts"), [(1, (41, 49)), (15, (1, 1))])
def test_what_is_long_ago_is_forgotten(days: int, counts: tuple[int, int]) -> None:
    """Of 96 comparisons half count on, and after two weeks without a look none."""
    world = World(others(1))
    world.group.took_over, world.group.compared, world.group.looked_ms = 81, 96, REFUSED_MS - days * DAY_MS
    world.refuse()
    world.detector.count(LATER_MS)

    assert world.counts == counts


def test_to_begin_is_to_be_answered_after_an_hour_of_silence() -> None:
    """Trying again is no beginning, and one in vain begins when it is answered at last."""
    harvest, crowd = HarvestDetector(SPEC), CrowdModel(SPEC.crowd)
    began = []
    state: Suspicion | None = None
    for minutes, status in ((0, 200), (30, 200), (94, 200), (161, 200), (300, 429), (308, 200), (365, 429)):
        [record] = records_of(SPEC, [event(START_MS + minutes * MINUTE_MS, status_code=status)])
        state = harvest.observe(state, record, crowd, START_MS)
        began.append((state.began_ms - START_MS) // MINUTE_MS if state.began_ms > NEVER_MS else None)

    # Silence is from the end of one bucket of five minutes to the start of the next.
    assert began == [0, 0, 0, 161, None, 308, 308]


def test_a_record_tells_when_it_was_answered_and_refused_first() -> None:
    """Both, whatever else there was, and -1 for what there was not."""
    minutes = {"both": {1: 429, 2: 200, 3: 429, 4: 200}, "answered": {3: 200, 4: 200}, "refused": {2: 403, 4: 401}}
    events = [
        event(START_MS + minute * MINUTE_MS, account_id, status_code=status)
        for account_id, statuses in minutes.items()
        for minute, status in statuses.items()
    ]
    found = {record.account_id: (record.answered_ms, record.refused_ms) for record in records_of(SPEC, events)}

    at_ms = [START_MS + minute * MINUTE_MS for minute in range(5)]
    assert found == {"both": (at_ms[2], at_ms[1]), "answered": (at_ms[3], -1), "refused": (-1, at_ms[2])}


def test_a_link_that_was_looked_at_is_written() -> None:
    """Though nobody uses it at that time."""
    detector = CampaignDetector(SPEC)
    *before, last = rotation(13, is_refused=True)
    for record in [*before, last, bucket("elsewhere", last.end_ms + 10 * MINUTE_MS)]:
        detector.take_changed()
        detector.observe(record)
        detector.advance(record.end_ms)

    assert b"gconfiguration:\x1fc" in detector.take_changed()


def rotation(turns: int, *, is_refused: bool) -> list[AccountBucket]:
    """Records of six accounts, one after the other at work for half an hour, until it is refused or not."""
    records = []
    for turn in range(turns):
        for place in range(6):
            start_ms = START_MS + turn * HOUR_MS // 2 + place * BUCKET_MS
            fields: dict[str, Any] = {"answered_ms": start_ms, "events": 4, "links": [link("configuration", "c", 4)]}
            if is_refused and place == 5:
                fields |= {"refusals": 1, "refused_ms": start_ms + 4 * MINUTE_MS}
            records.append(bucket(f"a{turn % 6}", start_ms, **fields))
    return records


@pytest.mark.parametrize("is_refused", [True, False])
def test_the_stream_is_counted(is_refused: bool) -> None:
    """Accounts that take turns of half an hour take over only where one is refused; restarts change nothing."""
    detector = CampaignDetector(SPEC)
    topic: dict[bytes, bytes] = {}
    for record in rotation(48, is_refused=is_refused):
        detector.observe(record)
        detector.advance(record.end_ms)
        stored(detector.take_changed(), detector.snapshot, topic)
        detector = CampaignDetector(SPEC)
        for key, raw in topic.items():
            detector.restore(key, raw)

    group = decode_snapshot(topic[b"gconfiguration:\x1fc"], msgspec.msgpack.Decoder(Group), "a link")
    # The first rounds make the link; from then on one refusal of each hour counts.
    assert group.took_over == group.compared
    assert (group.compared >= 18) is is_refused
    assert is_refused or group.compared == 0
