"""Dead letters: what they keep, and how many of them are normal."""

import base64
import json
from contextlib import nullcontext
from typing import Any

import pytest

from schemas.usage_event import EventRefused
from streams.dead_letters import KEPT_BYTES, KEPT_KEY_BYTES, DeadLetterLimit, DeadLetters, TooManyDeadLetters
from streams.headers import Record
from tests.unit.streams.memory import MemoryKafka, now_ms, record


def published(value: bytes | None, key: bytes | None = None) -> Record:
    """What is published about a record with this value and key."""
    kafka = MemoryKafka()
    letters = DeadLetters(kafka, "dead", DeadLetterLimit(10, 1.0), now_ms)  # type: ignore[arg-type]
    letters.bury("ingest", record("in", 3, 7, key, value, [], 1_700), EventRefused("invalid", "a wrong type"))
    [(found,)] = kafka.logs.values()
    return found


def buried(value: bytes | None, key: bytes | None = None) -> dict[str, Any]:
    """The letter about a record with this value and key."""
    letter: dict[str, Any] = json.loads(published(value, key).value or b"")
    return letter


def test_a_letter_keeps_origin_reason_and_original() -> None:
    """Somebody can find the message, read why, and send it again."""
    letter = buried(b"\xff{", key=b"k")

    assert (letter["reason"], letter["detail"], letter["stage"]) == ("invalid", "a wrong type", "ingest")
    assert letter["origin"] == {"topic": "in", "partition": 3, "offset": 7, "timestamp_ms": 1_700}
    assert (base64.b64decode(letter["value_base64"]), base64.b64decode(letter["key_base64"])) == (b"\xff{", b"k")
    assert not letter["is_truncated"]


@pytest.mark.parametrize("surplus", [0, 1])
def test_a_letter_keeps_the_first_64_kib_and_says_how_much_there_was(surplus: int) -> None:
    """The dead-letter topic takes it whatever came in, keys too."""
    value = b"v" * (KEPT_BYTES + surplus)
    letter = buried(value, key=b"k" * 100_000)

    assert base64.b64decode(letter["value_base64"]) == value[:KEPT_BYTES]
    assert (letter["value_bytes"], letter["is_truncated"]) == (len(value), surplus > 0)
    assert len(base64.b64decode(letter["key_base64"])) == KEPT_KEY_BYTES
    assert published(value, key=b"k" * 100_000).key == b"k" * KEPT_KEY_BYTES


def test_no_value_and_no_key_are_kept_as_such() -> None:
    """A tombstone in the input topic is an input too."""
    letter = buried(None)

    assert (letter["value_base64"], letter["value_bytes"], letter["key_base64"]) == ("", 0, None)


def test_several_refusals_in_one_message_are_one_letter() -> None:
    """A letter is about a message, and says how many more of its requests were refused."""
    kafka = MemoryKafka()
    letters = DeadLetters(kafka, "dead", DeadLetterLimit(10, 1.0), now_ms)  # type: ignore[arg-type]
    refused = [EventRefused("invalid", "first"), EventRefused("late", "second")]
    letters.bury_refused("ingest", record("in", 0, 0, None, b"[]", []), refused)

    [raw] = kafka.values("dead")
    assert (json.loads(raw)["reason"], json.loads(raw)["detail"]) == (
        "invalid",
        "first (and 1 more requests of this message)",
    )


def test_the_limit_stops_at_the_share_of_a_window() -> None:
    """Half of twenty is too many when the ratio is one half."""
    limit = DeadLetterLimit(window=20, max_ratio=0.5)
    limit.count("ingest", 10, 9)

    with pytest.raises(TooManyDeadLetters, match="10 of the last 12"):
        limit.count("ingest", 2, 1)


def test_the_limit_forgets_with_the_window() -> None:
    """A steady share below the limit never adds up to a stop."""
    limit = DeadLetterLimit(window=20, max_ratio=0.5)
    for _ in range(100):
        limit.count("ingest", 10, 4)


def test_a_full_window_pays_for_nothing_in_the_next() -> None:
    """However much was readable until now, half of twenty is too many."""
    limit = DeadLetterLimit(window=20, max_ratio=0.5)
    for _ in range(100):
        limit.count("ingest", 20, 0)

    with pytest.raises(TooManyDeadLetters, match="10 of the last 10"):
        limit.count("ingest", 10, 10)


@pytest.mark.parametrize(("before", "batch", "dead", "stops"), [
    (0, 2_000, 999, False), (0, 2_000, 1_000, True), (999, 2_000, 1_499, False), (999, 2_000, 1_500, True),
])  # fmt: skip
def test_the_limit_is_a_share_of_a_batch_larger_than_the_window(
    before: int, batch: int, dead: int, stops: bool
) -> None:
    """A worker that catches up reads two windows at once: what counts is how much of them is dead."""
    limit = DeadLetterLimit(window=1_000, max_ratio=0.5)
    limit.count("ingest", before, 0)

    with pytest.raises(TooManyDeadLetters) if stops else nullcontext():
        limit.count("ingest", batch, dead)


def test_stages_are_counted_apart() -> None:
    """What ingest admits is the input of the next stage, and does not make what it refuses a smaller share."""
    limit = DeadLetterLimit(window=20, max_ratio=0.5)
    limit.count("ingest", 10, 6)
    limit.count("accounts", 4, 0)
    limit.count("campaigns", 100, 0)

    with pytest.raises(TooManyDeadLetters, match="12 of the last 20 inputs of ingest"):
        limit.count("ingest", 10, 6)


def test_a_share_of_one_is_no_limit() -> None:
    """The way past a topic full of another format."""
    limit = DeadLetterLimit(window=20, max_ratio=1.0)
    for _ in range(3):
        limit.count("ingest", 30, 30)
