"""The message on `vigil.guard.input` and `vigil.guard.output`: one text to be judged."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from app.schemas.base import Message
from app.schemas.policy import Policy

MAX_TEXT_CHARS = 100_000


class Mode(StrEnum):
    """`full` asks all three branches, `fast` skips the classifier."""

    FULL = "full"
    FAST = "fast"


class Direction(StrEnum):
    """Which way the text travels: towards the model or away from it."""

    INPUT = "input"
    OUTPUT = "output"


Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARS)]


class GuardRequest(Message):
    """A text with everything that a worker needs to judge it. It travels whole through every hop."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "request_id": "req_01jd2m8y6t3v9k4c7x5b0n1q2w",
                    "client_id": "dev",
                    "direction": "input",
                    "mode": "full",
                    "text": "What is the capital of France?",
                    "prompt": None,
                    "return_decision_process": False,
                    "accepted_at": "2026-11-24T08:00:00.000Z",
                    "probe": False,
                }
            ]
        }
    )

    request_id: str = Field(min_length=1, max_length=128)
    client_id: str = Field(default="unknown", max_length=128)
    direction: Direction = Direction.INPUT
    mode: Mode = Mode.FULL
    text: Text
    prompt: str | None = Field(
        default=None,
        max_length=MAX_TEXT_CHARS,
        description="For the output direction: the prompt that led to the text. Context only, not judged.",
    )
    return_decision_process: bool = False
    policy: Policy = Field(default=Policy(), description="What the client's texts are judged by.")
    accepted_at: datetime = Field(
        default_factory=lambda: datetime.now(UTC),
        description="When the request was accepted, UTC. A publisher that leaves it out gets the worker's time.",
    )
    placeholders: dict[str, str] = Field(
        default_factory=dict,
        description="Of a window of a text: the values that have a placeholder from windows before it, by placeholder.",
    )
    probe: bool = Field(
        default=False,
        description="Judged and answered, not logged: a readiness probe, or a window of an answer.",
    )
