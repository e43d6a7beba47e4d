"""A streamed answer: chunks of chat.completion.chunk in, the same with only judged text out."""

import json
from collections.abc import Iterator
from typing import Any

from app.chat.guarding import Blocked, Passed, guarded
from app.chat.judge import Judge, Speaker, Spoken
from app.chat.places import places
from app.chat.release import Withheld, release
from app.chat.window import BY_PASSAGE, Window
from app.placeholders import Placeholders
from app.schemas.verdict import Verdict

DONE = "[DONE]"
CALLS = ("tool_calls", "function_call")

Chunk = dict[str, Any]


class StreamBroken(ValueError):  # noqa: N818 - reads as the state it reports
    """What arrives is no stream of chunks: it cannot be judged, so it cannot pass."""


class ChatStream:
    """One answer. Text is held back until its window has been judged, calls until they are complete."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._placeholders = Placeholders()
        self._choices: dict[int, Choice] = {}
        self._last: Chunk = {}

    async def take(self, data: str) -> list[str]:
        """The events that may go on after `data` has come.

        Raises:
            Blocked: the answer ends here.
            StreamBroken: as above.
        """
        if data == DONE:
            return [*await self.finish(), DONE]
        chunk = _parsed(data)
        if chunk.get("error") is not None:  # whatever stands beside it was not judged
            return [json.dumps({"error": chunk["error"]})]
        self._last = {name: value for name, value in chunk.items() if name not in ("choices", "usage")}
        out: list[Chunk] = []
        kept: list[Any] = []
        for came in chunk.get("choices") or []:
            index, delta = _choice(came)
            choice = self._choices.setdefault(index, Choice(self._judge, self._placeholders))
            delta = choice.hold(delta)
            ended = came.get("finish_reason") is not None
            out += [self._chunk(index, piece) for piece in await choice.release(ended)]
            if delta or ended:
                # What tokens were weighed against each other is text, too; it would go round the guard.
                kept.append({**came, "delta": delta, "logprobs": None})
        if kept or not chunk.get("choices"):
            passed = await _guarded({**chunk, "choices": kept}, self._judge)
            out.append(passed.document)
        return [json.dumps(item, ensure_ascii=False) for item in out]

    async def finish(self) -> list[str]:
        """What is left when the upstream has said all."""
        pieces = [
            self._chunk(index, piece)
            for index, choice in self._choices.items()
            for piece in await choice.release(ended=True)
        ]
        return [json.dumps(item, ensure_ascii=False) for item in pieces]

    def _chunk(self, index: int, delta: Chunk) -> Chunk:
        return {**self._last, "choices": [{"index": index, "delta": delta, "finish_reason": None}]}


class Choice:
    """One of the answers of a stream; all of them share their placeholders."""

    def __init__(self, judge: Judge, placeholders: Placeholders) -> None:
        self._judge = judge
        self._placeholders = placeholders
        self._windows: dict[str, Window] = {}
        self._calls: dict[int, Chunk] = {}
        self._legacy_call: Chunk = {}

    def hold(self, delta: Chunk) -> Chunk:
        """Keep the text and the calls of a delta back; the rest of it is returned."""
        rest: Chunk = {}
        for name, value in delta.items():
            if name == "tool_calls" and isinstance(value, list):
                for call in value:
                    _join(self._calls.setdefault(_index(call), {}), call)
            elif name == "function_call" and isinstance(value, dict):
                _join(self._legacy_call, value)
            elif isinstance(value, str) and name != "role":
                self._windows.setdefault(name, Window(BY_PASSAGE)).add(value)
            elif value is not None:
                rest[name] = value
        return rest

    async def release(self, ended: bool) -> list[Chunk]:
        """The deltas that can go on now."""
        out: list[Chunk] = []
        for name, window in self._windows.items():
            text = window.rest() if ended else window.ready()
            if text and (clean := await self._clean(text, window.context)):
                window.released(clean)
                out.append({name: clean})
        if ended:
            for delta in self._take_calls():
                out.append((await _guarded(delta, self._judge)).document)
        return out

    async def _clean(self, text: str, context: str) -> str:
        released = await release(text, context, self._placeholders, self._look)
        if isinstance(released, Withheld):
            raise Blocked(released.verdict)
        return released

    async def _look(self, text: str, given: dict[str, str]) -> Verdict:
        spoken = Spoken(text, Speaker.MODEL, tuple(given.items()))
        return (await self._judge({spoken}))[spoken]

    def _take_calls(self) -> Iterator[Chunk]:
        calls, self._calls = self._calls, {}
        if calls:
            yield {"tool_calls": list(calls.values())}
        legacy, self._legacy_call = self._legacy_call, {}
        if legacy:
            yield {"function_call": legacy}


async def _guarded(document: Chunk, judge: Judge) -> Passed:
    return await guarded(document, places(document, Speaker.MODEL), judge)


def _join(call: Chunk, piece: Chunk) -> None:
    for name, value in piece.items():
        if isinstance(value, dict):
            _join(call.setdefault(name, {}), value)
        elif name == "arguments" and isinstance(value, str):
            call[name] = call.get(name, "") + value
        elif value is not None:
            call[name] = value


def _choice(came: Any) -> tuple[int, Chunk]:
    index, delta = _index(came), came.get("delta") or {}
    if not isinstance(delta, dict):
        raise StreamBroken("a delta is no object")
    return index, delta


def _index(item: Any) -> int:
    index = item.get("index", 0) if isinstance(item, dict) else None
    if not isinstance(index, int):
        raise StreamBroken("an item has no index")
    return index


def _parsed(data: str) -> Chunk:
    try:
        chunk = json.loads(data)
    except ValueError:
        chunk = None
    if not isinstance(chunk, dict):
        raise StreamBroken("an event is no JSON object")
    return chunk
