"""Near-duplicate bands and the embedding: what they promise about prompts that are alike."""

import random
import string

import numpy as np
import pytest

from detectors.fingerprint import Fingerprinter
from detectors.fingerprint_layout import bands, embedding
from detectors.tokens import EMBEDDING_DIMENSIONS

FINGERPRINTER = Fingerprinter(b"a key of some length")
fingerprint = FINGERPRINTER.fingerprint

TOPICS = {
    "law": ["contract", "court", "appeal", "judge", "tenant", "clause", "liability", "damages", "notice", "statute"],
    "cooking": ["onion", "simmer", "butter", "oven", "garlic", "sauce", "recipe", "dough", "pepper", "broth"],
}


def resemblance(one: list[str], other: list[str]) -> float:
    """Jaccard resemblance of the sets of runs of up to three words that begin at each word."""
    runs = [{tuple(words[i : i + 3]) for i in range(len(words))} for words in (one, other)]
    return len(runs[0] & runs[1]) / len(runs[0] | runs[1])


def word(generator: random.Random) -> str:
    """Return a word of ten letters; digits would be masked."""
    return "".join(generator.choices(string.ascii_lowercase, k=10))


def changed(words: list[str], count: int, generator: random.Random) -> list[str]:
    """Return the words with some of them replaced by new ones."""
    copy = list(words)
    for place in generator.sample(range(len(words)), count):
        copy[place] = word(generator)
    return copy


@pytest.mark.parametrize("replaced", [1, 2, 4, 8, 14])
def test_bands_are_shared_as_often_as_resemblance_says(replaced: int) -> None:
    """Two prompts of resemblance s share each band with probability s squared."""
    generator = random.Random(replaced)
    shared, expected, variance = 0, 0.0, 0.0
    for _ in range(400):
        one = [word(generator) for _ in range(60)]
        other = changed(one, replaced, generator)
        chance = resemblance(one, other) ** 2
        pair = zip(bands(fingerprint(" ".join(one))), bands(fingerprint(" ".join(other))), strict=True)
        matches = [a == b for a, b in pair]
        shared += sum(matches)
        expected += len(matches) * chance
        variance += len(matches) * chance * (1 - chance)

    assert abs(shared - expected) < 4 * variance**0.5 + 1


def test_unrelated_prompts_share_no_band() -> None:
    """Of 300 prompts without a common run of words none shares a band with another, in any place."""
    generator = random.Random(3)
    prompts = [" ".join(word(generator) for _ in range(30)) for _ in range(300)]
    found = [band for prompt in FINGERPRINTER.fingerprint_many(prompts) for band in bands(prompt)]

    assert len(set(found)) == len(found)


def test_directions_have_length_one() -> None:
    """Quantising moves the length of a direction by no more than half a level per dimension."""
    prompts = [
        "hello",
        "Name 3 towns.",
        "x = y ** 2\n" * 50,
        "你好。世界",
        *(" ".join(words) for words in TOPICS.values()),
    ]
    lengths = [float(np.linalg.norm(embedding(one))) for one in FINGERPRINTER.fingerprint_many(prompts)]
    half_levels = 0.5 * (0.5 / 31) * EMBEDDING_DIMENSIONS**0.5

    assert all(abs(length - 1) <= half_levels for length in lengths)


def prompts_about(topic: str, count: int, seed: int) -> list[np.ndarray]:
    """Return directions of prompts with the words of a topic."""
    generator = random.Random(seed)
    texts = [f"Explain {' '.join(generator.sample(TOPICS[topic], 4))} to me" for _ in range(count)]
    return [embedding(one) for one in FINGERPRINTER.fingerprint_many(texts)]


def test_mean_directions_tell_topics_apart() -> None:
    """Means of two samples about one topic are nearer than means about two topics."""
    law, more_law, cooking = (
        np.mean(prompts_about(topic, 100, seed), axis=0) for topic, seed in [("law", 1), ("law", 2), ("cooking", 3)]
    )

    assert np.linalg.norm(law - more_law) < 0.2 * np.linalg.norm(law - cooking)


def test_a_paraphrase_is_nearer_than_another_subject() -> None:
    """Shared words in another order keep most of the direction; other words do not."""
    one, same, other = (
        embedding(fingerprint(prompt))
        for prompt in (
            "Please explain how the court decides about damages.",
            "How the court decides about damages, please explain.",
            "Write some poem on winter in my little town.",
        )
    )

    assert one @ same > 0.6
    assert one @ other < one @ same - 0.2
