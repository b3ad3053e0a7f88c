"""The topics: their names, and what each must be like for the service to keep its promises."""

from dataclasses import dataclass
from typing import Literal, get_args

from detectors.windows import DAY_MS, HOUR_MS
from streams.settings import Settings
from streams.topic_names import OWN_NAMES

Role = Literal[
    "input", "usage", "links", "alerts", "alert_state", "account_state", "campaign_state", "dead_letter", "feedback"
]
ROLES: tuple[Role, ...] = get_args(Role)

_MIB = 1024 * 1024
_CAMPAIGN_BYTES = 24 * _MIB
"""What a campaign of 100,000 accounts takes, as an alert or in the state, with ids of up to 64 characters."""

_OF_EVERY_WORKER: frozenset[Role] = frozenset({"input", "usage", "alerts", "dead_letter"})
_OF_STAGE: dict[str, frozenset[Role]] = {
    "ingest": frozenset(),
    "accounts": frozenset({"links", "account_state"}),
    "campaigns": frozenset({"links", "campaign_state", "feedback"}),
    "alerts": frozenset({"alert_state"}),
}

READ_BY_GROUP: tuple[Role, ...] = ("input", "usage", "links", "alerts", "feedback")
"""What the workers read with committed offsets; the rest they write, or read whole."""

MADE_OF_INPUT: tuple[Role, ...] = ("usage", "links", "account_state", "campaign_state")
"""What the workers make again when they read the input from its beginning, and must not find half of."""

FEW_PARTITIONS = 4
"""Alerts and dead letters are rare; more partitions than this would only cost."""


@dataclass(frozen=True)
class TopicSpec:
    """What one topic must be like.

    Parameters
    ----------
    name
        Full name, prefix included.
    like
        The role whose number of partitions this topic shares; its own role where it is free to choose.
    partitions
        Number of partitions to create it with.
    configs
        Topic settings that differ from the broker's defaults or must not depend on them.
    """

    role: Role
    name: str
    like: Role
    partitions: int
    configs: dict[str, str]


def topic_name(settings: Settings, role: str) -> str:
    """Return the full name of the topic of a role; raises ``KeyError`` for an unknown role."""
    return settings.topic_prefix + (settings.input_topic if role == "input" else OWN_NAMES[role])


STATE_OF: dict[Role, Role] = {"usage": "account_state", "links": "campaign_state", "alerts": "alert_state"}
"""State lies in the partition of the same number as what it is the state of."""

_SHARED_COUNTS: dict[Role, Role] = {"account_state": "usage", "alert_state": "alerts"}

SINGLE: frozenset[Role] = frozenset({"links", "campaign_state", "feedback"})
"""One partition, whatever the load: who reads it must see everything, and in one order."""


def needed_topics(settings: Settings) -> set[str]:
    """Return the full names of the topics that a worker with these stages reads, writes or counts."""
    roles = _OF_EVERY_WORKER.union(*(_OF_STAGE[stage] for stage in settings.stages))
    return {topic_name(settings, role) for role in roles}


def topic_specs(settings: Settings, partitions: int, replication_factor: int) -> dict[Role, TopicSpec]:
    """Return the specification of every topic for a service with so many input and usage partitions."""
    durability = {"min.insync.replicas": "2" if replication_factor >= 3 else "1"}  # noqa: PLR2004
    return {
        role: TopicSpec(
            role=role,
            name=topic_name(settings, role),
            like=_SHARED_COUNTS.get(role, role),
            partitions=_count(role, partitions),
            configs=_CONFIGS[role] | durability,
        )
        for role in ROLES
    }


def _count(role: Role, partitions: int) -> int:
    if role in SINGLE:
        return 1
    return partitions if role in ("input", "usage", "account_state") else min(partitions, FEW_PARTITIONS)


def _kept(retention_ms: int, max_bytes: int) -> dict[str, str]:
    return {"cleanup.policy": "delete", "retention.ms": str(retention_ms), "max.message.bytes": str(max_bytes)}


_STATE = {
    "cleanup.policy": "compact",
    # A worker that lost its partition without noticing may write an old record behind a newer one; while the lag lasts
    # the newer one is still there for a restore to prefer.
    "min.compaction.lag.ms": str(HOUR_MS),
    # A consumer that starts to read must finish within this time, or it could miss a deletion.
    "delete.retention.ms": str(DAY_MS),
    # Only closed segments are compacted, and a restore reads everything that is not.
    "segment.ms": str(HOUR_MS),
    "segment.bytes": str(64 * _MIB),
    "min.cleanable.dirty.ratio": "0.2",
    "max.message.bytes": str(_CAMPAIGN_BYTES),
}

_CONFIGS: dict[Role, dict[str, str]] = {
    # Above the limit of an event, so that a larger one arrives and becomes a dead letter instead of stopping the
    # gateway that sends it.
    # Stamped by the broker, so whether an event came from the future does not depend on the clock of who sent it.
    "input": _kept(7 * DAY_MS, 8 * _MIB) | {"message.timestamp.type": "LogAppendTime"},
    "usage": _kept(7 * DAY_MS, _MIB),
    "links": _kept(3 * DAY_MS, 16 * _MIB),
    "alerts": _kept(90 * DAY_MS, _CAMPAIGN_BYTES),
    "alert_state": _STATE,
    "account_state": _STATE,
    "campaign_state": _STATE,
    "dead_letter": _kept(14 * DAY_MS, _MIB),
    "feedback": _kept(-1, 4 * _MIB),
}
