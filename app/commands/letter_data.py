"""What a dead letter carries, without the personal data in it."""

import json
from typing import Any

from app.pii.redaction import redact
from app.remote.finder import Finder
from app.runtime.dead_letters import original_payload
from app.schemas.dead_letter import DeadLetter
from app.schemas.guard import Mode


async def redacted_data(letter: DeadLetter, finder: Finder) -> Any:
    """The message as it was, every text in it redacted; what cannot be read is told by its size only."""
    payload = original_payload(letter)
    try:
        message = json.loads(payload)
    except ValueError:
        return f"{len(payload)} bytes that are no JSON, so nothing in them can be redacted"
    return await _redacted(message, finder)


async def _redacted(value: Any, finder: Finder) -> Any:
    if isinstance(value, str):
        return redact(value, (await finder.analyze(value, Mode.FULL)).masks) if value else value
    if isinstance(value, list):
        return [await _redacted(item, finder) for item in value]
    if isinstance(value, dict):
        return {await _redacted(name, finder): await _redacted(item, finder) for name, item in value.items()}
    return value
