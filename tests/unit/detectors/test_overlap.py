"""Overlap: what accounts with one assignment share."""

import math
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from detectors.overlap import overlap


@given(asked=st.lists(st.lists(st.sampled_from(["abc", "bcd", "cde", "def", "efg"]), max_size=8), max_size=6))
def test_overlap_is_counted_pair_by_pair(asked: list[list[str]]) -> None:
    """Of what one account asks, as often as there is another one, the part that this one asks too."""
    pairs = list(permutations(map(set, asked), 2))
    shared, all_asked = sum(len(a & b) for a, b in pairs), sum(len(a) for a, _ in pairs)
    expected = shared / all_asked if all_asked else 0.0

    assert math.isclose(overlap(map("".join, asked), 3), expected, abs_tol=1e-12)
