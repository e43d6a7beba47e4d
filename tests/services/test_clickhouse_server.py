"""The embedded ClickHouse. It rests on a private name of chdb-core: these tests show when that changes."""

import asyncio
import socket
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from clickhouse_driver import Client

from app.errors import StartError
from app.runtime.clickhouse_server import ClickHouseServer
from app.runtime.ports import free_port, is_free
from tests.servers import RestartableServer, eventually


def ask(server: RestartableServer | ClickHouseServer, *queries: str) -> Any:
    client = Client(server.host, port=server.port)
    try:
        return [client.execute(query) for query in queries][-1]
    finally:
        client.disconnect()


def test_it_is_the_engine_that_was_measured(clickhouse: RestartableServer) -> None:
    assert ask(clickhouse, "SELECT version()") == [("26.9.2.1",)]


def test_tables_survive_stop_and_kill(fresh_clickhouse: RestartableServer) -> None:
    ask(fresh_clickhouse, "CREATE DATABASE d", "CREATE TABLE d.t (n UInt32) ENGINE = MergeTree ORDER BY n")
    for number, end in enumerate((fresh_clickhouse.stop, fresh_clickhouse.kill), start=1):
        ask(fresh_clickhouse, "INSERT INTO d.t SELECT number FROM numbers(100)")
        end()
        fresh_clickhouse.start()
        assert ask(fresh_clickhouse, "SELECT count() FROM d.t") == [(100 * number,)]


def test_a_reader_sees_a_replaced_row_once(fresh_clickhouse: RestartableServer) -> None:
    ask(
        fresh_clickhouse,
        "CREATE TABLE default.t (n UInt32) ENGINE = ReplacingMergeTree ORDER BY n",
        "INSERT INTO default.t VALUES (1)",
        "INSERT INTO default.t VALUES (1)",
    )
    assert ask(fresh_clickhouse, "SELECT count() FROM default.t") == [(1,)]
    assert ask(fresh_clickhouse, "SELECT count() FROM default.t SETTINGS final = 0") == [(2,)]


def test_it_rests_lightly(fresh_clickhouse: RestartableServer) -> None:
    """223 MB without giving code pages back, 115 MB with."""
    process = psutil.Process(fresh_clickhouse.pid)
    deadline = time.monotonic() + 15
    while (resident := process.memory_info().rss) > 150e6 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert resident < 150e6
    assert ask(fresh_clickhouse, "SELECT sum(number) FROM numbers(1000)") == [(499500,)]


async def test_it_comes_back_by_itself_on_the_same_port(tmp_path: Path) -> None:
    server = ClickHouseServer(tmp_path, port=free_port())
    await server.start()
    try:
        assert server.child is not None
        first = server.child.pid
        server.child.kill()
        await eventually(lambda: server.child is not None and server.child.pid not in {None, first})
        await eventually(lambda: not is_free(server.port))
        assert await asyncio.to_thread(ask, server, "SELECT 1") == [(1,)]
    finally:
        await server.stop()


async def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"^port {port} is taken .* set CLICKHOUSE_PORT to a free one"):
            await ClickHouseServer(tmp_path, port=port).start()


async def test_a_port_taken_between_choice_and_start_is_named_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.runtime.ports.is_free", lambda *_: True)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"^port {port} is taken .* set CLICKHOUSE_PORT to a free one"):
            await ClickHouseServer(tmp_path, port=port).start()


async def test_a_folder_in_use_is_named(fresh_clickhouse: RestartableServer) -> None:
    folder = fresh_clickhouse.server.folder
    with pytest.raises(StartError, match=f"^the ClickHouse folder {folder} is in use by another process"):
        await ClickHouseServer(folder, port=free_port()).start()
    assert ask(fresh_clickhouse, "SELECT 1") == [(1,)]
