"""Copy usage events without some of their fields, to see how much each kind of evidence carries.

Usage: ``python -m tuning.without FIELD,FIELD,... < events.jsonl > fewer.jsonl``. Required fields that may be unknown
(token counts) become null.
"""

import json
import sys

_REQUIRED = frozenset(("input_tokens", "output_tokens"))


def without(event: dict[str, object], fields: frozenset[str]) -> dict[str, object]:
    """Return the event without the fields."""
    kept = {name: value for name, value in event.items() if name not in fields}
    return kept | dict.fromkeys(fields & _REQUIRED)


def main() -> None:
    """Filter standard input."""
    fields = frozenset(sys.argv[1].split(","))
    for line in sys.stdin:
        sys.stdout.write(json.dumps(without(json.loads(line), fields), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
