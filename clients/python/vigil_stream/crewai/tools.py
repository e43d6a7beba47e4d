"""Tools whose results are read before the agent does."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

from crewai.tools import BaseTool
from pydantic import BaseModel, ValidationError

from vigil_stream.client import Vigil
from vigil_stream.gate import NOTICE, Begin, Choices, Gate, OnBlock, OnSanitize, Passed
from vigil_stream.guarding import Check, FailMode, Guard
from vigil_stream.models.verdict import Mode
from vigil_stream.places import places

T = TypeVar("T", bound=BaseTool)


def guarded_tool(
    tool: T,
    vigil: Vigil | None = None,
    *,
    mode: str = Mode.FULL,
    fail_mode: FailMode = "closed",
    on_block: OnBlock = "answer",
    on_sanitize: OnSanitize = "replace",
    notice: str = NOTICE,
    on_check: Callable[[Check], object] | None = None,
) -> T:
    """The same tool, with its results judged before an agent, a cache or an event gets them.

    Strings, mappings, sequences and pydantic models are judged text by text; of anything else, what it is as a str. An
    error of Vigil's is an error of the tool then: CrewAI tells the agent that the tool failed.

    Args:
        tool: a BaseTool, or what `@tool` made; it is not changed.
        vigil: without one, made from VIGIL_URL and VIGIL_API_KEY.
        mode: `full`, or `fast` without the classifier.
        fail_mode: `closed` raises when Vigil cannot be asked, `open` passes the result on; see `Guard`.
        on_block: `answer`: the agent gets `notice`; `raise`: Blocked is raised in the tool.
        on_sanitize: `replace`, or `block`: what would have to be sanitized is blocked.
        notice: what stands in the place of a blocked result.
        on_check: called with every check that passed something on.
    """
    gate = Gate(vigil, Guard(mode, fail_mode, on_check=on_check), Choices(on_block, on_sanitize, notice))
    copy = tool.model_copy()
    if "func" in type(copy).model_fields:
        copy.__dict__["func"] = _guarded(copy.__dict__["func"], gate)
    else:
        copy.__dict__["_run"] = _guarded(copy._run, gate)
        copy.__dict__["_arun"] = _guarded(copy._arun, gate)
    return copy


def _guarded(function: Callable[..., Any], gate: Gate) -> Callable[..., Any]:
    @wraps(function)
    async def asynchronous(*args: Any, **kwargs: Any) -> Any:
        return await _awaited(function(*args, **kwargs))

    async def _awaited(result: Awaitable[Any]) -> Any:
        value = await result
        return passed_on(value, await gate.arun(judged(gate, value)), gate)

    @wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if inspect.isawaitable(result):
            return _awaited(result)
        return passed_on(result, gate.run(judged(gate, result)), gate)

    return asynchronous if asyncio.iscoroutinefunction(function) else plain


def plain(value: Any) -> Any:
    """A result as a document."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def judged(gate: Gate, value: Any) -> Begin[list[Passed]]:
    """What of a tool's result may pass."""
    document = {"output": plain(value)}
    return gate.pass_all([(document, places(document))])


def passed_on(value: Any, passed: list[Passed], gate: Gate) -> Any:
    """The result, or what stands in its place."""
    (outcome,) = passed
    if outcome.blocked is not None:
        return gate.choices.notice
    if not outcome.changed:
        return value
    clean = outcome.document["output"]
    if isinstance(value, BaseModel):
        try:
            return type(value).model_validate(clean)
        except ValidationError:
            return gate.choices.notice
    return clean
