"""What a route answers, once for any number of repeats."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from fastapi import Request, Response
from pydantic import BaseModel

from app.access.client import Client
from app.api.idempotency import Outcome
from app.api.problems import Refusal


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
    *,
    patience: int = 1,
    **dump: Any,
) -> Response:
    """The answer of `run`, or that of an earlier request under the same key.

    `patience`: how many times as long as a single text it may take.

    Raises:
        Refusal: 422, the key came with another body, or it is nested too deeply; 409, its first request is under way
            and takes long.
        PipelineUnavailable: earlier answers cannot be looked up.
    """

    async def outcome() -> Outcome:
        said = await run()
        return Outcome(said.model_dump_json(**dump).encode(), said.final)

    answer = await request.app.state.idempotency.once(
        key, (client.client_id, request.url.path), _same(body), outcome, patience
    )
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else None
    return Response(answer.content, media_type="application/json", headers=headers)


def _same(body: BaseModel) -> bytes:
    """A form that is the same for the same request. Items of a batch may hold what pydantic cannot write down: halves
    of UTF-16 pairs, lists of lists of lists.
    """
    try:
        return json.dumps(dict(body)).encode()
    except RecursionError:
        raise Refusal(422, "the body is nested too deeply: texts are no deeper than two levels") from None
