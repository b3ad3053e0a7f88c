"""Answers: what repeats a prompt is one more answer to it, or nothing new."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.account_state import AccountState
from detectors.answers import Answers
from detectors.rhythm import RhythmState
from detectors.spec import DetectorSpec
from detectors.style import STYLE_CHARS
from schemas.usage_event import UsageEvent
from tests.unit.detectors.samples import MINUTE_MS, START_MS, event, fingerprint, records_of


def collected(prompts: list[str]) -> list[bool]:
    """Of each prompt asked whether it counts as one more answer."""
    answers, known, found = Answers(), list[str](), []
    for prompt in prompts:
        if prompt in known:
            found.append(answers.count_again(len(known) - known.index(prompt)))
        else:
            answers.count_new(is_answered=True, is_later_turn=False)
            known.append(prompt)
            found.append(False)
    return found


def fresh_of(events: list[UsageEvent]) -> int:
    """Fresh exchanges of an account."""
    return sum(record.fresh for record in records_of(DetectorSpec(), events))


def test_answers_are_collected_when_most_of_four_prompts_are_asked_again() -> None:
    """Three of four are 75 per cent; of the third prompt, when there are but three, nobody knows yet."""
    prompts = ["a", "a", "b", "b", "c", "c", "d", "d"]

    assert collected(prompts) == [False] * 7 + [True]


@pytest.mark.parametrize(("prompts", "asked_again", "is_collected"), [(10, 5, 0), (10, 6, 1), (40, 9, 0), (40, 10, 1)])
def test_six_of_ten_are_most(prompts: int, asked_again: int, is_collected: bool) -> None:
    """The share of the latest sixteen prompts that were asked again, the present one included."""
    asked = [f"p{number}" for number in range(prompts)]

    assert collected([*asked, *asked[-asked_again:]])[-1] == is_collected


def test_a_prompt_counts_eight_times() -> None:
    """Whoever asks a prompt over and over watches it: a monitor is no collector, however few prompts it has."""
    prompts = [prompt for prompt in "abcdef" for _ in range(2)] + ["f"] * 20

    # Its first time is no answer to a repeat, the second is in the list's first part.
    assert sum(collected(prompts)[12:]) == 8 - 2


def test_people_who_ask_again_now_and_then_collect_nothing() -> None:
    """One in ten."""
    prompts = [f"p{number}" for number in range(200)]
    asked = [prompt for n, prompt in enumerate(prompts) for _ in range(2 if n % 10 == 0 else 1)]

    assert not any(collected(asked))


def test_what_was_collected_once_is_forgotten() -> None:
    """After as many prompts of which none is asked again, a repeat is a repeat."""
    before = [f"a{number}" for number in range(20) for _ in range(3)]
    after = [f"b{number}" for number in range(40)]

    assert collected([*before, *after, "b39"])[-1] is False
    assert collected([*before, "b39", "b39"])[-1] is True


@pytest.mark.parametrize("items", [10, 60, 128])
def test_a_suite_that_is_run_again_is_repeated(items: int) -> None:
    """However often: only the latest sixteen prompts can count, each of them seven times."""
    suite = [f"p{number}" for number in range(items)]

    assert sum(collected(suite * 30)) <= 16 * 7


@given(st.lists(st.integers(0, 40), max_size=400))
def test_the_state_stays_small_and_answers_are_counted(asked: list[int]) -> None:
    """The latest sixteen prompts are known, each with its answers, at most eight."""
    answers, known = Answers(), list[int]()
    for prompt in asked:
        if prompt in known:
            answers.count_again(len(known) - known.index(prompt))
        else:
            known.append(prompt)
            answers.count_new(is_answered=True, is_later_turn=False)

    assert answers.counts == "".join(str(min(8, asked.count(prompt))) for prompt in known[-16:])


@pytest.mark.parametrize(("times", "fresh"), [(1, 20), (2, 20 + 17), (3, 20 + 2 * 17)])
def test_collected_answers_are_load_but_say_nothing_new(times: int, fresh: int) -> None:
    """From the fourth prompt on every answer is an exchange that begins something; its text is told once."""
    prompts = [f"p{number:02d}" for number in range(20) for _ in range(times)]
    events = [event(START_MS + n, prompt_fingerprint=fingerprint(prompt, [prompt])) for n, prompt in enumerate(prompts)]
    (record,) = records_of(DetectorSpec(), events)

    assert (record.events, record.fresh) == (20 * times, fresh)
    assert sum(link.exchanges for link in record.links if link.kind == "template") == 3 * fresh
    assert (len(record.slots), len(record.new_slots), len(record.styles)) == (20, 20, 20 * STYLE_CHARS)


@pytest.mark.parametrize(
    "statuses",
    [(200,), (429, 200), (503, 200), (429, 429, 200), (500, 429, 503), (200, 429), (None,)],
)
def test_retries_are_no_answers(statuses: tuple[int | None, ...]) -> None:
    """Whatever is asked again until there is an answer is one exchange that begins something."""
    events = [
        event(START_MS + 10 * n + k, prompt_fingerprint=fingerprint(f"p{n}"), status_code=status)
        for n in range(20)
        for k, status in enumerate(statuses)
    ]

    assert fresh_of(events) == 20


@pytest.mark.parametrize("error", ["timeout", "500", "_OTHER", "ThrottlingException"])
def test_retries_without_a_status_are_no_answers(error: str) -> None:
    """Where the log has no HTTP status, what has an error got no answer."""
    events = [
        event(START_MS + 10 * n + k, prompt_fingerprint=fingerprint(f"p{n}"), error_type=kind)
        for n in range(20)
        for k, kind in enumerate((error, error, None))
    ]

    assert fresh_of(events) == 20


def test_the_first_answer_is_none_of_several() -> None:
    """Not even of an account that collects: ten prompts are sampled twice, then five are refused at first."""
    statuses = [(n, 200) for n in range(10) for _ in range(2)] + [(n, s) for n in range(10, 15) for s in (429, 200)]
    events = [
        event(START_MS + n, prompt_fingerprint=fingerprint(f"p{prompt}"), status_code=status)
        for n, (prompt, status) in enumerate(statuses)
    ]

    # Each prompt once, and from the fourth sampled one on its second answer.
    assert fresh_of(events) == 15 + 7


def test_intervals_are_those_of_new_prompts() -> None:
    """What never repeats a prompt is counted without the answers, which a program may fetch as evenly."""
    prompts = [f"p{n}" for n in range(20) for _ in range(2)]
    events = [event(START_MS + n * MINUTE_MS, prompt_fingerprint=fingerprint(p)) for n, p in enumerate(prompts)]

    # Of the first prompt the interval before is not known.
    assert sum(record.regular for record in records_of(DetectorSpec(), events)) == 19


def test_an_account_written_before_answers_were_counted_is_read() -> None:
    """Nothing is known of answers to what it asked before, so that is repeated, as it was then."""
    asked = AccountState(RhythmState(), recent="repeat01", answers=Answers("8"))
    encoded = msgspec.msgpack.decode(msgspec.msgpack.encode(asked))
    state = msgspec.convert(encoded[: AccountState.__struct_fields__.index("answers")], AccountState)

    assert (state.recent, state.answers) == ("repeat01", Answers())
    assert not state.answers.count_again(1)


def test_later_turns_collect_nothing_and_hide_nothing() -> None:
    """Eight conversations: turns said twice are no answers, and beside turns said once prompts are collected."""
    turns = [("", 1), ("a", 2), ("a", 2), ("b", 3), ("b", 3)]
    talk = [(f"p{n}{text}", turn) for n in range(8) for text, turn in turns]
    sampled = [(f"p{n}{text}", turn) for n in range(8) for text, turn in [("", 1), ("", 1), ("c", 2)]]

    def asked(texts: list[tuple[str, int]]) -> list[UsageEvent]:
        return [event(START_MS + n, prompt_fingerprint=fingerprint(t), turn=turn) for n, (t, turn) in enumerate(texts)]

    assert fresh_of(asked([*talk, ("p7", 1)])) == 8
    # From the fourth prompt on.
    assert fresh_of(asked(sampled)) == 8 + 5
