"""One prompt and its answer, between the two sides of a guard."""

from types import TracebackType
from typing import TYPE_CHECKING, Self

from vigil_stream.guarding import Check, Guard

if TYPE_CHECKING:
    from vigil_stream.async_client import AsyncVigil
    from vigil_stream.client import Vigil


class _Turn:
    """What a turn is, whoever waits for it."""

    def __init__(self, prompt: str, guard: Guard) -> None:
        self._original = prompt
        self._guard = guard
        self._unjudged: str | None = None
        self.input: Check | None = None
        self.output: Check | None = None

    @property
    def prompt(self) -> str:
        """What the model may read."""
        if self.input is None:
            raise RuntimeError("the prompt is judged on entering the `with` block: read it inside")
        return self.input.text

    @property
    def answer(self) -> str:
        """Set inside the block: what the model said. Read after it: what the user may read."""
        if self.output is None:
            raise RuntimeError(
                "the answer is judged on leaving the `with` block: set it inside, read it after"
            )
        return self.output.text

    @answer.setter
    def answer(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"an answer is a str, this is of type {type(text).__name__}")
        self._unjudged = text
        self.output = None

    @property
    def failed_open(self) -> bool:
        """A text of this turn went on unjudged."""
        return any(check.failed_open for check in (self.input, self.output) if check is not None)


class Turn(_Turn):
    """`with vigil.guarded(prompt) as turn: turn.answer = model(turn.prompt)`."""

    def __init__(self, vigil: "Vigil", prompt: str, guard: Guard) -> None:
        super().__init__(prompt, guard)
        self._vigil = vigil

    def __enter__(self) -> Self:
        self.input = self._vigil.check_prompt(self._original, self._guard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._unjudged is not None and self.input is not None:
            self.output = self._vigil.check_answer(self._unjudged, self.input, self._guard)


class AsyncTurn(_Turn):
    """`async with vigil.guarded(prompt) as turn: turn.answer = await model(turn.prompt)`."""

    def __init__(self, vigil: "AsyncVigil", prompt: str, guard: Guard) -> None:
        super().__init__(prompt, guard)
        self._vigil = vigil

    async def __aenter__(self) -> Self:
        self.input = await self._vigil.check_prompt(self._original, self._guard)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._unjudged is not None and self.input is not None:
            self.output = await self._vigil.check_answer(self._unjudged, self.input, self._guard)
