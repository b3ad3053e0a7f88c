"""Creating and deleting topics, and comparing those of a cluster with their specifications."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    BrokerResponseError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from streams.kafka_admin import KafkaAdmin
from streams.topics import SINGLE, Role, TopicSpec

CREATE_TIMEOUT_MS = 30_000
_GONE_ATTEMPTS = 60
_GONE_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class ExistingTopic:
    """One topic as the cluster has it."""

    partitions: int
    replication_factor: int
    configs: dict[str, str]


@dataclass(frozen=True)
class Difference:
    """Something about a topic that is not as specified.

    ``is_fatal``: the service would not work, or would lose its guarantees.
    """

    topic: str
    text: str
    is_fatal: bool

    def __str__(self) -> str:
        return f"{self.topic}: {self.text}"


class TopicCreationError(RuntimeError):
    """The cluster refused to create a topic, for the reason it gave."""


class TopicDeletionError(RuntimeError):
    """The cluster did not delete a topic, for the reason it gave."""


_config_resource: Any = ConfigResource
"""kafka-python has no annotations to check calls against."""


class TopicAdmin(KafkaAdmin):
    """Looks at, creates and deletes topics; raises ``kafka.errors.KafkaError``."""

    def missing(self, names: Iterable[str]) -> list[str]:
        """Return those of the named topics that the cluster does not have; asks for no right but to see them."""
        return sorted(set(names) - set(self._admin.list_topics()))

    def denied(self, missing: Iterable[str]) -> list[str]:
        """Return those of the missing topics that there is no right to see, whether they are there or not."""
        names = sorted(missing)
        # By their names, which a broker answers with a reason; what is not there is not made by that.
        described = self._admin.describe_topics(names) if names else []
        return [topic["name"] for topic in described if topic["error_code"] == TopicAuthorizationFailedError.errno]

    def existing(self, names: Iterable[str]) -> dict[str, ExistingTopic]:
        """Return those of the named topics that the cluster has."""
        present = sorted(set(names) & set(self._admin.list_topics()))
        if not present:
            return {}
        described = self._admin.describe_topics(present)
        configs = self._configs(present)
        return {
            topic["name"]: ExistingTopic(
                partitions=len(topic["partitions"]),
                replication_factor=min(len(partition["replica_nodes"]) for partition in topic["partitions"]),
                configs=configs[topic["name"]],
            )
            for topic in described
        }

    def _configs(self, names: list[str]) -> dict[str, dict[str, str]]:
        resources = [_config_resource(ConfigResourceType.TOPIC, name) for name in names]
        [by_name] = self._admin.describe_configs(resources, config_filter="all").values()
        return {name: {key: _value(found) for key, found in configs.items()} for name, configs in by_name.items()}

    def create(self, specs: Iterable[TopicSpec], replication_factor: int) -> None:
        """Create topics and wait until they can be used; raises ``TopicCreationError`` when the cluster would not."""
        topics = {
            spec.name: {
                "num_partitions": spec.partitions,
                "replication_factor": replication_factor,
                "configs": spec.configs,
            }
            for spec in specs
        }
        if not topics:
            return
        answer = self._admin.create_topics(topics, timeout_ms=CREATE_TIMEOUT_MS, raise_errors=False)
        # Somebody else may have created it meanwhile; the comparison that follows looks at what is there.
        if refusals := _refusals(answer, TopicAlreadyExistsError):
            raise TopicCreationError(refusals)
        self._admin.wait_for_topics(topics)

    def delete(self, names: Iterable[str]) -> None:
        """Delete topics and wait until their names are free; raises ``TopicDeletionError`` when they do not get so."""
        wanted = sorted(names)
        if not wanted:
            return
        answer = self._admin.delete_topics(wanted, timeout_ms=CREATE_TIMEOUT_MS, raise_errors=False)
        if refusals := _refusals(answer, UnknownTopicOrPartitionError):
            raise TopicDeletionError(refusals)
        for _ in range(_GONE_ATTEMPTS):
            if not (left := set(wanted) - set(self.missing(wanted))):
                return
            time.sleep(_GONE_PAUSE_SECONDS)
        raise TopicDeletionError(f"{', '.join(sorted(left))}: marked for deletion, and still there")


def _refusals(answer: dict[str, Any], expected: type[BrokerResponseError]) -> str:
    """Tell what the cluster refused and why, each reason once; empty for nothing."""
    refusals = {
        topic["error_message"] or f"error {topic['error_code']}": topic["name"]
        for topic in answer["topics"]
        if topic["error_code"] not in (0, expected.errno)
    }
    return "; ".join(f"{name}: {message}" for message, name in refusals.items())


def _value(found: Any) -> str:
    return str(found["value"] if isinstance(found, dict) else found)


def settle_counts(specs: dict[Role, TopicSpec], existing: dict[str, ExistingTopic]) -> dict[Role, int]:
    """Decide how many partitions each role should have, given the topics that are there already.

    What exists decides for what has to match it: state created for four partitions cannot follow a wish for eight.
    """
    counts: dict[Role, int] = {}
    for role, spec in specs.items():
        family = [s for s in specs.values() if s.like == spec.like]
        leader = next((existing[s.name].partitions for s in family if s.name in existing), spec.partitions)
        counts[role] = 1 if role in SINGLE else leader
    return counts


def differences(
    specs: dict[Role, TopicSpec],
    existing: dict[str, ExistingTopic],
    asked_partitions: int | None,
    replication_factor: int,
) -> list[Difference]:
    """Tell what is not as specified; the input topic's settings are its owner's and are not looked at."""
    counts = settle_counts(specs, existing)
    found: list[Difference] = []
    for role, spec in specs.items():
        topic = existing.get(spec.name)
        if topic is None:
            found.append(Difference(spec.name, "does not exist", is_fatal=True))
            continue
        found += _count_differences(role, spec, topic, counts[role], asked_partitions)
        if role != "input":
            found += _config_differences(spec, topic)
            found += _copies_differences(spec, topic, replication_factor)
    return found


def _count_differences(
    role: Role, spec: TopicSpec, topic: ExistingTopic, needed: int, asked: int | None
) -> list[Difference]:
    if topic.partitions != needed:
        reason = "exactly one" if role in SINGLE else f"as many as the topic of {spec.like}: {needed}"
        return [Difference(spec.name, f"has {topic.partitions} partitions but needs {reason}", is_fatal=True)]
    if asked is not None and topic.partitions != spec.partitions:
        text = f"has {topic.partitions} partitions, not {spec.partitions}; existing topics are left as they are"
        return [Difference(spec.name, text, is_fatal=False)]
    return []


def _copies_differences(spec: TopicSpec, topic: ExistingTopic, asked: int) -> list[Difference]:
    copies, in_sync = topic.replication_factor, int(topic.configs.get("min.insync.replicas", 1))
    if copies < in_sync:
        text = f"has {copies} copies of a partition, and min.insync.replicas is {in_sync}: nothing can be written to it"
        return [Difference(spec.name, text, is_fatal=True)]
    if copies < asked:
        text = f"has {copies} copies of a partition, not {asked}; existing topics are left as they are"
        return [Difference(spec.name, text, is_fatal=False)]
    return []


def _config_differences(spec: TopicSpec, topic: ExistingTopic) -> list[Difference]:
    found = []
    for key, wanted in spec.configs.items():
        actual = topic.configs.get(key)
        if actual is None or not _is_enough(key, actual, wanted):
            # Deleting old state loses it for good; all other settings are a matter of operation.
            is_fatal = key == "cleanup.policy"
            found.append(Difference(spec.name, f"{key} is {actual}, should be {wanted}", is_fatal=is_fatal))
    return found


def _is_enough(key: str, actual: str, wanted: str) -> bool:
    if key in ("max.message.bytes", "min.insync.replicas", "min.compaction.lag.ms", "delete.retention.ms"):
        return int(actual) >= int(wanted)
    if key == "min.cleanable.dirty.ratio":
        return float(actual) == float(wanted)
    return actual == wanted
