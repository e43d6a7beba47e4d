"""What the integrations with agent frameworks have in common: documents of texts go in, what may pass comes out.

A document is what a framework passes around (a message, a tool's result) as strings, mappings and sequences; its texts
are judged together. What is to be done is a flow (see `vigil_stream.exchange`): written once for both clients.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, Self, TypeAlias, TypeVar

from vigil_stream.async_client import AsyncVigil
from vigil_stream.client import Vigil
from vigil_stream.clock import Clock
from vigil_stream.errors import Blocked, ConfigurationError, VigilError
from vigil_stream.exchange import Flow
from vigil_stream.guarding import Check, Guard
from vigil_stream.models.batch import Text
from vigil_stream.models.verdict import Verdict
from vigil_stream.options import Options
from vigil_stream.places import Path, Place, written
from vigil_stream.seen import Seen
from vigil_stream.streams import AsyncGuardedStream, GuardedStream

log = logging.getLogger("vigil_stream")

OnBlock: TypeAlias = Literal["answer", "raise"]
OnSanitize: TypeAlias = Literal["replace", "block"]
NOTICE = "This text was withheld by Vigil."

R = TypeVar("R")
Begin: TypeAlias = Callable[[Options, Clock], Flow[R]]


@dataclass(frozen=True)
class Passed:
    """What became of one document.

    Attributes:
        document: what may be passed on; None when it is blocked.
        changed: it is not what came.
        blocked: why nothing may be passed on.
    """

    document: Any
    changed: bool = False
    blocked: Blocked | None = None


@dataclass(frozen=True)
class Choices:
    """What an integration does with a verdict; frameworks' adapters take these as their arguments.

    Attributes:
        on_block: `answer`: `notice` stands in the place of what is blocked; `raise`: Blocked is raised.
        on_sanitize: `replace`: the sanitized text stands in the place of the original; `block`: it is blocked, too.
        notice: what is said in the place of a blocked text.
    """

    on_block: OnBlock = "answer"
    on_sanitize: OnSanitize = "replace"
    notice: str = NOTICE

    def __post_init__(self) -> None:
        if self.on_block not in ("answer", "raise"):
            raise ConfigurationError(f"on_block={self.on_block!r}: give 'answer' or 'raise'")
        if self.on_sanitize not in ("replace", "block"):
            raise ConfigurationError(f"on_sanitize={self.on_sanitize!r}: give 'replace' or 'block'")
        if not self.notice.strip():
            raise ConfigurationError("notice: say something in the place of a blocked text")


class Gate:
    """Judges documents with one client.

    With a Vigil, asynchronous calls judge in threads; an AsyncVigil serves asynchronous calls only.
    """

    def __init__(self, vigil: Vigil | AsyncVigil | None, guard: Guard, choices: Choices) -> None:
        self.vigil = Vigil() if vigil is None else vigil
        self.guard = guard
        self.choices = choices
        self._seen = Seen()
        self.passed(choices.notice)

    @property
    def streams(self) -> bool:
        """Whether answers are let out while they are written. Where a mask is a BLOCK, they are judged as a whole."""
        return self.choices.on_sanitize == "replace"

    def run(self, flow: Begin[R]) -> R:
        """What a flow comes to."""
        if isinstance(self.vigil, AsyncVigil):
            raise ConfigurationError(
                "an AsyncVigil cannot judge a plain call: give a Vigil, which serves both"
            )
        return self.vigil.run(flow)

    async def arun(self, flow: Begin[R]) -> R:
        """The same in asyncio."""
        if isinstance(self.vigil, AsyncVigil):
            return await self.vigil.run(flow)
        return await asyncio.to_thread(self.vigil.run, flow)

    def pass_all(self, documents: Sequence[tuple[Any, Sequence[Place]]]) -> Begin[list[Passed]]:
        """What may pass of each document; its places come with it. All texts are judged in one request.

        The flow raises:
            Blocked: one of them is, and `on_block` is `raise`.
            VigilError: there is no verdict.
        """

        def begin(options: Options, clock: Clock) -> Flow[list[Passed]]:
            texts = {place.text: None for _, found in documents for place in found}
            outcomes = yield from self._outcomes(list(texts), options, clock)
            return [self._passed(document, found, outcomes) for document, found in documents]

        return begin

    def _outcomes(
        self, texts: list[Text], options: Options, clock: Clock
    ) -> Flow[dict[Text, Check | Blocked]]:
        unknown = [text for text in texts if text not in self._seen]
        outcomes = (yield from self.guard.texts(unknown, options, clock)) if unknown else {}
        for text, outcome in outcomes.items():
            if isinstance(outcome, Check) and not outcome.failed_open:
                self.passed(outcome.text, operator=text.operator)
        return outcomes

    def passed(self, text: str, *, operator: bool = False) -> None:
        """It was judged, or cleaned: it need not be judged again when it comes back in a history."""
        self._seen.add(Text(text, operator=operator))

    def _passed(self, document: Any, found: Sequence[Place], outcomes: dict[Text, Check | Blocked]) -> Passed:
        texts: dict[Path, str | None] = {}
        for place in found:
            outcome = outcomes.get(place.text)  # None: it has passed before
            if isinstance(outcome, Blocked):
                return self._blocked(outcome)
            if outcome is None or outcome.verdict is None or not outcome.changed:
                continue
            # Nothing can be put in the place of a field's name or a file.
            if place.path is None or self.choices.on_sanitize == "block":
                return self._blocked(Blocked(outcome.verdict, place.text.direction))
            texts |= place.edits(outcome.text)
        return Passed(written(document, texts), bool(texts))

    def _blocked(self, blocked: Blocked) -> Passed:
        if self.choices.on_block == "raise":
            raise blocked
        log.warning("%s", blocked)
        return Passed(None, True, blocked)

    def answer(self, prompt: str | None = None) -> "Answer":
        """A model's answer, to be judged while it is written."""
        return Answer(self, prompt)


class Answer:
    """One streamed answer.

    Attributes:
        blocked: the rest of it is withheld.
        failed_open: Vigil cannot be asked, and the rest of it goes on unjudged.
    """

    def __init__(self, gate: Gate, prompt: str | None) -> None:
        self.blocked: Blocked | None = None
        self.failed_open = False
        self._gate = gate
        self._prompt = prompt
        self._said = ""
        self._out = ""

    def sentences(self, pieces: Iterable[str]) -> Iterator[str]:
        """Each as soon as it was judged; after a BLOCK the notice, and nothing more."""
        pieces = iter(pieces)
        blank = ""
        for piece in pieces:
            blank += piece
            if blank.strip():
                break
        else:  # it only calls tools: there is nothing to judge
            if blank:
                yield blank
            return
        pieces = chain([blank], pieces)
        stream = GuardedStream(
            self._gate.vigil.options, self._heard(pieces), self._prompt, self._gate.guard.mode
        )
        try:
            for text in stream:
                yield self._let_out(text)
            self._over(stream.verdict)
        except (Blocked, VigilError) as error:
            yield self._instead(error)
            if self.failed_open:
                yield from pieces

    async def asentences(self, pieces: AsyncIterable[str]) -> AsyncGenerator[str, None]:
        """The same in asyncio."""
        async with _Pump(pieces) as pump:
            if not await pump.speaks():
                async for piece in pump.pieces():
                    yield piece
                return
            stream = AsyncGuardedStream(
                self._gate.vigil.options, self._aheard(pump), self._prompt, self._gate.guard.mode
            )
            try:
                async for text in stream:
                    yield self._let_out(text)
                self._over(stream.verdict)
            except (Blocked, VigilError) as error:
                yield self._instead(error)
                if self.failed_open:
                    async for piece in pump.pieces():
                        yield piece

    def _heard(self, pieces: Iterable[str]) -> Iterator[str]:
        for piece in pieces:
            self._said += piece
            yield piece

    async def _aheard(self, pump: "_Pump") -> AsyncGenerator[str, None]:
        async for piece in pump.pieces():
            self._said += piece
            yield piece

    def _let_out(self, text: str) -> str:
        self._out += text
        return text

    def _over(self, verdict: Verdict | None) -> None:
        self._gate.passed(self._out)
        self._tell(Check("output", self._out, verdict))

    def _instead(self, error: Blocked | VigilError) -> str:
        """What is said in place of the rest. Raises `error` where nothing is."""
        choices, guard = self._gate.choices, self._gate.guard
        if isinstance(error, Blocked):
            if choices.on_block == "raise":
                raise error
            log.warning("%s", error)
            self.blocked = error
            notice = f"{' ' if self._out and not self._out[-1].isspace() else ''}{choices.notice}"
            self._gate.passed(self._out + notice)
            return notice
        # Only where the rest can be told from what was let out: nothing of it was masked or cut.
        if guard.fail_mode == "closed" or not error.unavailable or not self._said.startswith(self._out):
            raise error
        log.warning("the output goes on unjudged (fail_mode is open): %s", error)
        self.failed_open = True
        rest = self._said[len(self._out) :]
        self._tell(Check("output", rest, None, error))
        return rest

    def _tell(self, check: Check) -> None:
        if self._gate.guard.on_check is not None:
            self._gate.guard.on_check(check)


class _Pump:
    """Reads a model's answer in a task of its own: a reader that is cancelled leaves its piece to the next one."""

    def __init__(self, pieces: AsyncIterable[str]) -> None:
        self._source = pieces
        self._blank = ""
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _read(self) -> None:
        try:
            async for piece in self._source:
                self._queue.put_nowait(piece)
        finally:
            self._queue.put_nowait(None)

    async def speaks(self) -> bool:
        """Whether there is anything but blanks. It waits until that is known."""
        async for piece in self.pieces():
            self._blank += piece
            if self._blank.strip():
                return True
        return False

    async def pieces(self) -> AsyncGenerator[str, None]:
        """What has not been read yet. Raises what the model raises."""
        if self._blank:
            blank, self._blank = self._blank, ""
            yield blank
        while (piece := await self._queue.get()) is not None:
            yield piece
        self._queue.put_nowait(None)  # for the next reader
        await self._task
