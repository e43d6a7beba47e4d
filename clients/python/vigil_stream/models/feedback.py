"""Saying that a verdict was wrong."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from vigil_stream.models.base import Answer


class Wrong(StrEnum):
    """What is wrong with a verdict."""

    FALSE_POSITIVE = "false_positive"
    MISSED_ATTACK = "missed_attack"


class FeedbackReceipt(Answer):
    """What was stored."""

    request_id: str
    verdict: Annotated[Wrong | str, Field(union_mode="left_to_right")]
