"""Link keys: kind and value come back out of a key, whatever a tenant or a value is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.link_key import LINK_KINDS, is_wording, kind_of, link_key, value_of


@given(
    kind=st.sampled_from(LINK_KINDS),
    tenant_id=st.none() | st.text(),
    value=st.text(st.characters(exclude_characters="\x1f")),
)
def test_a_key_gives_back_what_it_was_made_of(kind: str, tenant_id: str | None, value: str) -> None:
    """Values are printable ids; a tenant may be called anything, colons and separators among it."""
    key = link_key(kind, tenant_id, value)

    assert kind_of(key) == kind
    assert value_of(key) == value
    assert is_wording(key) == (kind == "template")


@pytest.mark.parametrize(("first", "second"), [("", "t"), ("t", "u"), ("t", "t:")])
def test_what_accounts_of_two_tenants_share_is_no_common_link(first: str, second: str) -> None:
    """The same wrapper at two providers says nothing about either's accounts."""
    assert link_key("template", first, "v") != link_key("template", second, "v")


def test_the_keys_of_snapshots_do_not_change() -> None:
    """A release that made other keys would not know the links that an earlier one has stored."""
    assert link_key("template", None, "h1") == "template:\x1fh1"
    assert link_key("payment", "acme", "p9") == "payment:acme\x1fp9"
