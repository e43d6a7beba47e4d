"""What the API does with more than it can take, and with clients that take their time."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import uvicorn

from app.api import create_app
from app.api.connections import Connection
from app.api.door.body_limit import Limit
from app.runtime.ports import free_port
from app.schemas.guard import GuardRequest
from app.settings import Settings
from tests.services.test_answer_path import answering, api, ask, detection, silent
from tests.wires import provisioned, until


async def test_past_the_last_place_the_answer_is_503_at_once_and_a_place_comes_back(
    fresh_nats, tmp_path
) -> None:
    gate = asyncio.Event()

    async def held(request: GuardRequest) -> None:
        await gate.wait()
        await answering(request)

    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, held),
        api(fresh_nats.url, tmp_path, vigil_max_in_flight=2) as client,
    ):
        waiting = [asyncio.create_task(ask(client, f"text {number}")) for number in range(2)]
        capacity = client.app.state.capacity
        assert await until(lambda: _value(capacity.refusal()))
        refused = await ask(client, "one too many")
        assert not any(task.done() for task in waiting)
        gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [200, 200]
        assert (await ask(client, "and now")).status_code == 200
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["x-request-id"] == refused.json()["request_id"]


async def test_while_the_pipeline_stands_still_new_requests_are_refused_not_left_to_wait(
    fresh_nats, tmp_path
) -> None:
    async with provisioned(fresh_nats.url) as js, api(fresh_nats.url, tmp_path, timeout_ms=1000) as client:
        for number in range(3):
            await js.publish("vigil.guard.input", b"{}", headers={"Nats-Msg-Id": str(number)})

        async def refused() -> bool:
            answer = await ask(client)
            return answer.status_code == 503 and "behind" in answer.json()["detail"]

        assert await until(refused)
        assert (await client.get("/healthz")).status_code == 200


async def _value(value):
    return value


@asynccontextmanager
async def served(url: str, folder, **more):
    """The API behind a real socket; gives its port and the development key."""
    port = free_port()
    app = create_app(
        Settings(nats_servers=url, vigil_data_dir=folder / "data", vigil_timeout_ms=2000, **more)
    )
    server = uvicorn.Server(uvicorn.Config(app, port=port, http=Connection, log_config=None))
    running = asyncio.create_task(server.serve())
    try:
        assert await until(lambda: _value(server.started))
        yield port, (folder / "data" / "dev-key").read_text().strip()
    finally:
        server.should_exit = True
        await running


async def exchange(port: int, *parts: bytes) -> bytes:
    """What the server says to a client that sends so much and then waits."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


HEAD = (
    "POST /v1/guard/input HTTP/1.1\r\nHost: vigil\r\nX-API-Key: {key}\r\nContent-Type: application/json\r\n"
)


async def test_clients_that_send_nothing_or_stop_half_way_are_cut_off(
    fresh_nats, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("app.api.connections.HEAD_WITHIN_S", 0.3)
    monkeypatch.setattr("app.api.door.body_limit.USUAL", Limit(10_000, 0.3))
    async with provisioned(fresh_nats.url), served(fresh_nats.url, tmp_path) as (port, key):
        head = HEAD.format(key=key).encode()
        assert await exchange(port) == b""
        assert await exchange(port, head) == b""
        answer = await exchange(port, head + b'Content-Length: 100\r\n\r\n{"text": "sl')
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"application/problem+json" in answer
        assert b"x-request-id: req_" in answer
        # A second request on a connection that has had its answer is waited for no longer.
        first = b"GET /healthz HTTP/1.1\r\nHost: vigil\r\n\r\n"
        answer = await exchange(port, first + b"GET /healthz HTT")
        assert answer.count(b"HTTP/1.1 200") == 1


async def test_without_a_key_a_body_is_not_waited_for(fresh_nats, tmp_path) -> None:
    async with provisioned(fresh_nats.url), served(fresh_nats.url, tmp_path) as (port, _):
        head = HEAD.format(key="vk_test_wrong").encode()
        answer = await exchange(port, head + b"Connection: close\r\nContent-Length: 1000000\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("path", ["/v1/guard/input", "/v1/nothing", "/nothing", "/healthz"])
async def test_every_answer_has_a_request_id(fresh_nats, tmp_path, path: str) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, silent),
        api(fresh_nats.url, tmp_path, timeout_ms=300) as client,
    ):
        answers = [await client.get(path), await client.post(path, content=b"{")]
        assert len({answer.headers["x-request-id"] for answer in answers}) == 2
        for answer in answers:
            if answer.is_error:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["request_id"] == answer.headers["x-request-id"]
