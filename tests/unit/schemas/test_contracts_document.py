"""What docs/contracts.md says is what the code does."""

import json
import re
from datetime import datetime

import pytest

from schemas.alert import decode_alert
from schemas.documents import CONTRACTS
from streams.asyncapi import asyncapi_document
from streams.commands.conformance import Checkpoint, read_cases
from tests.conformance.record import HERE
from tests.unit.schemas.contract_tables import DOCUMENT, rendered, table

TEXT = DOCUMENT.read_text("utf-8")


def test_the_tables_are_up_to_date() -> None:
    """Fields, ranges, meanings and topics in the document are those of the code."""
    assert rendered(TEXT) == TEXT


def test_consumers_are_told_of_deletions() -> None:
    """Of the topic that a consumer starts with: it meets records without a value there, and decodes none."""
    assert "without a value in `stillwatch.alert-state`" in TEXT
    assert "without a value" in asyncapi_document()["channels"]["alert_state"]["description"]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_version_is_shown_as_it_is_written(contract: str) -> None:
    """A text, in its quotes; the number is refused."""
    [row] = [line for line in table(contract).splitlines() if "`schema_version`" in line]

    assert '| text `"1"` |' in row


@pytest.mark.parametrize(
    "point", list(read_cases(HERE)), ids=lambda point: f"{point.case}-{len(point.alerts)}-{point.now}"
)
def test_the_lines_that_a_consumer_needs_conform(point: Checkpoint) -> None:
    """The consumer that the document shows passes the whole conformance kit, as printed there."""
    [program] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    consumer: dict = {"datetime": datetime}
    exec(program, consumer)  # noqa: S102  (the very lines that readers copy)
    named = set()
    for raw in point.alerts:
        try:
            named.update(decode_alert(raw).account_ids)
        except ValueError:
            continue
        consumer["apply"](json.loads(raw))

    now = datetime.fromisoformat(point.now)
    assert {a: action for a in named if (action := consumer["action"](a, now))} == point.expected
