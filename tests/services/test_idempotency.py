"""Repeats of a request, in one process and over several."""

import asyncio
import json
from contextlib import asynccontextmanager

import nats
import pytest

from app.access.policy_store import open_policies
from app.api.bodies import GuardInput
from app.api.idempotency import Idempotency, Outcome
from app.api.problems import Refusal
from app.publishers import verdict
from app.schemas.guard import GuardRequest
from app.streams import ANSWERS
from tests.services.test_answer_path import _value, answer, answering, api, ask, detection, silent
from tests.wires import provisioned, until


@asynccontextmanager
async def counted(url: str, delay_s: float = 0.0):
    """A pipeline that answers after a while, and the requests that it has got."""
    seen: list[str] = []

    async def handler(request: GuardRequest) -> None:
        seen.append(request.request_id)
        await asyncio.sleep(delay_s)
        await verdict.publish(answer(request))

    async with detection(url, handler):
        yield seen


def with_key(client, key: str, text: str = "hello", **more):
    return client.post("/v1/guard/input", json={"text": text, **more}, headers={"Idempotency-Key": key})


async def test_fifty_repeats_over_two_processes_are_one_request_with_one_verdict(
    fresh_nats, tmp_path
) -> None:
    async with (
        provisioned(fresh_nats.url),
        counted(fresh_nats.url, delay_s=0.3) as seen,
        api(fresh_nats.url, tmp_path, timeout_ms=15_000) as one,
        api(fresh_nats.url, tmp_path, timeout_ms=15_000) as other,
    ):
        answers = await asyncio.gather(*(with_key((one, other)[n % 2], "order-1") for n in range(50)))
        later = await with_key(one, "order-1")
    assert [answer.status_code for answer in answers] == [200] * 50, answers[0].text
    assert len({answer.text for answer in [*answers, later]}) == 1
    assert seen == [answers[0].json()["request_id"]]
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert later.headers["idempotency-replayed"] == "true"


async def test_another_body_under_the_same_key_is_422_and_another_key_is_another_request(
    fresh_nats, tmp_path
) -> None:
    async with (
        provisioned(fresh_nats.url),
        counted(fresh_nats.url) as seen,
        api(fresh_nats.url, tmp_path) as client,
    ):
        assert (await with_key(client, "a")).status_code == 200
        refused = await with_key(client, "a", text="other")
        assert refused.status_code == 422
        assert "another body" in refused.json()["detail"]
        assert (await with_key(client, "a", mode="fast")).status_code == 422
        assert (await with_key(client, "b", text="other")).status_code == 200
        together = await asyncio.gather(with_key(client, "c", text="one"), with_key(client, "c", text="two"))
        assert sorted(answer.status_code for answer in together) == [200, 422]
        assert (await with_key(client, "")).status_code == 422
        assert (await with_key(client, "x" * 256)).status_code == 422
    assert len(seen) == 3


async def test_a_request_that_failed_is_run_anew(fresh_nats, tmp_path) -> None:
    async with provisioned(fresh_nats.url), api(fresh_nats.url, tmp_path, timeout_ms=400) as client:
        async with detection(fresh_nats.url, silent):
            answers = await asyncio.gather(*(with_key(client, "a") for _ in range(3)))
            assert {answer.status_code for answer in answers} == {504}
        async with counted(fresh_nats.url):

            async def judged() -> bool:
                return (await with_key(client, "a")).status_code == 200

            assert await until(judged)


async def test_a_batch_that_lacks_a_verdict_is_run_anew_and_a_complete_one_is_kept(
    fresh_nats, tmp_path
) -> None:
    able = False

    async def handler(request: GuardRequest) -> None:
        if able or request.text != "slow":
            await verdict.publish(answer(request))

    def batch(client):
        items = [{"text": "quick"}, {"text": "slow"}, {"text": ""}]
        return client.post("/v1/guard/batch", json={"items": items}, headers={"Idempotency-Key": "b"})

    async with (
        provisioned(fresh_nats.url),
        detection(fresh_nats.url, handler),
        api(fresh_nats.url, tmp_path, timeout_ms=1500) as client,
    ):
        first = await batch(client)
        assert [item.get("error") and item["error"]["status"] for item in first.json()["items"]] == [
            None, 504, 422,
        ]  # fmt: skip
        able = True
        second, third = await batch(client), await batch(client)
    assert "idempotency-replayed" not in second.headers
    assert [item["ok"] for item in second.json()["items"]] == [True, True, False]
    assert third.headers["idempotency-replayed"] == "true", "what makes no sense makes none the next time"
    assert third.text == second.text


async def test_a_verdict_that_the_policy_gave_for_want_of_a_judge_is_not_kept(fresh_nats, tmp_path) -> None:
    """It would allow the text for a day, after everybody is back."""
    async with (
        provisioned(fresh_nats.url) as js,
        api(fresh_nats.url, tmp_path, timeout_ms=500) as client,
    ):
        await (await open_policies(js)).set("default", {"fail_mode": "open"})

        async def answered(failed: bool) -> bool:
            response = await with_key(client, "a")
            return response.status_code == 200 and response.json()["failed"] is failed

        async with detection(fresh_nats.url, silent):
            assert await until(lambda: answered(failed=True))
        async with detection(fresh_nats.url, answering):
            assert await until(lambda: answered(failed=False))


async def test_the_key_of_a_process_that_died_becomes_free(fresh_nats, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("app.api.idempotency.GRACE_S", 0.0)
    async with (
        provisioned(fresh_nats.url) as js,
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path, timeout_ms=1500) as client,
    ):
        idempotency = client.app.state.idempotency
        bucket = await js.key_value(ANSWERS.name)
        # What a process leaves that is killed while its request is under way.
        body = json.dumps(dict(GuardInput(text="hello")))
        name = idempotency._digest(b'["dev", "/v1/guard/input", "a"]')
        await idempotency._claim(bucket, name, idempotency._digest(body.encode()), 1)

        async def judged() -> bool:
            response = await with_key(client, "a")
            assert response.status_code in (200, 409)
            return response.status_code == 200

        assert await until(judged)


async def test_answers_rest_sealed(fresh_nats, tmp_path) -> None:
    async with (
        provisioned(fresh_nats.url) as js,
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path) as client,
    ):
        assert (await with_key(client, "order-77", text="a very private text")).status_code == 200
        stored = b"".join([(await js.get_msg(ANSWERS.stream, seq=number)).data for number in (2,)])
    assert b"private" not in stored
    assert b"order-77" not in stored
    assert b"ALLOW" not in stored


async def test_requests_without_a_key_need_no_bucket(fresh_nats, tmp_path) -> None:
    async with (
        provisioned(fresh_nats.url) as js,
        detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path) as client,
    ):
        await js.delete_stream(ANSWERS.stream)
        assert (await ask(client)).status_code == 200
        refused = await with_key(client, "a")
        assert refused.status_code == 503
        assert "vigil streams apply" in refused.json()["detail"]


async def test_a_batch_keeps_its_key_as_long_as_it_may_take(fresh_nats, monkeypatch) -> None:
    monkeypatch.setattr("app.api.idempotency.GRACE_S", 0.0)
    begun, go, runs = asyncio.Event(), asyncio.Event(), 0

    async def run() -> Outcome:
        nonlocal runs
        runs += 1
        begun.set()
        if runs == 1:
            await go.wait()
        return Outcome(b"{}")

    async with provisioned(fresh_nats.url):
        connection = await nats.connect(fresh_nats.url)
        one, other = (Idempotency([b"k" * 32], lambda: _value(connection), 0.4) for _ in range(2))
        first = asyncio.create_task(one.once("key", ("shop", "/batch"), b"", run, patience=100))
        await begun.wait()
        with pytest.raises(Refusal) as refused:
            await other.once("key", ("shop", "/batch"), b"", run, patience=100)
        assert refused.value.status_code == 409
        go.set()
        assert not (await first).replayed
        assert (await other.once("key", ("shop", "/batch"), b"", run, patience=100)).replayed
        await connection.close()
    assert runs == 1
