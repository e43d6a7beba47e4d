"""Real servers for tests: on free ports, in temporary folders, ended when the test or the session ends."""

import asyncio
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from app.runtime.clickhouse_server import ClickHouseServer
from app.runtime.nats_server import NatsServer
from app.runtime.ports import free_port

T = TypeVar("T")


async def eventually(condition: Callable[[], bool], within_s: float = 20) -> None:
    """Return when `condition` holds; fail when it does not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {within_s:g} s"
        await asyncio.sleep(0.02)


class LoopThread:
    """An event loop in a thread of its own, for servers that outlive the loop of one test."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="servers", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`; blocks the caller."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class RestartableServer:
    """An embedded server whose methods block: call them from an async test with `asyncio.to_thread`.

    `stop()` and `kill()` leave it down, `start()` brings it back on the same port with the same data.
    """

    def __init__(self, server: NatsServer | ClickHouseServer, loop: LoopThread) -> None:
        self.server = server
        self._loop = loop

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def url(self) -> str:
        return f"nats://{self.host}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self.server.child.pid if self.server.child else None

    def start(self) -> None:
        self._loop.run(self.server.start())

    def stop(self) -> None:
        self._loop.run(self.server.stop())

    def kill(self) -> None:
        """SIGKILL, and it stays down until `start()`."""
        self._loop.run(self._kill())

    def suspend(self) -> None:
        """SIGSTOP: it keeps its port and answers nothing."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        assert self.pid is not None
        os.kill(self.pid, signal.SIGCONT)

    async def _kill(self) -> None:
        child = self.server.child
        assert child is not None
        child.kill()
        await child.stop()


@pytest.fixture(scope="session")
def server_loop() -> Iterator[LoopThread]:
    loop = LoopThread()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def nats_url(server_loop: LoopThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A nats-server with JetStream for the whole session. Its streams are shared: clean up after you."""
    server = start_nats(server_loop, tmp_path_factory.mktemp("nats"))
    yield server.url
    server.stop()


@pytest.fixture
def fresh_nats(server_loop: LoopThread, tmp_path: Path) -> Iterator[RestartableServer]:
    """An empty nats-server for one test, to be stopped, killed and started at will."""
    server = start_nats(server_loop, tmp_path / "nats")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def clickhouse(
    server_loop: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RestartableServer]:
    """A ClickHouse for the whole session. Its tables are shared: use a database of your own."""
    server = start_clickhouse(server_loop, tmp_path_factory.mktemp("clickhouse"))
    yield server
    server.stop()


@pytest.fixture
def fresh_clickhouse(server_loop: LoopThread, tmp_path: Path) -> Iterator[RestartableServer]:
    """An empty ClickHouse for one test, to be stopped, killed and started at will."""
    server = start_clickhouse(server_loop, tmp_path / "clickhouse")
    yield server
    server.stop()


def start_nats(loop: LoopThread, folder: Path) -> RestartableServer:
    """A running nats-server on free ports that stay over restarts."""
    port = free_port()
    server = RestartableServer(NatsServer(folder, port=port, monitor_port=free_port(exclude=[port])), loop)
    server.start()
    return server


def start_clickhouse(loop: LoopThread, folder: Path) -> RestartableServer:
    """A running ClickHouse on a free port that stays over restarts."""
    server = RestartableServer(ClickHouseServer(folder, port=free_port()), loop)
    server.start()
    return server


class RedisServer:
    """Debian's redis-server on a free port that stays over restarts; keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it answers."""
        command = [
            "redis-server",
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--daemonize",
            "no",
        ]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(16).startswith(b"+PONG"):
                    return
            assert self._process.poll() is None, "redis-server does not run"
            assert time.monotonic() < end, "redis-server does not answer"
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL, and it stays down until `start()`."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def suspend(self) -> None:
        """SIGSTOP: it accepts connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """An empty redis-server for one test, to be killed and started at will."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()
