"""The traffic of the benchmark: made or read once, stored in an input topic as gateways would have sent it."""

import asyncio
import gzip
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaProducer

from broker.artifacts import cache_folder
from detectors.fingerprint import Fingerprinter
from traffic.generate import generate_lines

START = datetime(2026, 1, 5, tzinfo=UTC)
SEED = 20
CAMPAIGNS = 6
DAYS = 30.0
BATCH_BYTES = 512 * 1024


def traffic(events: int, accounts: int) -> tuple[list[bytes], str]:
    """So many events in time order, as JSON, and a description of them.

    From the file or corpus folder that ``STILLWATCH_BENCH_EVENTS`` names, otherwise made: a mixture of honest
    accounts and campaigns, kept in a file for the next time.
    """
    if named := os.environ.get("STILLWATCH_BENCH_EVENTS"):
        path = Path(named)
        path = path / "events.jsonl.gz" if path.is_dir() else path
        return list(islice(_read(path), events)), f"`{path.parent.name}/{path.name}`"
    path = cache_folder() / f"bench-{accounts}-accounts-{events}-events.jsonl.gz"
    if not path.exists():
        _write(path, islice(generate_lines(accounts, DAYS, CAMPAIGNS, SEED, START), events))
    return list(_read(path)), f"`traffic.generate`, {accounts:,} honest accounts, {CAMPAIGNS} campaigns, seed {SEED}"


_fingerprint = Fingerprinter(b"bench" * 8).fingerprint


def without_prompt(line: bytes) -> bytes:
    """An event as ingest would pass it on: its prompt fingerprinted and dropped."""
    event = msgspec.json.decode(line)
    if (prompt := event.pop("prompt", None)) is not None:
        event["prompt_fingerprint"] = _fingerprint(prompt)
    return msgspec.json.encode(event)


def _read(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n")


def _write(path: Path, lines: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with gzip.open(partial, "wb", compresslevel=1) as file:
        file.writelines(line + b"\n" for line in lines)
    partial.rename(path)


def preload(bootstrap_servers: str, topic: str, partitions: int, lines: list[bytes]) -> None:
    """Store lines in a topic, dealt out over its partitions in order."""
    asyncio.run(_preload(bootstrap_servers, topic, partitions, lines))


async def _preload(bootstrap_servers: str, topic: str, partitions: int, lines: list[bytes]) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers, max_batch_size=BATCH_BYTES, max_request_size=8 * BATCH_BYTES, acks="all"
    ) as producer:
        for partition in range(partitions):
            batch = producer.create_batch()
            for line in lines[partition::partitions]:
                if batch.append(key=None, value=line, timestamp=None) is None:
                    await producer.send_batch(batch, topic, partition=partition)
                    batch = producer.create_batch()
                    batch.append(key=None, value=line, timestamp=None)
            await producer.send_batch(batch, topic, partition=partition)
        await producer.flush()
