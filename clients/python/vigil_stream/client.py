"""The client for plain functions and threads."""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from types import TracebackType
from typing import ParamSpec, Self, TypeVar, overload

import httpx

from vigil_stream import calls
from vigil_stream.base_client import BaseClient
from vigil_stream.calls import Call, T
from vigil_stream.clock import Clock
from vigil_stream.decorating import Prompted
from vigil_stream.exchange import Flow, Outcome, Send, Wait, exchange
from vigil_stream.guarding import Check, FailMode, Guard
from vigil_stream.jobs import Jobs
from vigil_stream.models.batch import BatchItem, BatchVerdict, Text
from vigil_stream.models.feedback import FeedbackReceipt, Wrong
from vigil_stream.models.verdict import Mode, Verdict
from vigil_stream.options import Options
from vigil_stream.streams import GuardedStream
from vigil_stream.turn import Turn

P = ParamSpec("P")
R = TypeVar("R")


class Vigil(BaseClient[httpx.Client]):
    """Asks a Vigil server. Make one, use it from as many threads as you like, close it.

    Args:
        url: of the server; else VIGIL_URL, else http://127.0.0.1:8080.
        api_key: else VIGIL_API_KEY.
        timeout: seconds that one attempt may wait for a connection, or for the next bytes.
        max_retries: attempts after the first; after connection errors, 408, 425, 429, 502, 503 and 504, and a 409
            with Retry-After only.
        retry_budget: seconds for a call with all its attempts and the waits between them.
        headers: sent with every request.
        http_client: for proxies, certificates and tests; yours to close.

    Raises:
        ConfigurationError: one of them makes no sense.
    """

    def _connections(self) -> httpx.Client:
        return httpx.Client()

    def close(self) -> None:
        """Close the connections."""
        if self._owned:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def guard_input(
        self,
        text: str,
        *,
        mode: str = Mode.FULL,
        explain: bool = False,
        idempotency_key: str | None = None,
        operator: bool = False,
    ) -> Verdict:
        """Judge a text on its way to a model. BLOCK is a verdict, not an error.

        Args:
            text: 1 to 100,000 characters.
            mode: `full`, or `fast` without the classifier.
            explain: fill `decision_process`.
            idempotency_key: calls with the same key and text are judged once; made up when it is None.
            operator: it is your own, such as a system message, and orders by nature: nothing is cut from it.
        """
        return self.call(calls.guard_input(text, mode, explain, idempotency_key, operator))

    def guard_output(
        self,
        text: str,
        *,
        prompt: str | None = None,
        mode: str = Mode.FULL,
        explain: bool = False,
        idempotency_key: str | None = None,
    ) -> Verdict:
        """Judge a model's answer. `prompt` led to it: context, not judged. The rest is as in `guard_input`."""
        return self.call(calls.guard_output(text, prompt, mode, explain, idempotency_key))

    def guard_batch(self, texts: Iterable[str | Text], *, idempotency_key: str | None = None) -> BatchVerdict:
        """Judge up to 100 texts in one request; plain strings are prompts. One bad text does not fail the rest."""
        return self.call(calls.guard_batch(texts, idempotency_key))

    def guard_many(self, texts: Iterable[str | Text]) -> Iterator[BatchItem]:
        """Judge any number of texts, a batch at a time as the outcomes are taken; `index` counts through."""
        for first, batch in calls.batches(texts):
            for item in self.call(batch).items:
                yield item.model_copy(update={"index": first + item.index})

    def guard_stream(
        self, pieces: Iterable[str], *, prompt: str | None = None, mode: str = Mode.FAST
    ) -> GuardedStream:
        """Judge a model's answer while it is written: iterate over what comes back, sentences that may be shown.

        Nothing is repeated when it fails, and the connection is one of its own: `http_client` is not used.

        Args:
            pieces: of the answer, cut anywhere.
            prompt: what led to it: context, not judged.
            mode: `fast`, or `full` with the classifier.

        Iterating raises:
            Blocked: in the middle; nothing of the text that is to blame has come out.
            VigilError: there is no verdict.
        """
        return GuardedStream(self._options, pieces, prompt, mode)

    @property
    def jobs(self) -> Jobs:
        """Texts that are judged later."""
        return Jobs(self)

    def restore(self, request_id: str, text: str) -> str:
        """A model's answer with the values that were redacted from the prompt of `request_id` back in it.

        The server keeps them for an hour, when it is told to: VIGIL_RESTORE=on, else ConflictError.
        """
        return self.call(calls.restore(request_id, text)).text

    def feedback(
        self, request_id: str, verdict: Wrong | str, *, reason: str = "", comment: str = ""
    ) -> FeedbackReceipt:
        """Say that the verdict on `request_id` was a `false_positive` or a `missed_attack` (scope `feedback`)."""
        return self.call(calls.feedback(request_id, verdict, reason, comment))

    @overload
    def guard(self, function: Callable[P, str], /) -> Callable[P, str]: ...

    @overload
    def guard(
        self,
        function: None = None,
        /,
        *,
        argument: str | None = None,
        mode: str = Mode.FULL,
        fail_mode: FailMode = "closed",
        restore: bool = False,
        on_check: Callable[[Check], object] | None = None,
    ) -> Callable[[Callable[P, str]], Callable[P, str]]: ...

    def guard(
        self,
        function: Callable[P, str] | None = None,
        /,
        *,
        argument: str | None = None,
        mode: str = Mode.FULL,
        fail_mode: FailMode = "closed",
        restore: bool = False,
        on_check: Callable[[Check], object] | None = None,
    ) -> Callable[P, str] | Callable[[Callable[P, str]], Callable[P, str]]:
        """Decorate a model call, `(prompt: str, ...) -> str`: its prompt is judged before, its answer after.

        The model reads, and the caller gets, sanitized texts where there is something to sanitize.

        Args:
            function: the model call.
            argument: which one is the prompt; else the one named `prompt`, else the first.
            mode: `full`, or `fast` without the classifier.
            fail_mode: `closed` raises when Vigil cannot be asked, `open` passes the text on; see `Guard`.
            restore: put values that were redacted from the prompt back into the answer; see `Guard`.
            on_check: called with every check that passed something on.

        The decorated function raises:
            Blocked: the prompt or the answer must not be passed on.
            VigilError: there is no verdict.
        """
        guard = Guard(mode, fail_mode, restore, on_check)

        def decorate(function: Callable[P, str]) -> Callable[P, str]:
            prompted = Prompted(function, argument, asynchronous=False)

            @wraps(function)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> str:
                bound = prompted.bind(args, kwargs)
                prompt = self.check_prompt(prompted.prompt(bound), guard)
                prompted.replace(bound, prompt.text)
                answer = prompted.answer(function(*bound.args, **bound.kwargs))
                return self.check_answer(answer, prompt, guard).text

            return guarded

        return decorate if function is None else decorate(function)

    def guarded(
        self,
        prompt: str,
        *,
        mode: str = Mode.FULL,
        fail_mode: FailMode = "closed",
        restore: bool = False,
        on_check: Callable[[Check], object] | None = None,
    ) -> Turn:
        """A `with` block around a model call: judges `prompt` on entering and `turn.answer` on leaving.

        The arguments, and what is raised, are those of `guard`.
        """
        return Turn(self, prompt, Guard(mode, fail_mode, restore, on_check))

    def check_prompt(self, text: str, guard: Guard) -> Check:
        """The first half of a guard, for integrations: what a model may read."""
        return self.run(lambda options, clock: guard.prompt(text, options, clock))

    def check_answer(self, text: str, prompt: Check, guard: Guard) -> Check:
        """The second half of a guard, for integrations: what a user may read."""
        return self.run(lambda options, clock: guard.answer(text, prompt, options, clock))

    def call(self, call: Call[T]) -> T:
        """One call of the API."""
        return self.run(lambda options, clock: exchange(call, options, clock))

    def run(self, begin: Callable[[Options, Clock], Flow[R]]) -> R:
        """What a flow comes to; see `vigil_stream.exchange`."""
        flow = begin(self._options, self._clock)
        outcome: Outcome = None
        while True:
            try:
                step = flow.send(outcome)
            except StopIteration as end:
                result: R = end.value
                return result
            outcome = self._do(step)

    def _do(self, step: Send | Wait) -> Outcome:
        if isinstance(step, Wait):
            self._clock.sleep(step.seconds)
            return None
        try:
            return self._http.request(
                step.method, step.url, params=step.params, content=step.content, headers=step.headers,
                timeout=step.timeout,
            )  # fmt: skip
        except httpx.RequestError as error:
            return error
