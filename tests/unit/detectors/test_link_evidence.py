"""Link evidence: slow lists are found where accounts are interchangeable, conversations where they are very even."""

import math
import random
from collections.abc import Sequence
from typing import Any

import pytest

from detectors.even_load import GroupEvidence, even_load
from detectors.groups import GroupDetector
from detectors.harvest import HarvestDetector
from detectors.heard import Heard
from detectors.interchange import InterchangeDetector
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from tests.unit.detectors.samples import HOUR_MS, START_MS

SPEC = DetectorSpec()
NOW_MS = START_MS + 20 * HOUR_MS
WORDS = "template:\x1fcwords"
SLOW = [2, 3, 3, 2, 3, 2, 3, 3, 2, 3] * 3
"""Remembered of forty hours: 2 to 3 exchanges a day and account."""


def slow(
    key: str = WORDS,
    sizes: list[int] = SLOW,
    people: int = 0,
    prompts: int = 8,
    hours: float = 40,
    crowd: float = 0.6,
    turns: Sequence[int] = (1,),
    elsewhere: int = 0,
) -> GroupEvidence | None:
    """Evidence on a link on which each account begins so many conversations, and has sent a multiple of prompts.

    All prompts are from one list, but those of the first ``people``, who have their own affairs. The accounts take the
    turns of a conversation in rotation. Of what each begins, a multiple is ``elsewhere``, not on the link.
    """
    chooser, heard = random.Random(5), Heard()
    groups, openers = GroupDetector(SPEC), [f"L{number:02d}" for number in range(50)]
    first_ms = NOW_MS - round(hours * HOUR_MS)
    states: dict[str, Suspicion] = {}
    accounts = {f"a{number:03d}": size for number, size in enumerate(sizes)}
    for account_id in ["stranger", *accounts]:
        groups.observe(key, account_id, 0, first_ms)
    for account_id, size in accounts.items():
        asked = chooser.sample(openers, 5) if len(states) < people else openers
        states[account_id] = Suspicion(
            first_ms,
            NOW_MS,
            slots=10.0,
            popular=10 * crowd,
            rate=float(size * (1 + elsewhere)),
            remembered=float((1 + elsewhere) * size * turns[len(states) % len(turns)]),
            recent="".join(chooser.choice(asked) for _ in range(prompts * size)),
        )
        heard.restore(states[account_id])
        groups.observe(key, account_id, 0, first_ms)
        groups.observe(key, account_id, size, NOW_MS)
    interchange = InterchangeDetector(SPEC, heard)
    interchange.coherence = [0.05, 0.0, 0.0, 0.0]
    return groups.judge(key, NOW_MS, states, HarvestDetector(SPEC), interchange)


@pytest.mark.parametrize(("crowd", "weight", "is_load_weaker"), [(0.6, 1.0, False), (0.4, 0.5, True)])
def test_a_slow_list_is_found_where_accounts_are_interchangeable(
    crowd: float, weight: float, *, is_load_weaker: bool
) -> None:
    """As slow as people are; the weaker of both kinds of evidence counts, less log 4 for the third look at the link."""
    sizes = [2, 2, 2, 3, 3, 4, 5, 6, 7, 8] * 3
    evidence = slow(sizes=sizes, crowd=crowd)

    assert evidence is not None
    assert evidence.dealt is not None
    assert len(evidence.accounts) >= 25
    assert 1.5 <= evidence.rate < SPEC.groups.min_rate
    states = {f"a{n:03d}": Suspicion(START_MS, NOW_MS, slots=1.0, popular=crowd) for n in range(30)}
    days = 1.5 * (1 - math.exp(-40 / 36))
    even = even_load(
        SPEC.groups,
        sorted(states),
        [size / days for size in sizes],
        states,
        least_rate=SPEC.groups.least_rate,
        min_rate=SPEC.interchange.min_rate,
        member_rate=SPEC.interchange.member_rate,
        max_spread=SPEC.groups.max_spread,
    )
    assert even is not None
    load_nats = weight * even.nats
    assert (load_nats < evidence.dealt.nats) == is_load_weaker
    assert evidence.nats == pytest.approx(min(load_nats, evidence.dealt.nats) - math.log(4))
    assert evidence.nats >= GroupDetector(SPEC).threshold_nats


def test_who_keeps_to_his_own_affairs_is_not_named_with_a_slow_list() -> None:
    """Three people on the link, as evenly loaded as the rest."""
    evidence = slow(people=3, prompts=20)

    assert evidence is not None
    assert not {"a000", "a001", "a002"} & set(evidence.accounts)
    assert len(evidence.accounts) >= 25


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"people": 30}, "people come back to their own affairs"),
        ({"sizes": [1, 1, 1, 2, 2, 3, 4, 6, 10, 20] * 3}, "some use it twenty times as much as others"),
        ({"hours": 6}, "nobody has come back yet"),
        ({"key": "payment:\x1fp"}, "a small firm may have one service behind its accounts"),
        ({"crowd": 0.31}, "what they ask is hardly a crowd's"),
        ({"sizes": SLOW[:16]}, "of so few accounts it tells nothing"),
    ],
)
def test_what_is_slow_is_honest_otherwise(change: dict[str, Any], why: str) -> None:
    """One thing is missing in turn."""
    evidence = slow(**change)

    assert evidence is None or evidence.dealt is None, why
    assert evidence is None or evidence.nats < GroupDetector(SPEC).threshold_nats, why


TALK = [2, 3, 3, 2, 3] * 3
"""Conversations of too few accounts for a slow list."""


def test_conversations_are_found_by_all_their_turns() -> None:
    """Two conversations a day, of eight turns each; the fourth look at the link costs log 8. Rates are doubled."""
    evidence = slow(sizes=TALK, turns=[8])

    assert evidence is not None
    assert evidence.is_spoken
    assert set(evidence.accounts) == {f"a{number:03d}" for number in range(15)}
    days = 1.5 * (1 - math.exp(-40 / 36))
    states = {f"a{n:03d}": Suspicion(START_MS, NOW_MS, slots=1.0, popular=0.6) for n in range(15)}
    even = even_load(
        SPEC.groups,
        sorted(states),
        [8 * size / days for size in TALK],
        states,
        least_rate=2 * SPEC.groups.least_rate,
        min_rate=SPEC.groups.spoken_rate,
        member_rate=2 * SPEC.groups.member_rate,
        max_spread=SPEC.groups.spoken_spread,
    )
    assert even is not None
    assert evidence.rate == pytest.approx(even.rate)
    assert evidence.nats == pytest.approx(even.nats - math.log(8))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"turns": [3]}, "as many exchanges a day are people's"),
        ({"turns": [2, 30, 4, 8, 16]}, "people talk on at very different length"),
        ({"turns": [8], "hours": 6}, "nobody has come back yet"),
        ({"turns": [8], "key": "payment:\x1fp"}, "a small firm may have one assistant"),
        ({"turns": [8], "crowd": 0.31}, "what they ask is hardly a crowd's"),
    ],
)
def test_conversations_are_honest_otherwise(change: dict[str, Any], why: str) -> None:
    """One thing is missing in turn."""
    evidence = slow(**({"sizes": TALK} | change))

    assert evidence is None or not evidence.is_spoken, why
    assert evidence is None or evidence.nats < GroupDetector(SPEC).threshold_nats, why


def test_only_the_share_of_a_link_is_spoken_on_it() -> None:
    """Who does half of his work elsewhere speaks as much on the link as who does nothing else."""
    alone, half = slow(sizes=TALK, turns=[8]), slow(sizes=TALK, turns=[8], elsewhere=1)

    assert alone is not None
    assert half is not None
    assert half.rate == pytest.approx(alone.rate)
    assert half.is_spoken
