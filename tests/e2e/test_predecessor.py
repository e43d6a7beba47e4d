"""The predecessor's SDK and its browser plugin against the running product."""

import json

import httpx
import pytest

from tests.documents import examples
from tests.e2e.test_guard import ATTACK, PESEL
from tests.integrations import run
from tests.running import Vigil

SDK, PLUGIN = examples("integrations/vigil-guard.md", "python")
PERSONAL = f"Mój PESEL to {PESEL}, proszę o pomoc"
QUESTION = "What is the capital of France?"

# Every call of the SDK with every kind of text; in strict mode it refuses fields that it does not know.
CALLS = """
import json, os, sys
from vigil import Vigil
from vigil.types.enums import Source
from vigil.types.requests import BatchItem

client = Vigil(api_key=os.environ["KEY"], base_url=os.environ["URL"], strict_mode=True)
outcomes = {}
for text in json.loads(os.environ["TEXTS"]):
    results = [client.detect(text), client.detect_output(text, original_prompt="Hello")]
    results += [client.analyze(text, source) for source in Source]
    results += [item.response for item in client.batch([BatchItem(text, source) for source in Source])]
    assert all(result.diagnostics_available for result in results)
    outcomes[text] = [[result.decision.value, result.sanitized_text, result.has_pii] for result in results]
print(json.dumps(outcomes))
"""
ERRORS = """
import json, os
from vigil import Vigil, VigilAuthenticationError, VigilValidationError

url, key = os.environ["URL"], os.environ["KEY"]
said = []
for wrong in (key[:-1] + ("a" if key[-1] != "a" else "b"), "vg_test_" + "x" * 40):
    try:
        Vigil(api_key=wrong, base_url=url).detect("Hello")
    except VigilAuthenticationError as error:
        said.append([error.status_code, error.message, error.request_id])
try:
    Vigil(api_key=key, base_url=url).detect("a\\0b")
except VigilValidationError as error:
    said.append([error.status_code, error.errors[0]["path"], error.request_id])
print(json.dumps(said))
"""


def of_sdk(code: str, vigil: Vigil, **more: str) -> str:
    return run(code, URL=f"{vigil.url}/compat/vge", KEY=vigil.key.replace("vk_", "vg_", 1), **more)


def test_every_call_of_the_sdk_parses_for_every_decision(vigil: Vigil) -> None:
    texts = [QUESTION, PERSONAL, ATTACK]
    outcomes = json.loads(of_sdk(CALLS, vigil, TEXTS=json.dumps(texts)))
    assert {decision for decision, _, _ in outcomes[QUESTION]} == {"ALLOWED"}
    assert {decision for decision, _, _ in outcomes[ATTACK]} == {"BLOCKED"}
    for decision, sanitized, has_pii in outcomes[PERSONAL]:
        assert (decision, has_pii) == ("SANITIZED", True)
        assert PESEL not in sanitized
        assert "proszę o pomoc" in sanitized


def test_the_errors_are_those_that_the_sdk_knows(vigil: Vigil) -> None:
    *keys, text = json.loads(of_sdk(ERRORS, vigil))
    assert [status for status, _, _ in keys] == [401, 401]
    assert all(request_id.startswith("req_") for _, _, request_id in (*keys, text))
    assert text[:2] == [400, "prompt"]


def test_the_examples_of_the_documentation_say_what_they_should(vigil: Vigil) -> None:
    environment = {"VIGIL_URL": vigil.url, "VIGIL_KEY": vigil.key}
    said = run(SDK, **environment).splitlines()
    assert said[0].startswith("BLOCKED ['instruction_override'")
    assert said[1:] == [
        "SANITIZED Mój PESEL to [PL_PESEL_1], proszę o pomoc",
        "ALLOWED",
        "ALLOWED",
        "['ALLOWED', 'SANITIZED']",
        "ACTIVE",
    ]
    assert run(PLUGIN, **environment).splitlines() == [
        "sanitize Mój PESEL to [PL_PESEL_1], proszę o pomoc",
        "['Mój PESEL to [PL_PESEL_1], proszę o pomoc']",
    ]


@pytest.mark.parametrize("prefix", ["vk_", "vg_"])
def test_the_plugin_gets_an_action_for_every_text(vigil: Vigil, prefix: str) -> None:
    def ask(text: str) -> dict:
        answer = httpx.post(
            f"{vigil.url}/compat/webhook/vigil-guard-2",
            json={
                "chatInput": text,
                "sessionId": "s1",
                "clientId": "c",
                "browser_metadata": {},
                "_debug": {},
            },
            headers={"X-Vigil-Auth": vigil.key.replace("vk_", prefix, 1)},
            timeout=20,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    allowed, cleaned, stopped, endless = ask(QUESTION), ask(PERSONAL), ask(ATTACK), ask("a " * 60_000)
    assert (allowed["action"], allowed["chatInput"], allowed["sessionId"]) == ("allow", QUESTION, "s1")
    assert cleaned["action"] == "sanitize"
    assert cleaned["sanitizedBody"]["messages"][0]["content"]["parts"] == [cleaned["chatInput"]]
    assert PESEL not in json.dumps(cleaned)
    assert (stopped["action"], stopped["chatInput"]) == ("block", "")
    assert (endless["action"], endless["chatInput"]) == ("block", "")


def test_the_other_prefix_opens_their_routes_only_and_the_licence_needs_none(vigil: Vigil) -> None:
    key = {"Authorization": f"Bearer {vigil.key.replace('vk_', 'vg_', 1)}"}
    assert httpx.post(f"{vigil.url}/v1/guard/input", json={"text": QUESTION}, headers=key).status_code == 401
    assert httpx.get(f"{vigil.url}/compat/vge/v1/license/status").json()["status"] == "ACTIVE"
    assert httpx.post(f"{vigil.url}/compat/vge/v1/guard/input", json={"prompt": "x"}).status_code == 401


def test_a_repeat_with_their_idempotency_key_gets_the_first_answer(vigil: Vigil) -> None:
    headers = {"Authorization": f"Bearer {vigil.key}", "X-Idempotency-Key": "idem_once"}
    url = f"{vigil.url}/compat/vge/v1/guard/input"
    first, second = (
        httpx.post(url, json={"prompt": QUESTION}, headers=headers, timeout=20) for _ in range(2)
    )
    assert first.json() == second.json()
    other = httpx.post(url, json={"prompt": "Something else"}, headers=headers, timeout=20)
    assert (other.status_code, other.json()["code"]) == (400, "VALIDATION_ERROR")
