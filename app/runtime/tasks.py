"""Tasks that run beside the requests until their process ends."""

import asyncio
from contextlib import suppress
from typing import Any


async def cancel(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel each in turn and wait until it has ended; an error it ended with is raised. None is nothing."""
    for task in tasks:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
