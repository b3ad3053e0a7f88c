"""The style of a prompt: what prompts from one source have in common, whatever they ask.

A style is a string of ``STYLE_CHARS`` characters, cut from the fingerprint. It has three facets (``FACETS``), and each
is compared by itself:

* topic: the strongest component of the embedding, one of 64;
* punctuation: what stands for the first six punctuation marks and line ends;
* form: length, share of numbers and lines, each as a level.

The style of one prompt says little. But accounts that work through one list have the same mixture of styles.
"""

from detectors.fingerprint_layout import ALPHABET, EMBEDDING, MARKS, SHAPE

TOPIC = slice(0, 1)
FACETS = (TOPIC, slice(1, 3), slice(3, 6))
"""Topic, punctuation and form."""
FACET_CHARS = tuple(facet.stop - facet.start for facet in FACETS)
STYLE_CHARS = sum(FACET_CHARS)

_PUNCTUATION = slice(MARKS.start, MARKS.start + FACET_CHARS[1])
_LENGTH = slice(SHAPE.start, SHAPE.start + 1)
_NUMBERS_AND_LINES = slice(SHAPE.start + 2, SHAPE.stop)
_NAMES = ALPHABET.decode()
_LEVELS = _NAMES[::-1]
"""Levels of a component as characters, the largest first."""


def style_of(fingerprint: str) -> str:
    """Style from a fingerprint; about a microsecond."""
    return (
        _topic_of(fingerprint[EMBEDDING])
        + fingerprint[_PUNCTUATION]
        + fingerprint[_LENGTH]
        + fingerprint[_NUMBERS_AND_LINES]
    )


def facet_of(styles: str, facet: slice) -> list[str]:
    """A facet of each of the styles in one string of them."""
    return [styles[start + facet.start : start + facet.stop] for start in range(0, len(styles), STYLE_CHARS)]


def _topic_of(embedding: str) -> str:
    # A component is rarely far below the top, so looking for levels from there is faster than a maximum.
    for level in _LEVELS:
        place = embedding.find(level)
        if place >= 0:
            return _NAMES[place]
    return _NAMES[0]
