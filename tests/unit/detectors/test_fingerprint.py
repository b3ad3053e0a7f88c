"""Fingerprints: the same everywhere, for everything, and for nobody without the key."""

import os
import random
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import detectors.tokens
from detectors.fingerprint import Fingerprinter
from detectors.fingerprint_layout import (
    EMBEDDING,
    FINGERPRINT_CHARS,
    OPENERS,
    embedding,
    exact_id,
    is_fingerprint,
    openers,
    parse,
)
from detectors.tokens import fold
from tests.unit.detectors.fingerprint_reference import reference_fingerprint

KEY = b"a key of some length"
FINGERPRINTER = Fingerprinter(KEY)
fingerprint = FINGERPRINTER.fingerprint

PIECES = [
    *("you are", "Tell me", "ONE", "3.5", "1,000", "node.js", "'s", ". ", "? ", ": ", "\n", "\n\n", " ", "---", "###"),
    *("[x] ", "> ", "你好", "。", "ありがとう", "สวัสดี", "Ünï", "ﬁ", "Ⅷ", "٣", "🙂", "\ud800", "\x00", "_", "x" * 70),
    *("：", "！", "…", "】", "।", "؟", "፡", "៖", "✦", "❤\ufe0f", "\ufdd0", "हिन्दी", "!", ":"),  # noqa: RUF001 - marks of other scripts
]
texts = st.one_of(
    st.text(st.characters(exclude_categories=[])),
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
)


@given(texts)
@settings(max_examples=400)
def test_the_fingerprint_is_what_its_definition_says(prompt: str) -> None:
    """Any text, lone surrogates and control characters included, has the fingerprint of the slow reference."""
    assert fingerprint(prompt) == reference_fingerprint(KEY, prompt)


@given(st.lists(texts, max_size=8))
def test_a_batch_gives_what_each_prompt_gives_alone(prompts: list[str]) -> None:
    """Neighbours in a batch do not show in a fingerprint."""
    assert list(FINGERPRINTER.fingerprint_many(prompts)) == [fingerprint(prompt) for prompt in prompts]


def test_large_batches_are_taken_apart() -> None:
    """More prompts and more text than one batch holds come back in order."""
    prompts = [f"prompt {'word ' * (i % 4000)}{i}" for i in range(300)]

    assert list(FINGERPRINTER.fingerprint_many(prompts)) == [fingerprint(prompt) for prompt in prompts]


@pytest.mark.parametrize("piece", ["word ", "x", "7", "é. ", "\n", "漢", "\ufdfa", "\ud800"])
def test_a_megabyte_of_anything_has_a_fingerprint_soon(piece: str) -> None:
    """Long texts of any kind, even those that grow when normalised, cost a bounded time."""
    prompt = (piece * 1_000_000)[:1_000_000]
    began = time.process_time()
    found = fingerprint(prompt)

    assert is_fingerprint(found)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("piece", ["a.", "漢"])
def test_every_token_of_the_longest_prompt_counts(piece: str) -> None:
    """The direction of 16,384 of them is as a sum without bounds has it."""
    prompt = (piece * 16_384)[:16_384]

    assert fingerprint(prompt) == reference_fingerprint(KEY, prompt)


def test_of_a_long_prompt_both_ends_are_seen() -> None:
    """What differs in the first 12,288 or in the last 4,096 characters differs; what differs between does not."""
    middle = "word " * 10_000
    whole = fingerprint(f"begin {middle} end")

    assert exact_id(fingerprint(f"began {middle} end")) != exact_id(whole)
    assert exact_id(fingerprint(f"begin {middle} ending")) != exact_id(whole)
    assert exact_id(fingerprint(f"begin {'word ' * 5_000}lord {'word ' * 4_999} end")) == exact_id(whole)


@given(st.lists(st.sampled_from(["straße", "Look", "ONE", "ﬁne", "3", "why?", "Ⅷ"]), min_size=1), st.data())
def test_case_space_and_compatibility_forms_make_no_other_text(words: list[str], data: st.DataObject) -> None:
    """Texts equal up to case, white space and compatibility forms have one exact id and one set of openers."""
    spaces = st.sampled_from([" ", "  ", "\t", " \u00a0"])
    changes = st.sampled_from([str, str.upper, str.lower, lambda word: word.replace("ﬁ", "fi").replace("Ⅷ", "VIII")])
    changed = "".join(data.draw(spaces) + data.draw(changes)(word) for word in words)

    assert exact_id(fingerprint(changed)) == exact_id(fingerprint(" ".join(words)))
    assert openers(fingerprint(changed)) == openers(fingerprint(" ".join(words)))


def test_different_texts_have_different_exact_ids() -> None:
    """Numbers, single marks and accents tell texts apart."""
    prompts = ["Rate 1 to 5", "Rate 1 to 6", "Rate, 1 to 5", "Rate 1 to 5?", "Raté 1 to 5", "Rate 1 to", "", "?"]

    assert len({exact_id(fingerprint(prompt)) for prompt in prompts}) == len(prompts)


def _identities(fingerprints: Iterable[str]) -> set[str]:
    """What stands for words and marks, each behind the name of its section, and all bands."""
    parsed = [parse(one) for one in fingerprints]
    names = ("exact", "head", "opening", "first", "closing", "tail", "last", "skeleton", "marks")
    return {f"{name} {getattr(one, name)}" for one in parsed for name in names} | {
        band for one in parsed for band in one.bands
    }


def test_different_keys_share_nothing() -> None:
    """Under another key no section of any prompt is the same, and directions are unrelated."""
    other = Fingerprinter(KEY + b"!")
    prompts = [f"You are an expert in {word}. Question {i}: why?" for i, word in enumerate("abcdefghijkl" * 20)]
    ours, theirs = (list(one.fingerprint_many(prompts)) for one in (FINGERPRINTER, other))

    assert not _identities(ours) & _identities(theirs)
    assert not {x for a in ours for x in openers(a)} & {x for b in theirs for x in openers(b)}
    means = [np.mean([embedding(one) for one in several], axis=0) for several in (ours, theirs)]
    assert abs(means[0] @ means[1]) < 0.5 * np.linalg.norm(means[0]) * np.linalg.norm(means[1])


@pytest.mark.parametrize("size", [0, 15, 65])
def test_keys_of_other_lengths_are_refused(size: int) -> None:
    """A key that is too short to be a secret or too long for BLAKE2b is refused with both bounds and its length."""
    with pytest.raises(ValueError, match=f"16 to 64 bytes, this one {size}"):
        Fingerprinter(bytes(size))


def test_forgetting_tokens_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vocabulary far too small for the prompts gives the same fingerprints."""
    generator = random.Random(5)
    prompts = [" ".join(f"word{generator.randrange(500)}" for _ in range(20)) for _ in range(100)]
    monkeypatch.setattr(detectors.tokens, "_MEMO_TOKENS", 64)
    small = Fingerprinter(KEY)

    assert [small.fingerprint(prompt) for prompt in prompts] == [fingerprint(prompt) for prompt in prompts]


def test_the_hash_seed_of_the_process_does_not_show() -> None:
    """Processes with different seeds of Python's own hashes give the same fingerprints."""
    code = "from detectors.fingerprint import Fingerprinter as F; print(F(bytes(16)).fingerprint('You are: 1. Wörter'))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for seed in ("0", "1", "4711")
    }

    assert found == {Fingerprinter(bytes(16)).fingerprint("You are: 1. Wörter")}


def test_fingerprints_stay_what_they_were() -> None:
    """Stored and precomputed fingerprints stay comparable: a change here needs a new format version."""
    pinned = {
        "": (
            "1.Cab7Wzbb-80mmORGoOFQBSXmVW5koFnc8Ll0Dd-V3rw5DrTjF_jS96BqZqEP11imV11imV11imV11imV11imV11imVAAAB"
            "gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg"
            "------------------------------------------------"
        ),
        "You are an expert in law. Question 7:\nWarum ist der Himmel blau? 天空为什么是蓝色的。": (
            "1.P9zXwQMKAOjkIY9JpvfY5xjzq75t-bqPahyMtBKx5KWdU6vEi9eM5bE0C0_AOH5ilgNCWxJqiml-2YniIDC5_9eajSQLCC"
            "gggRelZslqgbleliZMggqlglsWUiUZsjsZiqviRndbUZjsUginnegbWbnneglqle"
            "4ZRu4AYA9X4d---puktQ-sMdOaxVjO------------------"
        ),
    }

    assert {prompt: Fingerprinter(bytes(range(32))).fingerprint(prompt) for prompt in pinned} == pinned


@given(texts)
def test_every_character_of_a_fingerprint_is_plain(prompt: str) -> None:
    """A fingerprint is ASCII of fixed length that parses."""
    found = fingerprint(prompt)

    assert len(found) == FINGERPRINT_CHARS
    assert found.isascii()
    assert is_fingerprint(found)


def test_sections_that_are_absent_are_empty() -> None:
    """A prompt without words has no openers and no direction."""
    found = fingerprint("")

    assert openers(found) == []
    assert set(found[OPENERS]) == {"-"}
    assert len(set(found[EMBEDDING])) == 1
    assert not embedding(found).any()


@pytest.mark.parametrize("mark", ["\u0301", "\u0323", "\u0344", "\u0f73", "\uff9e"])
def test_of_a_long_run_of_combining_marks_thirty_count(mark: str) -> None:
    """Putting them into order takes the square of their number; words of no language have more than a few."""
    short, long = "word a" + mark * 30 + " end", "word a" + mark * 10_000 + " end"

    assert fold(short) == unicodedata.normalize("NFKC", short)
    assert fold(long) == fold(short)
    assert fold("a" + f"{mark}b" * 100) == unicodedata.normalize("NFKC", "a" + f"{mark}b" * 100)
