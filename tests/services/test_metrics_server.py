"""The HTTP port of a worker, and the numbers of the server that it shows."""

import asyncio
import logging
import socket

import httpx
import pytest
from prometheus_client import REGISTRY

from app.metrics import delivery
from app.runtime.backlog import Backlog, forget
from app.runtime.local import METRICS_PORT, worker_metrics
from app.runtime.metrics_server import MetricsServer
from app.runtime.ports import free_port, is_free
from app.settings import Settings
from tests.wires import provisioned, until


async def test_it_answers_prometheus_and_a_prober() -> None:
    port = free_port()
    server = MetricsServer("127.0.0.1", port, lambda: False)
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            assert "vigil_messages_total" in (await client.get("/metrics")).text
            assert (await client.get("/healthz")).json() == {"status": "alive", "nats": "disconnected"}
            assert (await client.get("/nothing")).status_code == 404
    finally:
        await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_taken_port_costs_the_metrics_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, caplog.at_level(logging.ERROR):
        port = taken.getsockname()[1]
        server = MetricsServer("127.0.0.1", port, lambda: True)
        await server.start()
        await server.stop()
    assert f"VIGIL_METRICS_PORT={port} cannot be used" in caplog.text


async def test_the_servers_numbers_come_and_go_with_the_server(nats_url: str) -> None:
    async with provisioned(nats_url) as js:
        await js.publish("vigil.pii.detect", b"{}")

        async def connect():
            return js._nc

        backlog = Backlog(connect)
        await backlog.start()
        try:

            async def shown() -> bool:
                labels = {"consumer": "pii-worker"}
                return REGISTRY.get_sample_value("vigil_consumer_pending_messages", labels) == 1

            assert await until(shown)
            assert REGISTRY.get_sample_value("vigil_stream_messages", {"stream": "VIGIL"}) == 1
            assert REGISTRY.get_sample_value("vigil_nats_connected") == 1
        finally:
            await backlog.stop()
        forget()
        assert (
            REGISTRY.get_sample_value("vigil_consumer_pending_messages", {"consumer": "pii-worker"}) is None
        )
        assert delivery.PENDING._metrics == {}


def test_each_worker_of_vigil_up_has_a_port_of_its_own() -> None:
    first = next(port for port in iter(free_port, 0) if is_free(port + 1) and is_free(port + 2))
    chosen = worker_metrics(Settings(vigil_processes=3, vigil_metrics_port=first))
    assert chosen == {f"worker-{n + 1}": f"http://127.0.0.1:{first + n}/metrics" for n in range(3)}
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", METRICS_PORT))
            taken.listen()
        except OSError:
            """Somebody has it already, which is as good."""
        urls = worker_metrics(Settings(vigil_processes=2))
    assert len(set(urls.values())) == 2
    assert f"http://127.0.0.1:{METRICS_PORT}/metrics" not in urls.values()
