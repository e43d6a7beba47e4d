"""The middleware for agents (`langchain.agents.create_agent`)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain.agents.middleware.types import ExtendedModelResponse, ToolCallRequest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langgraph.types import Command

from vigil_stream.async_client import AsyncVigil
from vigil_stream.client import Vigil
from vigil_stream.errors import Blocked, ConfigurationError
from vigil_stream.gate import NOTICE, Choices, Gate, OnBlock, OnSanitize, Passed
from vigil_stream.guarding import Check, FailMode, Guard
from vigil_stream.langchain.messages import answered, documents, passed_on, refusal
from vigil_stream.langchain.model import GuardedModel
from vigil_stream.models.verdict import Mode

R = TypeVar("R")


class VigilMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Guards an agent: what goes to the model, what tools return, and what the model says and calls.

    Put it last in the list of middleware: it then sees what the others have made of a request. The agent's state gets
    the sanitized texts, not the originals. A prompt that is blocked is answered with `notice`, and the model is not
    called; a blocked tool result reaches the model as `notice`; a blocked answer is `notice` and calls no tools.

    Args:
        vigil: a Vigil serves plain and asynchronous calls of the agent, an AsyncVigil asynchronous ones only; without
            one a Vigil is made from VIGIL_URL and VIGIL_API_KEY.
        mode: `full`, or `fast` without the classifier.
        fail_mode: `closed` raises when Vigil cannot be asked, `open` passes the texts on; see `Guard`.
        on_block: `answer` as above; `raise` raises Blocked, in the agent's caller.
        on_sanitize: `replace`, or `block`: what would have to be sanitized is blocked.
        notice: what stands in the place of a blocked text.
        system: judge the agent's system message, too, as your own words: an order to a model is no attack there, but
            not every order is told from one.
        on_check: called with every check that passed something on.
    """

    def __init__(
        self,
        vigil: Vigil | AsyncVigil | None = None,
        *,
        mode: str = Mode.FULL,
        fail_mode: FailMode = "closed",
        on_block: OnBlock = "answer",
        on_sanitize: OnSanitize = "replace",
        notice: str = NOTICE,
        system: bool = False,
        on_check: Callable[[Check], object] | None = None,
    ) -> None:
        super().__init__()
        self.tools = []
        guard = Guard(mode, fail_mode, on_check=on_check)
        self._system = system
        self._gate = Gate(vigil, guard, Choices(on_block, on_sanitize, notice))

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ExtendedModelResponse[Any]:
        """Judge what goes to the model, and what comes back."""
        asked = _Asked(request, self._system)
        entry = asked.judged(self._gate.run(self._gate.pass_all(asked.documents)), self._gate)
        if entry.blocked is not None:
            return entry.refused(self._gate.choices.notice)
        response = handler(entry.request)
        passed = self._gate.run(self._gate.pass_all(documents(answers(response), "output")))
        return entry.answered(response, passed, self._gate.choices.notice)

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ExtendedModelResponse[Any]:
        """The same in asyncio."""
        asked = _Asked(request, self._system)
        entry = asked.judged(await self._gate.arun(self._gate.pass_all(asked.documents)), self._gate)
        if entry.blocked is not None:
            return entry.refused(self._gate.choices.notice)
        response = await handler(entry.request)
        passed = await self._gate.arun(self._gate.pass_all(documents(answers(response), "output")))
        return entry.answered(response, passed, self._gate.choices.notice)

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Judge what a tool returns, before it is anywhere."""
        result = handler(request)
        messages = returned(result)
        passed = self._gate.run(self._gate.pass_all(documents(messages, "input")))
        return replaced(result, _passed_on(messages, passed, self._gate.choices.notice))

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """The same in asyncio."""
        result = await handler(request)
        messages = returned(result)
        passed = await self._gate.arun(self._gate.pass_all(documents(messages, "input")))
        return replaced(result, _passed_on(messages, passed, self._gate.choices.notice))


class _Asked:
    """What a model is asked: the system message, if there is one, and the others."""

    def __init__(self, request: ModelRequest[Any], system: bool) -> None:
        self.request = request
        own = [request.system_message] if request.system_message is not None else []
        self.messages: list[BaseMessage] = [*own, *request.messages]
        self.documents = [
            *documents(own, "input", system=system),
            *documents(request.messages, "input"),
        ]

    def judged(self, passed: Sequence[Passed], gate: Gate) -> "_Entry":
        """What may go to the model."""
        messages = _passed_on(self.messages, passed, gate.choices.notice)
        system = messages[0] if self.request.system_message is not None else None
        model = GuardedModel(
            inner=self.request.model,
            gate=gate,
            profile=self.request.model.profile,
            model_name=_name(self.request.model),
            cache=False,
        )
        return _Entry(
            request=self.request.override(
                model=model,
                system_message=system if isinstance(system, SystemMessage) else None,
                messages=messages[len(messages) - len(self.request.messages) :],
            ),
            changed=[new for old, new in zip(self.messages, messages, strict=True) if new is not old],
            blocked=self._blocked(passed),
        )

    def _blocked(self, passed: Sequence[Passed]) -> Blocked | None:
        """Why the model is not asked. What is blocked of earlier turns, or of tools, is only withheld from it."""
        answers = [number for number, message in enumerate(self.messages) if isinstance(message, AIMessage)]
        turn = answers[-1] if answers else -1
        for number, (message, outcome) in enumerate(zip(self.messages, passed, strict=True)):
            asks = isinstance(message, SystemMessage) or (number > turn and isinstance(message, HumanMessage))
            if asks and outcome.blocked is not None:
                return outcome.blocked
        return None


@dataclass(frozen=True)
class _Entry:
    """What goes to the model.

    Attributes:
        changed: messages of the state that are to be replaced there, too.
        blocked: why nothing goes to it.
    """

    request: ModelRequest[Any]
    changed: list[BaseMessage]
    blocked: Blocked | None

    def refused(self, notice: str) -> ExtendedModelResponse[Any]:
        """The answer without a model. Where a form is wanted, none can be given."""
        if self.blocked is not None and self.request.response_format is not None:
            raise self.blocked
        messages = [refusal(self.blocked, notice)] if self.blocked is not None else []
        return self._extended(ModelResponse(result=list[BaseMessage](messages)))

    def answered(
        self, response: ModelResponse[Any], passed: Sequence[Passed], notice: str
    ) -> ExtendedModelResponse[Any]:
        """The model's answer, once more: a middleware between this one and the model may have asked another model.

        Raises:
            ConfigurationError: one has, and the answer was given a form before it was judged.
        """
        if all(not outcome.changed for outcome in passed):
            return self._extended(response)
        if response.structured_response is not None:
            raise ConfigurationError(
                "a middleware behind VigilMiddleware asked a model that is not guarded: put VigilMiddleware last"
            )
        outcomes = iter(passed)
        result = [
            answered(message, next(outcomes), notice) if isinstance(message, AIMessage) else message
            for message in response.result
        ]
        return self._extended(ModelResponse(result=result))

    def _extended(self, response: ModelResponse[Any]) -> ExtendedModelResponse[Any]:
        stored = [
            message
            for message in self.changed
            if message.id is not None and not isinstance(message, SystemMessage)
        ]
        return ExtendedModelResponse(response, Command(update={"messages": stored}) if stored else None)


def answers(response: ModelResponse[Any]) -> list[BaseMessage]:
    """What the model itself said; the rest is made of it."""
    return [message for message in response.result if isinstance(message, AIMessage)]


def _name(model: Any) -> str:
    """What a model is called, by which frameworks tell what it can do."""
    return str(getattr(model, "model_name", None) or getattr(model, "model", None) or "")


def _passed_on(messages: Sequence[BaseMessage], passed: Sequence[Passed], notice: str) -> list[Any]:
    return [passed_on(message, outcome, notice) for message, outcome in zip(messages, passed, strict=True)]


def returned(result: ToolMessage | Command[Any]) -> list[BaseMessage]:
    """The messages in what a tool returned. What has other forms is judged on its way to the model."""
    if isinstance(result, ToolMessage):
        return [result]
    return [message for message in _messages(result) if isinstance(message, BaseMessage)]


def replaced(result: ToolMessage | Command[Any], messages: Sequence[Any]) -> ToolMessage | Command[Any]:
    """The same with these messages."""
    new = iter(messages)
    if isinstance(result, ToolMessage):
        only: ToolMessage = next(new)
        return only
    if not messages:
        return result
    given = [next(new) if isinstance(message, BaseMessage) else message for message in _messages(result)]
    update: Any = result.update
    return replace(result, update={**update, "messages": given})


def _messages(command: Command[Any]) -> list[Any]:
    messages = command.update.get("messages", ()) if isinstance(command.update, Mapping) else ()
    return list(messages) if isinstance(messages, list | tuple) else [messages]
