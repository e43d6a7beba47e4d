"""The text of a streamed chat completion, as pieces for `guard_stream`."""

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Mapping
from typing import Any

CALLS = ("tool_calls", "function_call")


def chat_pieces(chunks: Iterable[Any]) -> Generator[str, None, None]:
    """What the reader is to see of each chunk. The stream is closed when nobody reads on.

    Args:
        chunks: `chat.completion.chunk`s, as objects of the `openai` package or as dicts; of one answer (`n=1`).

    Iterating raises:
        ValueError: a chunk calls a tool, which would go on unjudged, or belongs to a second answer.
    """
    try:
        for chunk in chunks:
            yield _text(chunk)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


async def async_chat_pieces(chunks: AsyncIterable[Any]) -> AsyncGenerator[str, None]:
    """The same for asyncio."""
    try:
        async for chunk in chunks:
            yield _text(chunk)
    finally:
        close = getattr(chunks, "aclose", None) or getattr(chunks, "close", None)
        if close is not None:
            await close()


def _text(chunk: Any) -> str:
    text = ""
    for choice in _get(chunk, "choices") or ():
        delta = _get(choice, "delta")
        if _get(choice, "index"):
            raise ValueError("only one answer can be judged while it is written: ask for n=1")
        if any(_get(delta, name) for name in CALLS):
            raise ValueError("a call of a tool is not judged in a stream: judge its arguments as a text")
        text += (_get(delta, "content") or "") + (_get(delta, "refusal") or "")
    return text


def _get(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
