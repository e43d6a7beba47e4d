"""Where a decorated function has its prompt, and what it may be."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from vigil_stream.errors import ConfigurationError


class Prompted:
    """A function whose prompt is one of its arguments: the named one, else `prompt`, else the first."""

    def __init__(self, function: Callable[..., Any], argument: str | None, *, asynchronous: bool) -> None:
        self._name = getattr(function, "__qualname__", repr(function))
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise ConfigurationError(
                f"{self._name} yields its answer in pieces, which a guard around it would let out unjudged: "
                "put vigil.guard_stream around the pieces instead"
            )
        if inspect.iscoroutinefunction(function) != asynchronous:
            kind, client = ("async ", "AsyncVigil") if not asynchronous else ("", "Vigil")
            raise ConfigurationError(f"{self._name} is a plain {kind}function: guard it with {client}")
        self._signature = inspect.signature(function)
        self._argument = self._find(argument)

    def _find(self, argument: str | None) -> str:
        names = [name for name in self._signature.parameters if name not in ("self", "cls")]
        if argument is None:
            argument = "prompt" if "prompt" in names or not names else names[0]
        if argument not in names:
            raise ConfigurationError(
                f"{self._name} has no argument {argument!r}: name its prompt with argument=..."
            )
        return argument

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> inspect.BoundArguments:
        """The arguments of one call."""
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound

    def prompt(self, bound: inspect.BoundArguments) -> str:
        """The prompt among the arguments."""
        return self._text(bound.arguments[self._argument], f"argument {self._argument!r}")

    def replace(self, bound: inspect.BoundArguments, prompt: str) -> None:
        """Put what may be passed on in the prompt's place."""
        bound.arguments[self._argument] = prompt

    def answer(self, answer: object) -> str:
        """The answer that the function gave."""
        return self._text(answer, "answer")

    def _text(self, value: object, what: str) -> str:
        if not isinstance(value, str):
            raise TypeError(
                f"{self._name}: its {what} is of type {type(value).__name__}, and a guard reads str: "
                "use `with vigil.guarded(prompt) as turn` around the call instead"
            )
        return value
