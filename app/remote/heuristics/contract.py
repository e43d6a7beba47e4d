"""The question of the predecessor's heuristics service: `POST /analyze`, port 5005. Unknown fields are refused."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from app.remote.branches import Question


class AnalyzeRequest(Question):
    """One text. `lang` is accepted and not needed: the rules read Polish and English alike."""

    model_config = ConfigDict(extra="forbid")

    request_id: Annotated[str, Field(max_length=128)] | None = None
    lang: Literal["pl", "en"] | None = None
