"""What a route answers, once for any number of repeats."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from fastapi import Request, Response
from pydantic import BaseModel

from app.access.client import Client
from app.api.idempotency import Outcome


class Said(Protocol):
    """The body of an answer."""

    @property
    def final(self) -> bool:
        """Whether a repeat of the request would get nothing better."""

    def model_dump_json(self, *, exclude_none: bool = False) -> str:
        """The body as JSON."""


async def answered(
    request: Request,
    client: Client,
    key: str | None,
    body: BaseModel,
    run: Callable[[], Awaitable[Said]],
    **dump: Any,
) -> Response:
    """The answer of `run`, or that of an earlier request under the same key.

    Raises:
        Refusal: 422, the key came with another body; 409, its first request is under way and takes long.
        PipelineUnavailable: earlier answers cannot be looked up.
    """

    async def outcome() -> Outcome:
        said = await run()
        return Outcome(said.model_dump_json(**dump).encode(), said.final)

    answer = await request.app.state.idempotency.once(
        key, (client.client_id, request.url.path), body.model_dump_json().encode(), outcome
    )
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else None
    return Response(answer.content, media_type="application/json", headers=headers)
