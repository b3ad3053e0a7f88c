"""Reads the state topics as a restarted worker would and counts what they include."""

import json
from collections import Counter

from streams.accounts import AccountPartition
from streams.state_log import StoredState
from tests.stream.live import LiveService
from tests.stream.recordings import eager_spec
from tests.unit.detectors.samples import events_in


def restored_accounts(service: LiveService, number: int) -> tuple[AccountPartition, dict[str, int]]:
    """One usage partition as its last checkpoint left it, and how many events it has observed of each account."""
    stored = StoredState(f"account-state/{number}")
    for record in service.records("stillwatch.account-state"):
        if record.partition == number:
            stored.take(record.offset, record.key or b"", record.value, record.headers)
    partition = AccountPartition(number, eager_spec(), *[None] * 3, disorder_ms=0)  # type: ignore[arg-type]
    found = stored.partition_record()
    assert found is not None, f"usage partition {number} was never checkpointed"
    partition.restore(found, stored.entries)
    account_ids = [key.decode() for key in stored.entries]
    return partition, {a: events_in(partition.detector.snapshot(a)) for a in account_ids}


def assert_nothing_lost(service: LiveService, lines: list[bytes]) -> None:
    """Every input is in exactly one snapshot, and no commit is beyond what the snapshots include."""
    included: Counter[str] = Counter()
    committed = service.committed()
    for number, end in service.end_offsets("stillwatch.usage").items():
        partition, accounts = restored_accounts(service, number)
        assert committed["stillwatch.usage", number] <= partition.next_offset <= end
        for account_id, events in accounts.items():
            included[account_id] += events
    assert service.dead_letters() == []
    assert included == Counter(json.loads(line)["account_id"] for line in lines)
