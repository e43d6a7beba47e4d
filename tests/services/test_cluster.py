"""Provisioning and delivery on a real cluster of nats-servers."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext
from typer.testing import CliRunner

from app.commands import cli
from app.runtime.nats_server import find_executable
from app.runtime.ports import free_port
from app.settings import settings
from app.streams import CONSUMERS
from tests.wires import until

NODES = 5
CONFIG = """\
server_name: node-{number}
listen: "127.0.0.1:{port}"
max_payload: 8MB
jetstream {{ store_dir: "{folder}", max_memory_store: 16MB, max_file_store: 30GB }}
cluster {{ name: vigil, listen: "127.0.0.1:{own}", routes: [{routes}] }}
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[int]]:
    """The client ports of five clustered servers."""
    chosen: list[int] = []
    for _ in range(2 * NODES):
        chosen.append(free_port(exclude=chosen))
    ports, routes = chosen[:NODES], chosen[NODES:]
    with ExitStack() as stack:
        for number, (port, own) in enumerate(zip(ports, routes, strict=True)):
            folder = tmp_path / str(number)
            folder.mkdir()
            others = ", ".join(f'"nats://127.0.0.1:{other}"' for other in routes)
            text = CONFIG.format(number=number, port=port, own=own, routes=others, folder=folder)
            (folder / "nats.conf").write_text(text)
            log = stack.enter_context((folder / "log").open("wb"))
            node = subprocess.Popen(
                [find_executable(), "-c", folder / "nats.conf"], stdout=log, stderr=log, cwd=folder
            )
            stack.callback(node.wait)
            stack.callback(node.terminate)
        yield ports


@asynccontextmanager
async def jetstream(ports: list[int]) -> AsyncIterator[JetStreamContext]:
    connection = await nats.connect([f"nats://127.0.0.1:{port}" for port in ports], connect_timeout=5)
    try:
        yield connection.jetstream(timeout=10)
    finally:
        await connection.close()


async def leader_elected(ports: list[int]) -> bool:
    try:
        async with jetstream(ports) as js:
            await js.account_info()
    except (nats.errors.Error, nats.js.errors.APIError, OSError, TimeoutError):
        return False
    return all(socket.create_connection(("127.0.0.1", port)).close() is None for port in ports)


def test_streams_are_replicated_three_and_five_times_and_diff_names_the_difference(
    cluster: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asyncio.run(until(lambda: leader_elected(cluster), timeout_s=60))
    monkeypatch.setenv("NATS_SERVERS", ",".join(f"nats://127.0.0.1:{port}" for port in cluster))
    settings.cache_clear()
    runner = CliRunner()
    try:
        applied = runner.invoke(cli, ["streams", "apply", "--replicas", "3"])
        assert applied.exit_code == 0, applied.output
        assert asyncio.run(replicas(cluster)) == {"VIGIL": 3, "VIGIL_DLQ": 3}
        assert runner.invoke(cli, ["streams", "diff", "--replicas", "3"]).exit_code == 0
        drifted = runner.invoke(cli, ["streams", "diff", "--replicas", "5"])
        assert drifted.exit_code == 1
        assert "stream VIGIL: num_replicas is 3, should be 5" in drifted.output
        applied = runner.invoke(cli, ["streams", "apply", "--replicas", "5"])
        assert applied.exit_code == 0, applied.output
        assert asyncio.run(replicas(cluster)) == {"VIGIL": 5, "VIGIL_DLQ": 5}
        assert runner.invoke(cli, ["streams", "diff", "--replicas", "5"]).exit_code == 0
    finally:
        settings.cache_clear()


async def replicas(ports: list[int]) -> dict[str, int | None]:
    async with jetstream(ports) as js:
        for consumer in CONSUMERS:
            assert (await js.consumer_info("VIGIL", consumer.durable)).name == consumer.durable
        return {name: (await js.stream_info(name)).config.num_replicas for name in ("VIGIL", "VIGIL_DLQ")}
