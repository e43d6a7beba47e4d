"""The question of the predecessor's heuristics service: `POST /analyze`, port 5005. Unknown fields are refused."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.remote.branches import MAX_CHARS


class AnalyzeRequest(BaseModel):
    """One text. `lang` is accepted and not needed: the rules read Polish and English alike."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]
    request_id: Annotated[str, Field(max_length=128)] | None = None
    lang: Literal["pl", "en"] | None = None
