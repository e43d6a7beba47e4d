"""`/v1/guard/input` and `/v1/guard/output`."""

import secrets
import time
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import Counter, Histogram

from app.api.bodies import GuardInput, GuardOutput
from app.api.keys import Client
from app.api.problems import MEDIA_TYPE, Problem, Refusal
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
    401: "No key, or one that is not known",
    413: "The text is longer than 100,000 characters",
    422: "The request makes no sense; `errors` names the fields",
    503: "The pipeline takes no requests now; see Retry-After",
    504: "No verdict within the time limit",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "model": Problem, "content": {MEDIA_TYPE: {}}}
    for status, text in ERRORS.items()
}

router = APIRouter(prefix="/v1/guard", tags=["guard"], responses=RESPONSES)


def authenticated(request: Request) -> Client:
    """The client whose key the request carries, in `Authorization: Bearer` or `X-API-Key`."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    key = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
    client: Client | None = request.app.state.keys.client(key) if key else None
    if client is None:
        detail = (
            "this key is not known: check it for typing errors"
            if key
            else "send your key as `Authorization: Bearer vk_...` or `X-API-Key: vk_...`"
        )
        raise Refusal(401, detail, headers={"WWW-Authenticate": "Bearer"})
    return client


def new_request_id(request: Request) -> str:
    """An id that sorts by time; kept on the request, so that errors carry it too."""
    request_id = f"req_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
    request.state.request_id = request_id
    return request_id


RequestId = Annotated[str, Depends(new_request_id)]
Authenticated = Annotated[Client, Depends(authenticated)]


@router.post("/input", response_model_exclude_none=False, summary="Judge a text on its way to a model")
async def guard_input(
    body: GuardInput, request: Request, response: Response, client: Authenticated, request_id: RequestId
) -> Verdict:
    """Judge a prompt. A BLOCK is a verdict, not an error: the status is 200."""
    return await _judge(request, response, _message(body, Direction.INPUT, client, request_id))


@router.post("/output", summary="Judge a model's answer")
async def guard_output(
    body: GuardOutput, request: Request, response: Response, client: Authenticated, request_id: RequestId
) -> Verdict:
    """Judge an answer before its reader sees it."""
    message = _message(body, Direction.OUTPUT, client, request_id).model_copy(update={"prompt": body.prompt})
    return await _judge(request, response, message)


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


async def _judge(request: Request, response: Response, message: GuardRequest) -> Verdict:
    response.headers["X-Request-Id"] = message.request_id
    with LATENCY.labels(message.direction, message.mode).time():
        verdict: Verdict = await request.app.state.pipeline.judge(message, request.app.state.timeout_s)
    VERDICTS.labels(message.direction, verdict.decision).inc()
    return verdict
