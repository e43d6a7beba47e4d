"""The shapes of the predecessor's Presidio service: `POST /analyze`, port 5001."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_CHARS = 10_000
TIMEOUT_S = 3.0
LANGUAGES = ("pl", "en")


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank")
    return text


class AnalyzeRequest(BaseModel):
    """One text in one language. The service's recognizers differ by language: ask for both.

    `entities` empty means all of them, as in the predecessor, where Presidio decides so.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: Annotated[str, AfterValidator(_not_blank)]
    language: str = "pl"
    entities: list[str] | None = None
    return_decision_process: bool = False
    return_rejected: bool = False
    allow_list: list[str] = []


class RemoteEntity(BaseModel):
    """A span, half-open, in code points of the text that was sent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str = Field(min_length=1)
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    score: float = Field(ge=0, le=1)
    text: str | None = None


class AnalyzeResponse(BaseModel):
    """What was found. Fields that nobody reads here are left out of the client's view."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    entities: list[RemoteEntity]
    detection_method: str = "presidio"
    processing_time_ms: int = 0
    language: str = "pl"
    mode: str = "balanced"
    mode_description: str = ""
    entities_requested: list[str] | None = None
    rejected_entities: list[dict[str, object]] | None = None
