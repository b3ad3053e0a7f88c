"""The worker: the stages of one process, and how batches, assignments and commits pass through them.

Batches, assignments and checkpoints take one lock, so a checkpoint always sees whole batches.
"""

import asyncio
import time
from collections.abc import Mapping

import structlog
from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from detectors.spec import DetectorSpec
from streams import metric_defs
from streams.accounts import AccountPartition, AccountStage
from streams.admission import Admission, wall_clock_ms
from streams.alert_writer import AlertWriter
from streams.alerts import AlertStage
from streams.campaigns import CampaignPartition
from streams.checkpoint import Checkpoints
from streams.dead_letters import DeadLetterLimit, DeadLetters, TooManyDeadLetters
from streams.feedback import FeedbackStage
from streams.ingest import IngestStage
from streams.link_writer import LinkWriter
from streams.offsets import start_offsets
from streams.partition_gauges import drop_lost
from streams.publisher import Publisher, PublishFailed
from streams.settings import Settings
from streams.stage import Stage, StatefulStage
from streams.state_log import StateLog
from streams.topics import STATE_OF, Role, topic_name
from streams.transport import Records

log = structlog.get_logger()


class PartitionsDiffer(RuntimeError):
    """A topic has other partitions than the topic of its state, so some have no place for theirs."""


class Worker:
    """The stages of one process; their batches, assignments, checkpoints and the passing of time.

    Parameters
    ----------
    settings
        Where to connect, what to run.
    spec
        The detector specification; the same in every worker of a group.
    """

    def __init__(self, settings: Settings, spec: DetectorSpec) -> None:
        self.settings = settings
        self.spec = spec
        self.lock = asyncio.Lock()
        self.publisher = Publisher(settings)
        self.dead_letters = DeadLetters(
            self.publisher,
            self._topic("dead_letter"),
            DeadLetterLimit(settings.dead_letter_window, settings.dead_letter_max_ratio),
            wall_clock_ms,
        )
        self._links = LinkWriter(self.publisher, self._topic("links"))
        self._alert_writer = AlertWriter(self.publisher, self._topic("alerts"), wall_clock_ms)
        self._admission = Admission(settings, wall_clock_ms)
        self.ingest = IngestStage(settings, self._admission, self.publisher, self.dead_letters, wall_clock_ms)
        self.accounts = self._account_stage(spec)
        self.campaigns = self._campaign_stage(spec)
        self.stages: dict[str, Stage] = {
            self._topic(stage.role): stage for name, stage in self._all_stages() if name in settings.stages
        }
        """By the topic that they read."""
        self._checkpoints = Checkpoints(self.publisher, self.stages)
        self.positions: dict[TP, int] = {}
        """Where to begin with each assigned partition: what is committed, or its beginning."""
        self.last_progress = time.monotonic()
        self.waiting_since: float | None = None
        """Since when messages have been seen to wait, by the monotonic clock (seconds); ``None`` while none does."""
        self.is_ready = False
        self.failed: BaseException | None = None
        """What broke a stage in the middle of a batch; its state is then never checkpointed."""

    def _topic(self, role: Role) -> str:
        return topic_name(self.settings, role)

    def _all_stages(self) -> list[tuple[str, Stage]]:
        alerts = AlertStage(self.settings, self.publisher, self.dead_letters, self.make_progress)
        return [
            ("ingest", self.ingest),
            ("accounts", self.accounts),
            ("campaigns", self.campaigns),
            ("campaigns", FeedbackStage(self.settings, self.publisher, self.dead_letters)),
            ("alerts", alerts),
        ]

    def _account_stage(self, spec: DetectorSpec) -> AccountStage:
        disorder_ms = round(self.settings.disorder_seconds * 1000)
        state = StateLog(self.settings, self.publisher, self._topic("account_state"), is_atomic=False)

        def new_partition(number: int) -> AccountPartition:
            return AccountPartition(
                number,
                spec,
                self._admission,
                self.dead_letters,
                self._links,
                disorder_ms,
                # Sources of others may use transactions, whose markers take offsets.
                is_gapless=not self.settings.direct_sources,
            )

        return AccountStage(self.settings, state, self.publisher, new_partition, self.make_progress, wall_clock_ms)

    def _campaign_stage(self, spec: DetectorSpec) -> StatefulStage[CampaignPartition]:
        state = StateLog(self.settings, self.publisher, self._topic("campaign_state"), is_atomic=True)

        def new_partition(_: int) -> CampaignPartition:
            return CampaignPartition(spec, self.dead_letters, self._alert_writer, self._topic("feedback"))

        return StatefulStage("links", self.settings, state, new_partition, self.make_progress)

    # -- batches ----------------------------------------------------------------------------------

    async def process(self, tp: TP, records: Records) -> None:
        """Let the stage of a topic process a batch and hand over what it published; the caller holds the lock."""
        try:
            self.stages[tp.topic].process(tp.partition, records)
        except TooManyDeadLetters:
            # Whoever reads why the worker stopped is sent to the letters.
            await self.publisher.stored()
            raise
        await self.publisher.hand_over()
        self.make_progress()

    def make_progress(self) -> None:
        """Remember that something went on, for the liveness check."""
        self.last_progress = time.monotonic()

    def note_waiting(self, messages: int) -> None:
        """Remember since when messages wait."""
        if messages == 0:
            self.waiting_since = None
        elif self.waiting_since is None:
            self.waiting_since = time.monotonic()

    def still_seconds(self) -> float:
        """How long nothing has gone on though there was something to do; 0 when there is not."""
        if self.is_ready and self.waiting_since is None:
            return 0.0
        return time.monotonic() - max(self.last_progress, self.waiting_since or 0.0)

    # -- assignment and commits -------------------------------------------------------------------

    async def assign(self, assigned: set[TP]) -> None:
        """Bring every assigned partition to its last checkpoint before its first event; the caller holds the lock.

        Raises ``PartitionsDiffer``, and what the stages raise.
        """
        self.is_ready = False
        self.make_progress()
        drop_lost(assigned, {"accounts": self._topic("usage"), "campaigns": self._topic("links")})
        await self._connect()
        self.positions = {}
        for topic, stage in self.stages.items():
            numbers = {tp.partition for tp in assigned if tp.topic == topic}
            # Before the restore, so that one that goes on for minutes is seen to have begun.
            log.info("partitions.assigned", topic=topic, partitions=sorted(numbers))
            starts = await start_offsets(self.settings, topic, numbers)
            await stage.assign(starts)
            self.positions |= {TP(topic, number): start.offset for number, start in starts.items()}
            metric_defs.PARTITIONS.labels(stage.role).set(len(numbers))
            self.make_progress()
        self.is_ready = True

    async def _connect(self) -> None:
        await self.publisher.start()
        await self.publisher.look_anew()
        usage_partitions = await self.publisher.partitions(self._topic("usage"))
        self.ingest.usage_partitions = self._links.usage_partitions = usage_partitions
        self.ingest.input_partitions = await self.publisher.partitions(self._topic("input"))
        self._alert_writer.partitions = await self.publisher.partitions(self._topic("alerts"))
        self.dead_letters.partitions = await self.publisher.partitions(self._topic("dead_letter"))
        for stage in self.stages.values():
            await self._check_state_partitions(stage.role)

    async def _check_state_partitions(self, role: Role) -> None:
        if role not in STATE_OF:
            return
        topics = self._topic(role), self._topic(STATE_OF[role])
        of_topic, of_state = [await self.publisher.partitions(topic) for topic in topics]
        if of_topic != of_state:
            raise PartitionsDiffer(
                f"{topics[0]} has {of_topic} partitions, and {topics[1]}, which holds their state, {of_state}: both "
                "need the same; `stillwatch topics --check` compares all topics, and docs/operations.md tells under "
                "Backup and starting over how to begin with others"
            )

    async def before_commit(self, offsets: Mapping[TP, int]) -> dict[TP, OffsetAndMetadata]:
        """Make everything below the offsets durable; returns what may be committed, with metadata."""
        async with self.lock:
            if self.failed is not None:
                raise PublishFailed(f"a stage failed in the middle of a batch: {self.failed!r}")
            return await self._checkpoints.write(offsets)
