"""Moments as people write them."""

from datetime import UTC, datetime

from app.commands.keys import duration
from app.errors import SettingsError


def moment(text: str, option: str) -> datetime:
    """`24h`, `7d`: that long ago. Otherwise a date or time in ISO 8601, in UTC unless it says otherwise.

    Raises:
        SettingsError: it is neither.
    """
    if text[-1:].isalpha() and text[:-1].isdigit():
        return datetime.now(UTC) - duration(text, option)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError(
            f"{option} {text}: write how long ago, such as 24h or 7d, or a time such as 2026-11-24T08:00"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
