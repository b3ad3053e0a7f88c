"""A labelled corpus as what the accounts stage makes of it: read once, judged as often as somebody compares.

The events go through the admission and the account detector of the service with its default settings, so what is
judged here is what ``stillwatch replay`` judges.
"""

import csv
import gzip
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec

import detectors
import schemas
import streams
from detectors.detector import AccountDetector
from detectors.spec import DetectorSpec, load_spec
from schemas.account_bucket import AccountBucket
from schemas.times import epoch_ms, parse_instant
from streams.admission import Admission, wall_clock_ms
from streams.event_files import EventFiles, UnreadableFileError
from streams.progress import InputProgress
from streams.settings import Settings
from tuning.without import without

DAY_MS = 86_400_000
_BATCH = 512
_OWN_SOURCES = ("__init__.py", "corpus.py", "without.py")


class Campaign(msgspec.Struct):
    """One line of campaigns.jsonl; a wrapper is what stands around the campaign's prompts."""

    campaign_id: str
    family: str
    wrapper: str = ""


class Truth(msgspec.Struct):
    """Who is who. Times are milliseconds since the epoch.

    Parameters
    ----------
    kinds
        Kind of use by honest account.
    campaigns
        Campaigns by id.
    exchanges
        By campaign, time and account of each of its exchanges, in time order.
    honest_days
        By honest account, the days on which it was active.
    """

    kinds: dict[str, str]
    campaigns: dict[str, Campaign]
    exchanges: dict[str, list[tuple[int, str]]]
    honest_days: dict[str, int]


class Corpus(msgspec.Struct):
    """Records of the accounts stage in the order in which their buckets close, and how far event time came."""

    truth: Truth
    buckets: list[AccountBucket]
    watermark_ms: int


class _Account(msgspec.Struct):
    account_id: str
    label: str
    kind: str = ""


class _Event(msgspec.Struct):
    event_id: str
    account_id: str
    occurred_at: str


_read_event = msgspec.json.Decoder(_Event).decode


class _Cached(msgspec.Struct):
    key: str
    corpus: Corpus


def read_corpus(folder: Path, fields: frozenset[str] = frozenset(), cache: Path | None = None) -> Corpus:
    """Read a corpus without some fields of its events.

    ``cache`` is a file that keeps the result (more files beside it for other ``fields``); it counts as long as neither
    the corpus nor what makes records of it has changed.
    """
    key = _key(folder, fields)
    kept = cache and cache.with_name(f"{cache.name}.{key[:16]}")
    if kept is not None and kept.exists():
        cached = msgspec.msgpack.decode(kept.read_bytes(), type=_Cached)
        if cached.key == key:
            return cached.corpus
    corpus = _read(folder, fields)
    if kept is not None:
        kept.write_bytes(msgspec.msgpack.encode(_Cached(key, corpus)))
    return corpus


def sources() -> list[Path]:
    """Return the files that decide what records a corpus gives: those of the service, and what reads it here."""
    packages = [Path(next(iter(package.__path__))) for package in (detectors, schemas, streams)]
    own = [Path(__file__).with_name(name) for name in _OWN_SOURCES]
    return [
        path for folder in packages for ending in ("py", "yaml") for path in sorted(folder.rglob(f"*.{ending}"))
    ] + own


def _key(folder: Path, fields: frozenset[str]) -> str:
    """Hash of what a corpus is made of: the sources, the events and the fields left out."""
    found = hashlib.blake2b(digest_size=20)
    for path in sources():
        found.update(path.read_bytes())
    for path in sorted(folder.iterdir()):
        found.update(f"{path.resolve()} {path.stat().st_size} {path.stat().st_mtime_ns}".encode())
    found.update(",".join(sorted(fields)).encode())
    return found.hexdigest()


def _read(folder: Path, fields: frozenset[str]) -> Corpus:
    truth, attacks = read_labels(folder)
    seen: set[tuple[str, int]] = set()
    path = events_file(folder)
    lines = _noted(EventFiles([path]).lines(), truth, attacks, seen)
    if fields:
        lines = (json.dumps(without(json.loads(line), fields)).encode() for line in lines)
    try:
        buckets, watermark_ms = account_records(lines, load_spec(None))
    except UnreadableFileError as error:
        raise click.ClickException(str(error)) from error
    for account_id, _ in seen:
        truth.honest_days[account_id] = truth.honest_days.get(account_id, 0) + 1
    return Corpus(truth, buckets, watermark_ms)


def events_file(folder: Path) -> Path:
    """Return the file with the events of a corpus; raises ``click.ClickException`` unless there is one."""
    found = sorted(folder.glob("events.jsonl*"))
    if len(found) != 1:
        raise click.ClickException(f"{folder} is no labelled corpus: it has {len(found)} files events.jsonl*, not one")
    return found[0]


def read_labels(folder: Path) -> tuple[Truth, dict[str, str]]:
    """Return who is who, without exchanges and days, which the events tell; and the campaign of each of its events.

    Raises ``click.ClickException`` for a folder whose labels are missing or damaged.
    """
    try:
        accounts = msgspec.json.Decoder(_Account).decode_lines(folder.joinpath("accounts.jsonl").read_bytes())
        campaigns = msgspec.json.Decoder(Campaign).decode_lines(folder.joinpath("campaigns.jsonl").read_bytes())
        text = gzip.decompress(folder.joinpath("attack_events.csv.gz").read_bytes()).decode()
        attacks = {row["event_id"]: row["campaign_id"] for row in csv.DictReader(io.StringIO(text))}
    except (OSError, EOFError, KeyError, ValueError) as error:
        raise click.ClickException(f"{folder} is no labelled corpus: {error}") from error
    truth = Truth(
        kinds={account.account_id: account.kind for account in accounts if account.label == "benign"},
        campaigns={campaign.campaign_id: campaign for campaign in campaigns},
        exchanges=defaultdict(list),
        honest_days={},
    )
    return truth, attacks


def _noted(
    lines: Iterable[bytes], truth: Truth, attacks: dict[str, str], seen: set[tuple[str, int]]
) -> Iterator[bytes]:
    for line in lines:
        event = _read_event(line)
        at_ms = epoch_ms(parse_instant(event.occurred_at))
        if event.account_id in truth.kinds:
            seen.add((event.account_id, at_ms // DAY_MS))
        elif (campaign_id := attacks.get(event.event_id)) is not None:
            truth.exchanges[campaign_id].append((at_ms, event.account_id))
        yield line


def account_records(lines: Iterable[bytes], spec: DetectorSpec) -> tuple[list[AccountBucket], int]:
    """Return what the accounts stage makes of events as JSON in time order, and the last watermark (milliseconds)."""
    # Not from the environment: what is measured is the same on every machine, and what a cache holds is what it says.
    settings = Settings.model_construct()
    admission = Admission(settings, wall_clock_ms, is_age_bounded=False)
    progress = InputProgress(round(settings.disorder_seconds * 1000))
    detector = AccountDetector(spec)
    bucket_ms = spec.bucket_seconds * 1000
    records: list[AccountBucket] = []
    due_ms = 0
    remaining = iter(lines)
    while batch := list(islice(remaining, _BATCH)):
        admitted = [
            (event, progress.watermark_ms) for raw in batch for event in admission.admit(raw, (), progress).events
        ]
        events = admission.drop_prompts([event for event, _ in admitted])
        for event, (_, watermark_ms) in zip(events, admitted, strict=True):
            detector.observe(event)
            if watermark_ms >= due_ms:
                due_ms = watermark_ms - watermark_ms % bucket_ms + bucket_ms
                records += detector.advance(watermark_ms)
    records += detector.advance(progress.watermark_ms)
    return records, progress.watermark_ms


def corpus_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument ``folder`` and the option ``cache``."""
    command = click.option(
        "--cache",
        type=click.Path(dir_okay=False, path_type=Path),
        help="File that keeps what the accounts stage makes of the corpus, for the next run.",
    )(command)
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    return click.argument("folder", metavar="CORPUS", type=folder, envvar="STILLWATCH_CORPUS", callback=_one_of)(
        command
    )


def _one_of(_: click.Context, __: click.Parameter, folder: Path) -> Path:
    """Of a folder of corpora the one that detectors are developed on."""
    return folder / "dev" if (folder / "dev").is_dir() else folder
