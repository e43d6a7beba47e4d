"""The rate limiter of an API process: Redis while it answers, this process's share of the limits while not."""

import logging
import time
from collections.abc import Sequence

from app.limits.memory import MemoryStore
from app.limits.redis import RedisStore, StoreUnavailable
from app.limits.window import Reply, Window
from app.metrics.limits import FAILURES, SHARED

log = logging.getLogger("vigil.limits")

# After so many failures in a row Redis is left alone for so long; then one request tries it again. A single late
# answer decides no other request: only with all processes on Redis are limits exact.
FAILURES_IN_A_ROW = 3
RETRY_AFTER_S = 1.0


class Limiter:
    """Counts requests. Never refuses for want of Redis, and never lets everything through for want of it.

    Args:
        store: shared by all processes; None where this process is the only one.
        processes: how many share it: while it is away, each lets its share through.
    """

    def __init__(self, store: RedisStore | None, processes: int = 1) -> None:
        self._store = store
        self._processes = processes if store else 1
        self._memory = MemoryStore()
        self._retry_at = 0.0
        self._failures = 0
        self.trouble: str | None = None

    async def take(self, key: str, windows: Sequence[Window], cost: int = 1) -> Reply:
        """Take `cost` places in every window of a key, or in none."""
        if self._store is not None and time.monotonic() >= self._retry_at:
            if self.trouble:  # a try: the requests beside this one need not wait for its outcome
                self._retry_at = time.monotonic() + RETRY_AFTER_S
            try:
                reply = await self._store.take(key, windows, cost)
            except StoreUnavailable as error:
                self._failed(str(error))
            else:
                self._recovered()
                if reply.allowed:  # so that the share is not granted anew when Redis goes away
                    self._memory.take(key, windows, cost, force=True)
                return reply
        return self._memory.take(key, [window.share(self._processes) for window in windows], cost)

    async def close(self) -> None:
        """Leave Redis."""
        if self._store is not None:
            await self._store.close()

    def _failed(self, reason: str) -> None:
        FAILURES.inc()
        self._failures += 1
        if self._failures < FAILURES_IN_A_ROW:
            return
        SHARED.set(0)
        self._retry_at = time.monotonic() + RETRY_AFTER_S
        if not self.trouble:
            log.warning("%s: rate limits are counted in this process until it is back", reason)
        self.trouble = reason

    def _recovered(self) -> None:
        SHARED.set(1)
        if self.trouble:
            log.info("Redis is back: rate limits are shared again")
        self.trouble, self._retry_at, self._failures = None, 0.0, 0
