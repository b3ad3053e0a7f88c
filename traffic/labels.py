"""Writes a simulation's events and labels into a folder, in the format that the corpora and their score program use."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from traffic.simulate import Simulation

EVENTS_FILE = "events.jsonl.gz"
ACCOUNTS_FILE = "accounts.jsonl"
CAMPAIGNS_FILE = "campaigns.jsonl"
ATTACK_EVENTS_FILE = "attack_events.csv.gz"
FILES = (EVENTS_FILE, ACCOUNTS_FILE, CAMPAIGNS_FILE, ATTACK_EVENTS_FILE)
_FASTEST = 1


def write_traffic(simulation: Simulation, folder: Path) -> Iterator[dict[str, Any]]:
    """Run a simulation into a folder, which is created; yields each event after it is written.

    The files take their names when the events are exhausted: who stops early leaves the folder as it was.
    """
    encode = msgspec.json.Encoder().encode
    with _filled(folder) as partial:
        with _compressed(partial / EVENTS_FILE) as file:
            for event in simulation.events():
                file.write(encode(event) + b"\n")
                yield event
        _write_lines(partial / ACCOUNTS_FILE, account_labels(simulation))
        _write_lines(partial / CAMPAIGNS_FILE, campaign_labels(simulation))
        with _compressed(partial / ATTACK_EVENTS_FILE) as file:
            file.write(b"event_id,campaign_id\n")
            for event_id, campaign_id in simulation.attack_events.items():
                file.write(f"{event_id},{campaign_id}\n".encode())


def account_labels(simulation: Simulation) -> Iterator[dict[str, Any]]:
    """Yield a label for each account that was active."""
    for account_id, (kind, campaign_id) in simulation.accounts.items():
        events = simulation.events_by_account[account_id]
        if events:
            label = "benign" if campaign_id is None else "campaign"
            yield {
                "account_id": account_id, "label": label, "kind": kind, "campaign_id": campaign_id, "events": events,
            }  # fmt: skip


def campaign_labels(simulation: Simulation) -> Iterator[dict[str, Any]]:
    """Yield what each campaign did, those without any exchange left out."""
    for truth in simulation.campaigns.values():
        if truth.exchanges:
            yield {
                "campaign_id": truth.campaign_id, "family": truth.family, "accounts": len(truth.accounts),
                "exchanges": truth.exchanges, "first_at": truth.first_at, "last_at": truth.last_at,
            }  # fmt: skip


@contextmanager
def _filled(folder: Path) -> Iterator[Path]:
    """Yield a folder whose files go into ``folder`` when all are written: labels never stand beside others' events."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".partial-", dir=folder) as name:
        yield Path(name)
        for path in Path(name).iterdir():
            path.replace(folder / path.name)


@contextmanager
def _compressed(path: Path) -> Iterator[gzip.GzipFile]:
    """Open a gzip file for writing, without name and time in its header: the same seed gives the same bytes."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=_FASTEST, fileobj=raw, mtime=0) as file,
    ):
        yield file


def _write_lines(path: Path, records: Iterator[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
