"""`/compat/vge`: the HTTP contract of Vigil Guard Enterprise, for its SDK and LiteLLM's built-in `vigil_guard`."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, ValidationError

from app.access.client import Client, Scope
from app.api.bodies import GuardInput, GuardOutput
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
from app.api.problems import Refusal, field_errors
from app.api.texts import TOGETHER, uncut
from app.errors import PipelineTimeout, PipelineUnavailable
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
    return await _once(request, client, key, body, lambda: _judge(asked, request, client))


@router.post("/guard/output", response_model=VgeVerdict, responses=RESPONSES, summary="Judge an answer")
async def vge_output(
    body: VgeOutput, request: Request, client: Guarded, key: IdempotencyKey = None
) -> Response:
    """The prompt that led to it is context and is not judged."""
    asked = GuardOutput(
        text=body.output, prompt=body.original_prompt or None, mode=body.mode, return_decision_process=True
    )
    return await _once(request, client, key, body, lambda: _judge(asked, request, client))


@router.post(
    "/guard/analyze", response_model=VgeVerdict, responses=RESPONSES, summary="Judge a text by source"
)
async def vge_analyze(
    body: VgeAnalyze, request: Request, client: Guarded, key: IdempotencyKey = None
) -> Response:
    """The source says whether the text goes to a model or comes from it."""
    return await _once(request, client, key, body, lambda: _analyzed(body, request, client))


@router.post("/guard/batch", response_model=VgeItems, responses=RESPONSES, summary="Judge up to 100 texts")
async def vge_batch(
    body: VgeBatch, request: Request, client: Guarded, key: IdempotencyKey = None
) -> Response:
    """Each item has its own outcome."""
    await charge(request, len(body.items))

    async def run() -> VgeItems:
        places = asyncio.Semaphore(TOGETHER)

        async def one(index: int, fields: Any) -> VgeItem:
            async with places:
                return await _item(index, fields, request, client)

        return VgeItems(items=await asyncio.gather(*(one(*numbered) for numbered in enumerate(body.items))))

    return await _once(request, client, key, body, run)


@router.get("/license/status", summary="The licence: none is needed")
async def vge_license() -> LicenseStatus:
    """Open to all, as it was there."""
    return LicenseStatus()


def _asked(body: VgeAnalyze) -> GuardInput:
    kind = GuardOutput if body.source.direction is Direction.OUTPUT else GuardInput
    return kind(text=body.text, mode=body.mode, return_decision_process=True)


async def _analyzed(
    body: VgeAnalyze, request: Request, client: Client, name: str | None = None
) -> VgeVerdict:
    return await _judge(_asked(body), request, client, name, operator=body.source is Source.SYSTEM_PROMPT)


async def _judge(
    asked: GuardInput, request: Request, client: Client, name: str | None = None, *, operator: bool = False
) -> VgeVerdict:
    judging = request.app.state.judging
    started = time.perf_counter()
    message = judging.request(asked, client, name or request.state.request_id)
    if operator:
        message = uncut(message, request.app.state.block_threshold)
    verdict = await judging.judge(message)
    return vge_verdict(verdict, asked.text, round((time.perf_counter() - started) * 1000))


async def _item(index: int, fields: Any, request: Request, client: Client) -> VgeItem:
    try:
        item = VgeAnalyze.model_validate(fields)
        name = f"{request.state.request_id}-{index}"
        return VgeItem(index=index, ok=True, response=await _analyzed(item, request, client, name))
    except ValidationError as invalid:
        status, detail, _ = field_errors(invalid.errors(include_input=False, include_url=False))
        return _failed(index, 400 if status == 422 else status, detail)
    except Refusal as refusal:
        return _failed(index, refusal.status_code, str(refusal.detail))
    except PipelineUnavailable as error:
        return _failed(index, 503, str(error))
    except PipelineTimeout as error:
        return _failed(index, 504, str(error))


def _failed(index: int, status: int, detail: str) -> VgeItem:
    return VgeItem(index=index, ok=False, error=ItemError(code=CODES.get(status, "ERROR"), message=detail))


async def _once(
    request: Request,
    client: Client,
    key: str | None,
    body: BaseModel,
    run: Callable[[], Awaitable[BaseModel]],
) -> Response:
    async def content() -> bytes:
        return (await run()).model_dump_json(exclude_none=True).encode()

    answer = await request.app.state.idempotency.once(
        key, (client.client_id, request.url.path), body.model_dump_json().encode(), content
    )
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else None
    return Response(answer.content, media_type="application/json", headers=headers)
