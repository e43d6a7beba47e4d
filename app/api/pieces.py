"""A model's answer as its client sends it: lines of JSON, one document, or server-sent events."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect

from app.api.bodies import Prompt
from app.api.lines import JSON, NDJSON, SSE, failed, stopped
from app.api.problems import Refusal
from app.chat.events import EventReader
from app.chat.stream import DONE
from app.schemas.guard import Mode

IDLE_S = 60.0
MAX_LINE_BYTES = 1_300_000
# What a model writes in a delta for its reader to see.
SHOWN = ("content", "refusal")
# What it writes for a program: it would have to be judged, and is not released here.
CALLS = ("tool_calls", "function_call")
ELSEWHERE = "send such streams through /openai/v1/chat/completions"


class Piece(BaseModel):
    """One line of the request, or the data of one event. `prompt` and `mode` belong into the first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(default="", description="The next piece of the answer, cut anywhere.")
    prompt: Prompt | None = None
    mode: Mode | None = Field(default=None, description="`fast` by default.")


async def pieces(request: Request, kind: str) -> AsyncGenerator[Piece, None]:
    """The pieces of a body of one of KINDS, as they come.

    Raises:
        Stopped: it makes no sense, or does not come.
    """
    reader = KINDS[kind]()
    async for chunk in _chunks(request):
        for piece in reader.feed(chunk):
            yield piece
        if reader.ended:
            return
    for piece in reader.end():
        yield piece


class Lines:
    """NDJSON."""

    ended = False

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """The pieces that `chunk` completes."""
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        _check_length(self._buffer)
        for line in lines:
            if line.strip():
                yield _piece(_parsed(line, "a line"))

    def end(self) -> Iterator[Piece]:
        """A last line without its end."""
        if self._buffer.strip():
            yield _piece(_parsed(self._buffer, "a line"))


class Document:
    """An answer that is there already, however it is broken into lines."""

    ended = False

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """Nothing yet."""
        self._buffer += chunk
        _check_length(self._buffer)
        return iter(())

    def end(self) -> Iterator[Piece]:
        """All of it."""
        if self._buffer.strip():
            yield _piece(_parsed(self._buffer, "the body"))


class Events:
    """Server-sent events: pieces, or the chunks of a chat completion up to `[DONE]`."""

    def __init__(self) -> None:
        self._reader = EventReader(MAX_LINE_BYTES)
        self.ended = False

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        """The pieces of the events that `chunk` completes."""
        return self._pieces(lambda: self._reader.feed(chunk))

    def end(self) -> Iterator[Piece]:
        """An event whose last blank line is missing."""
        return self._pieces(self._reader.end)

    def _pieces(self, read: Callable[[], Iterator[str]]) -> Iterator[Piece]:
        try:
            for data in read():
                if data == DONE:
                    self.ended = True
                    return
                fields = _parsed(data, "the data of an event")
                yield (
                    _of_chunk(fields) if isinstance(fields, dict) and "choices" in fields else _piece(fields)
                )
        except UnicodeDecodeError:
            raise stopped(422, "an event is not valid UTF-8") from None
        except ValueError:
            raise stopped(413, f"an event is longer than {MAX_LINE_BYTES:,} bytes") from None


KINDS: dict[str, Callable[[], Lines | Document | Events]] = {NDJSON: Lines, JSON: Document, SSE: Events}


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    body = request.stream()
    while True:
        try:
            async with asyncio.timeout(IDLE_S):
                chunk = await anext(body)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise stopped(408, f"nothing came for {IDLE_S:g} s") from None
        except Refusal as refusal:  # of the body limit
            raise stopped(refusal.status_code, str(refusal.detail)) from None
        except ClientDisconnect:
            raise stopped(400, "the client has gone") from None
        yield chunk


def _check_length(line: bytes) -> None:
    if len(line) > MAX_LINE_BYTES:
        raise stopped(413, f"a line is longer than {MAX_LINE_BYTES:,} bytes")


def _parsed(text: bytes | str, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise stopped(422, f"{what} is not valid JSON") from None


def _piece(fields: Any) -> Piece:
    try:
        piece = Piece.model_validate(fields)
        piece.text.encode()
    except ValidationError as error:
        raise failed(error) from None
    except UnicodeEncodeError:
        raise stopped(422, "text: holds half of a UTF-16 pair: cut between characters") from None
    return piece


def _of_chunk(chunk: dict[str, Any]) -> Piece:
    """The text of a `chat.completion.chunk`."""
    choices = chunk["choices"]
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise stopped(422, "choices: is no list of objects")
    texts = []
    for choice in choices:
        delta = choice.get("delta") or {}
        if choice.get("index", 0) != 0:
            raise stopped(422, f"choices: more than one answer at a time is not judged here; {ELSEWHERE}")
        if not isinstance(delta, dict):
            raise stopped(422, "choices.delta: is no object")
        if any(delta.get(name) for name in CALLS):
            raise stopped(422, f"choices.delta: calls of tools are not judged here; {ELSEWHERE}")
        texts += [delta[name] for name in SHOWN if delta.get(name)]
    if not all(isinstance(text, str) for text in texts):
        raise stopped(422, "choices.delta.content: is no text")
    return _piece({"text": "".join(texts)})
