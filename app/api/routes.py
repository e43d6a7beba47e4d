"""`/v1/guard/input`, `/v1/guard/output` and `/v1/guard/batch`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response

from app.access.client import Client, Scope
from app.api.answering import answered
from app.api.batch import BatchItem, BatchVerdict, GuardBatch, Item, failed_item
from app.api.bodies import GuardInput, GuardOutput, GuardText
from app.api.door.authentication import require
from app.api.door.rate_limit import charge
from app.api.problems import FAILURES, failure, responses
from app.api.texts import rounds, side_by_side
from app.schemas.verdict import Verdict

router = APIRouter(
    prefix="/v1/guard",
    tags=["guard"],
    responses=responses(400, 401, 403, 408, 409, 413, 415, 422, 429, 503, 504),
)

Guarded = Annotated[Client, Depends(require(Scope.GUARD))]
IdempotencyKey = Annotated[
    str | None,
    # Described in words: which keys are good hangs on those that came before, and no schema can say that.
    Header(min_length=1, max_length=255, pattern=r"^[ -~]+$", include_in_schema=False),
]


@router.post("/input", summary="Judge a text on its way to a model", response_model=Verdict)
async def guard_input(
    body: GuardInput, request: Request, client: Guarded, idempotency_key: IdempotencyKey = None
) -> Response:
    """Judge a prompt. A BLOCK is a verdict, not an error: the status is 200.

    With the header `Idempotency-Key` (1 to 255 printable ASCII characters) repeats of the same body get the first
    answer, for a day; another body under the same key is 422.
    """
    return await answered(request, client, idempotency_key, body, lambda: _judge(body, request, client))


@router.post("/output", summary="Judge a model's answer", response_model=Verdict)
async def guard_output(
    body: GuardOutput, request: Request, client: Guarded, idempotency_key: IdempotencyKey = None
) -> Response:
    """Judge an answer before its reader sees it. `Idempotency-Key` works as with `/v1/guard/input`."""
    return await answered(request, client, idempotency_key, body, lambda: _judge(body, request, client))


@router.post("/batch", summary="Judge up to 100 texts", response_model=BatchVerdict)
async def guard_batch(
    body: GuardBatch, request: Request, client: Guarded, idempotency_key: IdempotencyKey = None
) -> Response:
    """Each item has its own outcome: one that makes no sense, or that nobody could judge, fails alone.

    `Idempotency-Key` works as with `/v1/guard/input`.
    """
    await charge(request, len(body.items))

    async def one(numbered: tuple[int, Any]) -> Item:
        return await _item(*numbered, request, client)

    async def run() -> BatchVerdict:
        items = await side_by_side(enumerate(body.items), one)
        return BatchVerdict(request_id=request.state.request_id, items=tuple(items))

    return await answered(request, client, idempotency_key, body, run, patience=rounds(len(body.items)))


async def _judge(body: GuardText, request: Request, client: Client) -> Verdict:
    judging = request.app.state.judging
    verdict: Verdict = await judging.judge(judging.request(body, client, request.state.request_id))
    return verdict


async def _item(index: int, fields: Any, request: Request, client: Client) -> Item:
    judging = request.app.state.judging
    try:
        item = BatchItem.model_validate(fields)
        message = judging.request(item.body, client, f"{request.state.request_id}-{index}")
        return Item(index=index, ok=True, verdict=await judging.judge(message))
    except FAILURES as error:
        return failed_item(index, failure(error))
