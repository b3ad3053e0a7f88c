"""The traffic of the benchmark: made or read, stored in an input topic as gateways would have sent it."""

import asyncio
import gzip
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer

from schemas.times import epoch_ms, parse_instant
from traffic.generate import mixture
from traffic.simulate import Simulation

START = datetime(2026, 1, 5, tzinfo=UTC)
SEED = 20
ACCOUNTS = 400
"""So few that the events last for days, in which accounts grow old and campaigns go on."""
CAMPAIGNS = 6
DAYS = 30.0
FIRST_DAY = 4
"""By then all campaigns have begun."""
DAY_MS = 86_400_000
BATCH_BYTES = 512 * 1024


def traffic(events: int, accounts: int) -> tuple[list[bytes], str]:
    """So many events in time order, as JSON, and a description of them.

    From the file or corpus folder that ``STILLWATCH_BENCH_EVENTS`` names, otherwise made.
    """
    if named := os.environ.get("STILLWATCH_BENCH_EVENTS"):
        path = Path(named)
        path = path / "events.jsonl.gz" if path.is_dir() else path
        lines = list(islice(_read(path), events))
        return lines, f"`{path.parent.name}/{path.name}`, {span_days(lines):.1f} days"
    lines, campaigns = made(events, accounts)
    return lines, (
        f"`traffic.generate`: {span_days(lines):.1f} days of {accounts:,} honest accounts and {len(campaigns)} "
        f"campaigns, which sent {campaigns.total():,} of them, seed {SEED}"
    )


def made(events: int, accounts: int) -> tuple[list[bytes], Counter[str]]:
    """Make a mixture of honest accounts and campaigns; how many exchanges are each campaign's is told, too."""
    simulation, going_on = simulated(accounts)
    lines: list[bytes] = []
    campaigns: Counter[str] = Counter()
    for event in islice(going_on, events):
        lines.append(msgspec.json.encode(event))
        if (campaign_id := simulation.attack_events.get(event["event_id"])) is not None:
            campaigns[campaign_id] += 1
    return lines, campaigns


def simulated(accounts: int) -> tuple[Simulation, Iterator[dict[str, Any]]]:
    """Return a simulation and its events from the day on on which all campaigns have begun."""
    simulation = Simulation(mixture(accounts, DAYS, CAMPAIGNS, SEED, START))
    begin = (START + timedelta(days=FIRST_DAY)).date().isoformat()
    return simulation, dropwhile(lambda event: event["occurred_at"] < begin, simulation.events())


def span_days(lines: list[bytes]) -> float:
    """How many days of event time lie between the first event and the last."""
    first, last = (epoch_ms(parse_instant(msgspec.json.decode(line)["occurred_at"])) for line in (lines[0], lines[-1]))
    return (last - first) / DAY_MS


def _read(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for line in file:
            yield line.rstrip(b"\n")


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
