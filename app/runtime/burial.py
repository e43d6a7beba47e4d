"""Messages that no worker will be given again, moved to the dead letters, where `vigil dlq` reaches them."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from app.runtime.dead_letters import request_id, text_of
from app.runtime.findings import Finding, Kind
from app.runtime.inspection import Stored
from app.schemas.dead_letter import DeadLetter
from app.schemas.event import Outcome
from app.streams import BY_DURABLE, VIGIL

UNCLAIMED = "unclaimed-worker"  # stands for the worker in letters of messages that no consumer takes


class Ledger(Protocol):
    """Where a burial is reported: the one of `app.runtime.delivery`."""

    async def bury(self, letter: DeadLetter) -> None:
        """Store a dead letter. Raises when it could not be stored."""

    async def record(self, payload: bytes, outcome: Outcome, reason: str) -> None:
        """Log the end of the request inside `payload`, if there is one. Raises when it could not."""


def buried(findings: list[Finding]) -> dict[Stored, Finding]:
    """The messages that `bury` moves: those left over and those that no consumer takes."""
    return {
        message: finding
        for finding in findings
        if finding.kind in (Kind.ORPHANED, Kind.UNCLAIMED)
        for message in finding.messages
    }


async def bury(js: JetStreamContext, ledger: Ledger, message: Stored, finding: Finding) -> None:
    """Store the letter, log the end of its request, then delete the message. Harmless to repeat."""
    try:
        found = await js.get_msg(VIGIL.name, seq=message.number)
    except NotFoundError:
        return
    letter = orphan_letter(found, finding)
    await ledger.bury(letter)
    await ledger.record(found.data or b"", Outcome.DEAD_LETTERED, letter.error)
    with suppress(NotFoundError):
        await js.delete_msg(VIGIL.name, message.number)


def orphan_letter(found: RawStreamMsg, finding: Finding) -> DeadLetter:
    """The letter of a message that was left over, or that nobody takes."""
    data, encoding = text_of(found.data or b"")
    consumer = BY_DURABLE.get(finding.where)
    return DeadLetter(
        worker=consumer.durable if consumer else UNCLAIMED,
        original_subject=found.subject or "",
        original_data=data,
        encoding=encoding,
        original_headers=dict(found.headers or {}),
        stream_sequence=found.seq or 0,
        request_id=request_id(found.data or b""),
        error="left over: every delivery ended without an answer"
        if consumer
        else "no consumer takes this subject",
        error_type="Orphaned" if consumer else "Unclaimed",
        redelivery_count=consumer.attempts + 1 if consumer else 0,
        timestamp=datetime.now(UTC),
    )
