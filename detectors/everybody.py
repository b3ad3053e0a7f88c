"""Everybody: what the accounts of a tenant are like at one time, told before campaigns are compared with them."""

import math
from collections.abc import Collection, Container, Mapping

from detectors.fading import Fading
from detectors.heard import Said
from detectors.manner import manner_of
from detectors.onset import onset_of
from detectors.source import Sample
from detectors.spec_sections import Kin
from detectors.suspicion import Suspicion
from detectors.traits import TraitCounts


class Likeness:
    """What of an account is compared with campaigns: remembered exchanges, cell of its manner, recent prompts."""

    __slots__ = ("account_id", "exchanges", "manner", "sample", "state")

    def __init__(self, account_id: str, state: Suspicion, exchanges: float, manner: int) -> None:
        self.account_id = account_id
        self.state = state
        self.exchanges = exchanges
        self.manner = manner
        self.sample = Sample(state)


class Everybody:
    """All accounts of a tenant at one time, what each is like, and what those that are not accused are like."""

    def __init__(
        self,
        spec: Kin,
        fading: Fading,
        accounts: Mapping[str, Suspicion],
        accused: Container[str],
        said: Said,
        at_ms: int,
    ) -> None:
        self.at_ms = at_ms
        self.said = said
        self.accused = accused
        self._fresh = {a: fading.fresh(state, at_ms) for a, state in accounts.items()}
        # Exact sums: the order of accounts in memory must not show.
        self.exchanges = math.fsum(self._fresh.values())
        self.manners = {
            a: manner_of(accounts[a], fading.fresh_per_day(accounts[a], at_ms))
            for a, fresh in self._fresh.items()
            if fresh >= spec.least_exchanges
        }
        others = [accounts[a] for a in self.manners if a not in accused]
        self.manner = [manner for a, manner in self.manners.items() if manner >= 0 and a not in accused]
        self.onsets = [onset_of(state) for state in others]
        self.traits = TraitCounts(others)

    def exchanges_of(self, accounts: Collection[str]) -> float:
        """Remembered fresh exchanges of some accounts."""
        return math.fsum(self._fresh.get(a, 0.0) for a in accounts)
