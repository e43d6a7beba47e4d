"""Counting in this process: the whole limit where there is one process, a share of it while Redis is away."""

import time
from collections.abc import Sequence

from app.limits.window import SLICES, Reply, Usage, Window

Counts = dict[int, int]


class MemoryStore:
    """Counts by key and period. What has left its window is dropped when the key is next asked for."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int], Counts] = {}

    def take(
        self,
        key: str,
        windows: Sequence[Window],
        cost: int = 1,
        *,
        force: bool = False,
        now_ms: int | None = None,
    ) -> Reply:
        """Take `cost` places in every window, or in none.

        Args:
            key: whose.
            windows: all of them must have room.
            cost: how many places.
            force: count even without room; for what somebody else has let through.
            now_ms: the time, for tests.
        """
        now = time.time_ns() // 1_000_000 if now_ms is None else now_ms
        counts = [self._current(key, window, now) for window in windows]
        used = [sum(count.values()) for count in counts]
        allowed = force or all(u + cost <= w.limit for u, w in zip(used, windows, strict=True))
        taken = cost if allowed else 0
        if taken:
            for window, count in zip(windows, counts, strict=True):
                current = now // window.slice_ms
                count[current] = count.get(current, 0) + taken
        return Reply(
            allowed,
            tuple(
                Usage(
                    window,
                    max(0, window.limit - u - taken),
                    free_in_ms(window, min(count, default=None), now),
                )
                for window, u, count in zip(windows, used, counts, strict=True)
            ),
            cost,
        )

    def _current(self, key: str, window: Window, now: int) -> Counts:
        count = self._counts.setdefault((key, window.period_s), {})
        first = now // window.slice_ms - SLICES
        for slice_ in [slice_ for slice_ in count if slice_ < first]:
            del count[slice_]
        return count


def free_in_ms(window: Window, oldest: int | None, now: int) -> int:
    """Milliseconds until the oldest counted slice leaves the window."""
    first = now // window.slice_ms if oldest is None else oldest
    return (first + SLICES + 1) * window.slice_ms - now
