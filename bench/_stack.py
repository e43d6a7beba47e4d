"""Servers and a logging worker for the benches of the event log, in a temporary folder, on free ports."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import nats
import psutil
from clickhouse_driver import Client
from nats.js import JetStreamContext

from app.runtime.clickhouse_server import ClickHouseServer
from app.runtime.headers import MESSAGE_ID
from app.runtime.local import QUIET_THREADS, provision
from app.runtime.nats_server import NatsServer
from app.runtime.ports import free_port
from app.schemas.event import Event
from app.streams import LOGS_EVENT, VIGIL

TEXT = (
    "Mój PESEL to [PL_PESEL_1], proszę o pomoc w sprawie faktury, którą przysłaliście mi w zeszłym tygodniu. "
)
DECISIONS = ("ALLOW", "ALLOW", "ALLOW", "SANITIZE", "BLOCK")


def ago(**much: float) -> datetime:
    """So long before now."""
    return datetime.now(UTC) - timedelta(**much)


def events(count: int, prefix: str = "event") -> Iterator[Event]:
    """Events as the arbiter writes them, about 1 kB of JSON each, over the last hour."""
    now = datetime.now(UTC)
    for number in range(count):
        yield Event.model_validate(
            {
                "event_id": f"{prefix}-{number}",
                "request_id": f"{prefix}-{number}",
                "client_id": f"client-{number % 5}",
                "direction": "input",
                "mode": "full",
                "accepted_at": now - timedelta(milliseconds=number % 3_600_000),
                "outcome": "answered",
                "decision": DECISIONS[number % 5],
                "branch_a_score": number % 100,
                "branch_b_score": number % 90,
                "branch_c_score": number % 80,
                "weighted_score": number % 85,
                "threat_score": number % 85,
                "categories": ["jailbreak"] if number % 5 == 4 else [],
                "pii_types": ["PL_PESEL"] if number % 5 == 3 else [],
                "pii_count": int(number % 5 == 3),
                "redacted_text": TEXT * 3,
                "text_chars": 300,
                "language": "pl",
                **dict.fromkeys(("detection_ms", "decision_ms", "pii_ms", "settle_ms"), 1.5 + number % 7),
                **dict.fromkeys(("branch_a_ms", "branch_b_ms", "branch_c_ms"), 0.5 + number % 5),
                "total_ms": 10.0 + number % 50,
            }
        )


@dataclass
class Stack:
    """Running servers."""

    folder: Path
    nats: NatsServer
    clickhouse: ClickHouseServer
    js: JetStreamContext

    def query(self, text: str) -> list[tuple]:
        """What ClickHouse answers."""
        client = Client(self.clickhouse.host, self.clickhouse.port, send_receive_timeout=60)
        try:
            return client.execute(text)
        finally:
            client.disconnect()

    def stored(self) -> int:
        """How many distinct events are stored; 0 while it cannot be asked."""
        try:
            return self.query("SELECT uniqExact(event_id) FROM n8n_logs.vigil_events")[0][0]
        except Exception:
            return 0

    @property
    def environment(self) -> dict[str, str]:
        """Variables for processes of Vigil on these servers."""
        return {
            **QUIET_THREADS,
            **os.environ,
            "NATS_SERVERS": self.nats.url,
            "CLICKHOUSE_HOST": self.clickhouse.host,
            "CLICKHOUSE_PORT": str(self.clickhouse.port),
            "VIGIL_DATA_DIR": str(self.folder),
        }

    async def start_worker(self, **settings: str) -> asyncio.subprocess.Process:
        """A worker process that does nothing but the event log."""
        environment = {**self.environment, "VIGIL_WORKERS": "logging", **settings}
        command = (sys.executable, "-m", "faststream", "run", "app:app")
        with (self.folder / "worker.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)

    async def _publish(self, payload: bytes, name: str) -> None:
        await self.js.publish(LOGS_EVENT, payload, stream=VIGIL.name, headers={MESSAGE_ID: name})

    async def publish(
        self, payloads: Sequence[bytes], per_second: float = float("inf"), prefix: str = "e"
    ) -> None:
        """Put events into the stream, several at a time, each acknowledged."""
        loop = asyncio.get_running_loop()
        started, together = loop.time(), 200
        for at in range(0, len(payloads), together):
            some = payloads[at : at + together]
            await asyncio.gather(*(self._publish(one, f"{prefix}{at + n}") for n, one in enumerate(some)))
            await asyncio.sleep(max(0.0, started + (at + len(some)) / per_second - loop.time()))


@asynccontextmanager
async def stack() -> AsyncIterator[Stack]:
    """Both servers, provisioned and empty."""
    with TemporaryDirectory(prefix="vigil-bench-") as folder:
        nats_server = NatsServer(Path(folder) / "nats", port=free_port(), monitor_port=free_port())
        clickhouse = ClickHouseServer(Path(folder) / "clickhouse", port=free_port())
        await nats_server.start()
        await clickhouse.start()
        try:
            await provision(nats_server.url)
            connection = await nats.connect(nats_server.url)
            try:
                yield Stack(Path(folder), nats_server, clickhouse, connection.jetstream(timeout=30))
            finally:
                await connection.close()
        finally:
            await clickhouse.stop()
            await nats_server.stop()


async def stop(process: asyncio.subprocess.Process) -> None:
    """SIGTERM, and wait."""
    if process.returncode is None:
        process.terminate()
    await process.wait()


class Usage:
    """What a process used between two moments."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._clock = asyncio.get_running_loop().time
        self._started, self._before = self._clock(), self._cpu()
        self.peak_mb = 0.0

    def look(self) -> None:
        """Take note of the memory now."""
        self.peak_mb = max(self.peak_mb, self._process.memory_info().rss / 1e6)

    def cores(self) -> float:
        """Processor seconds per second since the start."""
        return (self._cpu() - self._before) / (self._clock() - self._started)

    def seconds(self) -> float:
        """Since the start."""
        return self._clock() - self._started

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system
