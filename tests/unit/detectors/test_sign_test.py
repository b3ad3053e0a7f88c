"""The sign test: against the integral it is defined by, and its mean while signs are fair."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.sign_test import sign_test_nats

SIGNS = st.integers(0, 60).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(signs=SIGNS)
def test_it_is_the_mixture_of_all_chances_above_a_half(signs: tuple[int, int]) -> None:
    """The likelihood integrated over p from 1/2 to 1, here by quadrature, over that of fair signs, averaged with 1."""
    hits, of = signs
    nodes, weights = np.polynomial.legendre.leggauss(64)
    p = 0.75 + nodes / 4
    mixture = float((weights * p**hits * (1 - p) ** (of - hits)).sum()) / 2 * 2.0**of

    assert sign_test_nats(hits, of) == pytest.approx(math.log((1 + mixture) / 2), abs=1e-9)


@given(of=st.integers(0, 60))
def test_of_fair_signs_the_mean_is_one(of: int) -> None:
    """It is an e-value, whatever the number of signs, and costs log 2 at most."""
    mean = math.fsum(math.comb(of, hits) / 2**of * math.exp(sign_test_nats(hits, of)) for hits in range(of + 1))

    assert mean == pytest.approx(1)
    assert all(sign_test_nats(hits, of) > -math.log(2) for hits in range(of + 1))


def test_more_hits_say_more() -> None:
    """Of ten signs five say nothing, ten about five nats."""
    nats = [sign_test_nats(hits, 10) for hits in range(11)]

    assert nats == sorted(nats)
    assert nats[5] < 0
    # (2 ** 11 - 1) / 11 = 186 for ten of ten.
    assert nats[10] == pytest.approx(math.log((1 + 2047 / 11) / 2))
