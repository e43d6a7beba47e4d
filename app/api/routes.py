"""`/v1/guard/input` and `/v1/guard/output`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from app.access.client import Client, Scope
from app.api.bodies import GuardInput, GuardOutput
from app.api.door.authentication import require
from app.api.problems import responses
from app.schemas.verdict import Verdict

router = APIRouter(
    prefix="/v1/guard", tags=["guard"], responses=responses(400, 401, 403, 408, 413, 422, 429, 503, 504)
)

Guarded = Annotated[Client, Depends(require(Scope.GUARD))]


@router.post("/input", summary="Judge a text on its way to a model")
async def guard_input(body: GuardInput, request: Request, client: Guarded) -> Verdict:
    """Judge a prompt. A BLOCK is a verdict, not an error: the status is 200."""
    return await _judge(body, request, client)


@router.post("/output", summary="Judge a model's answer")
async def guard_output(body: GuardOutput, request: Request, client: Guarded) -> Verdict:
    """Judge an answer before its reader sees it."""
    return await _judge(body, request, client)


async def _judge(body: GuardInput, request: Request, client: Client) -> Verdict:
    judging = request.app.state.judging
    verdict: Verdict = await judging.judge(judging.request(body, client, request.state.request_id))
    return verdict
