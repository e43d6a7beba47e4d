"""What a guard around a model call does with a verdict, and without one."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from vigil_stream import calls
from vigil_stream.calls import Call
from vigil_stream.clock import Clock
from vigil_stream.errors import (
    Blocked,
    ConfigurationError,
    InvalidAnswerError,
    VigilError,
    status_error,
)
from vigil_stream.exchange import Flow, exchange
from vigil_stream.models.batch import BatchItem, Text
from vigil_stream.models.problem import Problem
from vigil_stream.models.verdict import Mode, Verdict
from vigil_stream.options import Options

log = logging.getLogger("vigil_stream")

FailMode: TypeAlias = Literal["closed", "open"]
Direction: TypeAlias = Literal["input", "output"]


@dataclass(frozen=True)
class Check:
    """One text that went through a guard.

    Attributes:
        direction: `input` for a prompt, `output` for an answer.
        text: what is passed on: the text, or its sanitized version.
        verdict: None when there is none.
        error: why there is no verdict; the text was passed on because of `fail_mode="open"`.
    """

    direction: Direction
    text: str = field(repr=False)
    verdict: Verdict | None
    error: VigilError | None = None

    @property
    def changed(self) -> bool:
        """The text was sanitized."""
        return self.verdict is not None and self.verdict.sanitized

    @property
    def failed_open(self) -> bool:
        """Nobody has judged this text: it was passed on by the choice of this guard, or of the server's policy."""
        return self.verdict is None or (self.verdict.failed and self.verdict.allowed)


@dataclass(frozen=True)
class Guard:
    """How a guard works.

    Attributes:
        mode: `full`, or `fast` without the classifier.
        fail_mode: `closed` raises when Vigil cannot be asked; `open` passes the text on then, and says so in the log
            and in the check. It never opens for a text that Vigil refused (too long, malformed) or a used-up rate
            limit, which a client of yours could bring about, nor for a wrong key or address.
        restore: put the values that were redacted from the prompt back into its answer (the server needs
            VIGIL_RESTORE=on). An answer that was itself sanitized keeps its placeholders: they may stand for others.
        on_check: called with every check that passed something on.
    """

    mode: str = Mode.FULL
    fail_mode: FailMode = "closed"
    restore: bool = False
    on_check: Callable[[Check], object] | None = None

    def __post_init__(self) -> None:
        if self.fail_mode not in ("closed", "open"):
            raise ConfigurationError(f"fail_mode={self.fail_mode!r}: give 'closed' or 'open'")

    def prompt(self, text: str, options: Options, clock: Clock) -> Flow[Check]:
        """Judge a prompt. Raises Blocked, or VigilError where there is no verdict."""
        check = yield from self._check(
            calls.guard_input(text, self.mode, explain=False, idempotency_key=None),
            "input",
            text,
            options,
            clock,
        )
        return self._told(check)

    def answer(self, text: str, prompt: Check, options: Options, clock: Clock) -> Flow[Check]:
        """Judge the answer to a prompt. Raises Blocked, or VigilError where there is no verdict."""
        call = calls.guard_output(text, prompt.text, self.mode, explain=False, idempotency_key=None)
        check = yield from self._check(call, "output", text, options, clock)
        if self.restore and prompt.changed and not check.changed and prompt.verdict is not None:
            restored = yield from exchange(
                calls.restore(prompt.verdict.request_id, check.text), options, clock
            )
            check = replace(check, text=restored.text)
        return self._told(check)

    def texts(
        self, texts: Collection[Text], options: Options, clock: Clock
    ) -> Flow[dict[Text, "Check | Blocked"]]:
        """Judge many texts, in as few requests as the server takes. Raises VigilError where one has no verdict."""
        outcomes: dict[Text, Check | Blocked] = {}
        for chunk in calls.chunks(texts):
            batch = calls.guard_batch([replace(text, mode=self.mode) for text in chunk], None)
            items: dict[int, BatchItem] = {}
            error: VigilError | None = None
            try:
                items = {item.index: item for item in (yield from exchange(batch, options, clock)).items}
            except VigilError as raised:
                error = raised
            for index, text in enumerate(chunk):
                outcomes[text] = self._outcome(text, items.get(index), error)
        return outcomes

    def _outcome(self, text: Text, item: BatchItem | None, error: VigilError | None) -> "Check | Blocked":
        direction: Direction = "output" if text.direction == "output" else "input"
        verdict = None if item is None else item.verdict
        if verdict is None:
            return self._told(self._unjudged(direction, text.text, error or item_error(item)))
        try:
            return self._told(Check(direction, passed_on(text.text, verdict, direction), verdict))
        except Blocked as blocked:
            return blocked

    def _check(
        self, call: Call[Verdict], direction: Direction, text: str, options: Options, clock: Clock
    ) -> Flow[Check]:
        try:
            verdict = yield from exchange(call, options, clock)
        except VigilError as error:
            return self._unjudged(direction, text, error)
        return Check(direction, passed_on(text, verdict, direction), verdict)

    def _unjudged(self, direction: Direction, text: str, error: VigilError) -> Check:
        """Raises `error`, unless the guard opens for it."""
        if self.fail_mode == "closed" or not error.unavailable:
            raise error
        log.warning("the %s goes on unjudged (fail_mode is open): %s", direction, error)
        return Check(direction, text, None, error)

    def _told(self, check: Check) -> Check:
        if self.on_check is not None:
            self.on_check(check)
        return check


def item_error(item: BatchItem | None) -> VigilError:
    """Why a text of a batch has no verdict."""
    if item is None or item.error is None:
        return InvalidAnswerError("a text of a batch has neither a verdict nor an error")
    error = item.error
    return status_error(
        Problem(status=error.status, title=error.title, detail=error.detail, errors=error.errors)
    )


def passed_on(text: str, verdict: Verdict, direction: str) -> str:
    """What may be passed on of `text`. The original only with ALLOW; a decision that is not known blocks.

    Raises:
        Blocked: nothing of it.
    """
    if verdict.allowed:
        return text
    if verdict.sanitized and verdict.sanitized_text:
        return verdict.sanitized_text
    raise Blocked(verdict, direction)
