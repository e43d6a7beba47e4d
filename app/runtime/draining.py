"""A stop after which nothing is delivered twice.

FastStream drops a batch that arrives between the stop signal and the end of its pull loop; the server
would deliver it again after ack_wait. So the pulls end first, then the handlers, then the connection.
"""

import asyncio
from typing import Any

from faststream.nats import NatsBroker
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext

# A pull is cut into pieces this long, so that a 5 s log batch need not run out before a stop.
PIECE_S = 0.5


class DrainableFetch:
    """Stands in for one pull subscription's `fetch` and can be told to stop asking."""

    def __init__(self, subscription: JetStreamContext.PullSubscription) -> None:
        self._fetch = subscription.fetch
        self._draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def __call__(self, batch: int = 1, timeout: float | None = 5, **options: Any) -> list[Msg]:
        """As `fetch`. Raises nats.errors.TimeoutError, the only one FastStream expects, when nothing came, or when draining."""
        loop = asyncio.get_running_loop()
        until = None if timeout is None else loop.time() + timeout
        while not self._draining:
            left = PIECE_S if until is None else min(PIECE_S, until - loop.time())
            if left <= 0:
                raise NatsTimeoutError
            self._idle.clear()
            try:
                return await self._fetch(batch, timeout=left, **options)
            except TimeoutError:
                continue
            finally:
                self._idle.set()
        await asyncio.sleep(0.05)  # the caller's loop goes on until the subscriber is stopped
        raise NatsTimeoutError

    async def drain(self) -> None:
        """Ask for nothing more; return when the pull on the wire has ended."""
        self._draining = True
        await self._idle.wait()


def make_drainable(broker: NatsBroker) -> list[DrainableFetch]:
    """Put a DrainableFetch before every pull subscription of a started broker."""
    fetches = []
    for subscriber in broker.subscribers:
        subscription = getattr(subscriber, "subscription", None)
        if isinstance(subscription, JetStreamContext.PullSubscription):
            fetch = DrainableFetch(subscription)
            subscription.fetch = fetch  # type: ignore[method-assign,assignment]
            fetches.append(fetch)
    return fetches
