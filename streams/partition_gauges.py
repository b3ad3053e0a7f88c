"""The gauges that have a value for each partition: of those that this worker has, and of no other.

A value that stays behind a partition is counted beside that of its new owner.
"""

from collections.abc import Mapping, Set

from faust.types import TP
from prometheus_client import Gauge

from streams import metric_defs


def set_lag(waiting: Mapping[TP, int]) -> None:
    """Set how many messages wait in each assigned partition; the others are dropped."""
    _set_all(metric_defs.LAG, {(tp.topic, str(tp.partition)): count for tp, count in waiting.items()})


def set_watermarks(reached_ms: Mapping[tuple[str, int], int]) -> None:
    """Set the event time that each partition of a stage has reached (milliseconds); the others are dropped."""
    values = {(stage, str(number)): reached / 1000 for (stage, number), reached in reached_ms.items()}
    _set_all(metric_defs.WATERMARK, values)


def drop_lost(assigned: Set[TP], topic_of_stage: Mapping[str, str]) -> None:
    """Drop the values of partitions that are not assigned any more.

    Parameters
    ----------
    assigned
        All partitions that this worker has now.
    topic_of_stage
        The topic that each stage with a watermark reads, by the name of the stage.
    """
    held = {(tp.topic, str(tp.partition)) for tp in assigned}
    _keep(metric_defs.LAG, held)
    stages = {
        (stage, number) for stage, of_stage in topic_of_stage.items() for topic, number in held if topic == of_stage
    }
    _keep(metric_defs.WATERMARK, stages)


def _set_all(gauge: Gauge, values: Mapping[tuple[str, str], float]) -> None:
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
    # Afterwards, and only these: whoever scrapes never misses a partition that somebody has.
    _keep(gauge, values.keys())


def _keep(gauge: Gauge, held: Set[tuple[str, str]]) -> None:
    known = [tuple(sample.labels.values()) for metric in gauge.collect() for sample in metric.samples]
    for labels in known:
        if labels not in held:
            gauge.remove(*labels)
