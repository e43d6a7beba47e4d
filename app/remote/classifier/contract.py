"""The answer of the predecessor's prompt guard: `POST /detect`, port 8000. It is asked a text."""

from pydantic import BaseModel, ConfigDict, Field

from app.remote.branches import RemoteEvidence

# What the predecessor's caller made of "this is an attack"; it knew two scores, this one and 1.
ATTACK_SCORE = 85.0


class DetectResponse(BaseModel):
    """What the client reads. `score`, `categories` and `evidence` are of our own service only."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    is_attack: bool
    risk_score: float = Field(ge=0, le=1)
    score: float | None = Field(default=None, ge=0, le=100)
    categories: list[str] = []
    evidence: list[RemoteEvidence] = []
