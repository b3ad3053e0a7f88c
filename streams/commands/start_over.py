"""``stillwatch start-over``: state that cannot be read on, or with another number of partitions, is made anew."""

import click

from streams.commands.options import command_settings
from streams.group_admin import GroupAdmin
from streams.settings import Settings
from streams.topic_admin import TopicAdmin, TopicDeletionError
from streams.topics import MADE_OF_INPUT, topic_name


@click.command("start-over", context_settings=command_settings())
@click.option("--yes", "is_sure", is_flag=True, help="Delete; without it, what would go is only listed.")
@click.option("--group-is-gone", is_flag=True, help="Go on where the group is not there (Kafka forgets idle ones).")
def command(is_sure: bool, group_is_gone: bool) -> None:
    """Delete the state and the offsets of the workers, so that they begin with the input anew.

    The input, the alerts, the dead letters and the feedback stay. Nothing is deleted while a worker is in the group.
    Needs the rights Describe and Delete on the group and the topics; `stillwatch topics` makes them again. Exits 1 when
    nothing was deleted.
    """
    settings = Settings()
    with GroupAdmin(settings) as groups, TopicAdmin(settings) as topics:
        members = groups.members()
        names = [topic_name(settings, role) for role in MADE_OF_INPUT]
        missing = topics.missing(names)
        if members is not None:
            click.echo(f"group {settings.group_id}")
        for name in names:
            click.echo(f"topic {name}{' is not there, or there is no right to see it' * (name in missing)}")
        if reason := _hindrance(settings.group_id, members, is_group_needed=not group_is_gone):
            raise click.ClickException(f"nothing was deleted: {reason}")
        if not is_sure:
            raise click.ClickException("nothing was deleted: --yes deletes what is listed, for good")
        # The group last: while it is there, a second attempt finds all that the first has left.
        _delete_topics(topics, [name for name in names if name not in missing])
        if members is not None:
            groups.delete()
    click.echo("deleted")


def _hindrance(group: str, members: int | None, *, is_group_needed: bool) -> str:
    if members:
        return f"the group {group} has members ({members}); stop the workers, and wait for their session timeout"
    if members is None and is_group_needed:
        # With the wrong name the topics would go from under running workers.
        return f"there is no group {group}; is STILLWATCH_GROUP_ID right? If so, add --group-is-gone"
    return ""


def _delete_topics(topics: TopicAdmin, names: list[str]) -> None:
    try:
        topics.delete(names)
    except TopicDeletionError as refused:
        raise click.ClickException(f"{refused}; once that is settled, run this again") from refused
