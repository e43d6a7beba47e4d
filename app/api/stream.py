"""`/v1/guard/output/stream`: a model's answer while it is written."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import ValidationError

from app.access.client import Client
from app.access.client import Scope as KeyScope
from app.api.bodies import GuardOutput
from app.api.door.authentication import require
from app.api.judging import Judging
from app.api.lines import JSON, NDJSON, SSE, Line, LineResponse, Stopped, failed, stopped
from app.api.pieces import KINDS, Piece, pieces
from app.api.problems import FAILURES, Refusal, failure, responses
from app.api.texts import window_of
from app.chat.guarding import Blocked
from app.chat.release import Withheld, release
from app.chat.window import Window
from app.placeholders import Placeholders
from app.runtime.tasks import cancel
from app.schemas.decision import Decision
from app.schemas.guard import MAX_TEXT_CHARS, GuardRequest, Mode
from app.schemas.verdict import Verdict

# Of the answer; its data is a `Line`.
EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {
            "type": "string",
            "contentMediaType": JSON,
            "contentSchema": {"$ref": "#/components/schemas/Line"},
        }
    },
}

router = APIRouter(prefix="/v1/guard", tags=["guard"])


@router.post(
    "/output/stream",
    summary="Judge a model's answer while it is written",
    response_class=Response,
    responses={
        200: {
            "description": "Lines as they become known, in the form of the request or the other that `Accept` names.",
            "content": {
                NDJSON: {"schema": {"$ref": "#/components/schemas/Line"}},
                SSE: {"schema": EVENT},
            },
        },
        **responses(400, 401, 403, 408, 413, 415, 422, 429, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                NDJSON: {
                    "schema": {"$ref": "#/components/schemas/Piece"},
                    "example": '{"prompt": "What is the capital of France?", "text": "Paris is"}\n{"text": " it."}\n',
                },
                # Events go in as well. They are described in words: no schema tells an event stream from any text.
                # An answer that is there already, as one line.
                JSON: {"schema": {"$ref": "#/components/schemas/Piece"}},
            },
        }
    },
)
async def guard_stream(
    request: Request, client: Annotated[Client, Depends(require(KeyScope.GUARD))]
) -> Response:
    """Pieces go in, judged sentences come out, at the same time: each as soon as it was judged together with what
    was released before. After a BLOCK nothing more is released. The last line is the verdict on the whole.

    With `Content-Type: text/event-stream` the pieces are server-sent events. The data of each is such a line, or a
    `chat.completion.chunk` as model servers stream them; `[DONE]` ends them. The answer is events then, too, unless
    `Accept` names the other form.
    """
    kind = request.headers.get("content-type", NDJSON).partition(";")[0].strip().lower()
    if kind not in KINDS:
        raise Refusal(415, f"Content-Type: send lines of JSON as {NDJSON}, or events as {SSE}")
    coming = pieces(request, kind)
    try:
        first = await anext(coming)
    except StopAsyncIteration:
        raise Refusal(422, 'the body is empty: send lines such as {"text": "Paris"}') from None
    except Stopped as end:
        raise Refusal(end.line.status or 422, end.line.detail or "") from None
    try:
        example = GuardOutput(text="x", prompt=first.prompt, mode=first.mode or Mode.FAST)
    except ValidationError as error:
        status, detail, _ = failure(error)
        raise Refusal(status, detail) from None
    request.app.state.judging.request(example, client, request.state.request_id)  # the mode is allowed
    answer = Answer(request.app.state.judging, client, request.state.request_id, example)
    return LineResponse(answer.lines(first, coming), sse=_wants_events(request, kind))


def _wants_events(request: Request, kind: str) -> bool:
    """What `Accept` names, else the form of the request."""
    accept = request.headers.get("accept", "")
    return SSE in accept or (kind == SSE and NDJSON not in accept)


class Answer:
    """One answer on its way."""

    def __init__(self, judging: Judging, client: Client, request_id: str, example: GuardOutput) -> None:
        self._judging = judging
        self._client = client
        self._request_id = request_id
        self._example = example
        self._window = Window()
        self._placeholders = Placeholders()
        self._number = 0
        self._news = asyncio.Event()
        self._ended = False
        self._stopped: Stopped | None = None
        self._logged = False
        self._on_whole: Verdict | None = None

    async def lines(self, first: Piece, coming: AsyncIterator[Piece]) -> AsyncGenerator[Line, None]:
        """The lines of the answer."""
        reading = asyncio.create_task(self._read(first, coming))
        try:
            while not self._ended:
                await self._news.wait()
                self._news.clear()
                while not self._ended and (window := self._window.ready()):
                    yield await self._judged(window)
            if self._stopped is not None:
                raise self._stopped
            async for line in self._last():
                yield line
        except Stopped as end:
            yield end.line
            await self._log()
        finally:
            await cancel(reading)

    async def _read(self, first: Piece, coming: AsyncIterator[Piece]) -> None:
        try:
            self._window.add(first.text)
            self._news.set()
            async for piece in coming:
                self._window.add(piece.text)
                if self._window.chars > MAX_TEXT_CHARS:
                    raise stopped(413, f"the answer is longer than {MAX_TEXT_CHARS:,} characters")
                self._news.set()
        except Stopped as end:
            self._stopped = end
        finally:
            self._ended = True
            self._news.set()

    async def _last(self) -> AsyncGenerator[Line, None]:
        """The verdict on the whole comes before the last window, so that a BLOCK still holds that back."""
        whole = self._window.whole
        if not whole.strip():
            raise stopped(422, "text: the answer is empty")
        self._on_whole = verdict = await self._on(whole)
        rest = self._window.rest()
        if verdict.decision is not Decision.BLOCK and rest:
            if rest == whole:
                shown = whole if verdict.decision is Decision.ALLOW else str(verdict.sanitized_text)
                yield Line(type="text", text=shown)
            else:
                yield await self._judged(rest)
        yield Line(type="verdict", verdict=verdict)

    async def _judged(self, window: str) -> Line:
        try:
            shown = await release(window, self._window.context, self._placeholders, self._look)
        except Blocked as blocked:
            raise Stopped(Line(type="verdict", verdict=await self._blocked(blocked.verdict))) from None
        if isinstance(shown, Withheld):
            return Line(type="withheld", categories=shown.verdict.categories)
        self._window.released(shown)
        return Line(type="text", text=shown)

    async def _blocked(self, of_window: Verdict) -> Verdict:
        """The last line after a BLOCK, under which what came so far is logged."""
        if self._on_whole is None:
            self._on_whole = await self._on(self._window.so_far)
        if self._on_whole.decision is Decision.BLOCK:
            return self._on_whole
        return of_window.model_copy(update={"request_id": self._request_id, "decision_process": None})

    async def _log(self) -> None:
        """An answer that breaks off is an event, too, as far as it came."""
        if not self._logged and self._window.so_far.strip():
            with suppress(Stopped):
                await self._on(self._window.so_far)

    async def _on(self, whole: str) -> Verdict:
        self._logged = True
        message = self._message(whole, self._request_id)
        return await self._verdict(message.model_copy(update={"placeholders": self._placeholders.given}))

    async def _look(self, text: str, given: dict[str, str]) -> Verdict:
        self._number += 1
        message = window_of(self._message(text, f"{self._request_id}-{self._number}"), given)
        # Windows are parts of one event, that of the whole.
        return await self._verdict(message.model_copy(update={"probe": True}))

    def _message(self, text: str, name: str) -> GuardRequest:
        try:
            body = self._example.model_validate({**self._example.model_dump(), "text": text})
            return self._judging.request(body, self._client, name)
        except FAILURES as error:
            raise failed(error) from None

    async def _verdict(self, message: GuardRequest) -> Verdict:
        try:
            return await self._judging.judge(message)
        except FAILURES as error:
            raise failed(error) from None
