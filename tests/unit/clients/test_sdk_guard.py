"""The guard around a model call: what reaches the model, what reaches the user, what is raised."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sdk import Double
from vigil_stream import (
    APIConnectionError,
    AuthenticationError,
    Blocked,
    Check,
    ConfigurationError,
    InvalidAnswerError,
    PayloadTooLargeError,
    RateLimitedError,
    UnprocessableError,
    Vigil,
)

REFUSED = httpx.ConnectError("refused")


def _verdict(text: str) -> dict[str, Any]:
    """A small Vigil: "attack" is blocked, "PESEL" is taken out."""
    sanitized = text.replace("PESEL", "[ID_1]")
    decision = "BLOCK" if "attack" in text else "SANITIZE" if sanitized != text else "ALLOW"
    return {
        "request_id": "req_1", "decision": decision, "threat_score": 90.0 if decision == "BLOCK" else 0.0,
        "sanitized_text": sanitized if decision == "SANITIZE" else None,
    }  # fmt: skip


def _serve(request: httpx.Request) -> httpx.Response:
    body = json.loads(request.content)
    if request.url.path.endswith("/restore"):
        text = body["text"].replace("[ID_1]", "PESEL")
        return httpx.Response(200, json={"request_id": body["request_id"], "text": text})
    return httpx.Response(200, json=_verdict(body["text"]))


class Chat:
    """An application: one model call, guarded by decorator or by block, with either client."""

    def __init__(self, double: Double, form: str) -> None:
        self.double = double
        self.form = form
        self.read: list[str] = []
        self.checks: list[Check] = []
        double.handler = _serve

    def ask(self, prompt: str, says: str = "{}", **guard: Any) -> Any:
        """What the user gets when the model says `says` about what it reads."""
        guard = {"on_check": self.checks.append, **guard}
        vigil = self.double.client(max_retries=0)

        def model(prompt: str) -> str:
            self.read.append(prompt)
            return says.format(prompt)

        async def async_model(prompt: str) -> str:
            return model(prompt)

        if self.form == "decorator":
            chosen = async_model if self.double.asynchronous else model
            return self.double.do(vigil.guard(**guard)(chosen)(prompt))
        if not self.double.asynchronous:
            with vigil.guarded(prompt, **guard) as turn:
                turn.answer = model(turn.prompt)
            return turn.answer

        async def block() -> str:
            async with vigil.guarded(prompt, **guard) as turn:
                turn.answer = await async_model(turn.prompt)
            answer: str = turn.answer
            return answer

        return self.double.do(block())

    @property
    def paths(self) -> list[str]:
        return [request.url.path.rpartition("/")[2] for request in self.double.requests]


@pytest.fixture(params=["decorator", "block"])
def chat(request: pytest.FixtureRequest, double: Double) -> Chat:
    return Chat(double, request.param)


def test_clean_texts_pass_unchanged(chat: Chat) -> None:
    assert chat.ask("hello", "you said {}") == "you said hello"
    assert chat.read == ["hello"]
    assert chat.paths == ["input", "output"]
    assert json.loads(chat.double.requests[1].content) == {"text": "you said hello", "prompt": "hello"}
    assert [check.failed_open for check in chat.checks] == [False, False]


def test_the_model_reads_the_sanitized_prompt(chat: Chat) -> None:
    assert chat.ask("my PESEL", "thanks") == "thanks"
    assert chat.read == ["my [ID_1]"]
    assert json.loads(chat.double.requests[1].content)["prompt"] == "my [ID_1]"


def test_the_user_reads_the_sanitized_answer(chat: Chat) -> None:
    assert chat.ask("hello", "her PESEL") == "her [ID_1]"


def test_a_blocked_prompt_never_reaches_the_model(chat: Chat) -> None:
    with pytest.raises(Blocked) as raised:
        chat.ask("attack")
    assert raised.value.direction == "input"
    assert raised.value.verdict.threat_score == 90.0
    assert chat.read == []
    assert chat.checks == []


def test_a_blocked_answer_never_reaches_the_user(chat: Chat) -> None:
    with pytest.raises(Blocked) as raised:
        chat.ask("hello", "an attack")
    assert raised.value.direction == "output"


@pytest.mark.parametrize("decision", ["SANITIZE", "QUARANTINE"])
@pytest.mark.parametrize("fail_mode", ["closed", "open"])
def test_a_verdict_without_a_text_to_pass_on_blocks(chat: Chat, decision: str, fail_mode: str) -> None:
    answer = {"request_id": "req_1", "decision": decision, "threat_score": 40.0, "sanitized_text": None}
    chat.double.answers(httpx.Response(200, json=answer))
    with pytest.raises(Blocked):
        chat.ask("hello", fail_mode=fail_mode)
    assert chat.read == []


def test_closed_is_the_default(chat: Chat) -> None:
    chat.double.answers(REFUSED)
    with pytest.raises(APIConnectionError):
        chat.ask("hello")
    assert chat.read == []


@pytest.mark.parametrize(
    "failure", [REFUSED, httpx.ReadTimeout("slow"), httpx.Response(503), httpx.Response(504)]
)
def test_open_passes_texts_on_and_says_so(
    chat: Chat, failure: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    chat.double.answers(failure)
    with caplog.at_level(logging.WARNING, "vigil_stream"):
        assert chat.ask("my PESEL", fail_mode="open") == "my PESEL"
    assert [check.failed_open for check in chat.checks] == [True, True]
    assert all(check.verdict is None and check.error is not None for check in chat.checks)
    assert "the input goes on unjudged" in caplog.text
    assert "the output goes on unjudged" in caplog.text
    assert "PESEL" not in caplog.text + repr(chat.checks)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(413), PayloadTooLargeError),
        (httpx.Response(422), UnprocessableError),
        (httpx.Response(429), RateLimitedError),
        (httpx.Response(401), AuthenticationError),
        (httpx.Response(200, html="<h1>Welcome</h1>"), InvalidAnswerError),
    ],
)
def test_what_an_attacker_or_a_mistake_can_bring_about_does_not_open(
    chat: Chat, answer: httpx.Response, error: type[Exception]
) -> None:
    chat.double.answers(answer)
    with pytest.raises(error):
        chat.ask("hello", fail_mode="open")
    assert chat.read == []


def test_a_server_that_failed_open_is_visible(chat: Chat) -> None:
    answer = {"request_id": "r", "decision": "ALLOW", "threat_score": 0, "fail_mode": "open", "failed": True}
    chat.double.answers(httpx.Response(200, json=answer))
    chat.ask("hello")
    assert [check.failed_open for check in chat.checks] == [True, True]


def test_values_come_back_into_the_answer_when_asked(chat: Chat) -> None:
    assert chat.ask("my PESEL", "you sent {}", restore=True) == "you sent my PESEL"
    assert chat.paths == ["input", "output", "restore"]


def test_values_do_not_come_back_into_a_sanitized_answer_nor_without_a_sanitized_prompt(chat: Chat) -> None:
    assert chat.ask("my PESEL", "{} and PESEL", restore=True) == "my [ID_1] and [ID_1]"
    assert chat.ask("hello", "hello", restore=True) == "hello"
    assert chat.paths == ["input", "output", "input", "output"]


def test_an_error_of_the_model_is_not_touched(chat: Chat) -> None:
    with pytest.raises(KeyError):
        chat.ask("hello", "{nothing}")
    assert chat.paths == ["input"]


def test_the_prompt_is_found_among_the_arguments() -> None:
    double = Double("sync")
    double.handler = _serve
    vigil: Vigil = double.client()

    @vigil.guard
    def first(text: str, other: str = "PESEL") -> str:
        return f"{text} {len(other)}"

    @vigil.guard
    def named(system: str, prompt: str) -> str:
        return f"{len(system)} {prompt}"

    @vigil.guard(argument="question")
    def chosen(system: str, *, question: str = "default") -> str:
        return f"{len(system)} {question}"

    class Bot:
        @vigil.guard
        def ask(self, question: str) -> str:
            """Docs."""
            return question

    assert first("PESEL") == "[ID_1] 5"
    assert named("PESEL", "PESEL") == "5 [ID_1]"
    assert chosen("PESEL", question="PESEL") == "5 [ID_1]"
    assert chosen("PESEL") == "5 default"
    assert Bot().ask("PESEL") == "[ID_1]"
    assert Bot.ask.__doc__ == "Docs."


def test_what_a_guard_cannot_read_is_refused() -> None:
    plain, asynchronous = Double("sync").client(), Double("async").client()

    def pieces(prompt: str) -> Iterator[str]:
        yield prompt

    async def later(prompt: str) -> str:
        return prompt

    def now(prompt: str) -> str:
        return prompt

    for decorate, function, says in (
        (plain.guard, pieces, "yields its answer in pieces"),
        (plain.guard, later, "guard it with AsyncVigil"),
        (asynchronous.guard, now, "guard it with Vigil"),
        (plain.guard(argument="question"), now, "no argument 'question'"),
    ):
        with pytest.raises(ConfigurationError, match=says):
            decorate(function)
    with pytest.raises(ConfigurationError, match="fail_mode"):
        plain.guard(fail_mode="ajar")
    messages = [{"role": "user", "content": "attack"}]
    with pytest.raises(TypeError, match="argument 'prompt' is of type list"):
        plain.guard(now)(messages)
    with pytest.raises(TypeError, match="answer is of type NoneType"):
        plain.guard(lambda prompt: None)("hello")


def test_a_turn_shows_nothing_unjudged() -> None:
    sync = Double("sync")
    sync.handler = _serve
    turn = sync.client().guarded("hello")
    with pytest.raises(RuntimeError, match="on entering"):
        _ = turn.prompt
    with turn:
        turn.answer = "PESEL"
        with pytest.raises(RuntimeError, match="on leaving"):
            _ = turn.answer
    assert turn.answer == "[ID_1]"
    with sync.client().guarded("hello") as silent:
        pass
    with pytest.raises(RuntimeError):
        _ = silent.answer
    with pytest.raises(TypeError, match="an answer is a str"), sync.client().guarded("hello") as wrong:
        wrong.answer = None  # type: ignore[assignment]
