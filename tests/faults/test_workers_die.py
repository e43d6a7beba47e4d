"""Killing things under a running product."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import nats
import psutil
import pytest

from app.streams import ARBITER, DETECTION, PII, VIGIL
from tests.running import Vigil


@pytest.fixture(scope="module")
def vigil(tmp_path_factory):
    with Vigil(tmp_path_factory.mktemp("faults"), FLUSH_INTERVAL_MS="500") as running:
        running.start()
        yield running


def workers(vigil: Vigil) -> list[psutil.Process]:
    return vigil.processes("faststream")


async def test_a_worker_killed_under_load_costs_no_verdict_and_less_than_five_seconds(vigil: Vigil) -> None:
    slowest, answers = 0.0, []
    async with vigil.client() as client:

        async def ask(number: int) -> None:
            nonlocal slowest
            started = time.monotonic()
            answer = await client.post(
                "/v1/guard/input", json={"text": f"Bake {number} loaves of bread, please"}
            )
            slowest = max(slowest, time.monotonic() - started)
            answers.append(answer)

        async with asyncio.TaskGroup() as group:
            for number in range(100):
                group.create_task(ask(number))
                await asyncio.sleep(0.1)
                if number in (20, 70):
                    workers(vigil)[0].kill()
    assert [answer.status_code for answer in answers] == [200] * 100
    assert slowest < 5, f"{slowest:.2f} s"
    ids = {answer.json()["request_id"] for answer in answers}
    listed = ", ".join(f"'{name}'" for name in ids)
    query = f"SELECT count(), uniqExact(event_id) FROM n8n_logs.vigil_events WHERE request_id IN ({listed})"
    end = time.monotonic() + 25
    while vigil.rows(query) != [(100, 100)] and time.monotonic() < end:
        await asyncio.sleep(0.3)
    assert vigil.rows(query) == [(100, 100)]


def test_nats_stopped_is_503_with_a_reason_and_recovers_by_itself(vigil: Vigil) -> None:
    (server,) = vigil.processes("nats-server")
    server.suspend()  # alive but silent, so that it is not started again at once
    try:
        answers = [vigil.guard("Good morning") for _ in range(2)]
        ready = httpx.get(f"{vigil.url}/readyz", timeout=20)
    finally:
        server.kill()
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    assert ready.status_code == 503
    assert ready.json()["reason"]
    end = time.monotonic() + 30
    while vigil.guard("Good morning").status_code != 200 and time.monotonic() < end:
        time.sleep(0.2)
    answer = vigil.guard("Good evening")
    assert answer.status_code == 200
    assert len(vigil.events(answer.json()["request_id"], within_s=15)) == 1


def test_clickhouse_stopped_costs_no_verdict_and_no_event(vigil: Vigil) -> None:
    (server,) = vigil.processes("clickhouse_child")
    server.suspend()
    try:
        ids = []
        end = time.monotonic() + 12
        while time.monotonic() < end:
            answer = vigil.guard("A question while the log is away")
            assert answer.status_code == 200
            ids.append(answer.json()["request_id"])
            time.sleep(0.2)
    finally:
        server.kill()
    for name in ids:
        assert len(vigil.events(name, within_s=40)) == 1


async def test_sigterm_to_a_worker_delivers_nothing_twice(vigil: Vigil) -> None:
    async def deliveries() -> dict[str, int]:
        connection = await nats.connect(vigil.services["nats_servers"])
        try:
            js = connection.jetstream()
            infos = [
                await js.consumer_info(VIGIL.name, consumer.durable) for consumer in (DETECTION, ARBITER, PII)
            ]
        finally:
            await connection.close()
        return {str(info.name): info.delivered.consumer_seq for info in infos if info.delivered}

    before = await deliveries()
    stopped, *_ = workers(vigil)
    async with vigil.client() as client:

        async def ask(number: int) -> int:
            text = f"Request number {number} around the stop, from 10.0.0.{number}"
            return (await client.post("/v1/guard/input", json={"text": text})).status_code

        async with asyncio.TaskGroup() as group:
            asked = []
            for number in range(60):
                asked.append(group.create_task(ask(number)))
                await asyncio.sleep(0.05)
                if number == 20:
                    stopped.terminate()
    assert [task.result() for task in asked] == [200] * 60
    assert not psutil.wait_procs([stopped], timeout=30)[1]
    after = await deliveries()
    # Each text holds an address: it is redacted, and judged once more before it is passed on.
    assert {name: after[name] - before[name] for name in after} == {
        DETECTION.durable: 120, ARBITER.durable: 180, PII.durable: 60,
    }  # fmt: skip


DIES = """
import asyncio, os, sys
from app.schemas.guard import GuardRequest
from app.streams import DETECTION
from tests.wires import worker

attempts = sys.argv[2]

async def handler(message: GuardRequest) -> None:
    with open(attempts, "a") as file:
        file.write("x")
    with open(attempts) as file:
        if len(file.read()) >= 3:
            os.kill(os.getpid(), 9)
    raise RuntimeError("no luck")

async def main():
    async with worker(sys.argv[1], DETECTION, handler):
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_process_that_dies_on_the_third_attempt_does_not_orphan_the_message(
    fresh_nats, tmp_path: Path
) -> None:
    from app.runtime import dlq
    from app.schemas.guard import GuardRequest
    from app.streams import DETECTION
    from tests.wires import provisioned, until, worker

    attempts = tmp_path / "attempts"
    async with provisioned(fresh_nats.url) as js:
        command = [sys.executable, "-c", DIES, fresh_nats.url, str(attempts)]
        process = subprocess.Popen(command, cwd=Path(__file__).parents[2], env=os.environ)
        try:
            request = GuardRequest(request_id="req_1", text="hello")
            from app.runtime.headers import DEADLINE

            headers = {DEADLINE: str(time.time() + 30)}
            await js.publish("vigil.guard.input", request.model_dump_json().encode(), headers=headers)
            assert await asyncio.to_thread(process.wait, 30) == -signal.SIGKILL
        finally:
            process.kill()
            process.wait()
        called, handled = [], []

        async def cured(message: GuardRequest) -> None:
            called.append(message.request_id)

        async def filed():
            return [letter async for letter in dlq.letters(js)]

        async with worker(fresh_nats.url, DETECTION, cured):
            (letter,) = await until(filed, 15)
            assert attempts.read_text() == "xxx", "exactly three attempts"
            assert not called
            assert letter.letter.error_type == "WorkerDied"
            assert letter.letter.redelivery_count == 4
            await dlq.replay(js, letter)

            async def done() -> bool:
                return called == ["req_1"]

            assert await until(done)
        assert not await filed()
        assert not handled
