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


@given(sent=SENT, rows=st.lists(st.integers(0, 5), unique=True))
def test_codes_of_some_accounts_are_found(sent: list[list[str]], rows: list[int]) -> None:
    """Together, by their columns, and each for itself, in the order that was asked for."""
    rows = [row for row in rows if row < len(sent)]
    codes = Codes(["".join(its) for its in sent], 2)
    together = dict(zip(codes.names, codes.sent_by(rows).tolist(), strict=True))
    each = codes.summed(codes.counts[codes.entries_of(rows)].astype(np.float64), rows)

    assert +Counter(together) == Counter(code for row in rows for code in sent[row])
    assert each.tolist() == [len(sent[row]) for row in rows]
