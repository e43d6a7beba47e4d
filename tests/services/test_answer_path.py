"""The API's way to its verdict on a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from app.api import create_app
from app.api.pipeline import UNCLAIMED
from app.publishers import verdict
from app.schemas.decision import Decision
from app.schemas.guard import GuardRequest
from app.schemas.verdict import Verdict
from app.settings import Settings
from app.streams import DETECTION, VIGIL
from tests.wires import provisioned, until, worker


def answer(request: GuardRequest) -> Verdict:
    return Verdict(
        request_id=request.request_id, decision=Decision.ALLOW, threat_score=0.0, categories=(request.text,)
    )


async def answering(request: GuardRequest) -> None:
    await verdict.publish(answer(request))


async def silent(request: GuardRequest) -> None:
    """Takes the request and never answers."""


@asynccontextmanager
async def api(url: str, folder: Path, timeout_ms: int = 3000, **more: Any) -> AsyncIterator[AsyncClient]:
    app = create_app(
        Settings(nats_servers=url, vigil_data_dir=folder / "data", vigil_timeout_ms=timeout_ms, **more)
    )
    key = (folder / "data" / "dev-key").read_text().strip()
    async with app.router.lifespan_context(app):
        transport = ASGITransport(app)
        headers = {"Authorization": f"Bearer {key}"}
        async with AsyncClient(
            transport=transport, base_url="http://vigil", headers=headers, timeout=20
        ) as client:
            client.app = app  # type: ignore[attr-defined]
            await until(lambda: _value(app.state.pipeline.connected))
            yield client


async def _value(value):
    return value


@asynccontextmanager
async def detection(url: str, handler):
    async with worker(url, DETECTION, handler) as broker:
        broker.include_router(verdict.router)
        yield broker


async def ask(client: AsyncClient, text: str = "hello", **more):
    return await client.post("/v1/guard/input", json={"text": text, **more})


async def test_each_of_many_concurrent_callers_gets_its_own_verdict(fresh_nats, tmp_path) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path) as client,
    ):
        answers = await asyncio.gather(*(ask(client, f"text {number}") for number in range(100)))
    assert [a.status_code for a in answers] == [200] * 100
    assert [a.json()["categories"] for a in answers] == [[f"text {number}"] for number in range(100)]
    assert len({a.json()["request_id"] for a in answers}) == 100
    assert all(a.headers["x-request-id"] == a.json()["request_id"] for a in answers)


async def test_a_captured_subject_answers_with_the_verdict_not_with_the_publish_acknowledgement(
    fresh_nats, tmp_path
) -> None:
    async with (
        provisioned(fresh_nats.url) as js,
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path) as client,
    ):
        body = (await ask(client)).json()
        assert body["decision"] == "ALLOW"
        assert "seq" not in body
        assert await until(lambda: _empty(js))


async def _empty(js) -> bool:
    return (await js.stream_info(VIGIL.name)).state.messages == 0


async def test_late_and_duplicate_verdicts_are_counted_and_dropped(fresh_nats, tmp_path) -> None:
    async def twice_then_late(request: GuardRequest) -> None:
        if request.text == "late":
            await asyncio.sleep(1.2)
        await verdict.publish(answer(request))
        await verdict.publish(answer(request))

    async def patient(request: GuardRequest) -> None:
        # The deadline cancels an attempt; an answer that is under way by then still arrives late.
        await asyncio.shield(asyncio.ensure_future(twice_then_late(request)))

    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, patient),
        api(fresh_nats.url, tmp_path, timeout_ms=1000) as client,
    ):
        before = UNCLAIMED._value.get()
        assert (await ask(client, "twice")).status_code == 200
        assert await until(lambda: _value(UNCLAIMED._value.get() == before + 1))
        assert (await ask(client, "late")).status_code == 504
        assert await until(lambda: _value(UNCLAIMED._value.get() == before + 3))
        assert (await ask(client, "twice")).status_code == 200


async def test_without_a_verdict_in_time_the_answer_is_504(fresh_nats, tmp_path) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, silent),
        api(fresh_nats.url, tmp_path, timeout_ms=500) as client,
    ):
        response = await ask(client)
    assert response.status_code == 504
    body = response.json()
    assert body["error"] == "Gateway Timeout"
    assert body["message"] == "Detection pipeline timeout"
    assert body["request_id"].startswith("req_")
    assert response.headers["content-type"] == "application/problem+json"


async def test_while_nats_is_away_the_answer_is_503_and_all_recovers_by_itself(fresh_nats, tmp_path) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path) as client,
    ):
        assert (await ask(client)).status_code == 200
        await asyncio.to_thread(fresh_nats.kill)
        response = await ask(client)
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) >= 1
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert "cannot be reached" in ready.json()["reason"]
        assert (await client.get("/healthz")).status_code == 200
        await asyncio.to_thread(fresh_nats.start)

        async def answered() -> bool:
            return (await ask(client)).status_code == 200

        assert await until(answered, 20)


async def test_a_full_stream_answers_503_and_takes_nothing_away_from_those_who_wait(
    fresh_nats, tmp_path
) -> None:
    async with provisioned(fresh_nats.url) as js, api(fresh_nats.url, tmp_path) as client:
        config = (await js.stream_info(VIGIL.name)).config
        await js.update_stream(config.evolve(max_msgs=2))
        await js.publish("vigil.detection.job", b"one")
        await js.publish("vigil.detection.job", b"two")
        response = await ask(client)
        assert response.status_code == 503
        assert "retry-after" in response.headers
        assert "maximum messages" in response.json()["detail"]
        assert (await js.stream_info(VIGIL.name)).state.messages == 2


async def test_without_streams_the_answer_is_503(fresh_nats, tmp_path) -> None:
    async with api(fresh_nats.url, tmp_path, timeout_ms=1500) as client:
        response = await ask(client)
    assert response.status_code == 503
    assert "retry-after" in response.headers


BAD = [
    ({"json": {"text": ""}}, 422, "text"),
    ({"json": {}}, 422, "text"),
    ({"json": {"text": "x" * 100_001}}, 413, "text"),
    ({"content": b"{not json"}, 422, "body"),
    ({"content": b'{"text": "a", "mode": "turbo"}'}, 422, "mode"),
    ({"content": b'{"text": "half a pair \\ud800"}'}, 422, "text"),
    ({"content": b'{"text": "nul \\u0000"}'}, 422, "text"),
    ({"content": b'{"text": "\xff"}'}, 400, None),
    ({"json": {"text": "a", "txet": "b"}}, 422, "txet"),
    ({"content": b'{"text": "' + b"x" * 10_000_000 + b'"}'}, 413, None),
    ({"json": {"text": 7}}, 422, "text"),
    ({"json": [1]}, 422, "body"),
]


@pytest.mark.parametrize(("sent", "status", "field"), BAD)
async def test_bad_requests_get_a_problem_document_and_the_next_request_works(
    fresh_nats, tmp_path, sent, status, field
) -> None:
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path) as client,
    ):
        response = await client.post("/v1/guard/input", headers={"Content-Type": "application/json"}, **sent)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        body = response.json()
        assert body["detail"]
        assert body["status"] == status
        if field:
            assert body["errors"][0]["field"] == field
        assert (await ask(client)).status_code == 200


async def test_a_body_of_unknown_length_is_cut_off_while_it_is_read(fresh_nats, tmp_path) -> None:
    async def endless():
        for _ in range(100):
            yield b"x" * 100_000

    async with api(fresh_nats.url, tmp_path) as client:
        response = await client.post("/v1/guard/input", content=endless())
    assert response.status_code == 413


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer vk_test_wrong"}, {"Authorization": "Basic x"}]
)
async def test_without_a_known_key_the_answer_is_401_and_says_how_to_send_one(
    fresh_nats, tmp_path, headers
) -> None:
    async with api(fresh_nats.url, tmp_path) as client:
        client.headers.pop("Authorization")
        response = await client.post("/v1/guard/input", json={"text": "a"}, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert "vk_" not in response.json()["detail"] or "..." in response.json()["detail"]
