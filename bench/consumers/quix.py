"""The same detectors inside Quix Streams: one set of them for each partition, without a changelog."""

from collections import defaultdict

from quixstreams import Application, message_context

from bench.meter import Meter, task
from bench.usage_topic import Core

TASK = task()
METER = Meter()
CORES: dict[int, Core] = defaultdict(Core)


def take(value: bytes) -> None:
    """Give a message to the detectors of its partition."""
    METER.begin()
    METER.events += CORES[message_context().partition].take(value)
    METER.messages += 1
    if METER.messages >= TASK.messages:
        METER.report_and_leave()


app = Application(
    broker_address=TASK.bootstrap_servers,
    consumer_group=TASK.group,
    auto_offset_reset="earliest",
    auto_create_topics=False,
    use_changelog_topics=False,
    loglevel="ERROR",
)
app.dataframe(app.topic(TASK.topic, key_deserializer="bytes", value_deserializer="bytes")).update(take)
app.run()
