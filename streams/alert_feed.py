"""Reading alerts from a topic: what is there, then what comes."""

from collections.abc import Iterator

from streams.settings import Settings
from streams.topic_feed import TopicFeed


class AlertFeed(TopicFeed):
    """All partitions of a topic of alerts; no group, so every consumer of alerts sees every alert.

    Raises ``kafka.errors.KafkaError``.

    Parameters
    ----------
    topic
        Full name. The state topic gives the present state first, whatever its age; the alert topic gives history.
    is_from_beginning
        Whether to read what is already there.
    """

    def __init__(self, settings: Settings, topic: str, *, is_from_beginning: bool) -> None:
        super().__init__(settings, topic, newest=None if is_from_beginning else 0)

    def poll(self) -> Iterator[bytes]:
        """Yield the values of one fetch; waits at most half a second. Deletions are left out."""
        for record in self.fetch():
            if record.value is not None:
                yield record.value
