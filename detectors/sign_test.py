"""The sign test as an e-value: whether of two things that are equally likely one happens more often.

The evidence is a ratio of likelihoods of the signs: with a chance p of the one that is uniform between 1/2 and 1, over
p = 1/2. While the signs are fair this ratio has a mean of 1, so by Ville's inequality (1939) it is hardly ever large,
however long one looks (a mixture, as Robbins, Annals of Mathematical Statistics 1970). It is averaged with 1, so signs
that say nothing cost log 2 at most.
"""

import math


def sign_test_nats(hits: int, of: int) -> float:
    """Evidence (nats) of so many ``hits`` among ``of`` signs, at most some hundred of them; at least -log 2.

    With a hits of n, the integral of 2 p**a (1 - p)**(n - a) for p from 1/2 to 1, over 2**-n, is the sum of the
    binomial coefficients C(n + 1, 0) to C(n + 1, a), over (n + 1) C(n, a).
    """
    likelihood_ratio = sum(math.comb(of + 1, k) for k in range(hits + 1)) / ((of + 1) * math.comb(of, hits))
    return math.log((1 + likelihood_ratio) / 2)
