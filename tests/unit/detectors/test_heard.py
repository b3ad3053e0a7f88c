"""What an account is heard to ask, where it has preambles."""

import pytest

from detectors.campaigns import CampaignDetector
from detectors.heard import Heard
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.vocabulary import codes_of
from tests.unit.detectors.samples import BUCKET_MS, START_MS, bucket


def asked(slots: list[str], preambles: list[str]) -> tuple[list[str], Heard]:
    """What an account is taken to ask that sends these slots one by one, each behind a preamble; "" is none."""
    heard, state = Heard(), Suspicion(START_MS, START_MS)
    for slot, preamble in zip(slots, preambles, strict=True):
        heard.hear(state, bucket(slots=[slot], preambles=[(0, preamble)] if preamble else []))
    return codes_of(state.recent, 3), heard


def preambles_of(count: int, length: int) -> list[str]:
    """So many different preambles in turn."""
    return [f"p{n % count:02d}" for n in range(length)]


SLOTS = [f"s{n:02d}" for n in range(40)]


def test_few_preambles_are_what_is_asked() -> None:
    """Seven: one might ask for seven things, of ever other texts."""
    assert asked(SLOTS, preambles_of(7, 40))[0] == preambles_of(7, 40)


def test_many_preambles_are_not_what_is_asked() -> None:
    """With the eighth those before are taken back, and what stands behind counts from then on."""
    told, heard = asked(SLOTS, preambles_of(8, 40))

    assert told == SLOTS[7:]
    assert heard.of(None).openers.counts == dict.fromkeys(SLOTS[7:], 1)


def test_many_preambles_in_one_bucket_are_not_what_is_asked() -> None:
    """Neither where each first passed for a slot, as long as nobody knew that it recurs, nor where it stands bare."""
    begun = preambles_of(8, 8)
    slots = [*begun, *SLOTS[:24], "p03"]
    heard, state = Heard(), Suspicion(START_MS, START_MS)
    heard.hear(state, bucket(slots=slots, preambles=[(n, begun[n % 8]) for n in range(8, 32)]))

    assert codes_of(state.recent, 3) == SLOTS[:24]
    assert heard.of(None).openers.counts == dict.fromkeys(SLOTS[:24], 1)


def test_what_is_asked_without_a_preamble_is_kept() -> None:
    """Every other prompt is bare; what begins those is taken back only if it begins a preamble, too."""
    told, _ = asked(SLOTS[:30], ["" if n % 2 else f"p{n // 2 % 8:02d}" for n in range(30)])

    assert told == [*SLOTS[1:14:2], *SLOTS[14:30]]


@pytest.mark.parametrize(("between", "is_taken_back"), [(24, True), (25, False)])
def test_only_late_preambles_count(between: int, *, is_taken_back: bool) -> None:
    """Eight over months are no turn: of the latest 32 slots, so many must have each another."""
    told, _ = asked(SLOTS[: 8 + between], [*preambles_of(4, 4), *[""] * between, "p04", "p05", "p06", "p07"])

    assert ("p00" not in told) == is_taken_back


def test_an_account_without_preambles_keeps_none_in_mind() -> None:
    """Once they are 32 slots old nothing is left of them."""
    heard, state = Heard(), Suspicion(START_MS, START_MS)
    heard.hear(state, bucket(slots=["aaa"] * 3, preambles=[(1, "pre")]))
    assert state.preambles == "---pre---"
    assert state.recent == "aaapreaaa"

    heard.hear(state, bucket(slots=["bbb"] * 31))
    assert state.preambles == ""


def test_whoever_has_nothing_left_is_one_account_of_the_crowd_all_the_same() -> None:
    """Sentences that are put together anew each begin a preamble and stand behind one, so all are taken back."""
    sentences = preambles_of(8, 9)
    detector = CampaignDetector(DetectorSpec())
    sent = [(sentences[1:], list(enumerate(sentences[:8]))), ([], []), (["aaa"], [])]
    for n, (slots, preambles) in enumerate(sent):
        record = bucket(start_ms=START_MS + n * BUCKET_MS, slots=slots, preambles=preambles)
        detector.observe(record)
        detector.advance(record.end_ms)
        assert detector._known.crowd.accounts == 1

    assert detector._known.accounts["a-1"].recent == "aaa"
