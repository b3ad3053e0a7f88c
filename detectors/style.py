"""The style of a prompt: what prompts from one source have in common, whatever they ask.

A style is a string of ``STYLE_CHARS`` characters, cut from the fingerprint. It has three parts, and each is a facet
(``FACETS``) that is compared by itself:

* topic: the strongest component of the embedding, one of 64;
* punctuation: what stands for the first six punctuation marks and line ends;
* form: length, share of numbers and lines, each as a level.

The fourth facet is the whole of it: which topic is written in which form. The style of one prompt says little. But
accounts that work through one list have the same mixture of styles.
"""

from functools import lru_cache
from zlib import crc32

from detectors.fingerprint_layout import ALPHABET, EMBEDDING, MARKS, SHAPE

TOPIC = slice(0, 1)
PARTS = (TOPIC, slice(1, 3), slice(3, 6))
"""Topic, punctuation and form."""
STYLE_CHARS = PARTS[-1].stop
WHOLE = slice(0, STYLE_CHARS)
FACETS = (*PARTS, WHOLE)
_WHOLE_CHARS = 3
FACET_CHARS = (*(part.stop - part.start for part in PARTS), _WHOLE_CHARS)
"""Characters of a code of each facet."""

_PUNCTUATION = slice(MARKS.start, MARKS.start + FACET_CHARS[1])
_LENGTH = slice(SHAPE.start, SHAPE.start + 1)
_NUMBERS_AND_LINES = slice(SHAPE.start + 2, SHAPE.stop)
_NAMES = ALPHABET.decode()
_FROM_STRONGEST = _NAMES[::-1]
"""What stands for each level of a component, the highest first."""


def style_of(fingerprint: str) -> str:
    """Style from a fingerprint; about a microsecond."""
    return (
        _topic_of(fingerprint[EMBEDDING])
        + fingerprint[_PUNCTUATION]
        + fingerprint[_LENGTH]
        + fingerprint[_NUMBERS_AND_LINES]
    )


def facet_of(styles: str, facet: slice) -> list[str]:
    """A code for a facet of each of the styles in one string of them."""
    codes = [styles[start + facet.start : start + facet.stop] for start in range(0, len(styles), STYLE_CHARS)]
    return [_shortened(style) for style in codes] if facet == WHOLE else codes


@lru_cache(maxsize=65_536)
def _shortened(style: str) -> str:
    """A whole style in fewer characters; one pair in 262,144 of different styles is equal then, too."""
    number = crc32(style.encode())
    return "".join(_NAMES[number >> shift & 63] for shift in (0, 6, 12))


def _topic_of(embedding: str) -> str:
    # Few names are tried: the strongest of the components hardly ever has a low level.
    for name in _FROM_STRONGEST:
        if name in embedding:
            return _NAMES[embedding.find(name)]
    return _NAMES[0]
