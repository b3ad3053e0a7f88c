"""Checkpoints: effects become durable in one order, and a restart begins where they agree."""

import time
from collections.abc import Mapping

from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from streams import metric_defs
from streams.publisher import Publisher
from streams.stage import Stage


class Checkpoints:
    """Makes everything below the offsets of a commit durable.

    The commit protocol, for everything the worker does, on timer, rebalance and shutdown alike:

    1. Wait until everything published so far is stored: usage messages, account buckets, progress, alerts, dead
       letters.
    2. Publish a snapshot of everything that changed, and the record of its partition, which says how far the
       snapshots go in offsets and in event time. Nothing is processed between 1 and the end of 3.
    3. Wait until the snapshots are stored, and nobody else has written to the state of our partitions.
    4. Commit the offsets, never beyond what the snapshots include; the transport does, after ``write`` has returned.

    A crash before 4 repeats work whose effects are idempotent: usage messages and decisions carry their origin,
    account buckets are known by account and bucket, alerts by id and version, dead letters by origin. A crash within
    2 leaves some accounts ahead of their partition; each record says which offset it includes, so those skip what
    they already have. The state of campaigns hangs together, so it is written ahead as a journal and is there as a
    whole or not at all.
    """

    def __init__(self, publisher: Publisher, stages: Mapping[str, Stage]) -> None:
        self._publisher = publisher
        self._stages = stages

    async def write(self, offsets: Mapping[TP, int]) -> dict[TP, OffsetAndMetadata]:
        """Take steps 1 to 3; returns what 4 may commit. Raises ``PublishFailed``, ``StateDisturbed``: then no 4."""
        began = time.monotonic()
        commits: dict[TP, OffsetAndMetadata] = {}
        # 1.
        await self._publisher.stored()
        # 2.
        for tp, offset in sorted(offsets.items()):
            stage = self._stages[tp.topic]
            commit = stage.commit_at(tp.partition, offset)
            # An ack of an earlier assignment may ask for more than the present owner of the state has seen.
            if commit is not None:
                await stage.publish_state(tp.partition)
                commits[tp] = commit
        # 3.
        await self._publisher.stored()
        for stage in self._stages.values():
            stage.check_undisturbed()
        metric_defs.CHECKPOINT_SECONDS.observe(time.monotonic() - began)
        return commits
