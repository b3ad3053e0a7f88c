"""``stillwatch worker``: the service."""

import os
import sys

import click
import structlog
from kafka.errors import KafkaError

from detectors.snapshot import STATE_VERSION
from detectors.spec import SpecError, load_spec
from streams.commands.options import command_settings
from streams.configuration import PUBLIC_KEY_WARNING, fingerprints_prompts, has_public_key, unknown_variables
from streams.logs import configure_logs
from streams.release import release
from streams.settings import Settings
from streams.topic_admin import TopicAdmin
from streams.topics import needed_topics


@click.command("worker", context_settings=command_settings())
def command() -> None:
    """Run the service until it is told to stop.

    Settings come from STILLWATCH_* variables and KAFKA_BOOTSTRAP_SERVERS; `stillwatch config show` lists them. Exits 0
    after SIGTERM or SIGINT, 1 when it cannot go on; then nothing unfinished was committed and a restart repeats it.
    """
    import faust

    from streams.app import build_app
    from streams.worker import Worker

    settings = Settings()
    configure_logs(settings.log_format, settings.log_level)
    _warn(settings)
    try:
        spec = load_spec(settings.spec_file)
    except SpecError as error:
        raise click.ClickException(str(error)) from error
    structlog.get_logger().info(
        "worker.starting",
        release=release(),
        state_version=STATE_VERSION,
        group=settings.group_id,
        stages=sorted(settings.stages),
        spec=spec.name,
        spec_version=spec.version,
        spec_fingerprint=spec.fingerprint,
    )
    if _lacks_topics(settings):
        sys.exit(1)
    service = faust.Worker(build_app(Worker(settings, spec)), override_logging=False, loglevel=None, quiet=True)
    # It would write terminal escapes between the lines of the log.
    service.spinner = None
    sys.exit(service.execute_from_commandline())


def _lacks_topics(settings: Settings) -> bool:
    """Say which topics the worker lacks; to ask for one by its name, as Faust does, can make the broker create it."""
    log = structlog.get_logger()
    try:
        with TopicAdmin(settings) as admin:
            lacking = admin.missing(needed_topics(settings))
            denied = admin.denied(lacking)
    except KafkaError as error:
        # Not the end yet: the worker tries once more itself, and exits with 1 when that fails too. Whoever runs it
        # starts it again.
        log.warning("broker.unreachable", error=repr(error))
        return False
    if denied:
        log.error("topics.denied", topics=denied, detail="there is no right to see them, whether they are there or not")
    if missing := sorted(set(lacking) - set(denied)):
        detail = "make them with `stillwatch topics`: one that a broker makes by itself may delete state"
        log.error("topics.missing", topics=missing, detail=detail)
    return bool(lacking)


def _warn(settings: Settings) -> None:
    """Log what is probably meant otherwise; the worker can run with it all the same."""
    log = structlog.get_logger()
    for complaint in unknown_variables(os.environ):
        log.warning("settings.unknown_variable", detail=complaint)
    if fingerprints_prompts(settings) and has_public_key(settings):
        log.warning("settings.public_key", detail=PUBLIC_KEY_WARNING)
