"""The shapes of the predecessor's language detector: `POST /detect`, port 5002."""

from pydantic import BaseModel, ConfigDict, Field

MIN_CHARS, MAX_CHARS = 3, 10_000
TIMEOUT_S = 1.5


class DetectRequest(BaseModel):
    """One text of 3 to 10,000 characters."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: str
    detailed: bool = False


class DetectResponse(BaseModel):
    """Its language as an ISO 639-1 code."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    language: str
    confidence: float = Field(ge=0, le=1)
    method: str = "statistical"
    language_name: str = ""
    processing_time_ms: float = 0
