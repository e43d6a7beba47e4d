"""Pulling messages without stalls, and a stop after which nothing is delivered twice.

Stands in for `fetch` of nats-py, for two measured reasons (docs/decisions/0002):
- With a batch above one its first message can wait for the rest of the batch until the pull expires, when an
  earlier pull is still open on the server: 100 to 400 ms in one request of twenty.
- FastStream drops a batch that arrives between the stop signal and the end of its pull loop; the server would
  deliver it again after ack_wait. So the pulls end first, then the handlers, then the connection.
"""

import asyncio
import json
from typing import Any

from faststream.nats import NatsBroker
from faststream.nats.subscriber.usecases.stream_pull_subscriber import BatchPullStreamSubscriber
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext

# A pull stays open this long, so that a 5 s log batch need not run out before a stop.
LINGER_S = 0.5
# How much later than it should the end of a pull may be heard; then the server is away.
GRACE_S = 1.0
# Batches that one round of the handler may take from a backlog: an insert of 500 rows costs ClickHouse little more than
# one of 100. Within max_ack_pending (1000), which all replicas share.
BACKLOG_BATCHES = 5
ENDED = {"404", "408"}  # nothing there, nothing came in time


class DrainableFetch:
    """One pull subscription's `fetch`: waits for one message, takes along those that are there, no more.

    What it returns is worked on at once, under heartbeats; it never asks for more than that.
    """

    def __init__(self, subscription: JetStreamContext.PullSubscription) -> None:
        self._pull = subscription
        self._draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(self, batch: int = 1, timeout: float | None = 5) -> list[Msg]:  # noqa: ASYNC109 - fetch's own
        """Up to `batch` messages, at least one.

        Raises:
            nats.errors.TimeoutError: nothing came within `timeout` seconds, or this is draining.
        """
        loop = asyncio.get_running_loop()
        until = float("inf") if timeout is None else loop.time() + timeout
        while not self._draining and (left := until - loop.time()) > 0:
            if messages := await self._ask(1, min(LINGER_S, left)):
                return messages + (await self._ask(batch - 1, None) if batch > 1 else [])
        if self._draining:
            await asyncio.sleep(0.05)  # the caller's loop goes on until the subscriber is stopped
        raise NatsTimeoutError

    @property
    def draining(self) -> bool:
        """Whether the worker is about to stop."""
        return self._draining

    async def drain(self) -> None:
        """Ask for nothing more; return when the pull on the wire has ended."""
        self._draining = True
        await self._idle.wait()

    async def _ask(self, batch: int, linger_s: float | None) -> list[Msg]:
        self._idle.clear()
        try:
            return await self._request(batch, linger_s)
        finally:
            self._idle.set()

    async def _request(self, batch: int, linger_s: float | None) -> list[Msg]:
        """One pull request and what it brings; `linger_s=None` takes only what is there."""
        client, inbox = self._pull._nc, self._pull._sub
        if not client.is_connected:
            await asyncio.sleep(0.1)
            return []
        request: dict[str, Any] = {"batch": batch}
        request |= {"no_wait": True} if linger_s is None else {"expires": int(linger_s * 1e9)}
        await client.publish(self._pull._nms, json.dumps(request).encode(), self._pull._deliver)
        clock = asyncio.get_running_loop().time
        until = clock() + (linger_s or 0.0) + GRACE_S
        messages: list[Msg] = []
        while len(messages) < batch:
            try:
                message = await inbox.next_msg(timeout=max(0.001, until - clock()))
            except TimeoutError:
                break
            status = (message.headers or {}).get("Status")
            if status is None:
                messages.append(message)
            elif status in ENDED:
                break
            elif status != "100":  # the consumer is gone, or its leader: not again at once
                await asyncio.sleep(LINGER_S)
                break
        return messages


class GatheringFetch(DrainableFetch):
    """A `fetch` for handlers of batches: a batch is full, or `timeout` after its first message it goes as it is.

    It has no heartbeats while it gathers: `timeout` stays well below ack_wait. From a backlog it takes several
    batches at once.
    """

    def __init__(self, subscription: JetStreamContext.PullSubscription) -> None:
        super().__init__(subscription)
        self._backlog = False

    async def __call__(self, batch: int = 1, timeout: float | None = 5) -> list[Msg]:  # noqa: ASYNC109 - fetch's own
        """Up to `batch` messages, or several batches when so many are waiting.

        Raises:
            nats.errors.TimeoutError: nothing came within `timeout` seconds, or this is draining.
        """
        messages: list[Msg] = []
        if self._backlog and not self.draining:  # one request instead of three
            messages = await self._ask(batch * BACKLOG_BATCHES, None)
            self._backlog = len(messages) >= batch
        if not messages:
            messages = await super().__call__(batch, timeout)
        clock = asyncio.get_running_loop().time
        until = clock() + (timeout or 0.0)
        while len(messages) < batch and not self.draining and (left := until - clock()) > 0:
            messages += await self._ask(batch - len(messages), min(LINGER_S, left))
        if len(messages) == batch and not self.draining:
            messages += await self._ask(batch * (BACKLOG_BATCHES - 1), None)
            self._backlog = len(messages) > batch
        return messages


def make_drainable(broker: NatsBroker) -> list[DrainableFetch]:
    """Put a DrainableFetch before every pull subscription of a started broker."""
    fetches = []
    for subscriber in broker.subscribers:
        subscription = getattr(subscriber, "subscription", None)
        if isinstance(subscription, JetStreamContext.PullSubscription):
            batches = isinstance(subscriber, BatchPullStreamSubscriber)
            fetch = GatheringFetch(subscription) if batches else DrainableFetch(subscription)
            subscription.fetch = fetch  # type: ignore[method-assign,assignment]
            fetches.append(fetch)
    return fetches
