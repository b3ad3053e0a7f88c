"""The sign test as an e-value: whether of two things that are equally likely one happens more often.

The likelihood of the signs when the chance p of the one is uniform between 1/2 and 1, over that of fair ones, has a
mean of 1 when they are fair, and so by Ville's inequality (1939) is hardly ever large, however long one looks (a
mixture, as Robbins, Annals of Mathematical Statistics 1970). It is averaged with 1: signs that say nothing cost log 2
at most.
"""

import math


def sign_test_nats(hits: int, of: int) -> float:
    """Evidence (nats) of so many hits, of at most some hundred signs; at least -log 2.

    The integral of 2 p**a (1 - p)**(n - a) over 2**-n is the sum of the binomial coefficients of n + 1 up to a, over
    n + 1 times that of n at a.
    """
    likelihood_ratio = sum(math.comb(of + 1, k) for k in range(hits + 1)) / ((of + 1) * math.comb(of, hits))
    return math.log((1 + likelihood_ratio) / 2)
