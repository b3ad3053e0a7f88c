"""What the detectors make of a corpus that has been read, with everything on or with something switched off."""

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec

from detectors.campaigns import CampaignDetector, FeedbackRefused
from detectors.kin import Kinship
from detectors.marks import Marks
from detectors.source import Source
from detectors.spec import DetectorSpec
from detectors.suspicion import FEATURES
from detectors.tail import Tail
from schemas.account_bucket import AccountBucket
from schemas.alert import Alert
from streams.campaign_clock import CampaignClock, Decision
from tuning.corpus import Corpus

Change = Callable[[AccountBucket], AccountBucket]


def unchanged(record: AccountBucket) -> AccountBucket:
    """Return the record as it is."""
    return record


class _SilentTail(Tail):
    """Finds nothing rare."""

    def nats(self, value: float) -> float:
        """Return 0."""
        return 0.0


RESEMBLANCES = ("asked", "marks", "manner", "styles", "traits", "onset")
"""What accounts are compared in with the members of a campaign."""


def _without(known: Kinship, left_out: Collection[str]) -> Kinship:
    """Return what accounts have in common, without what it says about some resemblances."""
    source = Source(
        None if "asked" in left_out else known.source.asked,
        [None if "styles" in left_out else style for style in known.source.styles],
    )
    nothing: dict[str, object] = {
        "marks": known.marks and Marks({}, [0.0] * len(known.marks.excess)),
        "manner": [0.0] * len(known.manner),
        "traits": None,
        "onset": {},
    }
    changed = {name: nothing[name] for name in nothing.keys() & set(left_out)}
    return msgspec.structs.replace(known, source=source, **changed)


class PartialDetector(CampaignDetector):
    """The campaign detector without some of its evidence.

    Parameters
    ----------
    silent
        Features of accounts to leave out, of ``FEATURES``.
    blind
        Resemblances of kin to leave out, of ``RESEMBLANCES``.
    names_accounts
        Whether an account can be named by itself.
    """

    def __init__(
        self, spec: DetectorSpec, silent: Iterable[str] = (), blind: Iterable[str] = (), *, names_accounts: bool = True
    ) -> None:
        super().__init__(spec)
        harvest, kin, left_out = self._known.harvest, self._known.kin, frozenset(blind)
        for name in silent:
            number = FEATURES.index(name)
            known = harvest.tails[number]
            harvest.tails[number] = _SilentTail(known.level, known.prior_days)
        if not names_accounts:
            harvest.threshold_nats = float("inf")
        kinship_of = kin.kinship_of
        kin.kinship_of = lambda *of: _without(kinship_of(*of), left_out)  # type: ignore[method-assign]


def accounts_alone(spec: DetectorSpec) -> DetectorSpec:
    """Return the specification of the account detectors by themselves, for records without links."""
    return with_numbers(spec, {"alike.seeds": 0})


def judged(corpus: Corpus, spec: DetectorSpec, detector: CampaignDetector | None = None) -> list[Alert]:
    """Return the alerts of a specification, or of a detector that was made with it."""
    return judged_records(corpus.buckets, corpus.watermark_ms, spec, detector)


def judged_records(
    records: Iterable[AccountBucket],
    watermark_ms: int,
    spec: DetectorSpec,
    detector: CampaignDetector | None = None,
    change: Change = unchanged,
) -> list[Alert]:
    """Return the alerts on records, each changed first, in the order in which their buckets close."""
    clock = CampaignClock(spec, _refused, _applied)
    if detector is not None:
        clock.detector = detector
    alerts: list[Alert] = []
    for _, together in groupby(records, key=attrgetter("start_ms")):
        end_ms = 0
        for record in together:
            clock.observe(change(record))
            end_ms = record.end_ms
        alerts += clock.advance(end_ms)
    return alerts + clock.advance(watermark_ms)


def with_numbers(spec: DetectorSpec, numbers: Mapping[str, float]) -> DetectorSpec:
    """Return the specification with other numbers, named as ``section.key``; checked as a file would be."""
    data: dict[str, Any] = spec.model_dump()
    for name, value in numbers.items():
        section, _, key = name.partition(".")
        data[section][key] = value
    return DetectorSpec.model_validate(data)


def _refused(_: Decision, refused: FeedbackRefused) -> None:
    raise refused


def _applied(_: Decision, __: int) -> None:
    """Nobody decides anything in a measurement."""
