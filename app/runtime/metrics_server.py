"""`/metrics` and `/healthz` of a process that has no other HTTP port."""

import asyncio
import logging
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

log = logging.getLogger("vigil.metrics")


class _Server(uvicorn.Server):
    """uvicorn inside a program that has its own way with signals."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave them alone."""
        yield


class MetricsServer:
    """Answers Prometheus, and a prober that wants to know whether the event loop still turns.

    Args:
        host: address to listen on.
        port: to listen on. When another program has it, the process works without: an error line says so.
        connected: whether the process is connected to NATS.
    """

    def __init__(self, host: str, port: int, connected: Callable[[], bool]) -> None:
        self._address = (host, port)
        self._connected = connected
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen."""
        try:
            listener = socket.create_server(self._address)
        except OSError as error:
            log.error(
                "no metrics: VIGIL_METRICS_PORT=%d cannot be used: %s", self._address[1], error.strerror
            )
            return
        routes = [Route("/metrics", _metrics), Route("/healthz", self._healthz)]
        config = uvicorn.Config(
            Starlette(routes=routes), lifespan="off", log_config=None, access_log=False, server_header=False
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="serve metrics")

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None and self._serving is not None:
            self._server.should_exit = True
            with suppress(asyncio.CancelledError):
                await self._serving

    async def _healthz(self, _: Request) -> JSONResponse:
        return JSONResponse({"status": "alive", "nats": "connected" if self._connected() else "disconnected"})


async def _metrics(_: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
