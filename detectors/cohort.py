"""Cohorts: what is usual for the accounts of one plan, and what everybody does when a model comes out.

Both are learned online, so a change that moves everybody moves nobody against the others. It is blind to plans whose
accounts are mostly abused, to models that were there before the deployment began, and to models beyond the first 1,024
that its events have named.
"""

import math

import msgspec
from river import stats

from detectors.windows import DAY_MS
from schemas.account_bucket import AccountBucket

_LEARN_PLAN, _LEARN_TURN = 0.01, 0.02
_LEAST_DAYS = 30
_MOST_PLANS, _MOST_MODELS = 256, 1_024
_OTHER_PLANS = ""
_NEW_MS = DAY_MS
_PAST_MS = DAY_MS


class PlanUse(msgspec.Struct, array_like=True):
    """Account-days seen on a plan, and the mean logarithm of one plus their answer tokens."""

    days: int = 0
    log_tokens: float = 0.0


class Cohorts(msgspec.Struct, array_like=True):
    """What is usual: use by plan, and how far everybody has turned to new models.

    ``models`` is when each model was first seen (milliseconds since the epoch), by its number. ``turned`` is the share
    of exchanges that go to models of less than a day (0 to 1), a running mean over the buckets of all accounts. About
    20 bytes for each plan and model as a snapshot.
    """

    plans: dict[str, PlanUse] = {}
    models: dict[int, int] = {}
    turned: float = 0.0

    def learn_day(self, plan: str | None, tokens: float) -> None:
        """Count the answer tokens of an honest account-day."""
        use = self.plans.setdefault(self._known(plan), PlanUse())
        mean = stats.EWMean(fading_factor=_LEARN_PLAN)
        if use.days:
            mean.update(use.log_tokens)
        mean.update(math.log1p(tokens))
        use.log_tokens = mean.get()
        use.days += 1

    def times_of_plan(self, plan: str | None, tokens: float) -> float:
        """Answer tokens as a multiple of a usual day on the plan; 0 while too little is known of it."""
        use = self.plans.get(self._known(plan))
        if use is None or use.days < _LEAST_DAYS:
            return 0.0
        return (1 + tokens) / math.exp(use.log_tokens)

    def turn_beyond(self, bucket: AccountBucket, start_ms: int) -> float:
        """Exchanges with models of less than a day, beyond the share that everybody gives to such models.

        Negative for less; 0 for an account that was not here a day ago. Learns the models, and how far everybody has
        turned to new ones. A model that is seen in the first day of the deployment, which began at ``start_ms``, is not
        new.
        """
        turned = 0
        for model, exchanges in bucket.models.items():
            first_ms = self.models.get(model)
            if first_ms is None:
                if len(self.models) >= _MOST_MODELS:
                    continue
                first_ms = self.models[model] = bucket.start_ms
            if first_ms - start_ms >= _NEW_MS and bucket.start_ms - first_ms < _NEW_MS:
                turned += exchanges
        if not bucket.models:
            return 0.0
        of_all = sum(bucket.models.values())
        beyond = turned - self.turned * of_all
        # As River's EWMean does, which would be made anew for every bucket of every account.
        self.turned += _LEARN_TURN * (turned / of_all - self.turned)
        return beyond if bucket.seen_ms >= _PAST_MS else 0.0

    def _known(self, plan: str | None) -> str:
        name = plan or _OTHER_PLANS
        return name if name in self.plans or len(self.plans) < _MOST_PLANS else _OTHER_PLANS
