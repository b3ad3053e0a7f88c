"""What cannot be read, on a real broker: each kind has its outcome, and none stops the worker."""

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from streams.dead_letters import KEPT_BYTES
from tests.stream.live import LiveService

pytestmark = pytest.mark.broker

_GOOD = {
    "event_id": "e",
    "occurred_at": "2026-05-05T12:00:00Z",
    "account_id": "good",
    "model": "m-1",
    "input_tokens": 10,
    "output_tokens": 20,
}


def event(account_id: str, **fields: Any) -> bytes:
    """A usage event of an account, well-formed unless a field says otherwise."""
    return json.dumps({**_GOOD, "event_id": account_id, "account_id": account_id, **fields}).encode()


class Poison(NamedTuple):
    """A message and the reason for which it becomes a dead letter."""

    name: str
    value: bytes | None
    reason: str


POISONS = [
    Poison("truncated JSON", event("truncated")[:-20], "not_json"),
    Poison("no JSON at all", b"\xff\xfe\x00garbage", "not_json"),
    Poison("a wrong type", event("wrong", input_tokens="many"), "invalid"),
    Poison("a missing field", b'{"event_id": "e-1"}', "invalid"),
    Poison("an empty value", b"", "empty"),
    Poison("no value", None, "empty"),
    Poison("a message of 5 MB", event("large", prompt="x" * 5_000_000), "too_large"),
    Poison("a time in 1970", event("past", occurred_at="1970-01-01T00:00:00Z"), "time_out_of_range"),
    Poison("a time in 2100", event("future", occurred_at="2100-01-01T00:00:00Z"), "time_out_of_range"),
    Poison("an event far behind its partition", event("late", occurred_at="2026-05-05T11:00:00Z"), "late"),
]
FINE = {
    "a null key": (None, event("no-key")),
    "an unknown field": (b"k", event("unknown-field", colour="blue")),
    "null for an unknown number": (b"k", event("unknown-number", output_tokens=None)),
}


class Latin(str):
    """A text whose bytes are no UTF-8."""

    __slots__ = ()

    def encode(self, *_: str) -> bytes:
        """Bytes of the text in an encoding of old."""
        return super().encode("latin-1")


class Outcome(NamedTuple):
    """What a worker made of the messages."""

    letters: dict[int, dict[str, Any]]
    observed: list[str]
    metrics: str
    exit_codes: list[int]
    log: str


@pytest.fixture(scope="module")
def outcome(bootstrap_servers: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """One worker that has met good messages, every kind of poison, and good ones again, all in one partition."""
    service = LiveService(bootstrap_servers, f"poison-{uuid.uuid4().hex[:8]}.", tmp_path_factory.mktemp("poison"))
    service.create_topics()
    worker = service.start_worker()
    try:
        values = [event("first"), *(p.value for p in POISONS), *(value for _, value in FINE.values())]
        keys = [b"k", *(b"key-of-poison" for _ in POISONS), *(key for key, _ in FINE.values())]
        service.send("llm.usage", values, keys=keys, partition=1)
        service.send("llm.usage", [event("latin-header")], headers=[(Latin("Überschrift"), b"1")], partition=1)
        service.send("llm.usage", [event("last")], keys=[b"k"], partition=1)
        service.wait_for_committed(len(values) + 2, deadline_seconds=60)
        service.wait_for("all dead letters", lambda: len(service.dead_letters()) >= len(POISONS))
        observed = [json.loads(r.value or b"")["account_id"] for r in service.records("stillwatch.usage") if r.key]
        _, metrics = service.get(1, "/metrics")
        log = (service.folder / "worker-1.log").read_text()
        letters = {letter["origin"]["offset"]: letter for letter in service.dead_letters()}
        yield Outcome(letters, observed, metrics, service.stop_workers(), log)
    finally:
        worker.kill()
        worker.wait(10)


@pytest.mark.parametrize("poison", POISONS, ids=lambda poison: poison.name)
def test_poison_becomes_a_dead_letter(outcome: Outcome, poison: Poison) -> None:
    """It carries the reason, where the message lies, its key, and the first bytes of what it was."""
    offset = POISONS.index(poison) + 1
    letter = outcome.letters[offset]
    original = poison.value or b""

    assert (letter["reason"], letter["stage"]) == (poison.reason, "ingest")
    assert letter["origin"]["topic"].endswith("llm.usage")
    assert letter["origin"]["partition"] == 1
    assert base64.b64decode(letter["key_base64"]) == b"key-of-poison"
    assert base64.b64decode(letter["value_base64"]) == original[:KEPT_BYTES]
    assert (letter["value_bytes"], letter["is_truncated"]) == (len(original), len(original) > KEPT_BYTES)
    assert letter["detail"]


@pytest.mark.parametrize("name", FINE)
def test_what_only_looks_unusual_is_observed(outcome: Outcome, name: str) -> None:
    """A null key, a field of tomorrow and an unknown number are no poison."""
    assert json.loads(FINE[name][1])["account_id"] in outcome.observed


def test_poison_stops_nothing(outcome: Outcome) -> None:
    """What stands before and behind it is observed, once, and the worker ends well."""
    fine = ["no-key", "unknown-field", "unknown-number", "latin-header"]
    assert sorted(outcome.observed) == sorted(["first", *fine, "last"])
    assert outcome.exit_codes == [0]


def test_poison_is_counted_by_reason(outcome: Outcome) -> None:
    """Operators see how much of what; unknown fields are counted too."""
    assert 'stillwatch_dead_letters_total{reason="not_json",stage="ingest"} 2.0' in outcome.metrics
    assert 'stillwatch_dead_letters_total{reason="time_out_of_range",stage="ingest"} 2.0' in outcome.metrics
    assert "stillwatch_unknown_fields_total 1.0" in outcome.metrics


def test_every_dead_letter_is_logged_without_its_content(outcome: Outcome) -> None:
    """One line each, with where it lies; what it was stays in the dead-letter topic."""
    lines = [line for line in outcome.log.splitlines() if '"dead_letter.published"' in line]

    assert len(lines) == len(POISONS)
    assert "xxxx" not in outcome.log
    assert "garbage" not in outcome.log
    assert "many" not in outcome.log
