"""The names of the topics that are the service's own, and what Kafka takes for a name."""

import re

OWN_NAMES: dict[str, str] = {
    role: f"stillwatch.{role.replace('_', '-')}"
    for role in (
        "usage", "links", "alerts", "alert_state", "account_state", "campaign_state", "dead_letter", "feedback",
    )
}  # fmt: skip
"""By role; a prefix comes before them."""

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")


def is_topic_name(name: str) -> bool:
    """Whether Kafka takes this for the name of a topic."""
    return _NAME.fullmatch(name) is not None and name not in (".", "..")


def own_name_like(name: str) -> str | None:
    """Return which of our own names this one cannot be beside, if any; to Kafka's metrics ``.`` and ``_`` are alike."""
    return next((own for own in OWN_NAMES.values() if own.replace("_", ".") == name.replace("_", ".")), None)
