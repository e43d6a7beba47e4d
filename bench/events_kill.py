"""Whether every event is counted once after worker and ClickHouse were killed in turn, again and again."""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys

import httpx

from app.runtime.ports import free_port
from bench import _stack

DOCUMENTED = "SELECT count() FROM n8n_logs.vigil_events FINAL"  # as docs/events.md writes it


def main(words: list[str]) -> None:
    """Print how often what was killed, and the count by SQL, by `vigil events stats` and by the API."""
    parser = argparse.ArgumentParser(prog="bench events_kill --")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=2_000, help="Events published per second.")
    parser.add_argument("--every", type=float, default=4.0, help="Seconds between two kills.")
    asyncio.run(_run(parser.parse_args(words)))


async def _run(options: argparse.Namespace) -> None:
    async with _stack.stack() as stack:
        payloads = [event.model_dump_json().encode() for event in _stack.events(options.events)]
        publishing = asyncio.create_task(stack.publish(payloads, options.rate))
        worker = await stack.start_worker()
        killed = {"worker": 0, "ClickHouse": 0}
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            while not publishing.done() or not sum(killed.values()):
                await asyncio.sleep(options.every)
                if killed["worker"] <= killed["ClickHouse"]:
                    worker.kill()
                    await worker.wait()
                    worker = await stack.start_worker()
                    killed["worker"] += 1
                else:
                    os.kill(stack.clickhouse.child.pid, signal.SIGKILL)  # its keeper starts it again
                    killed["ClickHouse"] += 1
            await publishing
            while stack.stored() < options.events and clock() < started + 600:  # noqa: ASYNC110
                await asyncio.sleep(0.5)
            print(f"killed {killed} in {clock() - started:.0f} s")
            (raw, distinct) = stack.query(
                "SELECT count(), uniqExact(event_id) FROM n8n_logs.vigil_events SETTINGS final = 0"
            )[0]
            print(f"{options.events} published; rows before merging {raw}, distinct event ids {distinct}")
            print(f"SQL of docs/events.md   {stack.query(DOCUMENTED)[0][0]}")
            print(f"vigil events stats      {_by_stats(stack)}")
            print(f"GET /v1/events/stats    {await _by_api(stack)}")
        finally:
            await _stack.stop(worker)


def _by_stats(stack: _stack.Stack) -> int:
    command = (sys.executable, "-m", "app", "events", "stats", "--since", "2d", "--json")
    said = subprocess.run(command, env=stack.environment, capture_output=True, check=True, timeout=60)
    return json.loads(said.stdout)["events"]


async def _by_api(stack: _stack.Stack) -> int:
    port = free_port()
    command = (sys.executable, "-m", "app.api")
    with (stack.folder / "api.log").open("wb") as log:
        environment = {**stack.environment, "VIGIL_PORT": str(port)}
        api = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            for _ in range(100):
                await asyncio.sleep(0.2)
                try:
                    await client.get("/healthz")
                except httpx.TransportError:
                    continue
                break
            key = (stack.folder / "dev-key").read_text().strip()
            answer = await client.get(
                "/v1/events/stats", params={"since": "2d"}, headers={"Authorization": f"Bearer {key}"}
            )
            return answer.raise_for_status().json()["events"]
    finally:
        await _stack.stop(api)
