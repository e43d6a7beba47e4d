"""Time spent per stage, carried along with the message."""

from app.schemas.base import Message


class Timings(Message):
    """Milliseconds of work per stage; None for a stage the request skipped."""

    detection_ms: float | None = None
    decision_ms: float | None = None
    pii_ms: float | None = None
    settle_ms: float | None = None
    total_ms: float | None = None
