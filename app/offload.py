"""Heavy work off the event loop."""

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from asyncer import asyncify

P = ParamSpec("P")
T = TypeVar("T")

_limiters: RunVar[CapacityLimiter] = RunVar("engine threads")


def _limiter() -> CapacityLimiter:
    # One thread a core: more only take turns on the interpreter lock and make every text slower.
    try:
        return _limiters.get()
    except LookupError:
        limiter = CapacityLimiter(max(2, os.cpu_count() or 2))
        _limiters.set(limiter)
        return limiter


async def offload(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` in a thread. When the attempt is cancelled, its result is dropped, not awaited."""
    return await asyncify(work, abandon_on_cancel=True, limiter=_limiter())(*args, **kwargs)
