"""The message on `vigil.arbiter.decision`, and the arbiter's ruling on it."""

from enum import StrEnum

from pydantic import Field

from app.schemas.base import Message
from app.schemas.detection import Detection
from app.schemas.guard import GuardRequest
from app.schemas.timing import Timings


class Decision(StrEnum):
    """What the client should do with the text."""

    ALLOW = "ALLOW"
    SANITIZE = "SANITIZE"
    BLOCK = "BLOCK"


class Floor(Message):
    """A minimum for the threat score that acted, with its reason."""

    name: str
    minimum: float = Field(ge=0, le=100)
    reason: str


class Ruling(Message):
    """The arbiter's decision before personal data is looked for."""

    decision: Decision
    threat_score: float = Field(ge=0, le=100)
    floors: tuple[Floor, ...] = ()


class DecisionRequest(Message):
    """A request with what the branches found."""

    request: GuardRequest
    detection: Detection
    timings: Timings = Timings()
