"""The texts of LangChain's messages, and messages without those that must not pass."""

from collections.abc import Sequence
from typing import Any, TypeVar

from langchain_core.documents import Document
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from vigil_stream.errors import Blocked
from vigil_stream.gate import Passed
from vigil_stream.places import Place, places

# Whatever of a message a model or a reader may see.
PARTS = ("content", "tool_calls", "invalid_tool_calls", "additional_kwargs", "artifact")
MAX_PROMPT_CHARS = 100_000

M = TypeVar("M", bound=BaseMessage)


def document(message: BaseMessage) -> dict[str, Any]:
    """The parts of a message that hold texts."""
    parts = {name: getattr(message, name) for name in PARTS if getattr(message, name, None)}
    if "artifact" in parts:
        parts["artifact"] = _plain(parts["artifact"])
    return parts


def documents(
    messages: Sequence[BaseMessage], direction: str, *, system: bool = True
) -> list[tuple[dict[str, Any], list[Place]]]:
    """What is to be judged of messages: system messages as the operator's own words, or not at all."""
    found = []
    for message in messages:
        parts, operator = document(message), is_operators(message)
        judged = system or not operator
        found.append((parts, places(parts, direction=direction, operator=operator) if judged else []))
    return found


def is_operators(message: BaseMessage) -> bool:
    """Whose words it is."""
    role = message.role if isinstance(message, ChatMessage) else ""
    return isinstance(message, SystemMessage) or role in ("system", "developer")


def passed_on(message: M, passed: Passed, notice: str) -> M:
    """What may be passed on of a message."""
    if passed.blocked is not None:
        return withheld(message, notice)
    return with_parts(message, passed.document) if passed.changed else message


def refusal(blocked: Blocked, notice: str) -> AIMessage:
    """Says in a model's place that there is no answer; `response_metadata["vigil"]` says why."""
    verdict = blocked.verdict
    reason = {
        "decision": str(verdict.decision),
        "direction": blocked.direction,
        "categories": list(verdict.categories),
        "request_id": verdict.request_id,
    }
    return AIMessage(content=notice, response_metadata={"vigil": reason})


def answered(message: AIMessage, passed: Passed, notice: str) -> AIMessage:
    """What may be shown of a model's answer. One that is blocked calls no tools."""
    if passed.blocked is None:
        return passed_on(message, passed, notice)
    instead = refusal(passed.blocked, notice)
    return instead.model_copy(update={"id": message.id, "usage_metadata": message.usage_metadata})


def with_parts(message: M, parts: dict[str, Any]) -> M:
    """The message with other texts."""
    if "artifact" in parts and isinstance(message, ToolMessage):
        parts = {**parts, "artifact": _like(message.artifact, parts["artifact"])}
    return message.model_copy(update=parts)


def withheld(message: M, notice: str) -> M:
    """The message with a notice in the place of all its texts. What belongs to it (calls, ids) stays where it was."""
    update: dict[str, Any] = {"content": notice, "additional_kwargs": {}}
    if isinstance(message, AIMessage):
        update["tool_calls"] = [{**call, "args": {}} for call in message.tool_calls]
        update["invalid_tool_calls"] = []
    if isinstance(message, ToolMessage):
        update |= {"artifact": None, "status": "error"}
    return message.model_copy(update=update)


def asked(messages: Sequence[BaseMessage]) -> str | None:
    """What a model's answer is an answer to."""
    humans = [message for message in messages if isinstance(message, HumanMessage)]
    return str(humans[-1].text)[-MAX_PROMPT_CHARS:] or None if humans else None


def _plain(value: Any) -> Any:
    """An artifact, with retrieved documents as mappings."""
    if isinstance(value, Document):
        return {"page_content": value.page_content}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _like(original: Any, value: Any) -> Any:
    """The other way round."""
    if isinstance(original, Document):
        return original.model_copy(update=value)
    if isinstance(original, list | tuple):
        return type(original)(_like(old, new) for old, new in zip(original, value, strict=True))
    return value
