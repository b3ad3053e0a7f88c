"""YAML of people: nothing that was written is dropped without a word."""

import pytest
import yaml

from schemas.yaml_text import YamlRefused, read_yaml


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: 1\nb: 2\na: 3\n", "a: given in line 1 and again in line 3"),
        ("a:\n  b: 1\n\n  b: 2\n", "b: given in line 2 and again in line 4"),
        ("- {a: 1, a: 1}\n", "a: given in line 1 and again in line 1"),
        ('a: 1\n"a": 2\n', "a: given in line 1 and again in line 2"),
    ],
)
def test_a_key_is_given_once(text: str, complaint: str) -> None:
    """Whoever writes a key twice does not know which of the two counts."""
    with pytest.raises(YamlRefused) as refused:
        read_yaml(text)

    assert str(refused.value) == complaint


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: 1}\nc: {b: 1}\n",
        "a: &a {b: 1, c: 2}\nd: {<<: *a, b: 3}\n",
        "x: {a: &a {<<: {b: 1, c: 2}, b: 4}}\nd: {<<: *a, b: 3}\ne: {<<: *a}\n",
        "x: [&a {b: 1}, &b {c: 2}]\nd:\n  <<: *a\n  <<: *b\n",
        "1: a\n'1': b\n",
        "? [a, b]\n",
        "",
    ],
)
def test_what_drops_nothing_is_read_as_ever(text: str) -> None:
    """The same key elsewhere, values that override merged ones, and keys of other types."""
    try:
        expected = yaml.safe_load(text)
    except yaml.YAMLError:
        with pytest.raises(YamlRefused, match="not YAML"):
            read_yaml(text)
    else:
        assert read_yaml(text) == expected


@pytest.mark.parametrize("text", ["a: [", "a: 2026-13-01", "[" * 600, "a: !!python/name:os.system", "\0"])
def test_what_is_no_yaml_is_refused(text: str) -> None:
    """Also a date that does not exist, brackets without end, and what would run code."""
    with pytest.raises(YamlRefused, match="not YAML"):
        read_yaml(text)
