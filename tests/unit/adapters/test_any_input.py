"""Whatever comes in, events and refusals come out."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.usage_event import EventRefused, decode_usage_event, encode_usage_event
from streams.adapters import Adapters
from tests.unit.adapters.adapting import adapt
from tests.unit.adapters.otlp_samples import OTLP_NEW
from tests.unit.adapters.samples import SAMPLES
from tests.unit.schemas.events import odd_values


def paths_of(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every value in a document."""
    members = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(place for key, member in members for place in paths_of(member, (*path, key)))]


@settings(max_examples=200)
@given(st.data())
def test_any_value_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever stands in whatever place, the outcome is events and refusals, never an exception of another kind."""
    document = copy.deepcopy(data.draw(st.sampled_from(sorted(SAMPLES)).map(lambda name: SAMPLES[name][0])))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(paths_of(document)))
        value = data.draw(odd_values)
        if not place:
            document = value
            continue
        target = document
        for part in place[:-1]:
            target = target[part]
        target[place[-1]] = value
    try:
        adapted = adapt(document)
    except EventRefused:
        return
    for event in adapted.events:
        encoded = encode_usage_event(event)
        assert encode_usage_event(decode_usage_event(encoded)) == encoded


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """Arbitrary bytes never raise anything but a refusal, and hold no event."""
    try:
        adapted = Adapters().read(raw)
    except EventRefused:
        return
    assert adapted.events == []


def test_the_same_message_is_the_same_events() -> None:
    """Reading is a function of the message alone."""
    raw = json.dumps(OTLP_NEW).encode()

    assert Adapters().read(raw) == Adapters().read(raw)
