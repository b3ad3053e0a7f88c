"""Codes: what arrays say of many accounts is what counting each by itself says."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.codes import Codes

SENT = st.lists(st.lists(st.sampled_from(["ab", "ac", "ba", "zz", "-_"]), max_size=30), max_size=6)


@given(sent=SENT)
def test_codes_are_counted_for_each_account(sent: list[list[str]]) -> None:
    """Sizes, and how often each code is there."""
    codes = Codes(["".join(its) for its in sent], 2)
    names = codes.names
    counted: list[Counter[str]] = [Counter() for _ in sent]
    for row, column, count in zip(codes.rows, codes.columns, codes.counts, strict=True):
        counted[row][names[column]] = count

    assert counted == [Counter(its) for its in sent]
    assert codes.sizes.tolist() == [len(its) for its in sent]
    assert codes.column_count == len(set().union(*sent))
    assert codes.summed(codes.counts.astype(np.float64)).tolist() == codes.sizes.tolist()


@given(sent=SENT)
def test_codes_are_found_by_their_names(sent: list[list[str]]) -> None:
    """Every code that somebody has sent has its column, all others have none."""
    codes = Codes(["".join(its) for its in sent], 2)
    columns, is_known = codes.columns_of(["zz", "~~", "ab", "AA"])

    for name, column, known in zip(["zz", "~~", "ab", "AA"], columns, is_known, strict=True):
        assert known == any(name in its for its in sent)
        assert not known or codes.names[column] == name
