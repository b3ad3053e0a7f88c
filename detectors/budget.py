"""The daily budget of new account alerts: what exceeds it is rolled up into one alert per day; nothing is dropped."""

from detectors.campaign_state import Meta
from detectors.casebook import ROLLUP


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

    def subject(self, day: int) -> str:
        """Subject of the day's roll-up."""
        return f"{ROLLUP}{day}"
