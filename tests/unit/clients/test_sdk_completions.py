"""Streamed completions as pieces of an answer."""

from types import SimpleNamespace
from typing import Any

import pytest

from vigil_stream import async_chat_pieces, chat_pieces


def chunk(index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": index, "delta": delta}]}


def as_object(value: Any) -> Any:
    """As the `openai` package gives it: attributes, and None for what is missing."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: as_object(item) for name, item in value.items()})
    return [as_object(item) for item in value] if isinstance(value, list) else value


CHUNKS = [
    chunk(role="assistant", content=""),
    chunk(content="Hello", tool_calls=None),
    chunk(content=None, refusal=" there"),
    {"choices": [], "usage": {"total_tokens": 3}},
]


class Model:
    """A stream that knows whether it was closed."""

    def __init__(self, *chunks: Any) -> None:
        self._chunks = chunks
        self.closed = False

    def __iter__(self):
        return iter(self._chunks)

    async def __aiter__(self):
        for item in self._chunks:
            yield item

    def close(self) -> None:
        self.closed = True


class AsyncModel(Model):
    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("form", [dict, as_object])
async def test_the_text_that_a_reader_sees(form: Any) -> None:
    chunks = [form(item) for item in CHUNKS]
    model, other = Model(*chunks), AsyncModel(*chunks)
    assert list(chat_pieces(model)) == ["", "Hello", " there", ""]
    assert [piece async for piece in async_chat_pieces(other)] == ["", "Hello", " there", ""]
    assert model.closed
    assert other.closed


async def test_a_model_that_nobody_reads_on_is_closed() -> None:
    model, other = Model(*CHUNKS), AsyncModel(*CHUNKS)
    pieces = chat_pieces(model)
    next(pieces)
    pieces.close()
    assert model.closed
    async_pieces = async_chat_pieces(other)
    await anext(async_pieces)
    await async_pieces.aclose()
    assert other.closed


@pytest.mark.parametrize(
    "bad", [chunk(tool_calls=[{"index": 0}]), chunk(function_call={"name": "a"}), chunk(1, content="b")]
)
def test_what_would_go_on_unjudged_is_an_error(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="judged"):
        list(chat_pieces([bad]))
