"""What the server says of streams and consumers, as metrics: asked now and then, by every process that shows any.

Each process shows the same numbers, so that no part of the deployment is blind when another is down: take the
maximum over processes, not the sum.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo

from app.metrics import delivery as metrics
from app.runtime.tasks import cancel
from app.streams import CONSUMERS, DEAD_LETTERS, VIGIL, VIGIL_DLQ

POLL_S = 5.0

Told = Callable[[Mapping[str, ConsumerInfo]], None]


class Backlog:
    """Follows the server's numbers.

    Args:
        connect: gives the process's connection once there is one.
        tell: is told of the consumers, by durable, each time that they were asked for.
        every_s: how often consumers are asked for; streams are asked for every POLL_S.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Client]],
        tell: Told | None = None,
        every_s: float = POLL_S,
    ) -> None:
        self._connect = connect
        self._tell = tell
        self._every_s = every_s
        self._streams_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(self._watch(), name="watch the backlog")

    async def stop(self) -> None:
        """Ask no more."""
        await cancel(self._task)

    async def _watch(self) -> None:
        connection = await self._connect()
        js = connection.jetstream(timeout=min(self._every_s * 2, 2.0))
        while True:
            metrics.CONNECTED.set(connection.is_connected)
            try:
                await self._ask(js)
            except (NatsError, TimeoutError, OSError):
                forget()  # rather nothing than numbers from before
                self._streams_at = 0.0
            await asyncio.sleep(self._every_s)

    async def _ask(self, js: JetStreamContext) -> None:
        consumers = {
            consumer.durable: await js.consumer_info(VIGIL.name, consumer.durable) for consumer in CONSUMERS
        }
        if self._tell is not None:
            self._tell(consumers)
        _show_consumers(consumers)
        now = time.monotonic()
        if now - self._streams_at >= POLL_S:
            await _show_streams(js)
            self._streams_at = now


def forget() -> None:
    """Show no numbers of the server."""
    for metric in (
        metrics.PENDING, metrics.UNACKED, metrics.REDELIVERED, metrics.SETTLED, metrics.STREAM_MESSAGES,
        metrics.STREAM_BYTES, metrics.STREAM_LIMIT, metrics.STREAM_MOST, metrics.DEAD_LETTERS,
    ):  # fmt: skip
        metric.clear()


def _show_consumers(consumers: Mapping[str, ConsumerInfo]) -> None:
    for durable, info in consumers.items():
        metrics.PENDING.labels(durable).set(info.num_pending or 0)
        metrics.UNACKED.labels(durable).set(info.num_ack_pending or 0)
        metrics.REDELIVERED.labels(durable).set(info.num_redelivered or 0)
        metrics.SETTLED.labels(durable).set(info.ack_floor.consumer_seq if info.ack_floor else 0)


async def _show_streams(js: JetStreamContext) -> None:
    for stream in (VIGIL.name, VIGIL_DLQ.name):
        info_of = await js.stream_info(stream, subjects_filter=f"{DEAD_LETTERS}.>")
        metrics.STREAM_MESSAGES.labels(stream).set(info_of.state.messages)
        metrics.STREAM_BYTES.labels(stream).set(info_of.state.bytes)
        metrics.STREAM_LIMIT.labels(stream).set(info_of.config.max_bytes or 0)
        metrics.STREAM_MOST.labels(stream).set(max(0, info_of.config.max_msgs or 0))
        if stream == VIGIL_DLQ.name:
            waiting = info_of.state.subjects or {}
            for consumer in CONSUMERS:
                metrics.DEAD_LETTERS.labels(consumer.durable).set(
                    waiting.get(f"{DEAD_LETTERS}.{consumer.durable}", 0)
                )
