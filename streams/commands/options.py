"""What the commands have in common: how they ask for help, and their shared options."""

from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def command_settings() -> dict[str, Any]:
    """Context settings of every command: ``-h`` works everywhere."""
    return {"help_option_names": ["-h", "--help"], "max_content_width": 100}
