"""Keyed prompt fingerprints: what may be remembered of a prompt once its text is gone.

The layout is described in ``detectors/fingerprint_layout.py``. Every section is derived from keyed BLAKE2b digests,
so that nobody without the key can look words or prompts up; the same key gives the same string on every machine,
alone or in a batch. Python versions may differ in characters that Unicode added between them, and in no others.

It does not see meaning: a paraphrase shares nothing but its embedding's direction, a translation not even that.
And it is no secret to somebody who may both send prompts and read fingerprints, for whom each is a guess checked.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import numpy as np

from detectors.fingerprint_key import checked_key
from detectors.fingerprint_layout import EXACT_CHARS, SIX_BITS_TO_CHAR, VERSION
from detectors.fingerprint_sections import Sections
from detectors.tokens import TokenTable, fold, plain, tokenize

_BATCH_PROMPTS: Final = 128
_BATCH_CHARS: Final = 49_152
_CASE_UPPER, _CASE_LOWER, _CASE_OTHER = range(3)


class Fingerprinter:
    """Compute fingerprints under one key.

    Costs about 45 µs for a prompt of 280 characters in a batch, 250 µs alone, in scripts without spaces four times as
    much in a batch; and up to 40 MB of memory. Not for several threads at once.

    Parameters
    ----------
    key
        16 to 64 secret bytes, the same wherever fingerprints are to be comparable. Raises ValueError
        for any other length.

    Examples
    --------
    >>> from detectors.fingerprint_layout import exact_id, head_id
    >>> fingerprinter = Fingerprinter(b"0123456789abcdef")
    >>> one = fingerprinter.fingerprint("Answer as an expert teacher of school physics: why is the sky blue?")
    >>> two = fingerprinter.fingerprint("Answer as an expert teacher of school physics: what is heat?")
    >>> exact_id(one) == exact_id(two), head_id(one) == head_id(two)
    (False, True)

    References
    ----------
    Broder, On the resemblance and containment of documents, 1997 (min-hash, shingles).
    Weinberger et al., Feature hashing for large scale multitask learning, ICML 2009 (embedding).

    """

    def __init__(self, key: bytes) -> None:
        self._table = TokenTable(checked_key(key))

    def fingerprint(self, prompt: str) -> str:
        """Return the fingerprint of a prompt; total: any str has one, the empty one included."""
        return self._batch([prompt], [fold(prompt)])[0]

    def fingerprint_many(self, prompts: Iterable[str]) -> Iterator[str]:
        """Yield the fingerprint of each prompt in turn; the same as one by one, five times as fast."""
        remaining = iter(prompts)
        while batch := list(islice(remaining, _BATCH_PROMPTS)):
            yield from self._bounded_batches(batch)

    def _bounded_batches(self, prompts: list[str]) -> Iterator[str]:
        """Split what has more characters than the token table has room for in one go."""
        texts = [fold(prompt) for prompt in prompts]
        start = characters = 0
        for stop, text in enumerate(texts):
            if characters + len(text) > _BATCH_CHARS and stop > start:
                yield from self._batch(prompts[start:stop], texts[start:stop])
                start, characters = stop, 0
            characters += len(text)
        yield from self._batch(prompts[start:], texts[start:])

    def _batch(self, prompts: list[str], texts: list[str]) -> list[str]:
        table = self._table
        tokens = [tokenize(text) for text in texts]
        lengths = np.array([len(words) for words in tokens])
        sections = Sections(table, table.rows(tokens, int(lengths.sum())), lengths)
        exact = b"".join([table.digest(plain(text), b"exact", EXACT_CHARS) for text in texts])
        characters = [len(prompt) for prompt in prompts]
        packed = np.concatenate(
            (
                np.frombuffer(exact, np.uint8).reshape(-1, EXACT_CHARS),
                sections.templates(),
                sections.bands(),
                sections.shape(characters, [text.count("\n") + 1 for text in texts]),
                sections.embedding(characters, [_case(prompt) for prompt in prompts]),
                sections.openers(),
            ),
            axis=1,
        )
        text = packed.tobytes().translate(SIX_BITS_TO_CHAR).decode("ascii")
        width = packed.shape[1]
        return [VERSION + text[start : start + width] for start in range(0, len(text), width)]


def _case(prompt: str) -> int:
    if prompt[:1].isupper():
        return _CASE_UPPER
    return _CASE_LOWER if prompt.islower() else _CASE_OTHER
