"""The Faust application: ordinary agents that hand whole batches to the worker's stages.

What an agent does with a batch is: take the lock, let the stage process it, publish, ack.
"""

import asyncio
import os
import tempfile
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import faust
import structlog
from aiokafka.errors import KafkaConnectionError
from faust.types import TP
from mode import CrashingSupervisor

from streams import metric_defs
from streams.collector import collect_rarely
from streams.health import HealthServer
from streams.settings import Settings
from streams.transport import App, BatchSchema, BeforeCommit, Commits
from streams.watch import Watch
from streams.worker import Worker

log = structlog.get_logger()

LOOK_SECONDS = 1.0
"""Time between two looks at what is unread and who is silent."""
QUEUE_BATCHES = 8
"""Batches that wait in memory in front of an agent; a batch holds up to ``max_poll_records`` records."""
REBALANCE_SECONDS = 120.0
"""How long the group waits for a worker that is alive: a last checkpoint of all it has must fit in."""
LAST_CHECKPOINT_SECONDS = 12.0
"""How long a stopping worker tries to write its last checkpoint."""
LEAVE_SECONDS = 20.0
"""How long it tries to leave in good order, below the grace that Kubernetes gives (30 s). Only an unreachable broker
takes that long."""


def build_app(worker: Worker) -> App:
    """Return the Faust application of a worker; nothing connects before it starts."""
    settings = worker.settings
    app = App(
        settings.group_id,
        broker=[f"aiokafka://{server}" for server in settings.bootstrap_servers.split(",")],
        broker_credentials=broker_credentials(settings),
        broker_commit_interval=settings.checkpoint_interval_seconds,
        # By time alone.
        broker_commit_every=1_000_000_000,
        broker_max_poll_records=settings.max_poll_records,
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=settings.session_timeout_seconds / 10,
        broker_rebalance_timeout=REBALANCE_SECONDS,
        broker_request_timeout=max(90.0, settings.session_timeout_seconds + 10),
        consumer_auto_offset_reset="earliest",
        consumer_group_instance_id=settings.instance_id,
        stream_buffer_maxsize=QUEUE_BATCHES,
        # Faust would wait until every fetched batch is processed, also after a crash, when none will be.
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        store="memory://",
        datadir=tempfile.gettempdir(),
        web_enabled=False,
        debug=False,
    )
    app.before_commit = _before_commit(app, worker)
    app.positions = lambda: worker.positions
    for topic, stage in worker.stages.items():
        channel = app.topic(topic, schema=BatchSchema())
        app.agent(channel, name=stage.role, supervisor_strategy=CrashingSupervisor)(_agent(app, worker, stage.role))
    _register_hooks(app, worker)
    return app


def _before_commit(app: App, worker: Worker) -> BeforeCommit:
    async def before_commit(offsets: Mapping[TP, int]) -> Commits:
        try:
            return await worker.before_commit(offsets)
        except Exception as error:
            await _fail(app, worker, error, "checkpoint")
            raise

    return before_commit


def _agent(app: App, worker: Worker, role: str) -> Callable[[Any], Awaitable[None]]:
    async def consume(stream: Any) -> None:
        async for event in stream.noack().events():
            try:
                await _handle(app, worker, event)
            except asyncio.CancelledError:
                raise
            # Also what is no Exception: a panic in a compiled extension is not.
            except BaseException as error:
                await _fail(app, worker, error, f"stage {role}")
                raise
            # A batch is a few milliseconds of models; the loop must breathe in between.
            await asyncio.sleep(0)

    return consume


async def _handle(app: App, worker: Worker, event: Any) -> None:
    message = event.message
    async with worker.lock:
        if message.generation_id != app.consumer_generation_id or worker.failed is not None:
            # Fetched before a rebalance: not acked, so whoever has the partition now reads it again.
            return
        with metric_defs.BATCH_SECONDS.labels(worker.stages[message.topic].role).time():
            await worker.process(message.tp, message.value)
        event.ack()


async def _fail(app: App, worker: Worker, error: BaseException, where: str) -> None:
    """Stop the worker: nothing since the last checkpoint is committed."""
    _tell_failure(worker, error, where)
    await app.crash(error)


def _tell_failure(worker: Worker, error: BaseException, where: str, hint: str = "") -> None:
    if worker.failed is None:
        worker.failed = error
        _log_failure(error, where, hint)


def _log_failure(error: BaseException, where: str, hint: str = "") -> None:
    log.error("worker.failed", where=where, error=f"{error}{hint}", kind=type(error).__name__, exc_info=error)


def _register_hooks(app: App, worker: Worker) -> None:
    health = HealthServer(worker)
    looking: list[asyncio.Future[Any]] = []

    async def before_connecting() -> None:
        collect_rarely()
        log.info("health.listening", host=worker.settings.http_host, port=await health.start())
        looking.append(app.add_future(_keep_looking(app, worker)))

    def start_failed(error: Exception) -> None:
        hint = " (is KAFKA_BOOTSTRAP_SERVERS right?)" if isinstance(error, KafkaConnectionError) else ""
        _tell_failure(worker, error, "start", hint)

    def fetch_failed(error: Exception) -> None:
        # What was processed before is whole, and its checkpoint still to come.
        _log_failure(error, "fetch")

    async def assign(*_: Any, **__: Any) -> None:
        await _assign(app, worker)

    async def stop(*_: Any, **__: Any) -> None:
        _leave_in_any_case()
        await _end_looking(worker, looking)
        await _last_checkpoint(app, worker)
        await worker.publisher.stop()
        await health.stop()

    app.before_connecting = before_connecting
    app.start_failed = start_failed
    app.fetch_failed = fetch_failed
    app.on_rebalance_complete.connect(cast(Any, assign))
    app.on_before_shutdown.connect(cast(Any, stop))
    # Signals keep weak references, so something must hold their receivers.
    app.receivers = (assign, stop)


async def _keep_looking(app: App, worker: Worker) -> None:
    """Look at what is unread and who is silent until the application stops."""
    watch = Watch(worker)
    try:
        while not app.should_stop:
            await asyncio.sleep(LOOK_SECONDS)
            await watch.look(app.batches.unread)
    except Exception as error:
        await _fail(app, worker, error, "watch")
        raise


async def _assign(app: App, worker: Worker) -> None:
    """Bring the worker to the partitions that the group has given it; what of earlier ones is in work acks no more."""
    try:
        async with worker.lock:
            app.batches.forget_acks()
            await worker.assign(app.consumer.assignment())
    except Exception as error:
        await _fail(app, worker, error, "assignment")
        raise


def _leave_in_any_case() -> None:
    """End the process when stopping hangs; the next owner repeats what was not committed, as after any crash."""

    def leave() -> None:
        log.error("worker.left_unfinished", seconds=LEAVE_SECONDS)
        os._exit(1)

    timer = threading.Timer(LEAVE_SECONDS, leave)
    timer.daemon = True
    timer.start()


async def _end_looking(worker: Worker, looking: list[asyncio.Future[Any]]) -> None:
    """Look no more: it would ask the consumer's thread, which ends before this one."""
    try:
        # With the lock in our hands no look is cut in two; whoever holds it for long is stuck anyway.
        async with asyncio.timeout(LOOK_SECONDS), worker.lock:
            pass
    except TimeoutError:
        log.warning("worker.stopped_at_work", seconds=LOOK_SECONDS)
    for task in looking:
        task.cancel()


async def _last_checkpoint(app: App, worker: Worker) -> None:
    if worker.failed is not None or not worker.is_ready:
        return
    try:
        async with asyncio.timeout(LAST_CHECKPOINT_SECONDS):
            await app.consumer.commit()
    except Exception as error:
        # The worker stops all the same; whoever takes over repeats what this checkpoint would have included.
        log.exception("checkpoint.failed", error=str(error))


def broker_credentials(settings: Settings) -> Any:
    """Faust's form of the security settings, ``None`` for a plain connection."""
    context = settings.ssl_context()
    if settings.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password.get_secret_value() if settings.sasl_password else None,
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)
