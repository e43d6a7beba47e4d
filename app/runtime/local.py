"""A whole Vigil on one machine: embedded servers, worker processes, the API."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx
import nats

from app.errors import StartError
from app.events.access import open_store
from app.runtime.children import Child
from app.runtime.clickhouse_server import ClickHouseServer
from app.runtime.data_folder import DataFolder
from app.runtime.nats_server import NatsServer
from app.runtime.ports import choose_port
from app.runtime.provisioning import apply
from app.runtime.services import Services
from app.runtime.supervisor import Supervisor
from app.settings import Settings

READY_TIMEOUT_S = 60.0
# Threads of one process may not wait for each other by spinning: the other process needs the core.
# The first worker process shows its metrics here when it is free, the next one on the next port.
METRICS_PORT = 9464
QUIET_THREADS = {"OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


@asynccontextmanager
async def local(settings: Settings) -> AsyncIterator[Services]:
    """Run everything; inside the context it is ready for requests. On the way out all ends, in order.

    Raises:
        StartError: a port or the data folder is taken, or something does not come up.
    """
    choose_port(settings.vigil_port, explicit=settings.vigil_port, setting="VIGIL_PORT")
    with DataFolder(settings.vigil_data_dir) as data:
        async with Supervisor() as servers:
            services = await _servers(servers, data, settings)
            services.write(settings.vigil_data_dir)
            first, *others = _workers(services, data, settings)
            needed = [first, _api(services, data)]
            for process in needed:
                await servers.start(process)
            await _ready(services.api_url, needed)
            # Loading engines takes a core for seconds: the others load when requests are served already.
            for process in others:
                await servers.start(process, beside=first)
            yield services


async def _servers(servers: Supervisor, data: DataFolder, settings: Settings) -> Services:
    nats_servers = settings.nats_servers
    if not nats_servers:
        nats_server = NatsServer(
            data.folder("nats"),
            port=settings.vigil_nats_port,
            keep_fds=[data.lock_fd],
            store_key=settings.vigil_stream_key,
        )
        await servers.start(nats_server)
        nats_servers = nats_server.url
        await provision(nats_servers)
    host, port = settings.clickhouse_host, settings.clickhouse_port
    if not host:
        clickhouse = ClickHouseServer(data.folder("clickhouse"), port=port, keep_fds=[data.lock_fd])
        await servers.start(clickhouse)
        host, port = clickhouse.host, clickhouse.port
        await asyncio.to_thread(_migrate, host, port, settings)
    api_url = f"http://{settings.vigil_host}:{settings.vigil_port}"
    return Services(
        nats_servers=nats_servers,
        clickhouse_host=host,
        clickhouse_port=port or 9000,
        api_url=api_url,
        metrics={"api": f"{api_url}/metrics", **_worker_metrics(settings)},
    )


def _worker_metrics(settings: Settings) -> dict[str, str]:
    """Where each worker process shows its metrics: from VIGIL_METRICS_PORT on, without it wherever it is free."""
    first = settings.vigil_metrics_port
    chosen: list[int] = [settings.vigil_port]
    for number in range(settings.vigil_processes):
        explicit = None if first is None else first + number
        chosen.append(
            choose_port(
                METRICS_PORT + number, explicit=explicit, setting="VIGIL_METRICS_PORT", exclude=chosen
            )
        )
    host = settings.vigil_metrics_host
    return {f"worker-{number}": f"http://{host}:{port}/metrics" for number, port in enumerate(chosen[1:], 1)}


async def provision(nats_url: str) -> None:
    """Streams and consumers of an embedded server, which is ours to set up."""
    connection = await nats.connect(nats_url)
    try:
        refused = [change for change in await apply(connection.jetstream(), replicas=1) if change.refused]
    finally:
        await connection.close()
    if refused:
        raise StartError("; ".join(map(str, refused)))


def _migrate(host: str, port: int, settings: Settings) -> None:
    store = open_store(settings, host=host, port=port)
    try:
        store.migrate()
    finally:
        store.close()


def _workers(services: Services, data: DataFolder, settings: Settings) -> list[Child]:
    command = (sys.executable, "-m", "faststream", "run", "app:app")
    return [
        _process(
            f"worker-{number}",
            command,
            services,
            data,
            environment={"VIGIL_METRICS_PORT": str(urlsplit(services.metrics[f"worker-{number}"]).port)},
        )
        for number in range(1, settings.vigil_processes + 1)
    ]


def _api(services: Services, data: DataFolder) -> Child:
    return _process(
        "api", (sys.executable, "-m", "app.api"), services, data, health_url=f"{services.api_url}/healthz"
    )


def _process(
    name: str,
    command: Sequence[str],
    services: Services,
    data: DataFolder,
    *,
    environment: Mapping[str, str] | None = None,
    health_url: str | None = None,
) -> Child:
    async def healthy() -> bool:
        if health_url is None:
            return True  # a worker has no port: the probe through the pipeline tells
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(health_url)).is_success
            except httpx.HTTPError:
                return False

    return Child(
        name,
        command,
        healthy=healthy,
        log_file=data.folder("logs") / f"{name}.log",
        env={**QUIET_THREADS, **os.environ, **services.environment, **(environment or {})},
        start_timeout_s=READY_TIMEOUT_S,  # a busy machine takes its time to load the modules
        grace_s=25.0,
    )


async def _ready(api_url: str, processes: Sequence[Child]) -> None:
    reason = "no answer"
    async with httpx.AsyncClient(timeout=5.0) as client:
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while True:
                    for process in processes:
                        if process.restarts:
                            raise StartError(f"{process.name} ends by itself: {process.tail()}")
                    try:
                        answer = await client.get(f"{api_url}/readyz")
                    except httpx.HTTPError as error:
                        reason = str(error)
                    else:
                        if answer.is_success:
                            return
                        reason = answer.json().get("reason", answer.text)
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise StartError(f"not ready within {READY_TIMEOUT_S:g} s: {reason}") from None
