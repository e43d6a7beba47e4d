"""What a worker process does before its first and after its last message."""

import asyncio
import logging
import os

from faststream import FastStream
from faststream.nats import NatsBroker

from app import tracing
from app.errors import NotProvisioned
from app.metrics import delivery as metrics
from app.runtime import garbage, logs
from app.runtime.backlog import Backlog
from app.runtime.metrics_server import MetricsServer
from app.runtime.provisioning import require
from app.runtime.pulling import DrainableFetch, make_drainable
from app.settings import Settings
from app.streams import CONSUMERS

log = logging.getLogger("vigil.worker")


class Lifecycle:
    """Start: engines, connection, check of the consumers. Stop: pulls end, handlers finish, all is acked."""

    def __init__(self, broker: NatsBroker, settings: Settings) -> None:
        self._broker = broker
        self._settings = settings
        self._fetches: list[DrainableFetch] = []
        self._backlog = Backlog(broker.connect)
        self._metrics: MetricsServer | None = None

    def register(self, app: FastStream) -> None:
        """Hook into the application."""
        app.on_startup(self.start)
        app.after_startup(self.started)
        app.on_shutdown(self.drain)
        app.after_shutdown(self.stopped)

    async def start(self) -> None:
        """Connect (waiting for the server as long as it takes) and check what must exist.

        When one is missing, the process ends with one line that says which, and what creates it.
        """
        logs.configure(self._settings.vigil_log_level, self._settings.vigil_log_format)
        garbage.spare_what_is_loaded()
        connection = await self._broker.connect()
        mine = tuple(consumer for consumer in CONSUMERS if consumer.worker in self._settings.workers)
        try:
            await require(connection.jetstream(), mine)
        except NotProvisioned as missing:
            log.critical("%s", missing)
            # Any exception here becomes a page of traceback, and nothing has been started that needs an end.
            logging.shutdown()
            os._exit(1)

    async def started(self) -> None:
        """Now messages flow."""
        metrics.expect(
            consumer.durable for consumer in CONSUMERS if consumer.worker in self._settings.workers
        )
        self._fetches = make_drainable(self._broker)
        if self._settings.vigil_metrics_port is not None:
            await self._show(self._settings.vigil_metrics_port)
        log.info("running: %s", ", ".join(self._settings.workers))

    async def drain(self) -> None:
        """Stop asking for messages; what is running goes on."""
        for fetch in self._fetches:
            await fetch.drain()
        await self._backlog.stop()

    async def stopped(self) -> None:
        """All is acknowledged; show no metrics and send the last spans."""
        if self._metrics is not None:
            await self._metrics.stop()
        await asyncio.to_thread(tracing.stop)

    async def _show(self, port: int) -> None:
        connection = await self._broker.connect()
        self._metrics = MetricsServer(
            self._settings.vigil_metrics_host, port, lambda: connection.is_connected
        )
        await self._metrics.start()
        await self._backlog.start()
