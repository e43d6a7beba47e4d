"""Tasks that run beside the requests until their process ends."""

import asyncio
from contextlib import suppress
from typing import Any

# A task that has not ended by then is cancelled once more.
AGAIN_S = 1.0


async def cancel(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel each in turn and wait until it has ended; an error it ended with is raised. None is nothing.

    One cancellation is not enough: `asyncio.wait_for` of Python 3.11, which the NATS client waits with, drops one that
    comes together with its result (python/cpython#86296), and a loop around it would go on for ever.
    """
    for task in tasks:
        if task is None:
            continue
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=AGAIN_S)
        with suppress(asyncio.CancelledError):
            task.result()
