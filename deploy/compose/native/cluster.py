"""Starts the services of the compose file in order, and ends them."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from app.access.client import Scope
from app.errors import StartError
from app.runtime.children import Child
from app.runtime.clickhouse_server import ClickHouseServer
from app.runtime.data_folder import DataFolder
from app.settings import Settings
from deploy.compose.native.container import Container
from deploy.compose.native.document import Document, Service, read, read_settings
from deploy.compose.native.network import addresses
from deploy.image.containerfile import environment

ROOT = Path(__file__).parents[3]
COMPOSE = ROOT / "deploy/compose"
VENV = ROOT / ".venv"
IMAGE = environment((ROOT / "Containerfile").read_text(encoding="utf-8"))
START_TIMEOUT_S = 120.0
GRACE_S = 30.0
# Where a container answers when it is well, by what its image is; our own image: by its command.
NATS_HEALTH = ":8222/healthz?js-enabled-only=true"
WORKER_HEALTH = ":9464/healthz"
API_HEALTH = ":8080/healthz"


class Cluster:
    """The running processes, by the names of their containers."""

    def __init__(self, folder: Path, document: Document) -> None:
        self.folder = folder
        self.processes: dict[str, Child | ClickHouseServer] = {}
        chosen = addresses(sum(service.replicas for service in document.services))
        self.containers = self._contained(document, chosen)

    @property
    def api_url(self) -> str:
        """Where it takes requests."""
        return f"http://{self.containers['api'].address}:8080"

    async def start(self) -> None:
        """Servers first, then what does its work once, then the rest; each group side by side.

        Raises:
            StartError: something does not come up.
        """
        containers = self.containers.values()
        servers = [one for one in containers if not one.service.waits and not one.service.once]
        await asyncio.gather(*map(self._start, servers))
        for one in containers:
            if one.service.once:
                await self._run_once(one)
        await asyncio.gather(*(self._start(one) for one in containers if one.service.waits))
        await self._answering("/readyz")

    async def stop(self) -> None:
        """In the other direction."""
        waiting = {name for name, one in self.containers.items() if one.service.waits}
        for names in (waiting, set(self.processes) - waiting):
            await asyncio.gather(*(self.processes.pop(name).stop() for name in names & set(self.processes)))

    async def run(self, name: str, *command: str) -> str:
        """What a command says that is run inside a container. Raises StartError when it fails."""
        container = self.containers[name]
        process = await asyncio.create_subprocess_exec(
            *command, env=self._environment(container), cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        said, complained = await process.communicate()
        if process.returncode:
            raise StartError(f"{name}: {' '.join(command)}: {complained.decode() or said.decode()}")
        return said.decode()

    async def key(self) -> str:
        """A key with all scopes, made once for this folder as an operator makes one."""
        file = self.folder / "key"
        if not file.exists():
            scopes = [word for scope in Scope for word in ("--scope", scope.value)]
            said = await self.run("api", "vigil", "keys", "create", "cluster", *scopes, "--json")
            file.touch(mode=0o600)
            file.write_text(json.loads(said)["key"], encoding="ascii")
        return file.read_text(encoding="ascii")

    async def accepted(self, key: str) -> None:
        """Wait until the API knows `key`: it hears of one that was just made, up to two seconds later.

        Raises:
            StartError: it goes on refusing the key.
        """
        await self._answering("/v1/guard/jobs", {"Authorization": f"Bearer {key}"})

    def _contained(self, document: Document, chosen: Sequence[str]) -> dict[str, Container]:
        replicas = [(service, n) for service in document.services for n in range(1, service.replicas + 1)]
        names = {
            service.name: address
            for (service, _), address in zip(replicas, chosen, strict=True)
            if service.replicas == 1
        }
        containers = {}
        for (service, number), address in zip(replicas, chosen, strict=True):
            bare = Container(
                service, number, address, self.folder / "containers" / f"{service.name}-{number}", names
            )
            containers[bare.name] = self._with_paths(bare, document)
        return containers

    def _with_paths(self, bare: Container, document: Document) -> Container:
        paths = {
            "/opt/vigil": VENV,
            "/srv/vigil": ROOT,
            "/tmp": bare.folder / "tmp",  # noqa: S108 - a container's
            "/run/secrets": bare.folder / "secrets",
        }
        for target, source in bare.service.mounts:
            paths[target] = (
                bare.folder / Path(target).name if _is_path(source) else self.folder / "volumes" / source
            )
        container = Container(bare.service, bare.number, bare.address, bare.folder, bare.names, paths)
        for folder in paths.values():
            folder.mkdir(parents=True, exist_ok=True)
        for target, source in bare.service.mounts:
            if _is_path(source):
                container.copied(COMPOSE / source, Path(target).name)
        for name in bare.service.secrets:
            _copy(Path(document.secrets[name]), paths["/run/secrets"] / name)
        return container

    def _environment(self, container: Container) -> dict[str, str]:
        # Settings of the shell that started us would be settings of no container.
        ours = {name.upper() for name in Settings.model_fields}
        outside = {name: value for name, value in os.environ.items() if name not in ours}
        return {**outside, **container.environment(IMAGE)}

    async def _start(self, container: Container) -> None:
        process = (
            self._clickhouse(container) if "clickhouse" in container.service.image else self._child(container)
        )
        self.processes[container.name] = process
        await process.start()

    async def _run_once(self, container: Container) -> None:
        said = await self.run(container.name, *container.command)
        (self.folder / "logs" / f"{container.name}.log").write_text(said, encoding="utf-8")

    def _child(self, container: Container) -> Child:
        url = _health_url(container.service)

        async def healthy() -> bool:
            if url is None:
                return True
            async with httpx.AsyncClient(timeout=2.0) as client:
                return (await client.get(f"http://{container.address}{url}")).is_success

        return Child(
            container.name,
            container.command,
            healthy=healthy,
            log_file=self.folder / "logs" / f"{container.name}.log",
            cwd=container.paths.get("/data", ROOT),
            env=self._environment(container),
            start_timeout_s=START_TIMEOUT_S,
            grace_s=GRACE_S,
        )

    def _clickhouse(self, container: Container) -> ClickHouseServer:
        own = container.environment({})
        password = Path(own["CLICKHOUSE_PASSWORD_FILE"]).read_text(encoding="ascii")
        return ClickHouseServer(
            self.folder / "volumes/clickhouse",
            host=container.address,
            port=9000,
            users={own["CLICKHOUSE_USER"]: password},
        )

    async def _answering(self, path: str, headers: Mapping[str, str] | None = None) -> None:
        """Wait for a good answer of the API. Raises StartError with its last bad one."""
        reason = "no answer"
        async with httpx.AsyncClient(base_url=self.api_url, headers=headers, timeout=5.0) as client:
            for _ in range(int(START_TIMEOUT_S / 0.2)):
                try:
                    answer = await client.get(path)
                except httpx.HTTPError as error:
                    reason = str(error)
                else:
                    if answer.is_success:
                        return
                    reason = answer.text
                await asyncio.sleep(0.2)
        raise StartError(f"the cluster is not ready: {reason}")


@asynccontextmanager
async def cluster(folder: Path, size: str = "full") -> AsyncIterator[Cluster]:
    """The compose file with the settings of one size, running.

    Raises:
        StartError: the folder is in use, or something does not come up.
    """
    with DataFolder(folder) as data:
        data.folder("logs")
        secrets = data.folder("secrets")
        subprocess.run(["/bin/sh", COMPOSE / "secrets.sh", secrets], check=True, capture_output=True)  # noqa: ASYNC221 - 10 ms
        settings = {**read_settings(COMPOSE / f"{size}.env"), "VIGIL_SECRETS": str(secrets.absolute())}
        running = Cluster(data.path.absolute(), read(COMPOSE / "compose.yaml", settings))
        try:
            await running.start()
            yield running
        finally:
            await running.stop()


def _copy(source: Path, target: Path) -> None:
    # A link would be refused: settings are read from files of the folder itself.
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    target.write_bytes(source.read_bytes())


def _is_path(source: str) -> bool:
    return source.startswith((".", "/"))


def _health_url(service: Service) -> str | None:
    if "/nats:" in service.image:
        return NATS_HEALTH
    if "app.api" in service.command:
        return API_HEALTH
    return WORKER_HEALTH if "faststream" in service.command else None
