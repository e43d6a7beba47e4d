"""Hooks around every model and tool call of a process.

CrewAI goes on when a hook raises anything but HookAborted. A guard must not be passed over: each hook here turns every
error into what stops a call, or replaces a text.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from crewai.hooks import (
    HookAborted,
    register_after_llm_call_hook,
    register_after_tool_call_hook,
    register_before_llm_call_hook,
    register_before_tool_call_hook,
    unregister_after_llm_call_hook,
    unregister_after_tool_call_hook,
    unregister_before_llm_call_hook,
    unregister_before_tool_call_hook,
)
from pydantic import BaseModel, ValidationError

from vigil_stream.client import Vigil
from vigil_stream.clock import Clock
from vigil_stream.crewai.tools import judged, passed_on
from vigil_stream.crewai.words import framework_words, pieces, split, template_words
from vigil_stream.errors import Blocked
from vigil_stream.exchange import Flow
from vigil_stream.gate import NOTICE, Begin, Choices, Gate, OnSanitize, Passed
from vigil_stream.guarding import Check, FailMode, Guard
from vigil_stream.models.batch import Text
from vigil_stream.models.verdict import Mode
from vigil_stream.options import Options
from vigil_stream.places import Place, places

log = logging.getLogger("vigil_stream")


class VigilHooks:
    """Guards what every agent, crew, flow and LLM of this process sends to models, and what comes back.

    `with VigilHooks(vigil): crew.kickoff(...)`, or `register()` and `unregister()`. A prompt that is blocked stops the
    call: `kickoff` raises HookAborted. A blocked answer or tool result is `notice`.

    CrewAI's own words are not judged, nor are those of a task's templates around their placeholders. What comes from
    users belongs into `inputs`; `Crew(before_kickoff_callbacks=[hooks.inputs])` judges it before it is put into system
    prompts as well.

    Args:
        vigil: without one, made from VIGIL_URL and VIGIL_API_KEY.
        mode: `full`, or `fast` without the classifier.
        fail_mode: `closed` stops calls when Vigil cannot be asked, `open` passes texts on; see `Guard`.
        on_sanitize: `replace`, or `block`: what would have to be sanitized is blocked.
        notice: what stands in the place of a blocked answer or result.
        system: judge system messages, too, as your own words.
        words: of prompts of your own (`prompt_file`, templates of agents), which are not to be judged.
        on_check: called with every check that passed something on.
    """

    def __init__(
        self,
        vigil: Vigil | None = None,
        *,
        mode: str = Mode.FULL,
        fail_mode: FailMode = "closed",
        on_sanitize: OnSanitize = "replace",
        notice: str = NOTICE,
        system: bool = False,
        words: tuple[str, ...] = (),
        on_check: Callable[[Check], object] | None = None,
    ) -> None:
        guard = Guard(mode, fail_mode, on_check=on_check)
        self._gate = Gate(vigil, guard, Choices("answer", on_sanitize, notice))
        self._system = system
        self._words = framework_words() | pieces(words)

    def register(self) -> None:
        """Guard every call from now on."""
        register_before_llm_call_hook(self.before_llm_call)
        register_after_llm_call_hook(self.after_llm_call)
        register_before_tool_call_hook(self.before_tool_call)
        register_after_tool_call_hook(self.after_tool_call)

    def unregister(self) -> None:
        """Guard no more."""
        unregister_before_llm_call_hook(self.before_llm_call)
        unregister_after_llm_call_hook(self.after_llm_call)
        unregister_before_tool_call_hook(self.before_tool_call)
        unregister_after_tool_call_hook(self.after_tool_call)

    def __enter__(self) -> Self:
        self.register()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unregister()

    def inputs(self, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        """What may be put into a crew's templates: `Crew(before_kickoff_callbacks=[hooks.inputs])`.

        Raises:
            Blocked: one of the values is.
            VigilError: there is no verdict.
        """
        document = dict(inputs or {})
        found = [
            Place(None if place.path is None else (name, *place.path[1:]), place.text)
            for name, value in document.items()
            for place in places({"args": value})
        ]
        (passed,) = self._gate.run(self._gate.pass_all([(document, found)]))
        if passed.blocked is not None:
            raise passed.blocked
        return dict(passed.document)

    def before_llm_call(self, context: Any) -> None:
        """Judge the messages; sanitized texts take their places. HookAborted: the model is not called."""
        try:
            messages = context.messages
            outcomes = self._gate.run(self._messages(messages, context))
            for index, outcome in outcomes.items():
                if outcome.blocked is not None:
                    raise outcome.blocked
                messages[index] = {**messages[index], **outcome.document}
        except Exception as error:
            raise _stopped(error) from error

    def after_llm_call(self, context: Any) -> str | None:
        """Judge the answer; a text in its place, or None for the answer as it is."""
        if not isinstance(context.response, str):
            return None
        try:
            document = {"arguments": context.response}
            (passed,) = self._gate.run(
                self._gate.pass_all([(document, places(document, direction="output"))])
            )
            answer = None if passed.blocked is not None else passed.document["arguments"]
        except Exception as error:
            log.error("an answer was withheld: %s", error)
            answer = None
        if answer == context.response:
            return None
        answer = self._gate.choices.notice if answer is None else answer
        if not _fits(answer, context):  # CrewAI would go back to the original
            raise HookAborted("the answer has a form that its clean text does not fit", source="vigil")
        return str(answer)

    def before_tool_call(self, context: Any) -> bool | None:
        """Judge the arguments that the model gives a tool. False: the tool is not called."""
        try:
            arguments = dict(context.tool_input)
            found = places({"args": arguments}, direction="output")
            (passed,) = self._gate.run(self._gate.pass_all([({"args": arguments}, found)]))
            if passed.blocked is not None:
                return False
            context.tool_input.update(passed.document["args"])
        except Exception as error:
            log.error("a tool was not called: %s", error)
            return False
        return None

    def after_tool_call(self, context: Any) -> str | None:
        """Judge what a tool returned; a text in its place, or None for the result as it is."""
        result = context.tool_result
        if result is None:
            return None
        try:
            passed = passed_on(result, self._gate.run(judged(self._gate, result)), self._gate)
        except Exception as error:
            log.error("the result of a tool was withheld: %s", error)
            return self._gate.choices.notice
        return None if passed == result else str(passed)

    def _messages(self, messages: list[Any], context: Any) -> Begin[dict[int, Passed]]:
        """What may go to the model, by the number of the message; those that stay as they are are left out."""
        read = [_Message(message, context, self._words) for message in messages]
        wanted = [
            n for n, message in enumerate(read) if self._system or message.role not in ("system", "developer")
        ]

        def begin(options: Options, clock: Clock) -> Flow[dict[int, Passed]]:
            first = yield from self._gate.pass_all([read[n].document for n in wanted])(options, clock)
            changed = {n: passed for n, passed in zip(wanted, first, strict=True) if passed.changed}
            # A text is judged as one, without the known words in it. To keep those it is cleaned piece by piece, and
            # what comes of that is judged as one again.
            again = [n for n, passed in changed.items() if passed.blocked is None and read[n].framed]
            cleaned = yield from self._gate.pass_all([read[n].pieces for n in again])(options, clock)
            texts = [read[n].text(passed.document or ()) for n, passed in zip(again, cleaned, strict=True)]
            proof = yield from self._gate.pass_all(
                [read[n].whole(text) for n, text in zip(again, texts, strict=True)]
            )(options, clock)
            for n, passed, proven in zip(again, cleaned, proof, strict=True):
                if passed.blocked is None and not proven.changed:
                    changed[n] = Passed(
                        {**changed[n].document, "content": "".join(passed.document)}, changed=True
                    )
            return changed

        return begin


class _Message:
    """A message of a call, and what of it is to be judged."""

    def __init__(self, message: Mapping[str, Any], context: Any, words: frozenset[str]) -> None:
        self.role = str(message.get("role", ""))
        content = message.get("content")
        task = getattr(context, "task", None)
        templates = _templates(task) if self.role == "user" else []
        known = words | template_words(templates)
        # A task's text that has no placeholders is its author's, as far as anybody can tell.
        self._operator = self.role in ("system", "developer") or bool(
            templates and not template_words(templates)
        )
        self._split = split(content, known) if isinstance(content, str) else []
        self.framed = len(self._split) > 1
        rest = {name: value for name, value in message.items() if name not in ("role", "content")}
        if isinstance(content, str):
            document, found = self.whole(self.text(self._split))
            self.document = ({**rest, **document}, [*found, *places(rest)])
        else:
            rest["content"] = content
            self.document = (rest, places(rest, operator=self._operator))

    def text(self, pieces: Sequence[str]) -> str:
        """What of a content in pieces is to be judged."""
        return "\n".join(piece for piece in pieces[::2] if piece.strip())

    def whole(self, text: str) -> tuple[dict[str, str], list[Place]]:
        """That text, to be judged."""
        document = {"content": text}
        return document, places(document, operator=self._operator)

    @property
    def pieces(self) -> tuple[list[str], list[Place]]:
        """The pieces of the content, of which the known ones are not judged."""
        judged = [
            Place((n,), Text(piece, operator=self._operator))
            for n, piece in enumerate(self._split)
            if n % 2 == 0 and piece.strip()
        ]
        return self._split, judged


def _templates(task: Any) -> list[str]:
    """What a task's prompt is made of, before values are put into it."""
    names = ("description", "expected_output")
    found = [getattr(task, f"_original_{name}", None) or getattr(task, name, None) for name in names]
    return [text for text in found if isinstance(text, str)]


def _fits(answer: str, context: Any) -> bool:
    """Whether an answer can be what a form was made of."""
    forms = [
        getattr(owner, name, None)
        for owner in (getattr(context, "executor", None), getattr(context, "task", None))
        for name in ("response_model", "output_pydantic")
    ]
    for form in forms:
        if isinstance(form, type) and issubclass(form, BaseModel):
            try:
                form.model_validate_json(context.response)  # else it was no form, but an answer in words
            except ValidationError:
                continue
            try:
                form.model_validate_json(answer)
            except ValidationError:
                return False
    return True


def _stopped(error: Exception) -> HookAborted:
    """What stops a call."""
    log.log(
        logging.WARNING if isinstance(error, Blocked) else logging.ERROR, "a model was not called: %s", error
    )
    return HookAborted(str(error), source="vigil")
