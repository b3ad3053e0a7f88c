"""Knowledge: everything that the campaign detector knows of accounts, links and cases, and what it has learned.

``detectors.campaign_state`` writes it. Whatever else the detector has follows from it.
"""

from collections import defaultdict

import msgspec

from detectors.calibration import Calibration
from detectors.casebook import Casebook
from detectors.cohort import Cohorts
from detectors.crowd import CrowdModel
from detectors.groups import GroupDetector
from detectors.harvest import HarvestDetector
from detectors.heard import Heard
from detectors.interchange import InterchangeDetector
from detectors.kin import KinDetector
from detectors.links import Links
from detectors.spec import DetectorSpec
from detectors.suspicion import Suspicion
from detectors.tail import Tail
from detectors.takeover import Refusal, TakeoverDetector
from detectors.windows import NEVER_MS
from schemas.account_bucket import AccountBucket


class Meta(msgspec.Struct, array_like=True):
    """What belongs to no single account, link or case.

    ``judged_per_day`` to ``judged_today`` are those of ``GroupDetector.search_cost``, ``opened_day`` and
    ``opened_today`` count against the daily budget of alerts, ``feedback`` has the ids of the decisions carried out.
    """

    watermark_ms: int = NEVER_MS
    start_ms: int = NEVER_MS
    accounts: int = 0
    judged_per_day: float = 0.0
    judged_day: int = 0
    judged_today: int = 0
    opened_day: int = 0
    opened_today: int = 0
    tails: list[Tail] = []
    feedback: list[str] = []
    searched_turn: int = -1
    cohorts: Cohorts = msgspec.field(default_factory=Cohorts)
    calibration: Calibration = msgspec.field(default_factory=Calibration)
    coherence: list[float] = []
    refused: dict[int, list[Refusal]] = {}
    popular_ratio: float = 0.0
    """0 in a state that was written before it was learned."""
    firsts_ratio: dict[int, float] = {}


class Knowledge:
    """What is known of a deployment; nothing yet when it is made."""

    def __init__(self, spec: DetectorSpec) -> None:
        self.meta = Meta()
        self.accounts: dict[str, Suspicion] = {}
        self.pending: dict[int, dict[str, AccountBucket]] = defaultdict(dict)
        """Records that wait until event time has passed their bucket, by its start (milliseconds) and by account."""
        self.crowd = CrowdModel(spec.crowd)
        self.heard = Heard()
        self.harvest = HarvestDetector(spec)
        self.links = Links(spec)
        self.interchange = InterchangeDetector(spec, self.heard)
        self.groups = GroupDetector(spec, self.links, self.accounts, self.interchange)
        self.takeovers = TakeoverDetector(spec, self.links, self.accounts)
        self.kin = KinDetector(spec, self.links, self.accounts, self.heard)
        self.book = Casebook(spec, self.accounts)
