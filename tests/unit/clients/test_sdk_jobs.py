"""Jobs: submitting, waiting, listing; webhooks."""

import base64
import json
import secrets
from typing import Any

import httpx
import pytest

from tests.sdk import ALLOW, Double
from vigil_stream import APIConnectionError, Job, JobFailedError, JobTimeoutError, NotFoundError, Text
from vigil_stream.jobs import FIRST_PAUSE_S

QUEUED = {"job_id": "req_1", "status": "queued", "direction": "input", "mode": "full"}
DONE = {**QUEUED, "status": "done", "verdict": ALLOW, "finished_at": "2026-11-25T08:00:00Z"}
FAILED = {**QUEUED, "status": "failed", "error": "dead-lettered"}


def answer(job: dict[str, Any], status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=job)


def test_a_job_is_submitted_with_what_is_said_about_its_text(double: Double) -> None:
    double.answers(answer(QUEUED, 202))
    text = Text("An answer", direction="output", prompt="A question", mode="fast")
    job = double.do(double.client().jobs.submit(text, webhook_url="https://example.com/hook"))
    assert (job.job_id, job.status, job.finished) == ("req_1", "queued", False)
    (request,) = double.requests
    assert request.url.path == "/v1/guard/jobs"
    assert "Idempotency-Key" in request.headers
    assert json.loads(request.content) == {
        "text": "An answer", "direction": "output", "prompt": "A question", "mode": "fast",
        "webhook_url": "https://example.com/hook",
    }  # fmt: skip


def test_waiting_asks_less_and_less_often_until_there_is_a_verdict(double: Double) -> None:
    double.answers(*[answer(QUEUED)] * 3, answer({**QUEUED, "status": "napping"}), answer(DONE))
    job = double.do(double.client().jobs.wait("req_1"))
    assert job.verdict.allowed
    assert double.clock.waits == [pytest.approx(FIRST_PAUSE_S * 1.5**n) for n in range(4)]
    assert {request.method for request in double.requests} == {"GET"}
    assert "Idempotency-Key" not in double.requests[0].headers


def test_waiting_ends_in_time(double: Double) -> None:
    double.answers(answer(QUEUED))
    started = double.clock.now
    with pytest.raises(JobTimeoutError, match="req_1 is not finished yet: it is queued"):
        double.do(double.client().jobs.wait("req_1", timeout=10.0))
    assert double.clock.now - started == pytest.approx(10.0)


def test_a_failed_job_is_raised(double: Double) -> None:
    double.answers(answer(FAILED))
    with pytest.raises(JobFailedError, match="req_1 failed: dead-lettered") as raised:
        double.do(double.client().jobs.wait("req_1"))
    assert raised.value.job.status == "failed"
    assert double.do(double.client().jobs.get("req_1")).error == "dead-lettered"


def test_waiting_outlives_a_restart_of_the_server(double: Double) -> None:
    away = httpx.ConnectError("refused")
    double.answers(
        answer(QUEUED), *[away] * 8, httpx.Response(503, headers={"Retry-After": "2"}), answer(DONE)
    )
    assert double.do(double.client(max_retries=1).jobs.wait("req_1")).finished
    double.answers(away)
    with pytest.raises(APIConnectionError):
        double.do(double.client().jobs.wait("req_1", timeout=60.0))


def test_an_unknown_job_is_not_waited_for(double: Double) -> None:
    double.answers(httpx.Response(404, json={"status": 404, "detail": "there is no such job of yours"}))
    with pytest.raises(NotFoundError, match="no such job"):
        double.do(double.client().jobs.wait("../v1/x"))
    assert len(double.requests) == 1
    assert double.requests[0].url.raw_path == b"/v1/guard/jobs/..%2Fv1%2Fx"


def test_all_pages_are_listed(double: Double) -> None:
    def pages(request: httpx.Request) -> httpx.Response:
        after = int(request.url.params.get("after", "0"))
        jobs = [{**QUEUED, "job_id": f"req_{number}"} for number in range(after, after + 2)]
        return httpx.Response(200, json={"jobs": jobs, "next": str(after + 2) if after < 4 else None})

    double.handler = pages
    listed = double.client().jobs.list()

    async def everything() -> list[Job]:
        return [job async for job in listed]

    jobs = double.do(everything()) if double.asynchronous else list(listed)
    assert [job.job_id for job in jobs] == [f"req_{number}" for number in range(6)]


def test_the_secret_of_webhooks_shows_in_no_repr(double: Double) -> None:
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    double.answers(httpx.Response(200, json={"secret": secret}))
    assert double.do(double.client().jobs.webhook_secret()) == secret
