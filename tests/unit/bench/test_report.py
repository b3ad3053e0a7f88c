"""The section of the benchmark says what was measured on."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench import machine, report

REPOSITORY = Path(__file__).parents[3]


def results() -> dict[str, Any]:
    """What the last run measured."""
    found: dict[str, Any] = json.loads((REPOSITORY / "docs/benchmarks.json").read_text("utf-8"))
    return found


def test_the_document_is_that_of_the_numbers() -> None:
    """Nobody has changed one of the two by hand."""
    assert report.section(results()) in (REPOSITORY / "docs/benchmarks.md").read_text("utf-8")


@pytest.mark.parametrize(("nodes", "told"), [(1, "1 node wherever"), (3, "3 nodes wherever")])
def test_a_named_broker_is_not_taken_for_ours(nodes: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its nodes are counted, nothing else is known of it, and no Java of this machine is asked."""

    class Admin:
        def __init__(self, bootstrap_servers: list[str]) -> None:
            assert bootstrap_servers == ["a:9092", "b:9092"]

        def describe_cluster(self) -> dict[str, Any]:
            return {"brokers": [{}] * nodes}

        def close(self) -> None:
            """Nothing to close."""

    monkeypatch.setattr(machine, "KafkaAdminClient", Admin)
    monkeypatch.setattr(machine, "java", lambda: pytest.fail("asked for Java"))
    facts = machine.facts() | machine.named_broker("a:9092,b:9092")
    section = report.section(results() | {"machine": facts | {"load_after": 0.5}})

    assert f"commit. A Kafka named by KAFKA_BOOTSTRAP_SERVERS, {told} they are, 4\n" in section
    assert "Java" not in section
    assert "on the same machine" not in section
