"""People: for how many an account counts whose events name several end users.

Many end users behind one account are a gateway. Each of them asks when he likes, so together they ask at intervals of
chance, however even the pace of each. Whoever invents end users in order to look like a gateway keeps the pace of his
machine. So end users count only as far as the intervals of all of them together are those of chance.
"""

EVEN_WITHIN = 0.25
"""An interval is even when it differs from the one before by no more than this part of itself."""
_CHANCE_RATIO = 1 / (2 - EVEN_WITHIN) - 1 / (2 + EVEN_WITHIN)
"""Share of even intervals between requests of many who know nothing of each other (a Poisson process): 0.127."""
_ASSUMED = 10.0
"""Exchanges at intervals of chance that every account is taken to have sent before its first."""


def people_behind(end_users: int, even: float, paced: float) -> float:
    """Return what a request of an account is divided by, at least 1.

    That is the square root of its end users where they ask at intervals of chance, and 1 where they ask like one
    machine. ``paced`` is how many of its remembered exchanges tell whether their interval is even, ``even`` how many of
    these came at even ones.
    """
    even_ratio = (min(even, paced) + _CHANCE_RATIO * _ASSUMED) / (paced + _ASSUMED)
    machine_ratio = min(1.0, max(0.0, (even_ratio - _CHANCE_RATIO) / (1 - _CHANCE_RATIO)))
    return float(max(1, end_users) ** (0.5 * (1 - machine_ratio)))
