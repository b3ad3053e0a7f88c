"""Adapting one document in a test."""

import copy
import json
from typing import Any

from schemas.usage_event import encode_usage_event
from streams.adapters import Adapted, Adapters


def adapt(document: Any, headers: Any = (), **options: Any) -> Adapted:
    """Adapt a document."""
    return Adapters(**options).read(json.dumps(document).encode(), headers)


def only_event(document: Any, headers: Any = (), **options: Any) -> dict[str, Any]:
    """Return the one event of a document; fails when something was refused."""
    adapted = adapt(document, headers, **options)
    assert adapted.refused == []
    [event] = adapted.events
    return json.loads(encode_usage_event(event))


def changed(document: Any, path: str, value: Any) -> Any:
    """Return a copy of a document with the value at a path replaced."""
    copied = copy.deepcopy(document)
    *parts, last = path.split("/")
    target = copied
    for part in parts:
        target = target[part]
    target[last] = value
    return copied
