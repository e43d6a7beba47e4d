"""The message on `vigil.dlq.<worker>`."""

from datetime import datetime

from pydantic import Field

from app.schemas.base import Message


class DeadLetter(Message):
    """A message that failed for good, with all that replaying it needs.

    `original_data` is the payload as text, or Base64 of it when it is no UTF-8 (`encoding` says which).
    """

    worker: str
    original_subject: str
    original_data: str
    encoding: str = Field(default="utf-8", pattern="^(utf-8|base64)$")
    original_headers: dict[str, str] = Field(default_factory=dict)
    stream_sequence: int = Field(ge=0)
    request_id: str | None = None
    error: str
    error_type: str
    redelivery_count: int = Field(ge=0, description="How often the message was delivered.")
    timestamp: datetime
