"""ASGI middleware: guards `chat/completions` of the application behind it, prompts and answers, streamed or not."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.chat.errors import blocked, error
from app.chat.events import EventReader, event
from app.chat.guarding import Blocked, guarded
from app.chat.judge import Judge, Speaker
from app.chat.places import places, request_places
from app.chat.stream import ChatStream
from app.errors import PipelineTimeout, PipelineUnavailable

GUARDED = "/chat/completions"
MAX_ANSWER_BYTES = 32_000_000
UNREADABLE = "the answer of the model cannot be judged"

# Asked for by clients whose answer must be readable here.
_DROPPED = frozenset((b"content-length", b"accept-encoding", b"transfer-encoding"))


class ChatGuard:
    """Nothing reaches `app`, and nothing comes back from it, that `judge` has not read.

    An answer that can be neither parsed nor judged does not pass. Other paths than `.../chat/completions` do.
    """

    def __init__(self, app: ASGIApp, judge: Judge) -> None:
        self._app = app
        self._judge = judge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection.

        Raises:
            PipelineUnavailable, PipelineTimeout: the prompt or the answer was not judged, and nothing was sent yet.
        """
        if (
            scope["type"] != "http"
            or scope["method"] != "POST"
            or not scope["path"].rstrip("/").endswith(GUARDED)
        ):
            await self._app(scope, receive, send)
            return
        try:
            body = json.loads(await _body(receive))
        except ValueError:
            body = None
        if not isinstance(body, dict):
            await JSONResponse(error(400, "the body is no JSON object"), 400)(scope, receive, send)
            return
        try:
            passed = await guarded(body, request_places(body), self._judge)
        except Blocked as stopped:
            await JSONResponse(blocked(str(stopped), "messages"), 400)(scope, receive, send)
            return
        content = json.dumps(passed.document).encode()  # escaped: halves of surrogate pairs are no UTF-8
        answer = Answer(self._judge, scope, receive, send)
        await answer.pass_on(self._app, _rewritten(scope, content), content)


class Answer:
    """The answer to one prompt on its way back."""

    def __init__(self, judge: Judge, scope: Scope, receive: Receive, send: Send) -> None:
        self._judge = judge
        self._scope = scope
        self._receive = receive
        self._send = send
        self._start: Message = {}
        self._body = b""
        self._events: EventReader | None = None
        self._stream = ChatStream(judge)
        self._over = False
        self._failure: Exception | None = None

    async def pass_on(self, app: ASGIApp, scope: Scope, content: bytes) -> None:
        """Give the prompt to `app` and guard what it says. It is cancelled when its answer is cut off.

        Raises:
            PipelineUnavailable, PipelineTimeout: the answer was not judged, and nothing of it was sent.
        """
        given = False

        async def receive() -> Message:
            nonlocal given
            if given:
                return await self._receive()
            given = True
            return {"type": "http.request", "body": content, "more_body": False}

        inner = asyncio.ensure_future(app(scope, receive, self._take))
        try:
            await inner
        except asyncio.CancelledError:
            if not self._over:
                raise
            if self._failure is not None:
                raise self._failure from None
        finally:
            inner.cancel()

    async def _take(self, message: Message) -> None:
        if self._over:
            raise asyncio.CancelledError
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body":
            piece, more = message.get("body", b""), message.get("more_body", False)
            if self._events is not None:
                await self._guard_stream(piece, more)
            else:
                await self._guard_whole(piece, more)

    async def _begin(self, start: Message) -> None:
        self._start = start
        kind = Headers(raw=start["headers"]).get("content-type", "")
        if start["status"] < 300 and kind.startswith("text/event-stream"):
            self._events = EventReader()
            start["headers"] = [h for h in start["headers"] if h[0].lower() != b"content-length"]
            await self._send(start)

    async def _guard_stream(self, piece: bytes, more: bool) -> None:
        assert self._events is not None  # noqa: S101 - it is a stream
        try:
            for data in [*self._events.feed(piece), *(() if more else self._events.end())]:
                for out in await self._stream.take(data):
                    await self._say(event(out))
            if not more:
                for out in await self._stream.finish():
                    await self._say(event(out))
        except Blocked as stopped:
            await self._cut_off(blocked(str(stopped), "choices"))
        except (PipelineUnavailable, PipelineTimeout) as failed:
            await self._cut_off(error(503, f"the answer could not be judged: {failed}"))
        except (ValueError, HTTPException) as broken:
            await self._cut_off(error(502, f"{UNREADABLE}: {broken}"))
        else:
            if not more:
                await self._say(b"", more=False)

    async def _guard_whole(self, piece: bytes, more: bool) -> None:
        self._body += piece
        if len(self._body) > MAX_ANSWER_BYTES:
            await self._instead(502, error(502, f"{UNREADABLE}: it is too long"))
            raise asyncio.CancelledError
        if more:
            return
        if (
            self._start["status"] >= 300
        ):  # an error or a redirection of the model server: no answer of a model
            await self._whole(self._body)
            return
        try:
            document = _without_logprobs(json.loads(self._body))
            passed = await guarded(document, places(document, Speaker.MODEL), self._judge)
        except Blocked as stopped:
            await self._instead(400, blocked(str(stopped), "choices"))
        except (PipelineUnavailable, PipelineTimeout) as failed:
            # Through the application behind us it might come back as an answer of its own.
            self._over, self._failure = True, failed
            raise asyncio.CancelledError from None
        except (ValueError, HTTPException) as broken:
            await self._instead(502, error(502, f"{UNREADABLE}: {broken}"))
        else:
            await self._whole(json.dumps(passed.document).encode())

    async def _whole(self, body: bytes) -> None:
        headers = MutableHeaders(raw=self._start["headers"])
        headers["content-length"] = str(len(body))
        await self._send({**self._start, "headers": headers.raw})
        await self._say(body, more=False)

    async def _instead(self, status: int, document: Mapping[str, Any]) -> None:
        self._over = True
        await JSONResponse(document, status)(self._scope, self._receive, self._send)

    async def _cut_off(self, document: Mapping[str, Any]) -> None:
        """The head has been sent with its status: say it as an event, which clients raise as an error."""
        self._over = True
        await self._say(event(json.dumps(document)), more=False)
        raise asyncio.CancelledError

    async def _say(self, body: bytes, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _rewritten(scope: Scope, content: bytes) -> Scope:
    headers = [header for header in scope["headers"] if header[0].lower() not in _DROPPED]
    return {**scope, "headers": [*headers, (b"content-length", str(len(content)).encode())]}


def _without_logprobs(document: Any) -> Any:
    """What tokens were weighed against each other is text, too, in pieces that nobody can judge."""
    if not isinstance(document, dict) or not isinstance(document.get("choices"), list):
        return document
    choices = [
        {**choice, "logprobs": None} if isinstance(choice, dict) and "logprobs" in choice else choice
        for choice in document["choices"]
    ]
    return {**document, "choices": choices}
