"""The question of the predecessor's semantic service: `POST /analyze`, port 5006. Unknown fields are let pass."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.remote.branches import MAX_CHARS


class AnalyzeRequest(BaseModel):
    """One text. `request_id` comes back in the answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    text: Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]
    request_id: Any = None
