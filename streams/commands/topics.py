"""``stillwatch topics``: create what is missing, or say what is not as it should be."""

from dataclasses import asdict, replace

import click
import msgspec

from streams.commands.options import command_settings, json_option
from streams.settings import Settings
from streams.topic_admin import Difference, TopicAdmin, TopicCreationError, differences, settle_counts
from streams.topics import topic_specs

DEFAULT_PARTITIONS = 12


@click.command("topics", context_settings=command_settings())
@click.option(
    "--partitions",
    type=click.IntRange(1, 10_000),
    help=f"Of the input and usage topics.  [default: {DEFAULT_PARTITIONS}]",
)
@click.option(
    "--replication-factor",
    type=click.IntRange(1, 32_767),
    default=3,
    show_default=True,
    help="Copies of every partition; at most the number of brokers.",
)
@click.option(
    "--check", "is_check", is_flag=True, help="Create nothing; exit 1 if anything differs from what is needed."
)
@click.option("--no-input", is_flag=True, help="Leave the input topic to those who own it; it only has to exist.")
@json_option
def command(partitions: int | None, replication_factor: int, is_check: bool, no_input: bool, as_json: bool) -> None:
    """Create the topics of the service, or check them.

    What exists is never changed. Exits 1 when the service could not work with what is there.
    """
    settings = Settings()
    specs = topic_specs(settings, partitions or DEFAULT_PARTITIONS, replication_factor)
    of_others = [specs.pop("input").name] if no_input else []
    with TopicAdmin(settings) as admin:
        missing = admin.missing(of_others)
        existing = admin.existing(spec.name for spec in specs.values())
        created = []
        if not is_check:
            counts = settle_counts(specs, existing)
            created = [replace(s, partitions=counts[r]) for r, s in specs.items() if s.name not in existing]
            try:
                admin.create(created, replication_factor)
            except TopicCreationError as refused:
                raise click.ClickException(str(refused)) from refused
            existing |= admin.existing(spec.name for spec in created)
        denied = admin.denied([*missing, *(spec.name for spec in specs.values() if spec.name not in existing)])
    # No worker starts without it, whoever makes it.
    found = [Difference(name, "does not exist; its owners have to create it", is_fatal=True) for name in missing]
    found += differences(specs, existing, partitions, replication_factor)
    found = [replace(each, text="there is no right to see it") if each.topic in denied else each for each in found]
    if as_json:
        click.echo(
            msgspec.json.encode({"created": [s.name for s in created], "differences": [asdict(d) for d in found]})
        )
    else:
        for spec in created:
            click.echo(f"created {spec.name} with {spec.partitions} partition{'s' * (spec.partitions > 1)}")
        _tell(found, existing=len(existing) - len(created))
    if any(difference.is_fatal or is_check for difference in found):
        raise click.exceptions.Exit(1)


def _tell(found: list[Difference], existing: int) -> None:
    for difference in found:
        click.echo(f"{'error' if difference.is_fatal else 'note'}: {difference}", err=True)
    if existing:
        click.echo(f"{existing} topics were there already" + ("" if found else ", all as they should be"))
