"""The crowd: what many accounts open their requests with.

A job applies one instruction to many data; a person asks what people ask, but few times a day. Who collects a
model's answers asks what a crowd asks, at the rate of a machine. Popularity of an opener is the share of accounts that
have used it as the opener of a slot; it is learned online, needs no word list and knows no language. It is blind to
campaigns whose requests resemble nobody else's, and to deployments with few accounts.

The longer accounts are known, the more openers each of them has used, so how many accounts use the same one rises with
the age of a deployment. Therefore the share that makes an opener popular is learned, too: it follows what accounts ask
until that is as popular as is typical (stochastic approximation: Robbins and Monro, Ann. Math. Stat. 1951). Each
account has one vote a day from its second day on, so neither who asks most nor who passes by decides.
"""

import math

from detectors.spec_sections import Crowd
from schemas.account_bucket import AccountBucket

SHARDS = 64
_MAX_PER_SHARD = 2_048
_PACE_VOTES = 100.0
"""Votes at once of which half of what they say is followed."""
_LEAST_OF_SPEC = 0.1
"""Where hardly anything is shared, the share sinks to this part of what the specification says and no further."""


def shard_of(opener: str) -> int:
    """Shard of an opener; only shards that changed are written."""
    return (ord(opener[0]) + ord(opener[-1]) * 7) % SHARDS


class CrowdModel:
    """Accounts per opener, in shards of bounded size; about 100 bytes for each of the openers in use."""

    def __init__(self, spec: Crowd) -> None:
        self._spec = spec
        self.accounts = 0
        self.shards: list[dict[str, int]] = [{} for _ in range(SHARDS)]
        self.changed: set[int] = set()
        self.popular_ratio = spec.popular_ratio
        """Share of accounts that makes an opener fully popular now; above 1 where accounts are counted again, since
        each forgets what it used long ago."""
        self._votes: list[float] = []
        self._scale = 1.0
        self.rescale()

    def rescale(self) -> None:
        """Follow a change of ``accounts`` or ``popular_ratio``."""
        self._scale = 1 / (self.popular_ratio * (self.accounts + self._spec.smoothing_accounts))

    def vote(self, popular: float) -> None:
        """Take note of how popular it is what an account asks; ``follow`` counts it."""
        self._votes.append(popular)

    def follow(self) -> None:
        """Let the share that makes an opener popular follow the votes since the last call."""
        votes = len(self._votes)
        if not votes:
            return
        excess = math.fsum(self._votes) / votes - self._spec.typical_popularity
        ratio = self.popular_ratio * math.exp(excess * votes / (votes + _PACE_VOTES))
        self.popular_ratio = max(_LEAST_OF_SPEC * self._spec.popular_ratio, ratio)
        self._votes.clear()
        self.rescale()

    def add_account(self) -> None:
        """Count an account that gave its first slot."""
        self.accounts += 1
        self.rescale()

    def learn(self, opener: str) -> None:
        """Count one more account that uses the opener."""
        number = shard_of(opener)
        shard = self.shards[number]
        shard[opener] = shard.get(opener, 0) + 1
        self.changed.add(number)
        if len(shard) > _MAX_PER_SHARD:
            kept = sorted(shard.items(), key=lambda item: (-item[1], item[0]))[: _MAX_PER_SHARD // 2]
            self.shards[number] = dict(kept)

    def popularity(self, opener: str, *, is_own: bool) -> float:
        """Popularity of an opener among other accounts, 0 to 1; ``is_own``: the asking account is counted in it."""
        users = self.shards[shard_of(opener)].get(opener, 0) - is_own
        return min(1.0, users * self._scale) if users > 0 else 0.0


def crowd_excess(model: CrowdModel, spec: Crowd, bucket: AccountBucket) -> tuple[float, float]:
    """Sum over slots of popularity above what jobs reach, and the mean popularity; both 0 without slots.

    Where the crowd asks rather what begins a preamble, that counts.
    """
    slots = bucket.slots
    if not slots:
        return 0.0, 0.0
    unseen = frozenset(bucket.new_slots)
    each = [model.popularity(slot, is_own=slot not in unseen) for slot in slots]
    for place, opener in bucket.preambles:
        # When it was first seen nobody knew that it begins a preamble, so the account is counted in it as in a slot.
        each[place] = max(each[place], model.popularity(opener, is_own=opener not in unseen))
    popular = sum(each)
    return popular - spec.job_ratio * len(slots), popular / len(slots)
