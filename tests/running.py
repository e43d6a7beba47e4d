"""The product, started as a user starts it, for tests that use it as a user does."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
from clickhouse_driver import Client
from clickhouse_driver.errors import Error as ClickHouseError

from app.runtime.ports import free_port
from tests.documents import ROOT

CLEAN = ("NATS_SERVERS", "CLICKHOUSE_HOST", "CLICKHOUSE_PORT", "REDIS_URL", "VIGIL_PORT", "VIGIL_WORKERS")


class Vigil:
    """One `vigil up` on ports and in a folder of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in CLEAN},
            "VIGIL_PORT": str(self.port),
            "VIGIL_DATA_DIR": str(folder / "data"),
            **environment,
        }
        self.output = folder / "up.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, within_s: float = 90.0) -> float:
        """Seconds until it said that it is ready."""
        started = time.monotonic()
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                self.started_by, env=self.environment, cwd=self.folder, stdout=output, stderr=output
            )
        while "Vigil is ready" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() - started < within_s, self.said()
            time.sleep(0.05)
        return time.monotonic() - started

    @property
    def started_by(self) -> list[str]:
        """The command that runs it."""
        return [*COMMAND, "up"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self, number: int = signal.SIGINT) -> int:
        """The exit status."""
        if self.process is None or self.process.poll() is not None:
            return 0
        self.process.send_signal(number)
        return self.process.wait(60)

    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def command(self, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Another `vigil` command on the same data folder."""
        return subprocess.run(
            [*COMMAND, *words],
            env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False, **options,
        )  # fmt: skip

    @property
    def key(self) -> str:
        return (self.folder / "data" / "dev-key").read_text().strip()

    @property
    def services(self) -> dict[str, Any]:
        return json.loads((self.folder / "data" / "services.json").read_text())

    def client(self, **options: Any) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20.0, **options)

    def guard(self, text: str, direction: str = "input", **more: Any) -> httpx.Response:
        return self.post(f"/v1/guard/{direction}", {"text": text, **more})

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.post(f"{self.url}{path}", json=body, headers=headers, timeout=20.0)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What ClickHouse answers."""
        client = Client(self.services["clickhouse_host"], self.services["clickhouse_port"])
        try:
            return client.execute(query)
        finally:
            client.disconnect()

    def events(self, request_id: str, within_s: float = 20.0) -> list[tuple[Any, ...]]:
        """(decision, redacted text, outcome) of the request's rows, as soon as there is one."""
        query = (
            "SELECT arbiter_decision, redacted_text, outcome FROM n8n_logs.vigil_events "
            f"WHERE request_id = '{request_id}'"
        )
        end = time.monotonic() + within_s
        found: list[tuple[Any, ...]] = []
        while not found and time.monotonic() < end:
            with suppress(ClickHouseError, OSError, EOFError):  # a test may have killed it
                found = self.rows(query)
            time.sleep(0.1)
        return found

    def wait_for_all(self, within_s: float = 60.0) -> dict[str, str]:
        """Where each process shows its metrics, once all of them do: the last workers load while the first serve."""
        end = time.monotonic() + within_s
        urls: dict[str, str] = self.services["metrics"]
        for process, url in urls.items():
            while True:
                with suppress(httpx.TransportError):
                    if httpx.get(url, timeout=10).is_success:
                        break
                assert time.monotonic() < end, f"{process} shows no metrics"
                time.sleep(0.1)
        return urls

    def processes(self, name: str | None = None) -> list[psutil.Process]:
        """The children of the running product whose command line holds `name`."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if name is None or name in " ".join(child.cmdline())]


class Cluster(Vigil):
    """One `make cluster`: the processes of the compose file on addresses of their own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        super().__init__(folder, **environment)
        self.environment |= {"VIGIL_CLUSTER_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT)}

    @property
    def started_by(self) -> list[str]:
        return [sys.executable, "-m", "deploy.compose.native"]

    def start(self, within_s: float = 110.0) -> float:
        took = super().start(within_s)
        self.url = f"http://{self.address('api')}:8080"
        return took

    @property
    def key(self) -> str:
        return (self.folder / "data" / "key").read_text().strip()

    @property
    def containers(self) -> dict[str, Any]:
        """Address and process of each, as they were when all had come up."""
        return json.loads((self.folder / "data" / "containers.json").read_text())

    @property
    def services(self) -> dict[str, Any]:
        return {"clickhouse_host": self.address("clickhouse"), "clickhouse_port": 9000}

    def address(self, container: str) -> str:
        return self.containers[container]["address"]

    def kill(self, container: str) -> None:
        """SIGKILL. It is started again, as compose does, and has another number then."""
        os.kill(self.containers[container]["pid"], signal.SIGKILL)


# The interpreter of the tests, so that the product of this clone runs and no other.
COMMAND = (sys.executable, "-m", "app")
