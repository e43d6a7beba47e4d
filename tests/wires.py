"""Workers and pipelines of a test, on a real nats-server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import nats
from faststream import AckPolicy
from faststream.nats import NatsBroker, NatsRouter, PullSub
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from app.publishers import dead_letter, logs_event
from app.publishers.unsettled import PublishedLedger
from app.runtime.delivery import Delivery
from app.runtime.provisioning import apply
from app.runtime.pulling import make_drainable
from app.streams import CONSUMERS, VIGIL, Consumer, stream_configs


@asynccontextmanager
async def provisioned(url: str) -> AsyncIterator[JetStreamContext]:
    """JetStream with empty streams and consumers of ours."""
    connection = await nats.connect(url)
    js = connection.jetstream()
    refused = [change for change in await apply(js, replicas=1) if change.refused]
    assert not refused
    try:
        yield js
    finally:
        for name in (config.name for config in stream_configs(1)):
            with suppress(NotFoundError):  # a test may have deleted it
                await js.delete_stream(name)
        await connection.close()


@asynccontextmanager
async def worker(
    url: str, consumer: Consumer, handler: Callable[[Any], Awaitable[None]], **options: Any
) -> AsyncIterator[NatsBroker]:
    """A worker on `consumer` whose handler is the test's, with the delivery of the product."""
    router = NatsRouter()
    pull = options.pop("pull", PullSub(batch_size=consumer.fetch, timeout=1.0))
    router.subscriber(
        stream=VIGIL,
        durable=consumer.durable,
        config=consumer.config,
        pull_sub=pull,
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        **options,
    )(handler)
    broker = NatsBroker(url, logger=None, middlewares=[Delivery(PublishedLedger())])
    broker.include_routers(router, dead_letter.router, logs_event.router)
    await broker.start()
    fetches = make_drainable(broker)
    try:
        yield broker
    finally:
        for fetch in fetches:
            await fetch.drain()
        await broker.stop()


async def until(condition: Callable[[], Awaitable[Any]], timeout_s: float = 15.0) -> Any:
    """Wait for a condition; the last value, true or not."""
    clock = asyncio.get_running_loop().time
    end = clock() + timeout_s
    while not (value := await condition()) and clock() < end:
        await asyncio.sleep(0.05)
    return value


async def stored(js: JetStreamContext, stream: str, subject: str) -> list[Any]:
    """The messages of a stream on a subject, oldest first."""
    found, number = [], 1
    while True:
        try:
            message = await js.get_msg(stream, seq=number, subject=subject, next=True)
        except nats.js.errors.NotFoundError:
            return found
        found.append(message)
        number = (message.seq or number) + 1


__all__ = ["CONSUMERS", "provisioned", "stored", "until", "worker"]
