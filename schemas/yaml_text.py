"""YAML as people write it, read so that nothing they wrote is dropped without a word."""

from typing import Any

import yaml
from yaml.nodes import MappingNode, ScalarNode

_MERGE = "tag:yaml.org,2002:merge"


class YamlRefused(ValueError):
    """Text that is not YAML, or gives one key twice; the message says where."""


class _Loader(yaml.SafeLoader):
    """A loader that refuses repeated keys, of which the usual one takes the last."""

    def compose_mapping_node(self, anchor: Any) -> MappingNode:
        """Read a mapping; here it still has the lines of its keys, and not yet what ``<<`` merges into it."""
        node: MappingNode = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, ScalarNode) or key.tag == _MERGE:
                continue
            line = key.start_mark.line + 1
            if (first := lines.get((key.tag, key.value))) is not None:
                raise YamlRefused(f"{key.value}: given in line {first} and again in line {line}")
            lines[key.tag, key.value] = line
        return node


def read_yaml(text: str) -> Any:
    """Return what a YAML document holds, in plain Python types; raises ``YamlRefused``."""
    try:
        return yaml.load(text, _Loader)  # noqa: S506  (a safe loader)
    except YamlRefused:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # No YAMLError: a date that does not exist, and brackets by the thousand.
        raise YamlRefused(f"not YAML: {error}") from error
