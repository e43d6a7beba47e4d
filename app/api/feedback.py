"""`/v1/feedback`: a client says that a verdict was wrong."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from app.access.client import Client, Scope
from app.api.door.authentication import require
from app.api.events import RESPONSES, Log
from app.api.problems import Refusal
from app.pii.redaction import redact
from app.schemas.feedback import Feedback, Wrong
from app.subscribers.engines import finder

router = APIRouter(prefix="/v1/feedback", tags=["feedback"], responses=RESPONSES)


class Report(BaseModel):
    """What was wrong with the verdict on one request."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "request_id": "req_01a20b786db51601aeb475518ac9e84a",
                    "verdict": "false_positive",
                    "reason": "quoted",
                    "comment": "A lecture that quotes the attack.",
                }
            ]
        },
    )

    request_id: str = Field(min_length=1, max_length=128, description="Of the request; its answer names it.")
    verdict: Wrong
    reason: str = Field(default="", max_length=64, description="A short word of your own.")
    comment: str = Field(
        default="", max_length=4_000, description="Personal data is redacted before it is stored."
    )


class Received(BaseModel):
    """What was stored."""

    request_id: str
    verdict: Wrong


@router.post(
    "",
    status_code=201,
    summary="Report a wrong verdict",
    responses={404: {"description": "The request is another client's"}},
)
async def report(
    body: Report, client: Annotated[Client, Depends(require(Scope.FEEDBACK))], log: Log
) -> Received:
    """Say that a verdict was a false positive or missed an attack. A second report replaces the first.

    A request whose event is not stored yet is taken on trust; the report counts when the event is this client's.
    """
    owner = await log.write(lambda: log.feedback.owner(body.request_id))
    if owner not in (None, client.client_id):
        raise Refusal(404, "this key's client has made no such request")
    stored = Feedback(
        request_id=body.request_id,
        reporter=client.client_id,
        verdict=body.verdict,
        reason=await _redacted(body.reason),
        comment=await _redacted(body.comment),
        reported_at=datetime.now(UTC),
    )
    await log.write(lambda: log.feedback.add(stored))
    return Received(request_id=stored.request_id, verdict=stored.verdict)


async def _redacted(text: str) -> str:
    if not text:
        return text
    return redact(text, (await finder().analyze(text)).masks)
