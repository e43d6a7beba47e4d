"""Durations and moments as people write them."""

import re
from datetime import UTC, datetime, timedelta

from app.errors import SettingsError

_DURATION = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str, option: str) -> timedelta:
    """A duration such as 90s, 15m, 12h or 30d.

    Raises:
        SettingsError: it is none.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise SettingsError(f"{option} {text}: write a number and s, m, h or d, such as 12h or 90d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def moment(text: str, option: str) -> datetime:
    """`24h`, `7d`: that long ago. Otherwise a date or time in ISO 8601, in UTC unless it says otherwise.

    Raises:
        SettingsError: it is neither.
    """
    try:
        if _DURATION.fullmatch(text):
            return datetime.now(UTC) - duration(text, option)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise SettingsError(
            f"{option} {text}: write how long ago, such as 24h or 7d, or a time such as 2026-11-24T08:00"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
