"""`/v1/guard/output/stream`: a model's answer while it is written."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.access.client import Client
from app.access.client import Scope as KeyScope
from app.api.bodies import GuardOutput, Prompt
from app.api.door.authentication import require
from app.api.judging import Judging
from app.api.problems import FAILURES, Refusal, failure, responses, title
from app.api.windows import Windows
from app.runtime.tasks import cancel
from app.schemas.decision import Decision
from app.schemas.guard import MAX_TEXT_CHARS, Mode
from app.schemas.verdict import Verdict

NDJSON, JSON, SSE = "application/x-ndjson", "application/json", "text/event-stream"
IDLE_S = 60.0
MAX_LINE_BYTES = 1_300_000

router = APIRouter(prefix="/v1/guard", tags=["guard"])


class Piece(BaseModel):
    """One line of the request. `prompt` and `mode` belong into the first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(default="", description="The next piece of the answer, cut anywhere.")
    prompt: Prompt | None = None
    mode: Mode | None = Field(default=None, description="`fast` by default.")


class Line(BaseModel):
    """One line of the answer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"type": "text", "text": "Paris is the capital of France. "}]}
    )

    type: Literal["text", "withheld", "verdict", "error"]
    text: str | None = Field(default=None, description="`text`: the next sentences, to be shown.")
    categories: tuple[str, ...] | None = Field(
        default=None, description="`withheld`: why a window was cut out."
    )
    verdict: Verdict | None = Field(default=None, description="`verdict`: on the whole; the last line.")
    status: int | None = Field(default=None, description="`error`: as of an error answer; the last line.")
    title: str | None = None
    detail: str | None = None


class Stopped(Exception):  # noqa: N818
    """Nothing more is released; this is the last line."""

    def __init__(self, line: Line) -> None:
        super().__init__(line.type)
        self.line = line


@router.post(
    "/output/stream",
    summary="Judge a model's answer while it is written",
    response_class=Response,
    responses={
        200: {
            "description": "Lines as they become known: NDJSON, or events where `Accept` is `text/event-stream`.",
            "content": {
                NDJSON: {"schema": {"$ref": "#/components/schemas/Line"}},
                SSE: {"schema": {"type": "string"}},
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
                # An answer that is there already, as one line.
                "application/json": {"schema": {"$ref": "#/components/schemas/Piece"}},
            },
        }
    },
)
async def guard_stream(
    request: Request, client: Annotated[Client, Depends(require(KeyScope.GUARD))]
) -> Response:
    """Pieces go in, judged sentences come out, at the same time: each as soon as it was judged together with what
    was released before. After a BLOCK nothing more is released. The last line is the verdict on the whole.
    """
    kind = request.headers.get("content-type", NDJSON).partition(";")[0].strip().lower()
    if kind not in (NDJSON, JSON):
        raise Refusal(415, f"Content-Type: send lines of JSON as {NDJSON}")
    pieces = _pieces(request, one=kind == JSON)
    try:
        first = await anext(pieces)
    except StopAsyncIteration:
        raise Refusal(422, 'the body is empty: send lines such as {"text": "Paris"}') from None
    except Stopped as stopped:
        raise Refusal(stopped.line.status or 422, stopped.line.detail or "") from None
    mode = first.mode or Mode.FAST
    try:
        example = GuardOutput(text="x", prompt=first.prompt, mode=mode)
    except ValidationError as error:
        status, detail, _ = failure(error)
        raise Refusal(status, detail) from None
    request.app.state.judging.request(example, client, request.state.request_id)  # the mode is allowed
    answer = Answer(request.app.state.judging, client, request.state.request_id, example)
    sse = SSE in request.headers.get("accept", "")
    return LineResponse(answer.lines(first, pieces), sse=sse)


class Answer:
    """One answer on its way."""

    def __init__(self, judging: Judging, client: Client, request_id: str, example: GuardOutput) -> None:
        self._judging = judging
        self._client = client
        self._request_id = request_id
        self._example = example
        self._windows = Windows()
        self._number = 0
        self._news = asyncio.Event()
        self._ended = False
        self._stopped: Line | None = None
        self._on_whole: Verdict | None = None

    async def lines(self, first: Piece, pieces: AsyncIterator[Piece]) -> AsyncGenerator[Line, None]:
        """The lines of the answer."""
        reading = asyncio.create_task(self._read(first, pieces))
        try:
            while not self._ended:
                await self._news.wait()
                self._news.clear()
                while not self._ended and (window := self._windows.take()):
                    yield await self._judged(window)
            if self._stopped is not None:
                yield self._stopped
                return
            async for line in self._last():
                yield line
        except Stopped as stopped:
            yield stopped.line
        finally:
            await cancel(reading)

    async def _read(self, first: Piece, pieces: AsyncIterator[Piece]) -> None:
        try:
            self._windows.add(first.text)
            self._news.set()
            async for piece in pieces:
                self._windows.add(piece.text)
                if self._windows.chars > MAX_TEXT_CHARS:
                    raise Stopped(_error(413, f"the answer is longer than {MAX_TEXT_CHARS:,} characters"))
                self._news.set()
        except Stopped as stopped:
            self._stopped = stopped.line
        finally:
            self._ended = True
            self._news.set()

    async def _last(self) -> AsyncGenerator[Line, None]:
        """The verdict on the whole comes before the last window, so that a BLOCK still holds that back."""
        whole = self._windows.whole
        if not whole.strip():
            raise Stopped(_error(422, "text: the answer is empty"))
        self._on_whole = verdict = await self._verdict(whole)
        rest = self._windows.take_rest()
        if verdict.decision is not Decision.BLOCK and rest:
            if rest == whole:
                shown = whole if verdict.decision is Decision.ALLOW else str(verdict.sanitized_text)
                yield Line(type="text", text=shown)
            else:
                yield await self._judged(rest)
        yield Line(type="verdict", verdict=verdict)

    async def _judged(self, window: str) -> Line:
        if not window.strip():
            return self._release(window)
        verdict = await self._verdict(self._windows.context + window, window=True)
        if verdict.decision is Decision.SANITIZE and self._windows.context:
            # What was released is clean, so the fault lies in the window, or across its edge.
            verdict = await self._verdict(window, window=True)
            if verdict.decision is Decision.ALLOW:
                return Line(type="withheld", categories=verdict.categories)
        if verdict.decision is Decision.ALLOW:
            return self._release(window)
        if verdict.decision is Decision.SANITIZE:
            space = window[len(window.rstrip()) :]
            return self._release(str(verdict.sanitized_text).rstrip() + space)
        raise Stopped(Line(type="verdict", verdict=await self._blocked(verdict)))

    async def _blocked(self, of_window: Verdict) -> Verdict:
        """The last line after a BLOCK, under which what came so far is logged."""
        if self._on_whole is None:
            self._on_whole = await self._verdict(self._windows.so_far)
        if self._on_whole.decision is Decision.BLOCK:
            return self._on_whole
        return of_window.model_copy(update={"request_id": self._request_id})

    def _release(self, text: str) -> Line:
        self._windows.released(text)
        return Line(type="text", text=text)

    async def _verdict(self, text: str, *, window: bool = False) -> Verdict:
        self._number += window
        name = f"{self._request_id}-{self._number}" if window else self._request_id
        try:
            body = self._example.model_validate({**self._example.model_dump(), "text": text})
            message = self._judging.request(body, self._client, name)
            # Windows are parts of one event, that of the whole.
            return await self._judging.judge(message.model_copy(update={"probe": window}))
        except FAILURES as error:
            raise Stopped(_failed(error)) from None


class LineResponse(Response):
    """Sends lines while the request is still being read: Starlette's own would read it too, to see a client go."""

    def __init__(self, lines: AsyncGenerator[Line, None], *, sse: bool) -> None:
        super().__init__(media_type=SSE if sse else NDJSON, headers={"Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._lines = lines
        self._sse = sse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send every line at once."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for line in self._lines:
            text = line.model_dump_json(exclude_none=True)
            body = f"data: {text}\n\n" if self._sse else f"{text}\n"
            await send({"type": "http.response.body", "body": body.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _pieces(request: Request, *, one: bool) -> AsyncGenerator[Piece, None]:
    """The lines of the request; `one`: the body is a single one, however it is broken."""
    buffer = b""
    body = request.stream()
    while True:
        try:
            async with asyncio.timeout(IDLE_S):
                chunk = await anext(body)
        except StopAsyncIteration:
            break
        except TimeoutError:
            raise Stopped(_error(408, f"nothing came for {IDLE_S:g} s")) from None
        except Refusal as refusal:  # of the body limit
            raise Stopped(_error(refusal.status_code, str(refusal.detail))) from None
        except ClientDisconnect:
            raise Stopped(_error(400, "the client has gone")) from None
        buffer += chunk
        lines: list[bytes] = []
        if not one:
            *lines, buffer = buffer.split(b"\n")
        if len(buffer) > MAX_LINE_BYTES:
            raise Stopped(_error(413, f"a line is longer than {MAX_LINE_BYTES:,} bytes"))
        for line in lines:
            if line.strip():
                yield _piece(line)
    if buffer.strip():
        yield _piece(buffer)


def _piece(line: bytes) -> Piece:
    try:
        fields: Any = json.loads(line)
    except ValueError:
        raise Stopped(_error(422, "a line is not valid JSON")) from None
    try:
        piece = Piece.model_validate(fields)
        piece.text.encode()
    except ValidationError as error:
        raise Stopped(_failed(error)) from None
    except UnicodeEncodeError:
        raise Stopped(_error(422, "text: holds half of a UTF-16 pair: cut between characters")) from None
    return piece


def _error(status: int, detail: str) -> Line:
    return Line(type="error", status=status, title=title(status), detail=detail)


def _failed(error: Exception) -> Line:
    status, detail, _ = failure(error)
    return _error(status, detail)
