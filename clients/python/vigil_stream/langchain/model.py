"""A chat model whose answers are judged before anybody sees them: callbacks, streams, parsers."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManagerForLLMRun,
    CallbackManager,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig
from langchain_core.tools import BaseTool
from pydantic import Field

from vigil_stream.gate import Passed
from vigil_stream.langchain.chunks import astreamed, streamed
from vigil_stream.langchain.messages import answered, asked, documents

# What the model itself says is for nobody's eyes: no callback of the run hears it, and no stream of LangGraph's.
UNHEARD: RunnableConfig = {"callbacks": CallbackManager(handlers=[]), "tags": ["nostream"]}


class GuardedModel(BaseChatModel):
    """`inner`, with its answers judged.

    A streamed answer comes sentence by sentence while it is plain text; calls of tools, and content in blocks, are
    held until they are whole.
    """

    inner: Any = Field(exclude=True)
    gate: Any = Field(exclude=True)
    bound: dict[str, Any] = Field(default_factory=dict, exclude=True)
    model_name: str = ""

    @property
    def _llm_type(self) -> str:
        return "vigil"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The same with tools, bound in the way of the model."""
        inner, bound = self.inner.bind_tools(tools, tool_choice=tool_choice, **kwargs), self.bound
        while isinstance(
            inner, RunnableBinding
        ):  # which would add the callbacks of the run to those it is given
            bound = {**bound, **inner.kwargs}
            inner = inner.bound
        return self.model_copy(update={"inner": inner, "bound": bound})

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = self.inner.invoke(messages, UNHEARD, stop=stop, **self.bound | kwargs)
        (passed,) = self.gate.run(self.gate.pass_all(documents([message], "output")))
        return self._result(message, passed)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = await self.inner.ainvoke(messages, UNHEARD, stop=stop, **self.bound | kwargs)
        (passed,) = await self.gate.arun(self.gate.pass_all(documents([message], "output")))
        return self._result(message, passed)

    def _result(self, message: AIMessage, passed: Passed) -> ChatResult:
        notice = self.gate.choices.notice
        return ChatResult(generations=[ChatGeneration(message=answered(message, passed, notice))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        chunks = self.inner.stream(messages, UNHEARD, stop=stop, **self.bound | kwargs)
        for chunk in streamed(self.gate, chunks, asked(messages)):
            yield ChatGenerationChunk(message=chunk)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        chunks = self.inner.astream(messages, UNHEARD, stop=stop, **self.bound | kwargs)
        async for chunk in astreamed(self.gate, chunks, asked(messages)):
            yield ChatGenerationChunk(message=chunk)
