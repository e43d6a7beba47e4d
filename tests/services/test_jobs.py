"""Jobs and their webhooks on a real server."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from app.schemas.guard import GuardRequest
from app.streams import JOBS
from tests.services.test_answer_path import answering, api, detection
from tests.unit.jobs.test_signature import verify
from tests.wires import provisioned, until

URL = "/v1/guard/jobs"


@dataclass
class Receiver:
    """Takes webhooks: refuses as many as it is told, then accepts."""

    refuse: int = 0
    status: int = 500
    port: int = 0
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.seen.append((headers, body))
        status = self.status if len(self.seen) <= self.refuse else 204
        writer.write(f"HTTP/1.1 {status} x\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    @asynccontextmanager
    async def running(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


async def finished(client, job_id: str, **wanted: object):
    """The job once it is no longer queued, and its webhook is as wanted."""

    async def ended():
        job = (await client.get(f"{URL}/{job_id}")).json()
        webhook = job["webhook"] or {}
        return job if job["status"] != "queued" and all(webhook[k] == v for k, v in wanted.items()) else None

    return await until(ended)


async def test_a_job_is_accepted_kept_and_judged_when_there_is_a_worker(fresh_nats, tmp_path) -> None:
    async with provisioned(fresh_nats.url), api(fresh_nats.url, tmp_path) as client:
        accepted = await client.post(URL, json={"text": "hello", "mode": "fast"})
        assert accepted.status_code == 202, accepted.text
        job = accepted.json()
        assert accepted.headers["location"] == f"{URL}/{job['job_id']}"
        assert (job["status"], job["verdict"], job["mode"]) == ("queued", None, "fast")
        assert (await client.get(accepted.headers["location"])).json() == job
        async with job_detection(fresh_nats.url, answering):
            done = await finished(client, job["job_id"])
    assert done["status"] == "done"
    assert done["verdict"]["categories"] == ["hello"]
    assert done["verdict"]["request_id"] == job["job_id"]


async def test_jobs_are_listed_in_pages_and_only_to_their_client(fresh_nats, tmp_path) -> None:
    async with provisioned(fresh_nats.url), api(fresh_nats.url, tmp_path) as client:
        ids = [(await client.post(URL, json={"text": f"{number}"})).json()["job_id"] for number in range(5)]
        first = (await client.get(URL, params={"limit": 3})).json()
        rest = (await client.get(URL, params={"limit": 3, "after": first["next"]})).json()
        assert [job["job_id"] for job in first["jobs"] + rest["jobs"]] == ids
        assert rest["next"] is None
        assert await client.app.state.jobs.get("other", ids[0]) is None
        assert (await client.app.state.jobs.list("other", 10)).jobs == ()
        assert (await client.get(f"{URL}/req_{'0' * 32}")).status_code == 404
        assert (await client.get(f"{URL}/nonsense")).status_code == 422
        assert (await client.get(URL, params={"after": "x"})).status_code == 422


async def test_a_job_that_fails_for_good_says_so_and_a_replay_ends_it(
    fresh_nats, tmp_path, monkeypatch
) -> None:
    from app.runtime import dlq, retry

    monkeypatch.setattr(retry, "after_failure", lambda *_, **__: retry.Bury())
    monkeypatch.setattr("app.runtime.delivery.after_failure", lambda *_, **__: retry.Bury())

    async def failing(request: GuardRequest) -> None:
        raise RuntimeError("no luck")

    async with provisioned(fresh_nats.url) as js, api(fresh_nats.url, tmp_path) as client:
        job = (await client.post(URL, json={"text": "hello"})).json()
        async with job_detection(fresh_nats.url, failing):
            failed = await finished(client, job["job_id"])
        assert (failed["status"], failed["error"], failed["verdict"]) == ("failed", "no luck", None)
        (letter,) = [letter async for letter in dlq.letters(js)]
        await dlq.replay(js, letter)
        async with job_detection(fresh_nats.url, answering):

            async def done():
                return (await client.get(f"{URL}/{job['job_id']}")).json()["status"] == "done"

            assert await until(done)


@asynccontextmanager
async def job_detection(url: str, handler):
    from app.publishers import job_result

    async with detection(url, handler) as broker:
        broker.include_router(job_result.router)
        yield broker


async def test_a_webhook_brings_the_job_with_a_signature_and_is_tried_until_it_is_taken(
    fresh_nats, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("app.jobs.courier.DELAYS_S", (0.1,) * 5)
    async with (
        provisioned(fresh_nats.url) as js,
        Receiver(refuse=2).running() as receiver,
        job_detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path, vigil_webhook_allow="127.0.0.1") as client,
    ):
        # What another version has stored, and this one cannot read, holds nobody up.
        await (await js.key_value(JOBS.name)).put("webhook.req_other", b"{}")
        secret = (await client.get("/v1/guard/webhook-secret")).json()["secret"]
        accepted = await client.post(URL, json={"text": "hello", "webhook_url": receiver.url})
        assert accepted.json()["webhook"] == {
            "url": receiver.url, "state": "pending", "attempts": 0, "last_error": None, "delivered_at": None,
        }  # fmt: skip
        job = await finished(client, accepted.json()["job_id"], state="delivered")
    assert job["webhook"]["attempts"] == 3
    assert len(receiver.seen) == 3
    for headers, body in receiver.seen:
        assert verify(secret, headers, body)
        assert headers["webhook-id"] == job["job_id"]
        assert json.loads(body)["verdict"]["categories"] == ["hello"]
        assert "authorization" not in headers


@pytest.mark.parametrize(("status", "attempts"), [(500, 3), (302, 3), (410, 1)])
async def test_a_webhook_that_nobody_takes_is_given_up_and_a_redirect_is_not_followed(
    fresh_nats, tmp_path, monkeypatch, status: int, attempts: int
) -> None:
    monkeypatch.setattr("app.jobs.courier.DELAYS_S", (0.1, 0.1))
    async with (
        provisioned(fresh_nats.url),
        Receiver(refuse=99, status=status).running() as receiver,
        job_detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path, vigil_webhook_allow="127.0.0.1") as client,
    ):
        accepted = await client.post(URL, json={"text": "hello", "webhook_url": receiver.url})
        job = await finished(client, accepted.json()["job_id"], state="failed")
    assert job["webhook"]["attempts"] == attempts == len(receiver.seen)
    assert job["webhook"]["last_error"] == f"it answered {status}"


async def test_a_webhook_to_our_own_network_is_refused_also_when_its_name_changes_its_meaning(
    fresh_nats, tmp_path, monkeypatch
) -> None:
    async with (
        provisioned(fresh_nats.url),
        Receiver().running() as receiver,
        job_detection(fresh_nats.url, answering),
        api(fresh_nats.url, tmp_path) as client,
    ):
        for url in (receiver.url, "https://localhost/", "https://[::1]/", "https://169.254.169.254/latest"):
            refused = await client.post(URL, json={"text": "hello", "webhook_url": url})
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["field"] == "webhook_url"
        # Public when it was accepted, ours when it is to be delivered.
        loop = asyncio.get_running_loop()
        real, answers = loop.getaddrinfo, iter(["93.184.216.34"])

        async def rebinding(host, port, **options):
            if host != "rebinding.example":
                return await real(host, port, **options)
            return [(2, 1, 6, "", (next(answers, "127.0.0.1"), port))]

        monkeypatch.setattr(loop, "getaddrinfo", rebinding)
        url = f"https://rebinding.example:{receiver.port}/"
        accepted = await client.post(URL, json={"text": "hello", "webhook_url": url})
        assert accepted.status_code == 202
        job = await finished(client, accepted.json()["job_id"], state="failed")
    assert "private or local network" in job["webhook"]["last_error"]
    assert receiver.seen == []


async def test_repeats_of_a_submission_are_one_job(fresh_nats, tmp_path) -> None:
    async with provisioned(fresh_nats.url), api(fresh_nats.url, tmp_path) as client:
        headers = {"Idempotency-Key": "a"}
        answers = await asyncio.gather(
            *(client.post(URL, json={"text": "hello"}, headers=headers) for _ in range(10))
        )
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.json()["job_id"] for answer in answers}) == 1
        assert len((await client.get(URL)).json()["jobs"]) == 1


async def test_a_job_that_cannot_be_stored_is_503_and_leaves_nothing(fresh_nats, tmp_path) -> None:
    async with provisioned(fresh_nats.url) as js, api(fresh_nats.url, tmp_path) as client:
        config = (await js.stream_info("VIGIL")).config
        await js.update_stream(config.evolve(max_msgs=1))
        assert (await client.post(URL, json={"text": "one"})).status_code == 202
        full = await client.post(URL, json={"text": "two"})
        assert full.status_code == 503
        assert "retry-after" in full.headers
        assert len((await client.get(URL)).json()["jobs"]) == 1
