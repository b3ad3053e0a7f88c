"""The daily budget of new account alerts. Those beyond it go into one roll-up per tenant and day; none is dropped."""

from detectors.case import ROLLUP
from detectors.knowledge import Meta


class Budget:
    """Counts the alerts opened on a day of event time."""

    def __init__(self, alerts_per_day: int) -> None:
        self._alerts_per_day = alerts_per_day

    def spend(self, meta: Meta, day: int) -> bool:
        """Count one more alert; ``False`` when the day's budget is used up."""
        if day != meta.opened_day:
            meta.opened_day, meta.opened_today = day, 0
        meta.opened_today += 1
        return meta.opened_today <= self._alerts_per_day

    def subject(self, tenant_id: str | None, day: int) -> str:
        """Subject of a tenant's roll-up of the day."""
        return f"{ROLLUP}{tenant_id or ''}\x1f{day}"
