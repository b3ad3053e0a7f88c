"""What a wrapper with varying slots leaves in the sections, in whatever language it is written."""

from collections.abc import Callable

import pytest

from detectors.fingerprint import (
    Fingerprinter,
    closing_id,
    first_id,
    frame_id,
    head_id,
    last_id,
    marks_id,
    openers,
    opening_id,
    skeleton_id,
    tail_id,
)

fingerprint = Fingerprinter(b"a key of some length").fingerprint

SLOTS = [
    "why is the sky blue?",
    "A train leaves Paris at 10:45, another one at 11. When do they meet",
    "def area(r):\n    return 3.14 * r ** 2",
    "初めて勉強する人のための本を教えてください。",
    "ok",
]

Section = Callable[[str], str]


def ids(section: Section, wrapper: str) -> set[str]:
    """Values of a section over a wrapper's prompts; ``{}`` is the slot, ``{n}`` a number."""
    return {section(fingerprint(wrapper.replace("{n}", str(i)).replace("{}", slot))) for i, slot in enumerate(SLOTS)}


@pytest.mark.parametrize(
    ("wrapper", "sections"),
    [
        ("You are a patient teacher of physics. {}", [head_id, opening_id, first_id]),
        ("You are a patient teacher of physics.\n\nQuestion: {}", [head_id, opening_id, first_id]),
        ("Follow the instruction: {}", [first_id]),
        ("There are {n} of us. {}", [opening_id, first_id]),
        ("Solve problem {n} of the list below with care: {}", [head_id, opening_id, first_id]),
        ("[task] {}\nGive the answer only", [closing_id, last_id]),
        ("{} reason carefully, then conclude.", [closing_id]),
        ("{}\n\nAnswer in the form of a table with {n} rows.", [closing_id, tail_id, last_id]),
        ("Tu es un professeur patient. {}\nRéponds en français.", [first_id, closing_id, last_id, frame_id]),
        ("Du bist ein geduldiger Lehrer der Physik: {}\nBitte Schritt für Schritt.", [head_id, first_id, last_id]),
        (
            "你是一位有耐心的物理老师。{}\n请一步一步地回答。",
            [head_id, opening_id, first_id, closing_id, tail_id, last_id],
        ),
        ("あなたは物理の先生です。{}", [head_id, opening_id, first_id]),
        ("أنت مدرس فيزياء صبور. {}", [opening_id, first_id]),
        ("Ты терпеливый учитель физики. {}\nЖдём один ответ числом.", [opening_id, first_id, closing_id, last_id]),
        ("คุณเป็นครูฟิสิกส์ {}", [head_id, opening_id]),
    ],
)
def test_prompts_of_one_wrapper_land_together(wrapper: str, sections: list[Section]) -> None:
    """Slots of any length and script change none of the sections that see only the wrapper."""
    assert [len(ids(section, wrapper)) for section in sections] == [1] * len(sections)


def test_a_wrapper_in_other_letters_lands_together() -> None:
    """Sloppy copies of a wrapper, in other case and spacing, are the same wrapper."""
    copies = ["You are an expert in law. Go.", "YOU ARE AN EXPERT IN LAW. why?", "you  are an\texpert in law. 3"]

    assert len({head_id(fingerprint(copy)) for copy in copies}) == 1
    assert len({first_id(fingerprint(copy)) for copy in copies}) == 1


def test_few_shot_frames_have_one_skeleton_and_one_set_of_marks() -> None:
    """Labels around two examples show in the marks, whatever the examples say; the skeleton sees the first parts."""
    prompts = [
        f"Q: {a}\nA: {b}\nQ: {c}\nA:"
        for a, b, c in [
            ("name some colour", "blue", "name some animal"),
            ("list every city", "Rome", "list more words"),
        ]
    ]

    assert len({marks_id(fingerprint(prompt)) for prompt in prompts}) == 1
    assert len({skeleton_id(fingerprint(prompt)) for prompt in prompts}) == 1


def test_the_skeleton_masks_what_fills_slots() -> None:
    """Content words, runs of them and numbers are one part; function words and marks are themselves."""
    same = ["Write a poem about the ocean", "List 10 very small towns near", "Translate a text about the house"]
    skeletons = [skeleton_id(fingerprint(prompt)) for prompt in same]

    assert skeletons[0] == skeletons[2]
    assert skeletons[0] != skeletons[1]
    assert skeleton_id(fingerprint("Write a short poem about the ocean")) == skeletons[0]
    assert skeleton_id(fingerprint("Write a poem about my house")) != skeletons[0]


def test_other_wrappers_land_elsewhere() -> None:
    """Wrappers that differ in one of their first words share no template section that sees it."""
    one, other = "You are a patient teacher. {}", "You are a strict teacher. {}"

    for section in (head_id, opening_id, first_id):
        assert not ids(section, one) & ids(section, other)


def test_openers_are_the_starts_of_sentences_lines_and_labels() -> None:
    """Each sentence, line and label gives its first two words, in order; one word where there is no second."""
    parts = ["You are", "Customer", "find the", "Be brief"]
    alone = [openers(fingerprint(part))[0] for part in parts]

    assert openers(fingerprint("You are an expert.\nCustomer: find the best bike! Be brief.")) == alone


def test_of_many_openers_both_ends_are_kept() -> None:
    """Of more sentences than there is room for, the first eight and the last eight are there."""
    sentences = [f"word{i} goes on." for i in range(30)]
    alone = [openers(fingerprint(sentence))[0] for sentence in sentences]

    assert openers(fingerprint(" ".join(sentences))) == alone[:8] + alone[-8:]


def test_sections_do_not_share_values() -> None:
    """The same words seen by two sections of a short prompt do not show as equal."""
    found = fingerprint("hello")
    sections = [opening_id, head_id, first_id, closing_id, tail_id, last_id]

    assert len({section(found) for section in sections}) == len(sections)
