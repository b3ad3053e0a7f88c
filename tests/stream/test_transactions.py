"""Sources that write in transactions: what they abort was never sent."""

import json

import pytest

from tests.stream.live import LiveService
from tests.stream.test_commands_on_kafka import input_lag
from tests.stream.test_poison import event

pytestmark = pytest.mark.broker


def test_an_aborted_transaction_counts_nowhere(service: LiveService) -> None:
    """The workers, a replay and what is left to read: of ten events that are committed and one that is not, ten."""
    service.create_topics(partitions=1)
    sent = [f"account-{n}".encode() for n in range(10)]
    service.send_in_transaction("llm.usage", [event(key.decode()) for key in sent], partition=0, is_committed=True)
    service.send_in_transaction("llm.usage", [event("aborted")], partition=0, is_committed=False)
    assert service.messages("llm.usage") == 13
    assert input_lag(service)[0] > 0
    service.start_worker()
    service.wait_for_committed(10)
    service.wait_for("the end of what is left to read", lambda: input_lag(service)[0] == 0)
    assert service.stop_workers() == [0]

    assert [key for record in service.records("stillwatch.usage") if (key := record.key)] == sent
    topic = f"{service.prefix}llm.usage"
    replayed = service.stillwatch("replay", "--from-topic", topic, "--alerts", str(service.folder / "out"), "--json")
    assert json.loads(replayed.stdout)["observed"] == 10
