"""The Runnable for chains."""

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import chain
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.prompt_values import ChatPromptValue, PromptValue, StringPromptValue
from langchain_core.runnables import Runnable, RunnableConfig

from vigil_stream.async_client import AsyncVigil
from vigil_stream.client import Vigil
from vigil_stream.errors import ConfigurationError
from vigil_stream.gate import NOTICE, Choices, Gate, OnBlock, OnSanitize, Passed
from vigil_stream.guarding import Check, Direction, FailMode, Guard
from vigil_stream.langchain.chunks import astreamed, streamed
from vigil_stream.langchain.messages import answered, documents, passed_on
from vigil_stream.models.verdict import Mode
from vigil_stream.places import Place, places


class VigilRunnable(Runnable[Any, Any]):
    """A step of a chain that lets texts through as far as they may pass: `guard_in | model | guard_out`.

    It takes, and gives back in the same form: a str, a message, a prompt, a retrieved Document, lists of these, and
    mappings, all of whose texts are judged but for the metadata of Documents. Behind a model it streams: sentences come
    out as they are judged.

    Args:
        vigil: a Vigil serves plain and asynchronous calls, an AsyncVigil asynchronous ones only; without one a Vigil is
            made from VIGIL_URL and VIGIL_API_KEY.
        direction: `input` for what goes to a model, `output` for what comes from one.
        mode: `full`, or `fast` without the classifier.
        fail_mode: `closed` raises when Vigil cannot be asked, `open` passes the texts on; see `Guard`.
        on_block: `raise` raises Blocked; `answer`: `notice` stands in the place of a blocked text.
        on_sanitize: `replace`, or `block`: what would have to be sanitized is blocked.
        notice: what stands in the place of a blocked text.
        system: judge system messages, too, as your own words: an order to a model is no attack there, but not every
            order is told from one.
        on_check: called with every check that passed something on.
    """

    def __init__(
        self,
        vigil: Vigil | AsyncVigil | None = None,
        *,
        direction: Direction = "input",
        mode: str = Mode.FULL,
        fail_mode: FailMode = "closed",
        on_block: OnBlock = "raise",
        on_sanitize: OnSanitize = "replace",
        notice: str = NOTICE,
        system: bool = False,
        on_check: Callable[[Check], object] | None = None,
    ) -> None:
        if direction not in ("input", "output"):
            raise ConfigurationError(f"direction={direction!r}: give 'input' or 'output'")
        self._direction: Direction = direction
        self._system = system
        guard = Guard(mode, fail_mode, on_check=on_check)
        self._gate = Gate(vigil, guard, Choices(on_block, on_sanitize, notice))

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """What may pass of it."""
        return self._call_with_config(self._invoke, input, config)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """The same in asyncio."""
        return await self._acall_with_config(self._ainvoke, input, config)

    def transform(
        self,
        input: Iterator[Any],
        config: RunnableConfig | None = None,
        **kwargs: Any | None,
    ) -> Iterator[Any]:
        """What may pass of a stream: sentences of an answer, anything else when it is whole."""
        for first in input:
            pieces = chain([first], input)
            if self._streams(first):
                for chunk in streamed(self._gate, map(_chunk, pieces)):
                    yield chunk.content if isinstance(first, str) else chunk
            else:
                yield from super().transform(pieces, config, **kwargs)
            return

    async def atransform(
        self,
        input: AsyncIterator[Any],
        config: RunnableConfig | None = None,
        **kwargs: Any | None,
    ) -> AsyncIterator[Any]:
        """The same in asyncio."""
        async for first in input:
            pieces = _achain(first, input)
            if self._streams(first):
                async for chunk in astreamed(self._gate, (_chunk(piece) async for piece in pieces)):
                    yield chunk.content if isinstance(first, str) else chunk
            else:
                async for value in super().atransform(pieces, config, **kwargs):
                    yield value
            return

    def _streams(self, first: Any) -> bool:
        return self._direction == "output" and isinstance(first, str | AIMessageChunk)

    def _invoke(self, value: Any) -> Any:
        found = self._found(value)
        return _passed(value, self._gate.run(self._gate.pass_all(found)), self._gate.choices.notice)

    async def _ainvoke(self, value: Any) -> Any:
        found = self._found(value)
        return _passed(value, await self._gate.arun(self._gate.pass_all(found)), self._gate.choices.notice)

    def _found(self, value: Any) -> list[tuple[Any, list[Place]]]:
        """What is to be judged of a value, in the order in which `_passed` takes it."""
        if isinstance(value, BaseMessage):
            return list(documents([value], self._direction, system=self._system))
        if isinstance(value, ChatPromptValue):
            return list(documents(value.messages, self._direction, system=self._system))
        if isinstance(value, list | tuple):
            return [document for item in value for document in self._found(item)]
        if isinstance(value, dict):
            return [document for item in value.values() for document in self._found(item)]
        text = _text(value)
        return [] if text is None else [(text, places(text, direction=self._direction))]


def _chunk(piece: Any) -> AIMessageChunk:
    return AIMessageChunk(content=piece) if isinstance(piece, str) else piece


async def _achain(first: Any, rest: AsyncIterator[Any]) -> AsyncIterator[Any]:
    yield first
    async for piece in rest:
        yield piece


def _passed(value: Any, passed: list[Passed], notice: str) -> Any:
    """The value of what may pass; takes its documents from the front of `passed`."""
    if isinstance(value, AIMessage):
        return answered(value, passed.pop(0), notice)
    if isinstance(value, BaseMessage):
        return passed_on(value, passed.pop(0), notice)
    if isinstance(value, ChatPromptValue):
        return ChatPromptValue(messages=_passed(list(value.messages), passed, notice))
    if isinstance(value, list | tuple):
        return type(value)(_passed(item, passed, notice) for item in value)
    if isinstance(value, dict):
        return {name: _passed(item, passed, notice) for name, item in value.items()}
    return value if _text(value) is None else _with_text(value, passed.pop(0), notice)


def _text(value: Any) -> str | None:
    """The text of a value that is one; None of a number and the like.

    Raises:
        TypeError: nobody knows where its texts are.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Document):
        return value.page_content
    if isinstance(value, StringPromptValue):
        return value.text
    if value is None or isinstance(value, bool | int | float):
        return None
    raise TypeError(
        f"VigilRunnable cannot read a {type(value).__name__}: give it a str, messages, a prompt, Documents, or "
        "lists and mappings of these"
    )


def _with_text(value: Any, passed: Passed, notice: str) -> Any:
    text = notice if passed.blocked is not None else passed.document
    if isinstance(value, Document):
        return value.model_copy(update={"page_content": text})
    return StringPromptValue(text=text) if isinstance(value, PromptValue) else text
