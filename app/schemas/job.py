"""How a job ended."""

from datetime import datetime

from pydantic import Field

from app.schemas.base import Message
from app.schemas.verdict import Verdict


class JobResult(Message):
    """What the pipeline has made of a job: a verdict, or the reason why there is none."""

    verdict: Verdict | None = None
    error: str | None = Field(
        default=None, description="Why it was dead-lettered; a replay may still end it."
    )
    finished_at: datetime
