"""What somebody says about a verdict."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from app.schemas.base import Message


class Wrong(StrEnum):
    """What is wrong with a verdict."""

    FALSE_POSITIVE = "false_positive"
    MISSED_ATTACK = "missed_attack"


class Feedback(Message):
    """One report on one request. The next by the same reporter replaces it."""

    request_id: str = Field(min_length=1, max_length=128)
    reporter: str = Field(min_length=1, max_length=128, description="The client that reports, or `operator`.")
    verdict: Wrong
    reason: str = Field(default="", max_length=64, description="A short word of the reporter's own.")
    comment: str = Field(
        default="", max_length=4_000, description="Without the personal data that was found."
    )
    reported_at: datetime
