"""Time and chance, in one place so that tests can replace them."""

import asyncio
import random
import time


class Clock:
    """The real ones."""

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def time(self) -> float:
        """Seconds since 1970, for dates that a server names."""
        return time.time()

    def random(self) -> float:
        """A number from 0 to 1."""
        return random.random()  # noqa: S311 - spreads clients over time, keeps no secret

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    async def sleep_async(self, seconds: float) -> None:
        """Wait, and let others work."""
        await asyncio.sleep(seconds)
