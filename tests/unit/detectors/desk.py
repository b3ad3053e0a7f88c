"""A desk: a casebook over a few accounts, and what was said of its cases."""

from detectors.case import Case, new_case
from detectors.casebook import Casebook
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from schemas.alert import Alert
from tests.unit.detectors.samples import START_MS

SPEC = DetectorSpec()


class Desk:
    """A casebook over accounts a0 to a9, each of 100 exchanges, that are active until told otherwise."""

    def __init__(self, spec: DetectorSpec = SPEC) -> None:
        self.spec = spec
        self.states = {f"a{n}": Suspicion(START_MS, START_MS, exchanges=100, output_tokens=7) for n in range(10)}
        self.book = Casebook(spec, self.states)
        self.said: list[Alert] = []

    def opened(self, kind: str, subject: str, accounts: list[str], at_ms: int = START_MS) -> Case:
        """A new case."""
        case = new_case(self.spec, "account" if kind == "account" else "campaign", subject, at_ms, None)
        if kind == "campaign":
            self.book.own_link(case, subject)
        self.said += self.book.open(case, accounts, at_ms)
        return case

    def active_until(self, at_ms: int) -> None:
        """All accounts go on until then."""
        for state in self.states.values():
            state.last_ms = at_ms

    def statuses(self, case: Case) -> list[str]:
        """What was said of a case."""
        return [alert.status for alert in self.said if alert.alert_id == case.alert_id]
