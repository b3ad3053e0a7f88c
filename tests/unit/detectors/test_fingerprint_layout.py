"""Reading fingerprints: for programs by slices, for people by parsing, and refusing what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import fingerprint_layout as layout
from detectors.fingerprint import Fingerprinter
from detectors.fingerprint_layout import (
    BANDS,
    CLOSING,
    EMBEDDING,
    EXACT,
    EXACT_CHARS,
    FINGERPRINT_CHARS,
    FIRST,
    HEAD,
    LAST,
    MARKS,
    OPENERS,
    OPENING,
    SHAPE,
    SKELETON,
    TAIL,
    VERSION,
    WORDS,
    FingerprintRefused,
    levels_from,
    parse,
)

fingerprint = Fingerprinter(b"a key of some length").fingerprint
PROMPT = "You are an expert in law.\n\nQuestion 7: what are damages? Answer briefly."


def test_accessors_and_parsing_agree() -> None:
    """Slices and the decoded record say the same."""
    raw = fingerprint(PROMPT)
    whole = parse(raw)

    names = ("exact", "head", "opening", "first", "closing", "tail", "last", "skeleton", "marks")
    assert [getattr(whole, name) for name in names] == [getattr(layout, f"{name}_id")(raw) for name in names]
    assert whole.bands == layout.bands(raw)
    assert list(whole.openers) == layout.openers(raw)
    assert list(whole.leads) == layout.leads(raw)
    assert whole.embedding == pytest.approx(layout.embedding(raw).tolist(), abs=1e-4)


def test_a_fingerprint_that_was_made_without_leads_has_none() -> None:
    """And the same openers."""
    raw = fingerprint(PROMPT)
    first = len(layout.openers(raw)) * 3
    older = raw[: OPENERS.start + first] + "-" * (48 - first)

    assert (len(layout.leads(raw)), layout.leads(older)) == (5, [])
    assert layout.openers(older) == layout.openers(raw)


def test_sections_fill_the_string_without_gaps() -> None:
    """The sections cover every character exactly once."""
    raw = fingerprint(PROMPT)
    ids = raw[HEAD] + raw[OPENING] + raw[FIRST] + raw[CLOSING] + raw[TAIL] + raw[LAST] + raw[SKELETON] + raw[MARKS]

    assert VERSION + raw[EXACT] + ids + raw[BANDS] + raw[SHAPE] + raw[EMBEDDING] + raw[OPENERS] == raw
    assert len(raw[EXACT]) == EXACT_CHARS
    assert len(raw) == FINGERPRINT_CHARS


@given(st.integers(0, 4000), st.integers(0, 60), st.integers(0, 4000))
def test_counts_are_told_within_a_seventh(words: int, line_ends: int, numbers: int) -> None:
    """Length, words and lines come back within 15 %, the share of numbers within 1/63."""
    prompt = "x " + "\n" * line_ends + "7 " * numbers + "w " * words + "x"
    raw = fingerprint(prompt)
    whole = parse(raw)

    assert whole.characters == pytest.approx(len(prompt), rel=0.15)
    assert whole.words == pytest.approx(words + numbers + 2, rel=0.15)
    assert whole.lines == pytest.approx(line_ends + 1, rel=0.15)
    assert whole.number_ratio == pytest.approx(numbers / (words + numbers + 2), abs=1 / 63)


def test_small_counts_are_exact() -> None:
    """Up to five words are told as they are, and half of them numbers as one half."""
    assert [parse(fingerprint(" ".join(["w"] * count))).words for count in range(6)] == list(range(6))
    assert parse(fingerprint("1 a 2 b")).number_ratio == pytest.approx(0.5, abs=1 / 63)


@given(st.integers(0, 400), st.integers(1, 400))
def test_levels_tell_at_least_how_many(words: int, least: int) -> None:
    """Fewer words never count as so many; a third of an octave more always do, and up to six the very number does."""
    level = fingerprint("w " * words)[WORDS]

    if words < least:
        assert level not in levels_from(least)
    if words >= least * 2 ** (1 / 3) + 1 or (words >= least and least in range(1, 7)):
        assert level in levels_from(least)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "starts with '1.', this string with ''"),
        ("hello world", "starts with '1.', this string with 'hello wo'"),
        ("2." + "A" * 206, "starts with '1.'"),
        ("1.AAAA", "has 208 characters, this string has 6"),
        ("1." + "A" * 207, "has 208 characters, this string has 209"),
        ("1." + "A" * 10 + "=" + "A" * 195, "character 12 of a fingerprint is one of A-Z a-z 0-9 - _, this one is '='"),
        ("1." + "A" * 205 + "é", "character 207"),
        ("1." + "A" * 205 + "\n", "character 207"),
    ],
)
def test_foreign_strings_are_refused_with_the_reason(text: str, complaint: str) -> None:
    """What is no fingerprint of this version is named as what it is not."""
    with pytest.raises(FingerprintRefused) as refused:
        parse(text)

    assert complaint in str(refused.value)
    assert not layout.is_fingerprint(text)
