"""The ledger of the delivery middleware: requests that end without a verdict."""

from pydantic import ValidationError

from app.arbiter.event import unsettled_event
from app.publishers import dead_letter, logs_event
from app.runtime.dead_letters import request_part
from app.schemas.dead_letter import DeadLetter
from app.schemas.event import Outcome
from app.schemas.guard import GuardRequest


class PublishedLedger:
    """Publishes dead letters to VIGIL_DLQ and the end of their requests to the event log."""

    async def bury(self, letter: DeadLetter) -> None:
        """Store a dead letter."""
        await dead_letter.publish(letter)

    async def record(self, payload: bytes, outcome: Outcome, reason: str) -> None:
        """Log the end of the request inside `payload`. A payload without a request leaves no event."""
        try:
            request = GuardRequest.model_validate(request_part(payload))
        except ValidationError:
            return
        if not request.probe:
            await logs_event.publish(unsettled_event(request, outcome, reason))
