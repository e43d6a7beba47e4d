"""A job that was accepted is judged and told of, whatever is killed meanwhile."""

import asyncio
import json
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.running import Vigil
from tests.services.test_jobs import Receiver
from tests.unit.jobs.test_signature import verify
from tests.wires import until

URL = "/v1/guard/jobs"


async def test_everything_is_killed_and_started_again(tmp_path: Path, stopped_after) -> None:
    async with Receiver().running() as receiver:
        vigil = stopped_after(Vigil(tmp_path, VIGIL_WEBHOOK_ALLOW="127.0.0.1"))
        await asyncio.to_thread(vigil.start)
        for worker in vigil.processes("faststream"):
            worker.suspend()  # so that the job is still waiting when all is killed
        async with vigil.client() as client:

            async def taken() -> dict[str, Any] | None:
                answer = await client.post(URL, json={"text": "Good morning", "webhook_url": receiver.url})
                return answer.json() if answer.status_code == 202 else None

            # While it starts, the pipeline is behind, and that is asked for twice a second only.
            accepted = await until(taken, 20)
            assert accepted, "no job was taken"
            secret = (await client.get("/v1/guard/webhook-secret")).json()["secret"]
            assert (await client.get(f"{URL}/{accepted['job_id']}")).json()["status"] == "queued"
        everything = [psutil.Process(vigil.process.pid), *vigil.processes()]
        for process in everything:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(vigil.process.wait)
        assert not (await asyncio.to_thread(psutil.wait_procs, everything, 20))[1]
        assert receiver.seen == []
        await asyncio.to_thread(vigil.start)

        async def told() -> bool:
            return bool(receiver.seen)

        assert await until(told, 30)
        headers, body = receiver.seen[0]
        assert verify(secret, headers, body)
        told_of = json.loads(body)
        assert (told_of["job_id"], told_of["status"]) == (accepted["job_id"], "done")
        assert told_of["verdict"]["decision"] == "ALLOW"
        async with vigil.client() as client:

            async def delivered() -> bool:
                job: httpx.Response = await client.get(f"{URL}/{accepted['job_id']}")
                return job.json()["webhook"]["state"] == "delivered"

            assert await until(delivered)
        assert len(await asyncio.to_thread(vigil.events, accepted["job_id"])) == 1
        assert await asyncio.to_thread(vigil.stop) == 0
