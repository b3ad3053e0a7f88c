"""People: for how many an account counts whose events name several end users.

Many end users behind one account are a gateway, and each of them is a person who asks when he likes: together they ask
at no even intervals, however evenly each of them does. Who names end users as he pleases, to look like a gateway, keeps
the pace of his machine. So end users count only as far as the intervals of all of them together are those of chance.
"""

EVEN_WITHIN = 0.25
"""An interval is even when it differs from the one before by no more than this part of itself."""
_CHANCE_RATIO = 1 / (2 - EVEN_WITHIN) - 1 / (2 + EVEN_WITHIN)
"""Share of even intervals between requests of many who know nothing of each other (a Poisson process): 0.127."""
_ASSUMED = 10.0
"""Exchanges by chance that are assumed before any was seen."""


def people_behind(end_users: int, even: float, paced: float) -> float:
    """Return what a request of an account is divided by, at least 1: the root of its end users, 1 for one machine.

    ``even`` of its remembered exchanges of which that can be told, ``paced``, came at even intervals.
    """
    even_ratio = (min(even, paced) + _CHANCE_RATIO * _ASSUMED) / (paced + _ASSUMED)
    machine_ratio = min(1.0, max(0.0, (even_ratio - _CHANCE_RATIO) / (1 - _CHANCE_RATIO)))
    return float(max(1, end_users) ** (0.5 * (1 - machine_ratio)))
