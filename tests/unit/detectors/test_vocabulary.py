"""The vocabulary: always what a recount of the latest requests of all accounts gives."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from detectors.heard import Heard
from detectors.style import WHOLE, facet_of
from detectors.suspicion import Suspicion
from detectors.vocabulary import Vocabulary, codes_of
from tests.unit.detectors.samples import bucket

REMEMBERED = 64
slots = st.lists(st.sampled_from([f"{letter}{number:02d}" for letter in "ab" for number in range(8)]), max_size=90)
accounts = st.sampled_from(["x", "y", "z"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("hear"), accounts, slots),
        st.tuples(st.just("unhear"), accounts, slots),
        st.tuples(st.just("forget"), accounts, st.just([])),
        st.tuples(st.just("restart"), accounts, st.just([])),
    ),
    max_size=30,
)


@given(steps=steps)
def test_it_is_a_recount_of_what_was_asked_lately(steps: list[tuple[str, str, list[str]]]) -> None:
    """Whatever was heard, taken back, forgotten or restored: the counts are those of what each account is left with.

    These are its last 64 requests. What is taken back is taken out of those, however often it is among them.
    """
    vocabulary = Vocabulary(3)
    recents: dict[str, str] = {}
    said: dict[str, list[str]] = {}
    for action, account_id, asked in steps:
        if action == "hear":
            recents[account_id] = vocabulary.hear(recents.get(account_id, ""), asked)
            said.setdefault(account_id, []).extend(asked)
        elif action == "unhear":
            recents[account_id] = vocabulary.unhear(recents.get(account_id, ""), set(asked))
            said[account_id] = [code for code in said.get(account_id, [])[-REMEMBERED:] if code not in asked]
        elif action == "forget":
            vocabulary.forget(recents.pop(account_id, ""))
            said.pop(account_id, None)
        else:
            vocabulary = Vocabulary(3)
            for recent in recents.values():
                vocabulary.restore(recent)

        expected = Counter(opener for asked in said.values() for opener in asked[-REMEMBERED:])
        # As plain mappings: an opener that nobody uses any more takes no memory.
        assert dict(vocabulary.counts) == dict(expected)
        assert vocabulary.total == expected.total()
        assert {a: codes_of(recent, 3) for a, recent in recents.items()} == {
            a: s[-REMEMBERED:] for a, s in said.items()
        }


def test_a_busy_account_does_not_outweigh_others() -> None:
    """A thousand requests of one account count as its latest sixty-four."""
    vocabulary = Vocabulary(3)
    vocabulary.hear("", ["abc"] * 1_000)
    vocabulary.hear("", ["xyz"] * REMEMBERED)

    assert vocabulary.counts == {"abc": REMEMBERED, "xyz": REMEMBERED}


def test_what_is_heard_of_an_account_is_in_its_state() -> None:
    """Openers and each facet of style by themselves; a state that comes back or leaves is counted or not."""
    heard, state = Heard(), Suspicion(0, 0)
    said = heard.of(None)
    heard.hear(state, bucket(slots=["abc"], styles="TpqlnmUprlnm", texts="t01t02"))
    heard.hear(state, bucket(slots=["xyz"]))
    whole = facet_of("TpqlnmUprlnm", WHOLE)

    assert (state.recent, state.styles) == ("abcxyz", ["TU", "pqpr", "lnmlnm", "".join(whole)])
    assert state.texts == "t01t02"
    assert [dict(vocabulary.counts) for vocabulary in said.styles] == [
        {"T": 1, "U": 1}, {"pq": 1, "pr": 1}, {"lnm": 2}, dict.fromkeys(whole, 1),
    ]  # fmt: skip
    heard.hear(state, bucket(texts="".join(f"x{number:02d}" for number in range(63))))
    assert state.texts == "t02" + "".join(f"x{number:02d}" for number in range(63))
    heard.restore(state)
    assert (said.openers.total, [vocabulary.total for vocabulary in said.styles]) == (4, [4, 4, 4, 4])
    heard.forget(state)
    heard.forget(state)
    assert (said.openers.total, [vocabulary.total for vocabulary in said.styles]) == (0, [0, 0, 0, 0])
