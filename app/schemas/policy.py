"""What one client's texts are judged by. It travels with the request, so that workers stay stateless."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.schemas.base import Message

Phrase = Annotated[str, Field(min_length=3, max_length=200)]
MAX_PHRASES = 100


class PiiAction(StrEnum):
    """What personal data in a text leads to: placeholders, a BLOCK, or a report in the verdict only."""

    MASK = "mask"
    BLOCK = "block"
    REPORT = "report"


class FailMode(StrEnum):
    """What a text gets that nobody could judge: BLOCK, or ALLOW."""

    CLOSED = "closed"
    OPEN = "open"


class Policy(Message):
    """The part of a client's policy that workers need. The defaults are those of the deployment."""

    version: int = Field(default=0, ge=0, description="0: no policy is stored for the client.")
    block_threshold: float | None = Field(default=None, gt=0, le=100, description="None: BLOCK_THRESHOLD.")
    sanitize_threshold: float | None = Field(
        default=None, gt=0, le=100, description="None: SANITIZE_THRESHOLD."
    )
    categories_off: tuple[str, ...] = Field(
        default=(), max_length=50, description="Categories of attack that count for nothing."
    )
    allow: tuple[Phrase, ...] = Field(
        default=(), max_length=MAX_PHRASES, description="Phrases that detection does not read."
    )
    deny: tuple[Phrase, ...] = Field(
        default=(), max_length=MAX_PHRASES, description="Phrases that are a BLOCK wherever they stand."
    )
    pii_types: tuple[str, ...] | None = Field(
        default=None, max_length=100, description="Types of personal data that count; None: all."
    )
    pii_action: PiiAction = PiiAction.MASK
    shadow: bool = Field(
        default=False, description="Everything is allowed; the verdict says what it would have been."
    )
    fail_mode: FailMode = FailMode.CLOSED
