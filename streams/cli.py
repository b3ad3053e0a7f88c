"""The command ``stillwatch``. A command's module is imported when it runs, so that asking for help costs nothing."""

from importlib import import_module

import click

from streams.commands.options import command_settings

COMMANDS: dict[str, tuple[str, str]] = {
    "worker": ("worker", "Run the service until it is told to stop."),
    "topics": ("topics", "Create the topics of the service, or check them."),
    "lag": ("lag", "Show how far the workers have read every partition, and how much is still to be read."),
    "replay": (
        "replay",
        "Replay EVENTS (JSON lines in time order, .gz too, - for standard input) through the detectors of the worker.",
    ),
    "produce": ("produce", "Send EVENTS (JSON lines, .gz too, - for standard input) to a topic."),
    "consume-alerts": (
        "consume_alerts",
        "Follow the alerts as an enforcement service would, a line for every decision.",
    ),
    "dead-letters": (
        "dead_letters",
        "Print dead letters, one JSON object a line: what could not be read, why, and where it lies.",
    ),
    "traffic": ("traffic", "Make seeded sample traffic with labelled campaigns."),
    "config": ("config", "Check, show and compare what the service is configured with."),
    "backtest": ("backtest", "Compare detector specifications on recorded EVENTS (JSON lines, .gz too)."),
    "explain": ("explain", "Explain an alert, or all alerts of an account."),
    "fingerprint": ("fingerprint", "Fingerprint the prompts on standard input, one a line."),
    "schemas": ("schemas_export", "Publish the contracts as JSON Schema and AsyncAPI."),
    "start-over": (
        "start_over",
        "Delete the state and the offsets of the workers, so that they begin with the input anew.",
    ),
    "demo": (
        "demo",
        "Run the service on sample traffic and show alerts arriving; leaves nothing running and nothing on the broker.",
    ),
}
"""Name of the command, its module under ``streams.commands``, and the first sentence of its help."""


class LazyGroup(click.Group):
    """A group that imports a command when it is run, and turns expected failures into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; ``None`` for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        command: click.Command = import_module(f"streams.commands.{module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; an expected failure becomes one line and exit code 1."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            from streams.commands.failures import expected_failure

            if (line := expected_failure(error)) is None:
                raise
            raise click.ClickException(line) from error


def _print_version(ctx: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if not is_asked or ctx.resilient_parsing:
        return
    from streams.release import release  # slow, and rarely asked for

    click.echo(f"stillwatch {release() or 'not installed: running from its sources'}")
    ctx.exit()


@click.group(cls=LazyGroup, context_settings=command_settings())
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def main() -> None:
    """Stillwatch finds accounts, and groups of accounts, that harvest a language model.

    It reads usage events from Kafka and publishes alerts with evidence. `stillwatch COMMAND -h` tells more.
    """


if __name__ == "__main__":
    main(prog_name="stillwatch")
