"""What accounts ask together: how far it is what a crowd asks.

Popularity is measured among everybody else. What only the accounts of one group ask is popular once they are many: the
users of a tool, a class and a firm's seats would make their own subjects a crowd's. A prompt that is nothing but the
account's own wrapper around data is a job's, so it counts as asked by nobody.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from detectors.crowd import CrowdModel
from detectors.fingerprint_layout import OPENER_CHARS
from detectors.suspicion import Suspicion
from detectors.vocabulary import codes_of


def overlap(recents: Iterable[str]) -> float:
    """Share of what one of some accounts asks that another asks, too, over all pairs: what one assignment gives them.

    ``recents`` are their recent openers.
    """
    asked = [set(codes_of(recent, OPENER_CHARS)) for recent in recents]
    users = Counter(opener for openers in asked for opener in openers)
    shared = sum(count * (count - 1) for count in users.values()) / max(1, len(asked) - 1)
    return shared / max(1, users.total())


class Content:
    """What accounts ask beside everybody else."""

    def __init__(self, states: Mapping[str, Suspicion], crowd: CrowdModel) -> None:
        self.states = states
        self._crowd = crowd

    def crowd_ratio(self, accounts: Sequence[str], certainty: Sequence[float], least_ratio: float) -> float:
        """Popularity of what accounts ask, 0 to 1, each prompt weighed by how surely its account is one of them.

        Where what is remembered is less popular than ``least_ratio`` already, who makes it so is not looked at.
        Otherwise costs 20 microseconds for each account.
        """
        remembered = self._mean([(s, 1.0) for s in map(self.states.__getitem__, accounts)], certainty)
        if remembered < least_ratio:
            return remembered
        asked = [codes_of(self.states[account_id].recent, OPENER_CHARS) for account_id in accounts]
        among = Counter(opener for openers in asked for opener in set(openers))
        popularity = {opener: self._crowd.popularity_beside(opener, among[opener], len(asked)) for opener in among}
        others = [sum(map(popularity.__getitem__, openers)) / len(openers) if openers else 1.0 for openers in asked]
        return self._mean(
            [(self.states[account_id], other) for account_id, other in zip(accounts, others, strict=True)], certainty
        )

    @staticmethod
    def _mean(states: Sequence[tuple[Suspicion, float]], certainty: Sequence[float]) -> float:
        """Mean popularity over prompts, of each account at most what is given."""
        popular = prompts = 0.0
        for (state, most), sure in zip(states, certainty, strict=True):
            popular += sure * min(state.popular, most * state.slots)
            prompts += sure * state.prompts
        return popular / prompts if prompts else 0.0
