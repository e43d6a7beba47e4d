"""Whether verdicts are slower while ClickHouse is away, and whether anything is missing afterwards."""

import argparse
import asyncio
import os
import signal
import statistics
import tempfile
import time
from pathlib import Path

from tests.running import Vigil


def main(words: list[str]) -> None:
    """Print P50 and P99 of verdicts before, during and after."""
    parser = argparse.ArgumentParser(prog="bench events_outage --")
    parser.add_argument("--rate", type=float, default=20, help="Requests per second.")
    parser.add_argument("--seconds", type=float, default=60, help="Of each of the three phases.")
    parser.add_argument("--mode", default="fast")
    asyncio.run(_run(parser.parse_args(words)))


async def _run(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as folder, Vigil(Path(folder)) as vigil:
        await asyncio.to_thread(vigil.start)
        await asyncio.sleep(10)  # the second worker loads its engines
        (server,) = vigil.processes("clickhouse_child")
        ids: list[str] = []
        await _phase(vigil, options, ids, 5.0)
        before = await _phase(vigil, options, ids, options.seconds)
        os.kill(server.pid, signal.SIGSTOP)
        during = await _phase(vigil, options, ids, options.seconds)
        os.kill(server.pid, signal.SIGCONT)
        after = await _phase(vigil, options, ids, options.seconds)
        for name, times in {"before": before, "ClickHouse away": during, "after": after}.items():
            p50, p99 = _percentile(times, 50), _percentile(times, 99)
            print(f"  {name:<16} {len(times)} verdicts, P50 {p50:.1f} ms, P99 {p99:.1f} ms")
        print(f"  P99 away : before = {_percentile(during, 99) / _percentile(before, 99):.2f}")
        print(f"  asked {len(ids)}, stored {await _stored(vigil, len(ids))}")


async def _phase(vigil: Vigil, options: argparse.Namespace, ids: list[str], seconds: float) -> list[float]:
    times: list[float] = []
    async with vigil.client() as client:

        async def ask(number: int) -> None:
            started = time.perf_counter()
            body = {"text": f"Please bake {number} loaves of bread for Friday", "mode": options.mode}
            answer = await client.post("/v1/guard/input", json=body)
            times.append((time.perf_counter() - started) * 1000)
            ids.append(answer.raise_for_status().json()["request_id"])

        async with asyncio.TaskGroup() as group:
            for number in range(int(options.rate * seconds)):
                group.create_task(ask(number))
                await asyncio.sleep(1 / options.rate)
    return times


async def _stored(vigil: Vigil, expected: int) -> int:
    found, end = 0, time.monotonic() + 60
    while found < expected and time.monotonic() < end:
        await asyncio.sleep(1)
        found = vigil.rows("SELECT count() FROM n8n_logs.vigil_events FINAL WHERE client_id = 'dev'")[0][0]
    return found


def _percentile(times: list[float], percent: int) -> float:
    return statistics.quantiles(times, n=100)[percent - 1]
