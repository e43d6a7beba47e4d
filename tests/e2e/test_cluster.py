"""The processes of the compose file, started as they stand there: what a client sees, and what not of faults."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import nats
import pytest

from app.streams import CONSUMERS, VIGIL
from tests.e2e.test_guard import (  # noqa: F401 - the same tests, on a cluster
    test_a_plain_question_is_allowed,
    test_a_verdict_explains_itself_when_asked,
    test_an_attack_is_not_allowed_and_the_verdict_says_why,
    test_health_readiness_metrics_and_pages,
    test_personal_data_is_gone_from_the_answer_and_from_the_event,
    test_twenty_mixed_requests_at_once_each_get_their_own_verdict,
)
from tests.running import Cluster

REPLICAS = {"detection": 3, "pii": 2, "arbiter": 2, "logging": 1}


@pytest.fixture(scope="module")
def vigil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    running = Cluster(tmp_path_factory.mktemp("cluster"))
    running.start()
    yield running
    assert running.stop() == 0, running.said()


def test_every_worker_has_its_replicas_each_a_process_of_its_own(vigil: Cluster) -> None:
    counted = Counter(process.environ().get("VIGIL_WORKERS") for process in vigil.processes("faststream"))
    assert counted == REPLICAS


def test_everything_is_on_three_nodes(vigil: Cluster) -> None:
    found = details(vigil, "nats-1")
    assert found["meta_cluster"]["cluster_size"] == 3
    streams = found["account_details"][0]["stream_detail"]
    assert {stream["name"]: stream["config"]["num_replicas"] for stream in streams} == {
        stream["name"]: 3 for stream in streams
    }
    (stream,) = [stream for stream in streams if stream["name"] == VIGIL.name]
    assert {consumer["name"] for consumer in stream["consumer_detail"]} == {one.durable for one in CONSUMERS}


def test_no_server_lets_anybody_in_without_a_password(vigil: Cluster) -> None:
    answer = httpx.post(f"{vigil.url}/v1/guard/input", json={"text": "Good morning"})
    assert answer.status_code == 401
    # What an unknown client of NATS is told, and then it is cut off.
    said = asyncio.run(_first_lines(vigil.address("nats-1"), b'CONNECT {"verbose":true}\r\nPING\r\n'))
    assert b"Authorization Violation" in said


async def test_the_operator_s_account_sees_every_node(vigil: Cluster) -> None:
    """What `nats server report jetstream` asks, and `nats server cluster peer-remove` after it."""
    password = (vigil.folder / "data/secrets/nats_pass").read_text()
    nodes = set()
    async with await nats.connect(
        f"nats://{vigil.address('nats-1')}:4222", user="system", password=password
    ) as system:
        inbox = system.new_inbox()
        answers = await system.subscribe(inbox)
        await system.publish("$SYS.REQ.SERVER.PING.JSZ", b"{}", reply=inbox)
        while len(nodes) < 3:
            nodes.add(json.loads((await answers.next_msg(timeout=10)).data)["server"]["name"])
    assert nodes == {"node-1", "node-2", "node-3"}


async def test_a_nats_node_killed_under_load_costs_no_verdict(vigil: Cluster) -> None:
    """The worst one: the leader of the stream. Until the others have elected one, requests are told to come again."""
    killed = leader(vigil).replace("node", "nats")
    slowest = await no_verdict_is_lost(vigil, lambda: vigil.kill(killed), again={503, 504})
    assert slowest < 20


async def test_workers_killed_under_load_cost_no_verdict(vigil: Cluster) -> None:
    victims = ("detection-1", "arbiter-1", "pii-1", "logging")
    slowest = await no_verdict_is_lost(vigil, lambda: [vigil.kill(name) for name in victims], again=set())
    assert slowest < 5


async def no_verdict_is_lost(
    vigil: Cluster, fault: Callable[[], object], again: set[int], requests: int = 60
) -> float:
    """Eight requests a second while something happens; clients ask again when they are told to.

    Returns:
        What the last of them waited for its verdict, in seconds.
    """
    waited = []
    async with vigil.client() as client:

        async def ask(number: int) -> httpx.Response:
            started = time.monotonic()
            text = f"Bake {number} loaves of bread, and write to baker{number}@example.com"
            answer = await client.post("/v1/guard/input", json={"text": text})
            while answer.status_code in again and time.monotonic() < started + 40:
                await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
                answer = await client.post("/v1/guard/input", json={"text": text})
            waited.append(time.monotonic() - started)
            return answer

        async with asyncio.TaskGroup() as group:
            tasks = []
            for number in range(requests):
                tasks.append(group.create_task(ask(number)))
                await asyncio.sleep(0.12)
                if number == requests // 4:
                    fault()
    answers = [task.result() for task in tasks]
    assert [answer.status_code for answer in answers] == [200] * requests
    assert {answer.json()["decision"] for answer in answers} == {"SANITIZE"}
    ids = ", ".join(f"'{answer.json()['request_id']}'" for answer in answers)
    query = f"SELECT count(), uniqExact(event_id) FROM n8n_logs.vigil_events WHERE request_id IN ({ids})"
    assert await until(lambda: vigil.rows(query) == [(requests, requests)]), vigil.rows(query)
    return max(waited)


def leader(vigil: Cluster) -> str:
    streams = details(vigil, "nats-1")["account_details"][0]["stream_detail"]
    return next(stream["cluster"]["leader"] for stream in streams if stream["name"] == VIGIL.name)


async def until(condition: Callable[[], bool], within_s: float = 30.0) -> bool:
    end = time.monotonic() + within_s
    while not condition() and time.monotonic() < end:
        await asyncio.sleep(0.3)
    return condition()


def details(vigil: Cluster, node: str) -> dict:
    return httpx.get(
        f"http://{vigil.address(node)}:8222/jsz?accounts=1&streams=1&consumers=1&config=1"
    ).json()


async def _first_lines(host: str, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, 4222)
    writer.write(sent)
    said = await reader.read()
    writer.close()
    return said
