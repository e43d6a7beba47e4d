"""Counting in Redis: one atomic step and one round trip for all windows of a key."""

import asyncio
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.asyncio.connection import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.errors import VigilError
from app.limits.window import SLICES, Reply, Usage, Window

# A request waits this long for Redis at most, connecting included; with the loop's own delays it stays under 60 ms.
TIMEOUT_S = 0.045
STEPS = 5
CONNECTIONS = 32

# The same arithmetic as in memory.py; a test compares the two. Time is the server's: one clock for all.
_SCRIPT = """
local slices = tonumber(ARGV[1])
local cost = tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local allowed = 1
local reply = {1}
for i, key in ipairs(KEYS) do
  local limit, slice_ms = tonumber(ARGV[i * 2 + 1]), tonumber(ARGV[i * 2 + 2])
  local current = math.floor(now / slice_ms)
  local used, oldest = 0, current
  local counts = redis.call('HGETALL', key)
  for j = 1, #counts, 2 do
    local slice = tonumber(counts[j])
    if slice < current - slices then
      redis.call('HDEL', key, counts[j])
    else
      used = used + tonumber(counts[j + 1])
      oldest = math.min(oldest, slice)
    end
  end
  if used + cost > limit then allowed = 0 end
  reply[#reply + 1] = used
  reply[#reply + 1] = (oldest + slices + 1) * slice_ms - now
end
reply[1] = allowed
if allowed == 1 then
  for i, key in ipairs(KEYS) do
    local slice_ms = tonumber(ARGV[i * 2 + 2])
    redis.call('HINCRBY', key, math.floor(now / slice_ms), cost)
    redis.call('PEXPIRE', key, (slices + 2) * slice_ms)
  end
end
return reply
"""


class StoreUnavailable(VigilError):  # noqa: N818
    """Redis does not answer, or not in time."""


class RedisStore:
    """Counts that all API processes on one Redis share."""

    def __init__(self, url: str) -> None:
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=10 * TIMEOUT_S,
            socket_timeout=10 * TIMEOUT_S,  # ours, above, is the one that counts
            socket_connect_timeout=10 * TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._script = Redis(connection_pool=self._pool).register_script(_SCRIPT)

    async def take(self, key: str, windows: Sequence[Window], cost: int = 1) -> Reply:
        """Take `cost` places in every window, or in none.

        Raises:
            StoreUnavailable: in time.
        """
        # The braces keep the windows of one key on one node of a Redis cluster.
        names = [f"vigil:limit:{{{key}}}:{window.period_s}" for window in windows]
        limits = [number for window in windows for number in (window.limit, window.slice_ms)]
        allowed, *numbers = await self._answer(names, [SLICES, cost, *limits])
        taken = cost if allowed else 0
        return Reply(
            bool(allowed),
            tuple(
                Usage(window, max(0, window.limit - used - taken), free)
                for window, used, free in zip(windows, numbers[::2], numbers[1::2], strict=True)
            ),
            cost,
        )

    async def _answer(self, names: list[str], numbers: list[int]) -> list[int]:
        asked = asyncio.ensure_future(self._script(names, numbers))
        # In steps: each is a turn of the event loop. When the loop itself was held up, the answer that lies in the
        # socket is read before the next step ends, and a busy process does not take Redis for dead.
        for _ in range(STEPS):
            await asyncio.wait({asked}, timeout=TIMEOUT_S / STEPS)
            if asked.done():
                break
        else:
            asked.cancel()
            await asyncio.wait({asked})
            raise StoreUnavailable(f"Redis: no answer within {TIMEOUT_S * 1000:g} ms")
        try:
            return list(asked.result())
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"Redis: {str(error) or type(error).__name__}") from None

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.aclose()
