"""What LiteLLM asks is judged wherever it stands, also where the same is said elsewhere."""

from typing import Any

import pytest

from app.api.hooks import litellm
from app.api.hooks.litellm import Action, HookAnswer, HookRequest, litellm_guardrail
from tests.unit.chat import judges
from tests.unit.chat.judges import ATTACK, SECRET, ListeningJudge

SAID = f"My number is {SECRET}, and the weather is fine."
CALL = {"id": "c", "type": "function", "function": {"name": "send", "arguments": f'{{"to": "{SECRET}"}}'}}
USE = {"type": "tool_use", "id": "c", "name": "send", "input": {"to": SECRET}}


class Listening:
    """`Texts` with a judge of the tests."""

    def __init__(self, *_: object) -> None:
        self.judge = ListeningJudge()

    async def charge(self, texts: object) -> None:
        """Everything is free."""


@pytest.fixture(autouse=True)
def listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm, "Texts", Listening)


async def asked(**fields: Any) -> HookAnswer:
    return await litellm_guardrail(HookRequest(**fields), None, None)  # type: ignore[arg-type]


async def test_what_messages_say_is_replaced_in_the_texts() -> None:
    for content in (SAID, [{"type": "text", "text": SAID}]):
        answer = await asked(texts=[SAID], structured_messages=[{"role": "user", "content": content}])
        assert answer.action is Action.INTERVENED
        assert answer.texts == [SAID.replace(SECRET, "[PL_PESEL_1]")]


@pytest.mark.parametrize(
    "fields",
    [
        {"tool_calls": [CALL]},
        {"input_type": "response", "tool_calls": [CALL]},
        {"structured_messages": [{"role": "assistant", "content": None, "tool_calls": [CALL]}]},
        {"structured_messages": [{"role": "assistant", "content": [USE]}]},
    ],
)
async def test_a_call_is_refused_although_its_argument_is_also_said(fields: dict[str, Any]) -> None:
    assert (await asked(texts=[SAID], **fields)).action is Action.BLOCKED


HALVES = ATTACK.split(" ", 1)


async def test_an_attack_in_two_parts_of_one_message_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judges, "ATTACK", "\n".join(HALVES))
    parts = [{"type": "text", "text": half} for half in HALVES]
    answer = await asked(texts=HALVES, structured_messages=[{"role": "user", "content": parts}])
    assert answer.action is Action.BLOCKED
    apart = [{"role": "user", "content": half} for half in HALVES]
    assert (await asked(texts=HALVES, structured_messages=apart)).action is Action.NONE


async def test_the_parts_of_a_message_are_replaced_each_in_its_place() -> None:
    parts = [{"type": "text", "text": text} for text in ("Good morning.", SAID)]
    message = {"role": "system", "content": parts}
    answer = await asked(texts=["Good morning.", SAID], structured_messages=[message])
    assert answer.texts == ["Good morning.", SAID.replace(SECRET, "[PL_PESEL_1]")]
