"""Turning a message that failed for good into a dead letter. Pure."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from nats.aio.msg import Msg
from pydantic import ValidationError

from app.schemas.dead_letter import DeadLetter
from app.streams import Consumer


def dead_letter(message: Msg, consumer: Consumer, error: BaseException) -> DeadLetter:
    """The letter, with all that replaying the message needs."""
    data, encoding = text_of(message.data)
    return DeadLetter(
        worker=consumer.durable,
        original_subject=message.subject,
        original_data=data,
        encoding=encoding,
        original_headers=dict(message.headers or {}),
        stream_sequence=message.metadata.sequence.stream,
        request_id=request_id(message.data),
        error=describe(error),
        error_type=type(error).__name__,
        redelivery_count=message.metadata.num_delivered,
        timestamp=datetime.now(UTC),
    )


def text_of(payload: bytes) -> tuple[str, str]:
    """A payload as text, and the encoding that it has there."""
    try:
        return payload.decode(), "utf-8"
    except UnicodeDecodeError:
        return base64.b64encode(payload).decode(), "base64"


def original_payload(letter: DeadLetter) -> bytes:
    """The bytes that the worker received."""
    return (
        base64.b64decode(letter.original_data)
        if letter.encoding == "base64"
        else letter.original_data.encode()
    )


def request_part(payload: bytes) -> dict[str, Any] | None:
    """The request inside any message of the pipeline; None where the payload holds none."""
    try:
        message = json.loads(payload)
    except ValueError:
        return None
    if not isinstance(message, dict):
        return None
    inner = message.get("request", message)
    return inner if isinstance(inner, dict) and isinstance(inner.get("request_id"), str) else None


def request_id(payload: bytes) -> str | None:
    """The request id inside any message of the pipeline, None where there is none."""
    part = request_part(payload)
    return part["request_id"] if part else None


def describe(error: BaseException) -> str:
    """One line that says what went wrong, without the text under judgement.

    Validation errors quote their input; only places and messages are kept.
    """
    cause = getattr(error, "original_error", error)
    if isinstance(cause, ValidationError):
        return "; ".join(
            ": ".join(filter(None, (".".join(map(str, e["loc"])), e["msg"])))
            for e in cause.errors(include_input=False)
        )[:1000]
    if isinstance(cause, UnicodeDecodeError):
        return "the payload is not UTF-8"
    return (str(cause) or type(cause).__name__).splitlines()[0][:1000]
