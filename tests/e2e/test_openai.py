"""OpenAI's SDK and plain HTTP through the guard to a model server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.documents import ROOT, examples
from tests.e2e.test_guard import ATTACK, PESEL
from tests.integrations import run
from tests.model import Model
from tests.running import Vigil

CLIENT, MIDDLEWARE = examples("integrations/openai.md", "python")
QUESTION = "What is the capital of France?"
UPSTREAM_KEY = "sk-upstream"
PERSONAL = f"Mój PESEL to {PESEL}, proszę o pomoc"


@pytest.fixture(scope="module")
def vigil(running_model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vigil]:
    """A product with a model server behind it."""
    upstream = {"VIGIL_UPSTREAM_URL": running_model.url, "VIGIL_UPSTREAM_KEY": UPSTREAM_KEY}
    running = Vigil(tmp_path_factory.mktemp("vigil"), VIGIL_PROCESSES="1", **upstream)
    running.start()
    yield running
    assert running.stop() == 0, running.said()


def ask(vigil: Vigil, *texts: str, headers: dict[str, str] | None = None, **more: object) -> httpx.Response:
    messages = [{"role": "user", "content": text} for text in texts]
    return httpx.post(
        f"{vigil.url}/openai/v1/chat/completions",
        json={"model": "my-model", "messages": messages, **more},
        headers=headers or {"Authorization": f"Bearer {vigil.key}"},
        timeout=30,
    )


def test_the_example_of_the_documentation(vigil: Vigil, model: Model) -> None:
    said = run(CLIENT, VIGIL_URL=vigil.url, VIGIL_KEY=vigil.key)
    assert said.splitlines() == ["Paris.", "Paris.", "content_filter messages", "Paris."]
    assert PESEL not in model.texts()
    assert "[PL_PESEL_1], proszę o pomoc" in model.texts()
    assert len(model.asked) == 3


def test_the_example_of_the_middleware(vigil: Vigil) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MIDDLEWARE],
        env={**os.environ, "VIGIL_URL": vigil.url, "VIGIL_KEY": vigil.key},
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "Mój PESEL to [PL_PESEL_1], proszę o pomoc", done.stderr


def test_a_clean_request_and_its_answer_pass_unchanged(vigil: Vigil, model: Model) -> None:
    system = {"role": "system", "content": "You are a helpful assistant."}
    messages = [system, {"role": "user", "content": QUESTION}]
    answer = ask(vigil, messages=messages, temperature=0.5, metadata={"a": "b"})
    assert answer.json() == model.answer()
    assert model.asked == [
        {"model": "my-model", "messages": messages, "temperature": 0.5, "metadata": {"a": "b"}}
    ]
    assert model.headers[0]["authorization"] == f"Bearer {UPSTREAM_KEY}"
    assert vigil.key not in json.dumps(model.headers)


@pytest.mark.parametrize("texts", [(ATTACK,), (QUESTION, ATTACK), (ATTACK, QUESTION)])
def test_an_attack_never_reaches_the_model(vigil: Vigil, model: Model, texts) -> None:
    answer = ask(vigil, *texts)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "content_filter", "messages")
    assert ATTACK not in answer.text
    assert model.asked == []


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_is_masked(vigil: Vigil, model: Model, stream: bool) -> None:
    model.says = f"Paris is old. Anna Nowak, PESEL {PESEL}, lives there. Good bye."
    answer = ask(vigil, QUESTION, stream=stream)
    assert answer.status_code == 200
    assert PESEL not in answer.text
    assert "[PL_PESEL_1], lives there." in answer.text


def test_an_answer_is_blocked(vigil: Vigil, model: Model) -> None:
    model.says = ATTACK
    answer = ask(vigil, QUESTION)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "content_filter", "choices")
    assert ATTACK not in answer.text


def test_a_stream_ends_where_it_is_blocked(vigil: Vigil, model: Model) -> None:
    model.says = f"Paris is old. {ATTACK}. And this comes after it."
    answer = ask(vigil, QUESTION, stream=True)
    assert answer.headers["content-type"].startswith("text/event-stream")
    *chunks, last = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert last["error"]["code"] == "content_filter"
    said = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert said == "Paris is old. "


def test_a_clean_stream_says_the_same(vigil: Vigil, model: Model) -> None:
    model.says = "Paris is old. It lies on a river, and many people live there. " * 8
    answer = ask(vigil, QUESTION, stream=True)
    chunks = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == model.says
    assert answer.text.endswith("data: [DONE]\n\n")


def test_errors_of_the_model_server_come_as_they_are_and_redirections_do_not(
    vigil: Vigil, model: Model
) -> None:
    model.status = 429
    assert ask(vigil, QUESTION).status_code == 429
    model.status = 307
    refused = ask(vigil, QUESTION)
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "upstream_error")
    assert len(model.asked) == 2


def test_our_own_errors_have_their_shape(vigil: Vigil) -> None:
    wrong = ask(vigil, QUESTION, headers={"Authorization": "Bearer vk_test_wrong"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "invalid_api_key")
    long = ask(vigil, "a " * 60_000)
    assert (long.status_code, long.json()["error"]["code"]) == (413, "request_too_large")
    key = {"Authorization": f"Bearer {vigil.key}"}
    for body in (b"{", b"[]", b'"text"'):
        broken = httpx.post(f"{vigil.url}/openai/v1/chat/completions", content=body, headers=key)
        assert (broken.status_code, broken.json()["error"]["type"]) == (400, "invalid_request_error")


def test_every_text_of_a_request_is_an_event(vigil: Vigil, model: Model) -> None:
    name = ask(vigil, "Good morning to you", PERSONAL).headers["x-request-id"]
    found = [text for suffix in ("", "-1", "-2") for _, text, _ in vigil.events(f"{name}{suffix}")]
    assert sorted(found) == ["Good morning to you", "Mój PESEL to [PL_PESEL_1], proszę o pomoc", "Paris."]
