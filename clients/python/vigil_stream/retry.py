"""How long to wait before the next attempt."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from math import isfinite

FIRST_WAIT_S = 0.25
LONGEST_WAIT_S = 8.0


def wait_s(retries: int, retry_after: float | None, random: Callable[[], float]) -> float:
    """Seconds to wait after `retries` retries: exponential backoff with full jitter, never less than `retry_after`.

    Full jitter is uniform between nothing and min(LONGEST, FIRST * 2^retries) (Brooker, "Exponential Backoff And
    Jitter", 2015). On top of `retry_after` it keeps clients that were refused together from coming back together.
    """
    backoff = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(retries, 32))
    return (retry_after or 0.0) + backoff * random()


def retry_after_s(header: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or an HTTP date; None if it says neither."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if isfinite(seconds) else None
