"""What the commands have in common: how they ask for help, and their shared options."""

import math
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def command_settings() -> dict[str, Any]:
    """Context settings of every command: ``-h`` works everywhere."""
    return {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class FiniteRange(click.FloatRange):
    """A number within a range; ``nan`` is within none, and nothing lasts for ever."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read what the user gave."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number", param, ctx)
        return number


class TopicName(click.ParamType):
    """Full name of a topic; nothing, as an unset variable leaves it, is none."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read what the user gave."""
        return str(value) if value else self.fail("names no topic", param, ctx)
