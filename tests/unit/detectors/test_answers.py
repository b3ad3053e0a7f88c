"""Answers: what repeats a prompt is one more answer to it, or nothing new."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.answers import Answers
from detectors.spec import DetectorSpec
from detectors.style import STYLE_CHARS
from tests.unit.detectors.samples import START_MS, event, fingerprint, records_of


def collected(prompts: list[str]) -> list[bool]:
    """Of each prompt asked whether it counts as one more answer."""
    answers, known, found = Answers(), list[str](), []
    for prompt in prompts:
        if prompt in known:
            found.append(answers.count_again(len(known) - known.index(prompt)))
        else:
            answers.count_new()
            known.append(prompt)
            found.append(False)
    return found


def test_answers_are_collected_when_most_of_four_prompts_are_asked_again() -> None:
    """Three of four are 75 per cent; of the third prompt, when there are but three, nobody knows yet."""
    prompts = ["a", "a", "b", "b", "c", "c", "d", "d"]

    assert collected(prompts) == [False] * 7 + [True]


@pytest.mark.parametrize(("asked_again", "is_collected"), [(5, False), (6, True)])
def test_six_of_ten_are_most(asked_again: int, is_collected: bool) -> None:
    """The share of the prompts of late that were asked again, the present one included."""
    prompts = [f"p{number}" for number in range(10)]

    assert collected([*prompts, *prompts[:asked_again]])[-1] == is_collected


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
def test_the_state_stays_small_and_counts_stay_sound(asked: list[int]) -> None:
    """The latest sixteen prompts are known; of no prompt do more than seven answers count after the first."""
    answers, known, counted = Answers(), list[int](), Counter[int]()
    for prompt in asked:
        if prompt in known:
            counted[prompt] += answers.count_again(len(known) - known.index(prompt))
        else:
            known.append(prompt)
            answers.count_new()

        assert len(answers.times) == min(16, len(known))
        assert 0 <= answers.prompts < 16
    assert all(count <= min(7, asked.count(prompt) - 1) for prompt, count in counted.items())


@pytest.mark.parametrize(("times", "fresh"), [(1, 20), (2, 20 + 17), (3, 20 + 2 * 17)])
def test_collected_answers_are_load_but_say_nothing_new(times: int, fresh: int) -> None:
    """From the fourth prompt on every answer is an exchange that begins something; its text is told once."""
    prompts = [f"p{number:02d}" for number in range(20) for _ in range(times)]
    events = [event(START_MS + n, prompt_fingerprint=fingerprint(prompt, [prompt])) for n, prompt in enumerate(prompts)]
    (record,) = records_of(DetectorSpec(), events)

    assert (record.events, record.fresh) == (20 * times, fresh)
    assert sum(link.exchanges for link in record.links if link.kind == "template") == 3 * fresh
    assert (len(record.slots), len(record.new_slots), len(record.styles)) == (20, 20, 20 * STYLE_CHARS)


def test_later_turns_collect_nothing() -> None:
    """Who says *go on* in every conversation takes it no further."""
    events = [
        event(START_MS + n, prompt_fingerprint=fingerprint(text), turn=turn)
        for n, (text, turn) in enumerate([(f"p{n // 2}" if n % 2 == 0 else "go on", n % 2 + 1) for n in range(60)])
    ]
    (record,) = records_of(DetectorSpec(), events)

    assert record.fresh == 30
