"""What a judged stream answers: lines of JSON, or server-sent events."""

from collections.abc import AsyncGenerator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.problems import failure, title
from app.chat.events import event
from app.schemas.verdict import Verdict

NDJSON, JSON, SSE = "application/x-ndjson", "application/json", "text/event-stream"


class Line(BaseModel):
    """One line of the answer, or the data of one event."""

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


def stopped(status: int, detail: str) -> Stopped:
    """The end by an error."""
    return Stopped(Line(type="error", status=status, title=title(status), detail=detail))


def failed(error: Exception) -> Stopped:
    """The end by one of the FAILURES of a text."""
    status, detail, _ = failure(error)
    return stopped(status, detail)


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
            body = event(text) if self._sse else f"{text}\n".encode()
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
