"""A limit over a sliding window, and the arithmetic of counting in slices.

A window is cut into 100 slices; counted is what fell into the current slice and the 100 before it. So in no
stretch of a window's length can more than `limit` pass, whatever its phase; the price is that a place becomes
free up to a hundredth of the window late. A log of single requests would be finer and grow with the limit.
"""

import math
import re
from dataclasses import dataclass

SLICES = 100

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_NAMES = {seconds: name for name, seconds in _UNITS.items()}
_LIMIT = re.compile(r"\s*(\d{1,9})\s*/\s*(?:(second|minute|hour|day)|(\d{1,6})\s*s)\s*", re.ASCII)


@dataclass(frozen=True)
class Window:
    """At most `limit` requests in any `period_s` seconds."""

    limit: int
    period_s: int

    @property
    def name(self) -> str:
        """What the rate limit headers call it."""
        return _NAMES.get(self.period_s, f"{self.period_s}s")

    @property
    def slice_ms(self) -> int:
        """Length of one slice."""
        return self.period_s * 1000 // SLICES

    def share(self, processes: int) -> "Window":
        """What one of so many processes may let through by itself."""
        return Window(math.ceil(self.limit / processes), self.period_s)


@dataclass(frozen=True)
class Usage:
    """How a request stands with one window: places left, and milliseconds until the next one becomes free."""

    window: Window
    remaining: int
    free_in_ms: int


@dataclass(frozen=True)
class Reply:
    """Whether a request of so many places may pass, and its usage of each window."""

    allowed: bool
    usages: tuple[Usage, ...]
    cost: int = 1

    @property
    def retry_after_s(self) -> int:
        """Whole seconds after which another try makes sense; at least 1."""
        full = [usage.free_in_ms for usage in self.usages if usage.remaining < self.cost]
        waits = full or [usage.free_in_ms for usage in self.usages]
        return max(1, math.ceil(max(waits, default=0) / 1000))


def parse_windows(text: str) -> tuple[Window, ...]:
    """Windows from `100/minute, 10/second` or `500/30s`, the shortest first; empty text: no limit.

    Raises:
        ValueError: it is written otherwise, or two limits share a period.
    """
    windows = []
    for part in text.split(",") if text.strip() else ():
        match = _LIMIT.fullmatch(part)
        if match is None or int(match[1]) == 0 or match[3] == "0":
            raise ValueError(f"{part.strip()!r} is no rate limit: write 100/minute, 10/second or 500/30s")
        windows.append(Window(int(match[1]), _UNITS[match[2]] if match[2] else int(match[3])))
    if len({window.period_s for window in windows}) < len(windows):
        raise ValueError(f"{text!r} names two limits for the same period")
    return tuple(sorted(windows, key=lambda window: window.period_s))
