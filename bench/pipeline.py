"""Requests per second through the running product, latencies, and the processor time of a request by process.

`make bench NAME=pipeline`; words: seconds for each step (8), clients of the closed loop (16).
"""

import asyncio
import statistics
from collections import defaultdict
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil
import uvloop

from tests.running import Vigil

# 210 characters without anything to redact, and none of the words that a branch listens for.
TEXT = (
    "Please summarise the minutes of the meeting and list who has agreed to do what until next Friday; the customer "
    "wants a short table with owners, dates and open questions, nothing more than that. Thank you!"
)
RATES = {"fast": (50, 200, 500), "full": (25, 50, 100)}
KINDS = ("nats-server", "clickhouse_child", "faststream", "app.api")


class Caller:
    """One kept-open connection that asks one question after the other, in plain HTTP so that the load costs little."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, port: int) -> "Caller":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> int:
        """The status of the answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await self._reader.readexactly(length)
        return int(head[9:12])

    def close(self) -> None:
        self._writer.close()


def request(key: str, mode: str) -> bytes:
    body = f'{{"text": "{TEXT}", "mode": "{mode}"}}'.encode()
    return (
        f"POST /v1/guard/input HTTP/1.1\r\nHost: vigil\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def closed_loop(
    port: int, payload: bytes, clients: int, seconds: float
) -> tuple[list[float], dict[int, int]]:
    """Every client asks again as soon as it has its answer."""
    latencies: list[float] = []
    statuses: dict[int, int] = defaultdict(int)
    end = perf_counter() + seconds

    async def client() -> None:
        caller = await Caller.connect(port)
        while (started := perf_counter()) < end:
            statuses[await caller.ask(payload)] += 1
            latencies.append(perf_counter() - started)
        caller.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return latencies, statuses


async def open_loop(
    port: int, payload: bytes, rate: float, seconds: float
) -> tuple[list[float], dict[int, int]]:
    """Requests come at their times, whether or not the earlier ones are answered; latency counts from that time."""
    latencies: list[float] = []
    statuses: dict[int, int] = defaultdict(int)
    idle: list[Caller] = []
    started = perf_counter()

    async def one(due: float) -> None:
        caller = idle.pop() if idle else await Caller.connect(port)
        statuses[await caller.ask(payload)] += 1
        latencies.append(perf_counter() - due)
        idle.append(caller)

    async with asyncio.TaskGroup() as group:
        for number in count():
            due = started + number / rate
            if due - started > seconds:
                break
            await asyncio.sleep(max(0.0, due - perf_counter()))
            group.create_task(one(due))
    for caller in idle:
        caller.close()
    return latencies, statuses


class Processors:
    """Processor time of the product's processes, by what they are."""

    def __init__(self, vigil: Vigil) -> None:
        self._processes = {kind: vigil.processes(kind) for kind in KINDS}
        self._before = self._used()

    def per_request(self, requests: int) -> dict[str, float]:
        """Milliseconds since the start, divided."""
        after = self._used()
        return {kind: 1000 * (after[kind] - self._before[kind]) / max(requests, 1) for kind in KINDS}

    def _used(self) -> dict[str, float]:
        return {kind: sum(map(_seconds, processes)) for kind, processes in self._processes.items()}


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def report(
    name: str, seconds: float, found: tuple[list[float], dict[int, int]], used: dict[str, float]
) -> None:
    latencies, statuses = found
    cuts = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [float("nan")] * 99
    refused = {status: number for status, number in statuses.items() if status != 200}
    cost = "  ".join(f"{kind} {value:.2f}" for kind, value in used.items())
    print(
        f"{name:<22} {len(latencies) / seconds:6.0f} requests/s  "
        f"p50 {1000 * cuts[49]:6.1f}  p99 {1000 * cuts[98]:6.1f} ms  "
        f"{f'refused {refused}  ' if refused else ''}CPU ms a request: {sum(used.values()):.2f} ({cost})",
        flush=True,
    )


async def measure(vigil: Vigil, seconds: float, clients: int) -> None:
    for mode, rates in RATES.items():
        payload = request(vigil.key, mode)
        await closed_loop(vigil.port, payload, 4, 2)
        for name, load in [
            (f"{mode}, {clients} clients", closed_loop(vigil.port, payload, clients, seconds)),
            *((f"{mode}, {rate}/s", open_loop(vigil.port, payload, rate, seconds)) for rate in rates),
        ]:
            processors = Processors(vigil)
            found = await load
            await asyncio.sleep(0.5)
            report(name, seconds, found, processors.per_request(len(found[0])))


def main(words: list[str]) -> None:
    seconds, clients = (float(words[0]) if words else 8.0), (int(words[1]) if len(words) > 1 else 16)
    with TemporaryDirectory(prefix="vigil-bench-") as folder:
        vigil = Vigil(Path(folder), VIGIL_RATE_LIMITS="1000000/second", VIGIL_MAX_IN_FLIGHT="1000")
        try:
            vigil.start()
            uvloop.run(measure(vigil, seconds, clients))
        finally:
            vigil.stop()
