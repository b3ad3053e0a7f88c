"""Health and metrics over HTTP: liveness is progress, not mere presence."""

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from streams.worker import Worker


class HealthServer:
    """Serves ``/livez``, ``/readyz`` and ``/metrics``.

    Not live: messages wait and none was processed for ``stall_seconds``, or an assignment has been going on for as
    long. The loop that answers is the loop that works, so a blocked worker does not answer at all.
    Not ready: partitions are not assigned or not restored yet.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen and return the port; raises ``OSError`` when it cannot be had."""
        routes = web.Application()
        routes.router.add_get("/livez", self._live)
        routes.router.add_get("/readyz", self._ready)
        routes.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(routes, access_log=None)
        await self._runner.setup()
        settings = self._worker.settings
        try:
            await web.TCPSite(self._runner, settings.http_host, settings.http_port).start()
        except OSError as error:
            place = "STILLWATCH_HTTP_HOST and STILLWATCH_HTTP_PORT say where, port 0 is any that is free"
            raise OSError(error.errno, f"health and metrics: {error.strerror}; {place}") from error
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _live(self, _: web.Request) -> web.Response:
        still_seconds = self._worker.still_seconds()
        if still_seconds > self._worker.settings.stall_seconds:
            return web.Response(status=503, text=f"no progress for {still_seconds:.0f} s while work waits\n")
        return web.Response(text="live\n")

    async def _ready(self, _: web.Request) -> web.Response:
        if not self._worker.is_ready:
            return web.Response(status=503, text="partitions are not restored yet\n")
        return web.Response(text="ready\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
