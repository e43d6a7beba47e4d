"""A streamed answer: chunks of chat.completion.chunk in, the same with only judged text out."""

import json
from collections.abc import Iterator
from typing import Any

from app.chat.guarding import Blocked, Passed, guarded, sanitized
from app.chat.judge import Judge, Speaker, Spoken, is_blank
from app.chat.places import places
from app.chat.window import Window
from app.schemas.decision import Decision
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
        if "error" in chunk:
            return [data]
        self._last = {name: value for name, value in chunk.items() if name not in ("choices", "usage")}
        out: list[Chunk] = []
        kept: list[Any] = []
        for came in chunk.get("choices") or []:
            index, delta = _choice(came)
            choice = self._choices.setdefault(index, Choice())
            delta = choice.hold(delta)
            ended = came.get("finish_reason") is not None
            out += [self._chunk(index, piece) for piece in await choice.release(self._judge, ended)]
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
            for piece in await choice.release(self._judge, ended=True)
        ]
        return [json.dumps(item, ensure_ascii=False) for item in pieces]

    def _chunk(self, index: int, delta: Chunk) -> Chunk:
        return {**self._last, "choices": [{"index": index, "delta": delta, "finish_reason": None}]}


class Choice:
    """One of the answers of a stream."""

    def __init__(self) -> None:
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
                self._windows.setdefault(name, Window()).add(value)
            elif value is not None:
                rest[name] = value
        return rest

    async def release(self, judge: Judge, ended: bool) -> list[Chunk]:
        """The deltas that can go on now."""
        out: list[Chunk] = []
        for name, window in self._windows.items():
            text = window.rest() if ended else window.ready()
            if text is not None and (clean := await _clean(text, window.context, judge)):
                window.released(clean)
                out.append({name: clean})
        if ended:
            for delta in self._take_calls():
                out.append((await _guarded(delta, judge)).document)
        return out

    def _take_calls(self) -> Iterator[Chunk]:
        calls, self._calls = self._calls, {}
        if calls:
            yield {"tool_calls": list(calls.values())}
        legacy, self._legacy_call = self._legacy_call, {}
        if legacy:
            yield {"function_call": legacy}


async def _clean(text: str, context: str, judge: Judge) -> str:
    """`text` as it may be shown after `context`, which has been shown already."""
    if is_blank(text):
        return text
    whole = context + text
    verdict = await _verdict(whole, judge)
    if verdict.decision is Decision.ALLOW:
        return text
    clean = sanitized(verdict)
    if clean.startswith(context):
        return clean[len(context) :]
    if not context:
        return clean
    # What has to go begins in what is out already. By itself the new part may have a clean form.
    alone = await _verdict(text, judge)
    if alone.decision is Decision.ALLOW:
        raise Blocked(verdict)
    return sanitized(alone)


async def _verdict(text: str, judge: Judge) -> Verdict:
    spoken = Spoken(text, Speaker.MODEL)
    return (await judge({spoken}))[spoken]


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
