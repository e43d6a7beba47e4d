"""A model's answer in chunks, let out as it is judged."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, BaseMessageChunk

from vigil_stream.gate import Answer, Gate, Passed
from vigil_stream.langchain.messages import answered, documents


def streamed(
    gate: Gate, chunks: Iterator[BaseMessage], prompt: str | None = None
) -> Iterator[AIMessageChunk]:
    """Text comes sentence by sentence, what belongs to it (calls, usage) at the end."""
    held, answer = _Held(gate.streams), gate.answer(prompt)
    pieces = (text for chunk in chunks if (text := held.text(chunk)))
    if gate.streams:
        for sentence in answer.sentences(pieces):
            yield held.chunk(sentence)
    else:
        for _ in pieces:
            """All of it is held."""
    if (rest := held.rest(answer)) is not None:
        (passed,) = gate.run(gate.pass_all(documents([rest], "output")))
        yield last(rest, passed, gate)


async def astreamed(
    gate: Gate, chunks: AsyncIterator[BaseMessage], prompt: str | None = None
) -> AsyncGenerator[AIMessageChunk, None]:
    """The same in asyncio."""
    held, answer = _Held(gate.streams), gate.answer(prompt)
    pieces = (text async for chunk in chunks if (text := held.text(chunk)))
    if gate.streams:
        async with aclosing(answer.asentences(pieces)) as sentences:
            async for sentence in sentences:
                yield held.chunk(sentence)
    else:
        async for _ in pieces:
            """All of it is held."""
    if (rest := held.rest(answer)) is not None:
        (passed,) = await gate.arun(gate.pass_all(documents([rest], "output")))
        yield last(rest, passed, gate)


class _Held:
    """What waits until it is whole: everything but plain text."""

    def __init__(self, streams: bool) -> None:
        self._streams = streams
        self._rest: BaseMessage | None = None

    def text(self, chunk: BaseMessage) -> str:
        """The text that can be judged at once. Content in blocks, and all that comes after it, cannot."""
        self._streams = self._streams and isinstance(chunk.content, str) and isinstance(chunk, AIMessageChunk)
        text = chunk.content if self._streams and isinstance(chunk.content, str) else ""
        rest = chunk.model_copy(update={"content": ""}) if self._streams else chunk
        if self._rest is None:
            self._rest = rest
        elif isinstance(self._rest, BaseMessageChunk):
            self._rest = self._rest + rest
        return text

    def chunk(self, sentence: str) -> AIMessageChunk:
        """A sentence of this answer."""
        return AIMessageChunk(content=sentence, id=None if self._rest is None else self._rest.id)

    def rest(self, answer: Answer) -> AIMessage | None:
        """What was held; nothing of an answer that is blocked."""
        return self._rest if answer.blocked is None and isinstance(self._rest, AIMessage) else None


def last(rest: AIMessage, passed: Passed, gate: Gate) -> AIMessageChunk:
    """What was held, as far as it may pass."""
    message = answered(rest, passed, gate.choices.notice)
    if isinstance(message, AIMessageChunk) and not passed.changed:
        return message
    return AIMessageChunk(
        content=message.content,
        additional_kwargs=message.additional_kwargs,
        response_metadata=message.response_metadata,
        usage_metadata=message.usage_metadata,
        tool_calls=message.tool_calls,
        invalid_tool_calls=message.invalid_tool_calls,
        id=message.id,
        name=message.name,
        chunk_position="last",
    )
