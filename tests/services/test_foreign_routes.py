"""Routes that speak other services' contracts: who gets in, what errors look like, what happens without a verdict."""

from collections.abc import Collection, Mapping

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.api.proxy.guard import ChatGuard
from app.chat.judge import Speaker, Spoken
from app.errors import PipelineUnavailable
from app.schemas.verdict import Verdict
from tests.services.test_answer_path import api, detection, silent
from tests.unit.chat.judges import ATTACK, ListeningJudge
from tests.unit.chat.test_stream import chunk
from tests.wires import provisioned

ROUTES = {
    "/compat/vge/v1/guard/input": {"prompt": "Hello"},
    "/compat/vge/v1/guard/analyze": {"text": "Hello", "source": "user_input"},
    "/compat/webhook/vigil-guard-2": {"chatInput": "Hello"},
    "/beta/litellm_basic_guardrail_api": {"texts": ["Hello"]},
    "/openai/v1/chat/completions": {"messages": [{"role": "user", "content": "Hello"}]},
}


@pytest.mark.parametrize("path", ROUTES)
async def test_without_a_key_nothing_is_judged_and_the_error_has_the_shape_of_the_route(
    fresh_nats, tmp_path, path: str
) -> None:
    async with provisioned(fresh_nats.url), api(fresh_nats.url, tmp_path) as client:
        answer = await client.post(path, json=ROUTES[path], headers={"Authorization": "", "X-Vigil-Auth": ""})
    assert answer.status_code == 401
    body = answer.json()
    if "/vge/" in path:
        assert body["code"] == "UNAUTHORIZED"
        assert body["requestId"] == answer.headers["x-request-id"]
    elif "/openai/" in path:
        assert body["error"]["code"] == "invalid_api_key"
    else:
        assert answer.headers["content-type"] == "application/problem+json"


async def test_without_a_verdict_each_route_fails_closed(fresh_nats, tmp_path) -> None:
    upstream = {"vigil_upstream_url": "http://127.0.0.1:9/v1"}
    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, silent),
        api(fresh_nats.url, tmp_path, timeout_ms=300, **upstream) as client,
    ):
        key = client.headers["authorization"].removeprefix("Bearer ")
        answers = {
            path: await client.post(path, json=body, headers={"X-Vigil-Auth": key})
            for path, body in ROUTES.items()
        }
    plugin = answers.pop("/compat/webhook/vigil-guard-2")
    assert (plugin.status_code, plugin.json()["action"]) == (200, "block"), (
        "on an error it would let the text pass"
    )
    assert {answer.status_code for answer in answers.values()} == {504}
    assert answers["/compat/vge/v1/guard/input"].json()["code"] == "TIMEOUT"
    assert answers["/openai/v1/chat/completions"].json()["error"]["code"] == "timeout"


async def test_the_plugin_is_told_to_block_also_where_the_door_refuses(
    fresh_nats, tmp_path, monkeypatch
) -> None:
    path = "/compat/webhook/vigil-guard-2"
    async with (
        provisioned(fresh_nats.url),
        api(fresh_nats.url, tmp_path, vigil_rate_limits="1/hour") as client,
    ):
        key = {"X-Vigil-Auth": client.headers["authorization"].removeprefix("Bearer ")}
        too_long = await client.post(path, json={"chatInput": "a" * 5_000_000}, headers=key)
        too_often = await client.post(path, json={"chatInput": "Hello"}, headers=key)
        monkeypatch.setattr(client.app.state.capacity, "refusal", lambda: "the pipeline is behind")
        too_many = await client.post(path, json={"chatInput": "Hello"}, headers=key)
    for answer, why in ((too_long, "body"), (too_often, "may ask 1 per hour"), (too_many, "behind")):
        body = answer.json()
        assert (answer.status_code, body["action"], body["chatInput"]) == (200, "block", ""), answer.text
        assert why in body["reason"]


async def test_without_a_model_server_the_proxy_is_off(fresh_nats, tmp_path) -> None:
    async with provisioned(fresh_nats.url), api(fresh_nats.url, tmp_path) as client:
        answer = await client.post("/openai/v1/chat/completions", json={"messages": []})
    assert answer.status_code == 404
    assert "VIGIL_UPSTREAM_URL" in answer.json()["error"]["message"]


async def test_a_clients_own_upstream_key_goes_on_and_ours_does_not(fresh_nats, tmp_path) -> None:
    async with (
        provisioned(fresh_nats.url),
        api(fresh_nats.url, tmp_path, vigil_upstream_url="http://x/v1") as client,
    ):
        upstream = client.app.state.upstream
        both = upstream._headers(Headers({"authorization": "Bearer theirs", "x-api-key": "ours"}))
        one = upstream._headers(Headers({"authorization": "Bearer ours", "x-forwarded-for": "1.2.3.4"}))
    assert both["authorization"] == "Bearer theirs"
    assert "x-api-key" not in both
    assert set(one) == {"accept-encoding"}


# The guard in front of other applications than our own.
async def lines(request):
    async def stream():
        for piece in ("One. ", "Two. ", ATTACK, ". Three. "):
            yield f"data: {chunk({'content': piece})}\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


async def plain(request):
    return PlainTextResponse("not JSON")


def guarded(endpoint, judge) -> AsyncClient:
    app = Starlette(
        routes=[Route("/v1/chat/completions", endpoint, methods=["POST"]), Route("/other", plain)]
    )
    return AsyncClient(transport=ASGITransport(ChatGuard(app, judge)), base_url="http://model")


QUESTION = {"messages": [{"role": "user", "content": "Hello there"}], "stream": True}


async def test_the_guard_cuts_the_stream_of_any_application() -> None:
    async with guarded(lines, ListeningJudge()) as client:
        answer = await client.post("/v1/chat/completions", json=QUESTION)
    assert "One. " in answer.text
    assert ATTACK not in answer.text
    assert "Three" not in answer.text
    assert '"code": "content_filter"' in answer.text


async def test_other_paths_pass_and_answers_that_cannot_be_read_do_not() -> None:
    async with guarded(plain, ListeningJudge()) as client:
        assert (await client.get("/other")).text == "not JSON"
        answer = await client.post("/v1/chat/completions", json=QUESTION)
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_error")


async def test_a_slash_more_leads_round_no_guard() -> None:
    async def anywhere(scope, receive, send) -> None:
        await PlainTextResponse(ATTACK)(scope, receive, send)

    client = AsyncClient(
        transport=ASGITransport(ChatGuard(anywhere, ListeningJudge())), base_url="http://model"
    )
    async with client:
        asked = {"messages": [{"role": "user", "content": ATTACK}]}
        answer = await client.post("/v1/chat/completions/", json=asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_filter")


async def test_half_of_a_surrogate_pair_is_passed_on() -> None:
    got: list[str] = []

    async def listening(request):
        got.append((await request.json())["model"])
        return Response(b'{"model": "\\udc00"}', media_type="application/json")

    async with guarded(listening, ListeningJudge()) as client:
        answer = await client.post("/v1/chat/completions", content=b'{"model": "\\ud800"}')
    assert got == ["\ud800"]
    assert answer.json() == {"model": "\udc00"}


async def test_a_stream_that_cannot_be_judged_any_more_ends_with_an_error() -> None:
    async def fading(texts: Collection[Spoken]) -> Mapping[Spoken, Verdict]:
        if any(spoken.speaker is Speaker.MODEL and "Two" in spoken.text for spoken in texts):
            raise PipelineUnavailable("away")
        return await ListeningJudge()(texts)

    async with guarded(lines, fading) as client:
        answer = await client.post("/v1/chat/completions", json=QUESTION)
    assert "Two" not in answer.text
    assert "could not be judged" in answer.text
