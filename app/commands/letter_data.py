"""What a dead letter carries, without the personal data in it."""

import json
from typing import Any

from app.pii.engine import PiiEngine
from app.pii.redaction import redact
from app.runtime.dead_letters import original_payload
from app.schemas.dead_letter import DeadLetter
from app.schemas.guard import Mode


def redacted_data(letter: DeadLetter, engine: PiiEngine) -> Any:
    """The message as it was, every text in it redacted; what cannot be read is told by its size only."""
    payload = original_payload(letter)
    try:
        message = json.loads(payload)
    except ValueError:
        return f"{len(payload)} bytes that are no JSON, so nothing in them can be redacted"
    return _redacted(message, engine)


def _redacted(value: Any, engine: PiiEngine) -> Any:
    if isinstance(value, str):
        return redact(value, engine.analyze(value, Mode.FULL).masks) if value else value
    if isinstance(value, list):
        return [_redacted(item, engine) for item in value]
    if isinstance(value, dict):
        return {_redacted(name, engine): _redacted(item, engine) for name, item in value.items()}
    return value
