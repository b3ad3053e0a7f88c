"""Link key: one text that names what some accounts of a tenant have in common.

It begins with the kind of link, and ends with a value that stands for what is shared.
"""

LINK_KINDS = ("configuration", "device", "payment", "template")
"""What accounts may share. Addresses are not among them: carriers, campuses and clouds are shared by strangers. Nor are
organisations: their accounts are one customer's."""
CUSTOMER_KINDS = frozenset(("payment", "device"))
"""Kinds of link with an honest name, which one customer's accounts have in common: a small firm's, a household's."""

_BEHIND_KIND, _BEFORE_VALUE = ":", "\x1f"


def link_key(kind: str, tenant_id: str | None, value: str) -> str:
    """Return the key of what accounts of a tenant share; ``kind`` is one of ``LINK_KINDS``."""
    return f"{kind}{_BEHIND_KIND}{tenant_id or ''}{_BEFORE_VALUE}{value}"


def kind_of(key: str) -> str:
    """Return the kind of a link."""
    return key.partition(_BEHIND_KIND)[0]


def value_of(key: str) -> str:
    """Return what stands for the thing that is shared."""
    return key.rpartition(_BEFORE_VALUE)[2]


def is_wording(key: str) -> bool:
    """Whether accounts share words, which are free to anybody; all else is set up or paid for."""
    return kind_of(key) == "template"
