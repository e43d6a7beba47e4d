"""`/v1/guard/input` and `/v1/guard/output`."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from prometheus_client import Counter, Histogram

from app.access.client import Client, Scope
from app.api.bodies import GuardInput, GuardOutput
from app.api.door.authentication import require
from app.api.problems import MEDIA_TYPE, Problem
from app.schemas.guard import Direction, GuardRequest
from app.schemas.verdict import Verdict

VERDICTS = Counter("vigil_verdicts_total", "Verdicts given", ["direction", "decision"])
LATENCY = Histogram(
    "vigil_request_seconds",
    "From the parsed request to the verdict",
    ["direction", "mode"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.6, 1.0, 2.5, 5.0),
)

ERRORS = {
    401: "No key, or one that is not known, was revoked or has expired",
    403: "The key lacks the scope",
    408: "The body did not arrive in time",
    413: "The text is longer than 100,000 characters",
    422: "The request makes no sense; `errors` names the fields",
    429: "A rate limit is used up; see Retry-After and RateLimit",
    503: "The pipeline takes no requests now; see Retry-After",
    504: "No verdict within the time limit",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "model": Problem, "content": {MEDIA_TYPE: {}}}
    for status, text in ERRORS.items()
}

router = APIRouter(prefix="/v1/guard", tags=["guard"], responses=RESPONSES)


Guarded = Annotated[Client, Depends(require(Scope.GUARD))]


@router.post("/input", response_model_exclude_none=False, summary="Judge a text on its way to a model")
async def guard_input(body: GuardInput, request: Request, client: Guarded) -> Verdict:
    """Judge a prompt. A BLOCK is a verdict, not an error: the status is 200."""
    return await _judge(request, _message(body, Direction.INPUT, client, request.state.request_id))


@router.post("/output", summary="Judge a model's answer")
async def guard_output(body: GuardOutput, request: Request, client: Guarded) -> Verdict:
    """Judge an answer before its reader sees it."""
    message = _message(body, Direction.OUTPUT, client, request.state.request_id).model_copy(
        update={"prompt": body.prompt}
    )
    return await _judge(request, message)


def _message(body: GuardInput, direction: Direction, client: Client, request_id: str) -> GuardRequest:
    return GuardRequest(
        request_id=request_id,
        client_id=client.client_id,
        direction=direction,
        mode=body.mode,
        text=body.text,
        return_decision_process=body.return_decision_process,
        accepted_at=datetime.now(UTC),
    )


async def _judge(request: Request, message: GuardRequest) -> Verdict:
    with request.app.state.capacity.place(), LATENCY.labels(message.direction, message.mode).time():
        verdict: Verdict = await request.app.state.pipeline.judge(message, request.app.state.timeout_s)
    VERDICTS.labels(message.direction, verdict.decision).inc()
    return verdict
