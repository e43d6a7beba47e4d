"""`/compat/vge`: the HTTP contract of Vigil Guard Enterprise, for its SDK and LiteLLM's built-in `vigil_guard`."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response

from app.access.client import Client, Scope
from app.api.answering import answered
from app.api.bodies import GuardInput, GuardOutput, GuardText
from app.api.compat.vge_bodies import (
    ItemError,
    LicenseStatus,
    Source,
    VgeAnalyze,
    VgeBatch,
    VgeInput,
    VgeItem,
    VgeItems,
    VgeOutput,
    VgeVerdict,
)
from app.api.compat.vge_errors import CODES, RESPONSES
from app.api.compat.vge_verdict import vge_verdict
from app.api.door.authentication import require
from app.api.door.rate_limit import charge
from app.api.problems import FAILURES, failure
from app.api.texts import rounds, side_by_side
from app.schemas.guard import Direction

router = APIRouter(prefix="/compat/vge/v1", tags=["compatibility"])

Guarded = Annotated[Client, Depends(require(Scope.GUARD))]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="X-Idempotency-Key", min_length=1, max_length=255, pattern=r"^[ -~]+$", include_in_schema=False
    ),
]


@router.post("/guard/input", response_model=VgeVerdict, responses=RESPONSES, summary="Judge a prompt")
async def vge_input(
    body: VgeInput, request: Request, client: Guarded, key: IdempotencyKey = None
) -> Response:
    """Keys are accepted with `vg_` in place of `vk_`, here and on the other routes below `/compat/vge`."""
    asked = GuardInput(text=body.prompt, mode=body.mode, return_decision_process=True)
    return await answered(
        request, client, key, body, lambda: _judge(asked, request, client), exclude_none=True
    )


@router.post("/guard/output", response_model=VgeVerdict, responses=RESPONSES, summary="Judge an answer")
async def vge_output(
    body: VgeOutput, request: Request, client: Guarded, key: IdempotencyKey = None
) -> Response:
    """The prompt that led to it is context and is not judged."""
    asked = GuardOutput(
        text=body.output, prompt=body.original_prompt or None, mode=body.mode, return_decision_process=True
    )
    return await answered(
        request, client, key, body, lambda: _judge(asked, request, client), exclude_none=True
    )


@router.post(
    "/guard/analyze", response_model=VgeVerdict, responses=RESPONSES, summary="Judge a text by source"
)
async def vge_analyze(
    body: VgeAnalyze, request: Request, client: Guarded, key: IdempotencyKey = None
) -> Response:
    """The source says whether the text goes to a model or comes from it."""
    return await answered(
        request, client, key, body, lambda: _analyzed(body, request, client), exclude_none=True
    )


@router.post("/guard/batch", response_model=VgeItems, responses=RESPONSES, summary="Judge up to 100 texts")
async def vge_batch(
    body: VgeBatch, request: Request, client: Guarded, key: IdempotencyKey = None
) -> Response:
    """Each item has its own outcome."""
    await charge(request, len(body.items))

    async def one(numbered: tuple[int, Any]) -> VgeItem:
        return await _item(*numbered, request, client)

    async def run() -> VgeItems:
        return VgeItems(items=await side_by_side(enumerate(body.items), one))

    return await answered(
        request, client, key, body, run, patience=rounds(len(body.items)), exclude_none=True
    )


@router.get("/license/status", summary="The licence: none is needed")
async def vge_license() -> LicenseStatus:
    """Open to all, as it was there."""
    return LicenseStatus()


def _asked(body: VgeAnalyze) -> GuardText:
    if body.source.direction is Direction.OUTPUT:
        return GuardOutput(text=body.text, mode=body.mode, return_decision_process=True)
    operator = body.source is Source.SYSTEM_PROMPT
    return GuardInput(text=body.text, mode=body.mode, return_decision_process=True, operator=operator)


async def _analyzed(
    body: VgeAnalyze, request: Request, client: Client, name: str | None = None
) -> VgeVerdict:
    return await _judge(_asked(body), request, client, name)


async def _judge(asked: GuardText, request: Request, client: Client, name: str | None = None) -> VgeVerdict:
    judging = request.app.state.judging
    started = time.perf_counter()
    verdict = await judging.judge(judging.request(asked, client, name or request.state.request_id))
    return vge_verdict(verdict, asked.text, round((time.perf_counter() - started) * 1000))


async def _item(index: int, fields: Any, request: Request, client: Client) -> VgeItem:
    try:
        item = VgeAnalyze.model_validate(fields)
        name = f"{request.state.request_id}-{index}"
        return VgeItem(index=index, ok=True, response=await _analyzed(item, request, client, name))
    except FAILURES as error:
        status, detail, _ = failure(error)
        code = CODES.get(400 if status == 422 else status, "ERROR")
        return VgeItem(index=index, ok=False, error=ItemError(code=code, message=detail))
