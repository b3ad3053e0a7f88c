"""Labelled recordings: which accounts belong to a campaign, and how well alerts found them."""

import csv
import gzip
import io
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from detectors.windows import DAY_MS
from schemas.alert import Alert
from schemas.times import epoch_ms, parse_instant
from streams.naming import Naming


class LabelsError(ValueError):
    """The folder does not hold labels; the message says what is missing."""


class LabelledAccount(msgspec.Struct):
    """One line of accounts.jsonl."""

    account_id: str
    label: str
    kind: str = ""


class LabelledCampaign(msgspec.Struct):
    """One line of campaigns.jsonl."""

    campaign_id: str
    family: str


class _Event(msgspec.Struct):
    event_id: str
    account_id: str
    occurred_at: str


_event = msgspec.json.Decoder(_Event).decode
_accounts = msgspec.json.Decoder(LabelledAccount).decode_lines
_campaigns = msgspec.json.Decoder(LabelledCampaign).decode_lines


@dataclass
class Labels:
    """Who is who, and what of the recording has been seen.

    Parameters
    ----------
    benign
        Ids of the honest accounts.
    families
        Kind of campaign by campaign id.
    attacks
        Campaign of every event that belongs to one.
    """

    benign: frozenset[str]
    families: dict[str, str]
    attacks: dict[str, str]
    exchanges: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    """Time in milliseconds and account of each campaign's exchanges seen so far."""
    benign_days: set[tuple[str, int]] = field(default_factory=set)
    """Honest accounts and the days, counted from the epoch, on which they were active."""

    def see(self, raw: bytes) -> None:
        """Take note of one event of the recording; what is no event is left to the replay to refuse."""
        try:
            event = _event(raw)
            occurred_ms = epoch_ms(parse_instant(event.occurred_at))
        except (ValueError, RecursionError):
            return
        if event.account_id in self.benign:
            self.benign_days.add((event.account_id, occurred_ms // DAY_MS))
        elif (campaign_id := self.attacks.get(event.event_id)) is not None:
            self.exchanges[campaign_id].append((occurred_ms, event.account_id))


def load_labels(folder: Path) -> Labels:
    """Read accounts.jsonl, campaigns.jsonl and attack_events.csv.gz; raises ``LabelsError``."""
    try:
        accounts = _accounts(folder.joinpath("accounts.jsonl").read_bytes())
        campaigns = _campaigns(folder.joinpath("campaigns.jsonl").read_bytes())
        text = gzip.decompress(folder.joinpath("attack_events.csv.gz").read_bytes()).decode()
        attacks = {row["event_id"]: row["campaign_id"] for row in csv.DictReader(io.StringIO(text))}
    except (OSError, EOFError, KeyError, ValueError, zlib.error, csv.Error) as error:
        raise LabelsError(f"{folder}: no labels: {error}") from error
    return Labels(
        benign=frozenset(a.account_id for a in accounts if a.label == "benign"),
        families={c.campaign_id: c.family for c in campaigns},
        attacks=attacks,
    )


class Score(msgspec.Struct, frozen=True):
    """How well alerts found labelled campaigns.

    Parameters
    ----------
    leaked
        Share of a campaign's exchanges at which no alert named their account, mean over families (0..1).
    found
        Share of campaigns of which an account was named before the last exchange (0..1).
    false_per_1000
        Honest accounts named per 1,000 honest account-days.
    """

    leaked: float
    leaked_by_family: dict[str, float]
    found: float
    campaigns: int
    false_accounts: list[str]
    false_per_1000: float


def score(labels: Labels, alerts: Iterable[Alert]) -> Score:
    """Judge alerts against the labels of what was seen of the recording."""
    naming = Naming(alerts)
    by_family: defaultdict[str, list[float]] = defaultdict(list)
    found: Counter[bool] = Counter()
    for campaign_id, exchanges in labels.exchanges.items():
        leaked = sum(not naming.is_named(account, at) for at, account in exchanges)
        by_family[labels.families.get(campaign_id, "unknown")].append(leaked / len(exchanges))
        firsts = map(naming.first_ms, naming.accounts & {account for _, account in exchanges})
        found[any(first <= max(exchanges)[0] for first in firsts)] += 1
    families = {family: sum(shares) / len(shares) for family, shares in sorted(by_family.items())}
    false_accounts = sorted(naming.accounts & labels.benign)
    return Score(
        leaked=sum(families.values()) / max(1, len(families)),
        leaked_by_family=families,
        found=found[True] / max(1, found.total()),
        campaigns=found.total(),
        false_accounts=false_accounts,
        false_per_1000=1000 * len(false_accounts) / max(1, len(labels.benign_days)),
    )


def named_accounts(alerts: Iterable[Alert]) -> frozenset[str]:
    """Return the accounts that any alert named, retracted ones and shadows left out."""
    return frozenset(Naming(alerts).accounts)
