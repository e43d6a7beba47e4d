"""The message on `vigil.logs.event`: one row of the event log."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from app.schemas.base import Message
from app.schemas.decision import Decision
from app.schemas.detection import BranchName
from app.schemas.guard import Direction, Mode


class Outcome(StrEnum):
    """How a request ended."""

    ANSWERED = "answered"
    EXPIRED = "expired"
    DEAD_LETTERED = "dead-lettered"


class Event(Message):
    """One request as it ended. `redacted_text` never holds the personal data that was found."""

    event_id: str = Field(min_length=1, max_length=128)
    request_id: str = Field(min_length=1, max_length=128)
    client_id: str = Field(max_length=128)
    direction: Direction
    mode: Mode
    accepted_at: datetime
    outcome: Outcome
    decision: Decision | None = None
    shadow_decision: Decision | None = Field(
        default=None, description="In shadow mode: what the decision would have been."
    )
    policy_version: int = Field(default=0, ge=0, description="Of the client's policy; 0: it has none.")
    branch_a_score: float | None = Field(default=None, ge=0, le=100)
    branch_b_score: float | None = Field(default=None, ge=0, le=100)
    branch_c_score: float | None = Field(default=None, ge=0, le=100)
    weighted_score: float | None = Field(default=None, ge=0, le=100)
    threat_score: float | None = Field(default=None, ge=0, le=100)
    floors: tuple[str, ...] = ()
    degraded: tuple[BranchName, ...] = ()
    categories: tuple[str, ...] = ()
    pii_types: tuple[str, ...] = ()
    pii_count: int = Field(default=0, ge=0)
    redacted_text: str = Field(default="", max_length=400_000)
    sealed_text: str = Field(
        default="",
        max_length=600_000,
        description="Base64 of the original text, sealed; only where the operator keeps it.",
    )
    text_chars: int = Field(default=0, ge=0)
    language: str = ""
    detection_ms: float | None = None
    decision_ms: float | None = None
    pii_ms: float | None = None
    settle_ms: float | None = None
    total_ms: float | None = None
    branch_a_ms: float | None = None
    branch_b_ms: float | None = None
    branch_c_ms: float | None = None
    reason: str = Field(default="", max_length=4_000, description="Why it expired or was dead-lettered.")
