"""Provisioning and delivery on a real cluster of nats-servers."""

import asyncio
import json
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import nats
import pytest
from click.testing import Result
from nats.js import JetStreamContext
from typer.testing import CliRunner

from app.commands import cli
from app.commands.doctor.nats import checks
from app.errors import StartError
from app.runtime.nats_server import find_executable
from app.runtime.ports import free_port
from app.runtime.replicas import settle
from app.runtime.services import find_services
from app.settings import settings
from app.streams import CONSUMERS, PII, PII_DETECT
from tests.wires import until

NODES = 5
CONFIG = """\
server_name: node-{number}
listen: "127.0.0.1:{port}"
max_payload: 8MB
jetstream {{ store_dir: "{folder}", max_memory_store: 16MB, max_file_store: 30GB }}
cluster {{ name: vigil, listen: "127.0.0.1:{own}", routes: [{routes}] }}
"""


class Cluster(list[int]):
    """The client ports of five clustered servers, and their processes."""

    nodes: list[subprocess.Popen[bytes]]

    @property
    def urls(self) -> str:
        return ",".join(f"nats://127.0.0.1:{port}" for port in self)

    def stop(self, number: int) -> None:
        """End one server."""
        self.nodes[number].terminate()
        self.nodes[number].wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    chosen: list[int] = []
    for _ in range(2 * NODES):
        chosen.append(free_port(exclude=chosen))
    ports, routes = Cluster(chosen[:NODES]), chosen[NODES:]
    ports.nodes = []
    with ExitStack() as stack:
        for number, (port, own) in enumerate(zip(ports, routes, strict=True)):
            folder = tmp_path_factory.mktemp(f"node-{number}")
            others = ", ".join(f'"nats://127.0.0.1:{other}"' for other in routes)
            text = CONFIG.format(number=number, port=port, own=own, routes=others, folder=folder)
            (folder / "nats.conf").write_text(text)
            log = stack.enter_context((folder / "log").open("wb"))
            node = subprocess.Popen(
                [find_executable(), "-c", folder / "nats.conf"], stdout=log, stderr=log, cwd=folder
            )
            ports.nodes.append(node)
            stack.callback(node.wait)
            stack.callback(node.terminate)
        yield ports


@pytest.fixture
def vigil(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., Result]]:
    """The command line on the cluster, once that has a leader."""
    assert asyncio.run(until(lambda: leader_elected(cluster), timeout_s=60))
    monkeypatch.setenv("NATS_SERVERS", cluster.urls)
    monkeypatch.setenv("VIGIL_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    yield lambda *words: CliRunner().invoke(cli, list(words))
    settings.cache_clear()


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


def test_streams_grow_from_one_to_three_and_five_replicas_with_what_is_in_them(
    cluster: Cluster, vigil: Callable[..., Result]
) -> None:
    assert vigil("streams", "apply", "--replicas", "1").exit_code == 0
    asyncio.run(publish(cluster, 50))
    applied = vigil("streams", "apply", "--replicas", "3")
    assert applied.exit_code == 0, applied.output
    assert asyncio.run(replicas(cluster)) == {"VIGIL": 3, "VIGIL_DLQ": 3}
    assert vigil("streams", "diff", "--replicas", "3").exit_code == 0
    drifted = vigil("streams", "diff", "--replicas", "5")
    assert drifted.exit_code == 1
    assert "stream VIGIL: num_replicas is 3, should be 5" in drifted.output
    applied = vigil("streams", "apply", "--replicas", "5")
    assert applied.exit_code == 0, applied.output
    assert asyncio.run(replicas(cluster)) == {"VIGIL": 5, "VIGIL_DLQ": 5}
    assert vigil("streams", "diff", "--replicas", "5").exit_code == 0
    assert asyncio.run(waiting(cluster)) == 50


def test_a_single_server_s_backup_goes_to_a_cluster_whose_lost_nodes_the_doctor_names(
    cluster: Cluster,
    vigil: Callable[..., Result],
    fresh_nats,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    backup = str(tmp_path / "backup")
    monkeypatch.setenv("NATS_SERVERS", fresh_nats.url)
    settings.cache_clear()
    assert vigil("streams", "apply").exit_code == 0
    asyncio.run(publish([fresh_nats.port], 50))
    key = json.loads(vigil("keys", "create", "somebody", "--json").output)
    saved = vigil("streams", "backup", backup)
    assert saved.exit_code == 0, saved.output
    assert "VIGIL: 50 messages" in saved.output

    monkeypatch.setenv("NATS_SERVERS", cluster.urls)
    monkeypatch.setenv("VIGIL_REPLICAS", "3")
    settings.cache_clear()
    restored = vigil("streams", "restore", backup, "--replace")
    assert restored.exit_code == 0, restored.output
    assert asyncio.run(replicas(cluster)) == {"VIGIL": 3, "VIGIL_DLQ": 3}
    assert asyncio.run(until(partial(all_wait, cluster)))
    listed = json.loads(vigil("keys", "list", "--json").output)
    assert (listed["key_id"], listed["state"]) == (key["key_id"], "active")
    assert vigil("streams", "diff").exit_code == 0
    again = vigil("streams", "restore", backup)
    assert "--replace" in str(again.exception)

    cluster.stop(0)
    assert "is offline" in asyncio.run(doctor(lambda said: "offline" in said))
    for number in (1, 2):
        cluster.stop(number)
    said = asyncio.run(doctor(lambda said: "JetStream does not answer" in said))
    assert "docs/operate/runbook.md#the-cluster-does-not-form" in said
    with pytest.raises(StartError, match="stream VIGIL has not settled"):
        asyncio.run(settle_soon(cluster))


async def doctor(enough: Callable[[str], bool]) -> str:
    """What the doctor says of NATS, as soon as it is enough."""

    async def ask() -> str:
        services = find_services(settings())
        return "\n".join(map(str, await checks(settings(), services)))

    said = ""
    for _ in range(30):
        said = await ask()
        if enough(said):
            break
        await asyncio.sleep(0.5)
    return said


async def publish(ports: list[int], count: int) -> None:
    async with jetstream(ports) as js:
        for number in range(count):
            await js.publish(PII_DETECT, b"x" * 1000, headers={"Nats-Msg-Id": f"req_{number}:pii"})


async def waiting(ports: list[int]) -> int | None:
    async with jetstream(ports) as js:
        return (await js.consumer_info("VIGIL", PII.durable)).num_pending


async def settle_soon(ports: list[int]) -> None:
    async with jetstream(ports[-2:]) as js:
        await settle(js, "VIGIL", timeout_s=0.1)


async def all_wait(ports: list[int]) -> bool:
    return await waiting(ports) == 50


async def replicas(ports: list[int]) -> dict[str, int | None]:
    async with jetstream(ports) as js:
        for consumer in CONSUMERS:
            assert (await js.consumer_info("VIGIL", consumer.durable)).name == consumer.durable
        return {name: (await js.stream_info(name)).config.num_replicas for name in ("VIGIL", "VIGIL_DLQ")}
