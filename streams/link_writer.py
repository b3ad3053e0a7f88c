"""What the accounts stage tells the campaigns stage: account buckets, and behind them how far event time has come."""

from collections.abc import Iterable

from schemas.account_bucket import AccountBucket, encode_account_bucket
from streams.headers import PROGRESS_HEADERS, SENDER, SENDER_FORMAT, Headers
from streams.progress import ProgressMessage, Report, encode_progress
from streams.publisher import Publisher

LINKS_PARTITION = 0
"""The links topic has one partition: whoever compares accounts must see all of them, in one order."""


class LinkWriter:
    """Publishes account buckets and progress of usage partitions, in the order in which it is told."""

    def __init__(self, publisher: Publisher, links_topic: str) -> None:
        self._publisher = publisher
        self._topic = links_topic
        self.usage_partitions = 1

    def publish(self, usage_partition: int, buckets: Iterable[AccountBucket]) -> None:
        """Publish the buckets of one usage partition that its event time has closed."""
        headers: Headers = [(SENDER, SENDER_FORMAT.pack(usage_partition))]
        for bucket in buckets:
            key = bucket.account_id.encode()
            self._publisher.publish(self._topic, LINKS_PARTITION, key, encode_account_bucket(bucket), headers)

    def report(self, report: Report) -> None:
        """Publish progress of a usage partition; all buckets that it closes were published before."""
        raw = encode_progress(ProgressMessage(self.usage_partitions, [report]))
        self._publisher.publish(self._topic, LINKS_PARTITION, None, raw, PROGRESS_HEADERS)
