"""The ledger of the delivery middleware: requests that end without a verdict."""

from pydantic import ValidationError

from app.arbiter.event import unsettled_event
from app.publishers import dead_letter, job_result, logs_event
from app.runtime.dead_letters import request_part
from app.runtime.headers import REPLY_TO
from app.schemas.dead_letter import DeadLetter
from app.schemas.event import Outcome
from app.schemas.guard import GuardRequest


class PublishedLedger:
    """Publishes dead letters to VIGIL_DLQ and the end of their requests to the event log."""

    async def bury(self, letter: DeadLetter) -> None:
        """Store a dead letter. If it was a job, that is its result for now."""
        await dead_letter.publish(letter)
        address = letter.original_headers.get(REPLY_TO, "")
        if job_result.is_address(address):
            await job_result.publish(address, None, letter.error)

    async def record(self, payload: bytes, outcome: Outcome, reason: str) -> None:
        """Log the end of the request inside `payload`. A payload without a request leaves no event."""
        try:
            request = GuardRequest.model_validate(request_part(payload))
        except ValidationError:
            return
        if not request.probe:
            await logs_event.publish(unsettled_event(request, outcome, reason))
