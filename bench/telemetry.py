"""What telemetry costs a request: traces off, on at 1 % and on at 100 %, side by side; and the metrics.

`make bench NAME=telemetry`; words: rounds (5), seconds for each step (5), clients of the closed loop (4).
"""

import asyncio
import statistics
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import uvloop
from faststream import ContextRepo
from faststream.nats.response import NatsPublishCommand
from faststream.response.publish_type import PublishType
from nats.aio.msg import Msg
from opentelemetry.sdk.trace import TracerProvider

from app import tracing
from app.examples import EXAMPLES
from app.metrics import delivery, pipeline
from app.runtime.headers import incoming
from app.runtime.tracing import Tracing
from app.schemas.pii import PiiResult
from app.schemas.timing import Timings
from app.schemas.verdict import Verdict
from bench.pipeline import Processors, closed_loop, request
from tests.otlp import Collector, collector
from tests.running import Vigil

TRACES = {
    "off": {},
    "1 %": {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"},
    "100 %": {"OTEL_TRACES_SAMPLER": "always_on"},
}
OURS = ("faststream", "app.api")


async def measure(running: dict[str, Vigil], rounds: int, seconds: float, clients: int) -> None:
    """One step of each in turn, so that a busy moment of the machine hits all of them."""
    cost: dict[str, list[float]] = defaultdict(list)
    median: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        for name, vigil in running.items():
            processors = Processors(vigil)
            latencies, statuses = await closed_loop(vigil.port, request(vigil.key, "fast"), clients, seconds)
            if set(statuses) != {200}:
                raise SystemExit(
                    f"answers were {dict(statuses)}: the machine is too busy, ask with fewer clients"
                )
            if number:  # the first round warms up
                used = processors.per_request(len(latencies))
                cost[name].append(sum(used[kind] for kind in OURS))
                median[name].append(1000 * statistics.median(latencies))
    base = statistics.median(cost["off"])
    for name, values in cost.items():
        middle, p50 = statistics.median(values), statistics.median(median[name])
        print(
            f"traces {name:<6} API and workers {middle:6.2f} ms CPU a request "
            f"({min(values):.2f} to {max(values):.2f})  "
            f"{middle - base:+.2f} ms  x{middle / base:.2f}   p50 {p50:.1f} ms",
            flush=True,
        )


def metrics(repeats: int = 20_000) -> None:
    """The least of five measurements, in processor time of this process."""
    result = next(example for example in EXAMPLES if isinstance(example, PiiResult))
    verdict = next(example for example in EXAMPLES if isinstance(example, Verdict))
    timings = Timings(detection_ms=7.3, decision_ms=0.1, pii_ms=0.6, settle_ms=0.1, total_ms=15.9)

    def message() -> None:
        delivery.IN_FLIGHT.labels("pii-worker").inc(1)
        delivery.QUEUED.labels("pii-worker").observe(0.004)
        delivery.MESSAGES.labels("pii-worker", "acked").inc()
        delivery.IN_FLIGHT.labels("pii-worker").dec(1)
        delivery.PROCESSING.labels("pii-worker").observe(0.004)

    parts = {
        "each message": message,
        "each detection": lambda: pipeline.judged(result.detection),
        "each verdict": lambda: pipeline.settled(result, verdict, timings),
    }
    for name, work in parts.items():
        took = []
        for _ in range(5):
            started = process_time()
            for _ in range(repeats):
                work()
            took.append((process_time() - started) / repeats)
        print(f"metrics, {name:<15} {1e6 * min(took):5.1f} us CPU")


def hops(repeats: int = 3_000) -> None:
    """One hop as the middleware sees it, a message received and the next one sent, without the exporting thread."""
    provider = TracerProvider()
    tracing.use(provider)
    headers = {"Nats-Msg-Id": "req_01a20b786db51601aeb475518ac9e84a:guard"}
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
    try:
        for name, flag in (("not sampled", "00"), ("sampled", "01")):
            message = Msg(None, "vigil.guard.input", data=b"x" * 400)
            message.headers = {**headers, "traceparent": f"{trace}-{flag}"}
            took = []
            for _ in range(5):
                started = process_time()
                asyncio.run(_hops(message, headers, repeats))
                took.append((process_time() - started) / repeats)
            print(f"traces, a hop {name:<12} {1e6 * min(took):5.1f} us CPU")
    finally:
        tracing.use(None)


async def _hops(message: Msg, headers: dict[str, str], repeats: int) -> None:
    async def sent(_: NatsPublishCommand) -> None:
        """Goes nowhere."""

    incoming.set(message.headers or {})
    for _ in range(repeats):
        middleware = Tracing(message, context=ContextRepo())
        await middleware.on_receive()
        command = NatsPublishCommand(
            b"", subject="vigil.arbiter.decision", headers=headers, _publish_type=PublishType.PUBLISH
        )
        await Tracing(None, context=ContextRepo()).publish_scope(sent, command)
        await middleware.after_processed()


def main(words: list[str]) -> None:
    given = dict(enumerate(words))
    rounds, seconds, clients = int(given.get(0, 5)), float(given.get(1, 5)), int(given.get(2, 4))
    metrics()
    hops()
    with (
        TemporaryDirectory(prefix="vigil-bench-") as folder,
        collector() as receiver,
        ExitStack() as stack,
    ):
        running = {name: _start(Path(folder), name, receiver, stack) for name in TRACES}
        uvloop.run(measure(running, rounds, seconds, clients))
        print(f"{len(receiver.spans)} spans arrived")


def _start(folder: Path, name: str, receiver: Collector, stack: ExitStack) -> Vigil:
    home = folder / name.replace(" %", "-percent")
    home.mkdir()
    endpoint = {} if name == "off" else {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    vigil = stack.enter_context(
        Vigil(home, VIGIL_PROCESSES="1", VIGIL_RATE_LIMITS="1000000/second", **endpoint, **TRACES[name])
    )
    vigil.start()
    return vigil
