"""Kafka and a worker in memory, for tests that crash at any point."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable

from detectors.spec import DetectorSpec
from streams.accounts import AccountPartition
from streams.admission import Admission
from streams.alert_writer import AlertWriter
from streams.campaigns import CampaignPartition
from streams.dead_letters import DeadLetterLimit, DeadLetters
from streams.headers import Headers, Record
from streams.link_writer import LinkWriter
from streams.publisher import Place
from streams.settings import Settings
from streams.state_log import StateLog, StatePartition, StoredState

SETTINGS = Settings()
DISORDER_MS = round(SETTINGS.disorder_seconds * 1000)


def now_ms() -> int:
    """A wall clock that stands still at the beginning of 2027."""
    return 1_800_000_000_000


def record(
    topic: str,
    partition: int,
    offset: int,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    stored_ms: int = -1,
) -> Record:
    """A record as aiokafka delivers it; without a timestamp of Kafka's unless one is given."""
    return Record(topic, partition, offset, stored_ms, 0, key, value, None, 0, len(value or b""), tuple(headers))


class MemoryKafka:
    """Topics as lists, and the publisher that writes to them; what is not stored yet may be lost in a crash."""

    def __init__(self) -> None:
        self.logs: dict[Place, list[Record]] = defaultdict(list)
        self._stored: dict[Place, int] = {}
        self.end_offsets: dict[Place, int] = {}
        self.interrupted: set[Place] = set()

    def expect_alone(self, topic: str, partition: int, end_offset: int) -> None:
        """Expect that all that is written to a partition from this offset on is ours."""
        self.interrupted.discard((topic, partition))
        self.end_offsets[topic, partition] = end_offset

    def publish(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers | None = None
    ) -> None:
        """Append a message."""
        log = self.logs[topic, partition]
        offset = log[-1].offset + 1 if log else 0
        log.append(record(topic, partition, offset, key, value, headers or []))

    async def hand_over(self) -> None:
        """Nothing: what is published is on its way."""

    async def stored(self) -> None:
        """Everything so far survives a crash."""
        self._stored = {place: len(log) for place, log in self.logs.items()}

    def crash(self, chooser: random.Random) -> None:
        """Lose some of what is not stored; of each partition the newest."""
        for place, log in self.logs.items():
            del log[chooser.randint(min(self._stored.get(place, 0), len(log)), len(log)) :]
            # What is left survives the next one too, and compaction counts on it.
            self._stored[place] = len(log)

    def compact(self, topic: str) -> None:
        """Keep the newest message of every key, as a compacted topic may at any time."""
        for place, log in self.logs.items():
            if place[0] == topic:
                # Only what is stored is compacted.
                stored = log[: self._stored.get(place, 0)]
                newest = {found.key: found for found in stored}
                kept = [found for found in stored if newest[found.key] is found]
                log[: len(stored)] = kept
                self._stored[place] = len(kept)

    def values(self, topic: str) -> list[bytes]:
        """Values of all messages of a topic, in the order of partition and offset."""
        return [r.value or b"" for place in sorted(self.logs) if place[0] == topic for r in self.logs[place]]


class MemoryWorker:
    """The stateful stages of a worker on topics in memory; ``restart`` forgets everything that is not in a topic."""

    def __init__(self, kafka: MemoryKafka, spec: DetectorSpec, usage_partitions: int) -> None:
        self._kafka = kafka
        self._spec = spec
        self._usage_partitions = usage_partitions
        self.committed: dict[Place, int] = defaultdict(int)
        self.partitions: dict[Place, AccountPartition | CampaignPartition] = {}
        self.restart()

    def restart(self) -> None:
        """Begin anew from what the state topics hold."""
        publisher: MemoryKafka = self._kafka
        dead_letters = DeadLetters(publisher, "dead", DeadLetterLimit(1_000_000, 1.0), now_ms)  # type: ignore[arg-type]
        admission = Admission(SETTINGS, now_ms)
        links = LinkWriter(publisher, "links")  # type: ignore[arg-type]
        links.usage_partitions = self._usage_partitions
        alerts = AlertWriter(publisher, "alerts", now_ms)  # type: ignore[arg-type]
        self._states = {
            "usage": StateLog(SETTINGS, publisher, "account-state", is_atomic=False),  # type: ignore[arg-type]
            "links": StateLog(SETTINGS, publisher, "campaign-state", is_atomic=True),  # type: ignore[arg-type]
        }
        self.partitions = {
            ("usage", n): AccountPartition(n, self._spec, admission, dead_letters, links, DISORDER_MS)
            for n in range(self._usage_partitions)
        }
        self.partitions["links", 0] = CampaignPartition(self._spec, dead_letters, alerts, "feedback")
        for (topic, number), partition in self.partitions.items():
            self._restore(topic, number, partition)
        self._read = dict(self.committed)

    def _restore(self, topic: str, number: int, partition: StatePartition) -> None:
        state_topic = "account-state" if topic == "usage" else "campaign-state"
        stored = StoredState(state_topic)
        for found in self._kafka.logs[state_topic, number]:
            stored.take(found.offset, found.key or b"", found.value, dict(found.headers))
        self._states[topic].take_over(number, partition, stored)

    def step(self, place: Place, count: int) -> bool:
        """Process the next messages of a partition; ``False`` when it is read to its end."""
        begin = self._read.get(place, 0)
        batch = self._kafka.logs[place][begin : begin + count]
        if not batch:
            return False
        self._read[place] = begin + len(batch)
        self.partitions[place].process(batch)
        return True

    def checkpoint(self, breaks_off: random.Random | None = None) -> None:
        """Write a checkpoint and commit, or crash before the commit with a part of it stored."""
        asyncio.run(self._kafka.stored())
        for (topic, number), partition in self.partitions.items():
            asyncio.run(self._states[topic].publish(number, partition))
        if breaks_off is not None:
            self._kafka.crash(breaks_off)
            self.restart()
            return
        asyncio.run(self._kafka.stored())
        for place, partition in self.partitions.items():
            assert self._read.get(place, 0) <= partition.next_offset
            self.committed[place] = self._read.get(place, 0)

    def haunt(self, steps: int, chooser: random.Random) -> None:
        """Let a successor take over and come on; then this worker, which has not noticed, writes its state."""
        states, partitions = self._states, self.partitions
        self.restart()
        for _ in range(steps):
            self.step(chooser.choice(list(self.partitions)), chooser.randint(1, 300))
        self.checkpoint()
        for (topic, number), partition in partitions.items():
            asyncio.run(states[topic].publish(number, partition))
        asyncio.run(self._kafka.stored())
        # The successor notices by its next checkpoint, stops and starts again.
        self.restart()
        self.checkpoint()

    def run_to_end(self) -> None:
        """Process everything and commit it."""
        is_unread = True
        while is_unread:
            is_unread = sum(self.step(place, 500) for place in self.partitions) > 0
        self.checkpoint()


def usage_log(kafka: MemoryKafka, partition: int, messages: Iterable[tuple[bytes | None, bytes, Headers]]) -> None:
    """Put messages into a usage partition as ingest does."""
    for key, value, headers in messages:
        kafka.publish("usage", partition, key, value, headers)
