"""`/openai/v1/chat/completions`: a model server behind the guard. Off unless VIGIL_UPSTREAM_URL is set."""

from collections.abc import Collection, Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from app.access.client import Client, Scope
from app.api.door.authentication import require
from app.api.problems import Refusal
from app.api.proxy.guard import ChatGuard
from app.api.texts import Texts
from app.chat.errors import OpenAIError
from app.chat.judge import Speaker, Spoken
from app.schemas.verdict import Verdict

OFF = "this Vigil has no model server behind it: set VIGIL_UPSTREAM_URL"

STATUSES: dict[int | str, str] = {
    400: "Blocked (`code` is `content_filter`; `param` says whether it was the prompt, `messages`, or the answer, "
    "`choices`), or no JSON object",
    401: "No key, or one that is not known, was revoked or has expired",
    403: "The key lacks the scope",
    404: "No model server is configured",
    408: "The body did not arrive in time",
    413: "The body or a text is too long",
    422: "A text cannot be judged",
    429: "A rate limit is used up",
    502: "The model server cannot be reached, or its answer cannot be judged",
    503: "Nothing is taken now",
    504: "No verdict within the time limit",
    "default": "What the model server answers, if it is an error",
}
BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "description": "As the model server wants it; all its texts are judged.",
            },
            "example": {
                "model": "any",
                "messages": [{"role": "user", "content": "What is the capital of France?"}],
                "stream": False,
            },
        }
    },
}

router = APIRouter(prefix="/openai/v1", tags=["proxy"])


class Handled(Response):
    """An answer that an ASGI application gives."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._app(scope, receive, send)


@router.post(
    "/chat/completions",
    summary="Ask the model server behind Vigil",
    openapi_extra={"requestBody": BODY},
    response_class=Response,
    responses={
        200: {
            "description": "The model's answer, judged; with `stream`, as server-sent events",
            "content": {
                "application/json": {"schema": {}},
                "text/event-stream": {
                    "schema": {
                        "type": "object",
                        "required": ["data"],
                        "properties": {"data": {"type": "string"}},
                    }
                },
            },
        },
        **{status: {"description": text, "model": OpenAIError} for status, text in STATUSES.items()},
    },
)
async def chat_completions(
    request: Request, client: Annotated[Client, Depends(require(Scope.GUARD))]
) -> Response:
    """Prompts and answers are judged; sanitized texts take the place of the originals, a BLOCK is an error."""
    upstream: ASGIApp | None = request.app.state.upstream
    if upstream is None:
        raise Refusal(404, OFF)
    texts = Texts(request, client)

    async def judge(found: Collection[Spoken]) -> Mapping[Spoken, Verdict]:
        # An answer has been paid for with its prompt.
        await texts.charge([spoken for spoken in found if spoken.speaker is not Speaker.MODEL])
        return await texts.judge(found)

    return Handled(ChatGuard(upstream, judge))
